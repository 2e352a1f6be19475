/*
 * Under a malloc that contends its own pthread mutex (lib/lockmalloc.c, loaded by
 * the script before and after the library under test), threads allocate, free and
 * wait; whoever allocates on the way of a wait comes back into it.
 */
#include "t.h"
#include <dlfcn.h>

enum { THREADS = 8, ROUNDS = 3000 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static char *slot[16];
static int users;

static void *
churn(void *arg)
{
	unsigned seed = (unsigned)(long)arg * 77 + 1;
	SAME(pthread_mutex_lock(&m), 0);
	users++;
	SAME(pthread_mutex_unlock(&m), 0);
	for(int i = 0; i < ROUNDS; i++) {
		size_t n = 1 + rnd(&seed) % (i % 100 == 0 ? 300000 : 600);
		char *p = malloc(n);
		MUST(p != NULL);
		memset(p, (int)(n & 0x7f), n);
		SAME(pthread_mutex_lock(&m), 0);
		char *q = slot[i % 16];
		slot[i % 16] = p;
		if(i % 16 == 0)
			sched_yield();
		if(i % 256 == 0) {
			struct timespec d = in(CLOCK_REALTIME, 1);
			int r = pthread_cond_timedwait(&c, &m, &d);
			MUST(r == 0 || r == ETIMEDOUT);
		}
		SAME(pthread_cond_broadcast(&c), 0);
		SAME(pthread_mutex_unlock(&m), 0);
		if(q != NULL)
			MUST(q[0] >= 0);
		free(q);
	}
	return NULL;
}

int
main(void)
{
	Thread t[THREADS];
	Dl_info d;

	MUST(dladdr(dlsym(RTLD_DEFAULT, "malloc"), &d) != 0 && strstr(d.dli_fname, "lockmalloc") != NULL);
	for(long i = 0; i < THREADS; i++)
		start(&t[i], churn, (void *)i);
	for(int i = 0; i < THREADS; i++) {
		join(&t[i]);
		pid_t pid = fork(); /* the child's allocator may be locked; its exit needs none */
		MUST(pid >= 0);
		if(pid == 0)
			_exit(7);
		SAME(childstatus(pid), 7);
	}
	SAME(users, THREADS);
	return ok();
}
