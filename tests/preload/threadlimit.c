/*
 * Threads are made while there is no memory for more: each is there, or its creator is told so and the program goes on.
 */
#include "t.h"
#include <sys/resource.h>
#include <threads.h>

enum { THREADS = 200, STACK = 32768 };

static char stacks[THREADS][STACK] __attribute__((aligned(4096)));

static void *
stays(void *arg)
{
	pause();
	return arg;
}

static int
returns(void *arg)
{
	(void)arg;
	return 0;
}

static rlim_t
mapped(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	MUST(f != NULL);
	SAME(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	return pages * 4096;
}

static int
child(rlim_t more)
{
	struct rlimit all = {mapped() + more, mapped() + more};
	pthread_attr_t a;
	pthread_t t;
	thrd_t t11;
	int i, r = 0;

	SAME(pthread_attr_init(&a), 0);
	SAME(setrlimit(RLIMIT_AS, &all), 0);
	for(i = 0; i < THREADS && r == 0; i++) {
		SAME(pthread_attr_setstack(&a, stacks[i], STACK), 0);
		r = pthread_create(&t, &a, stays, NULL);
	}
	MUST(r == 0 || r == EAGAIN);
	/* This one wants a stack as well. */
	r = thrd_create(&t11, returns, NULL);
	MUST(r == thrd_success || r == thrd_nomem || r == thrd_error);
	return 0;
}

int
main(void)
{
	for(rlim_t more = 0; more <= 1 << 20; more += 1 << 18) {
		pid_t pid = fork();

		if(pid == 0)
			_exit(child(more));
		SAME(childstatus(pid), 0);
	}
	return ok();
}
