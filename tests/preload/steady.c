/*
 * Contended operations for the count of system calls: phases between marks on
 * descriptor 2, each of ROUNDS operations by either of two threads.
 *
 *	steady queued		the program handles a real-time signal
 *	steady loaded LIBRARY	the same code in a library that is opened first
 */
#include "t.h"

#include <dlfcn.h>

enum { ROUNDS = 1000, WARM = 100 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t s[2];
static int turn;

/* Hold it long enough that the other comes: all operations are contended ones, or nearly. */
static void
mutex(long me, int n)
{
	(void)me;
	for(int i = 0; i < n; i++) {
		SAME(pthread_mutex_lock(&m), 0);
		for(volatile int j = 0; j < 2000; j++)
			;
		SAME(pthread_mutex_unlock(&m), 0);
	}
}

static void
sem(long me, int n)
{
	for(int i = 0; i < n; i++) {
		SAME(sem_wait(&s[me]), 0);
		SAME(sem_post(&s[!me]), 0);
	}
}

static void
cond(long me, int n, int inside)
{
	for(int i = 0; i < n; i++) {
		SAME(pthread_mutex_lock(&m), 0);
		while(turn != me)
			SAME(pthread_cond_wait(&c, &m), 0);
		turn = !me;
		if(inside)
			SAME(pthread_cond_signal(&c), 0);
		SAME(pthread_mutex_unlock(&m), 0);
		if(!inside)
			SAME(pthread_cond_signal(&c), 0);
	}
}

static void
condinside(long me, int n)
{
	cond(me, n, 1);
}

static void
condoutside(long me, int n)
{
	cond(me, n, 0);
}

static const struct Phase {
	const char *name;
	void (*f)(long, int);
} phase[] = {{"mutex", mutex}, {"sem", sem}, {"condinside", condinside}, {"condoutside", condoutside}};

/* One system call, a write. */
static void
mark(const char *what, const char *name)
{
	char line[64];
	int n = snprintf(line, sizeof line, "%s%s\n", what, name);
	MUST(write(2, line, (size_t)n) == n);
}

static void *
run(void *arg)
{
	long me = (long)arg;
	for(size_t i = 0; i < sizeof phase / sizeof phase[0]; i++) {
		phase[i].f(me, WARM);
		pthread_barrier_wait(&barrier);
		if(me == 0)
			mark("begin ", phase[i].name);
		pthread_barrier_wait(&barrier);
		phase[i].f(me, ROUNDS);
		pthread_barrier_wait(&barrier);
		if(me == 0)
			mark("end ", phase[i].name);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void
handler(int sig)
{
	(void)sig;
}

int
main(int argc, char **argv)
{
	Thread t[2];
	if(argc > 2 && strcmp(argv[1], "loaded") == 0) {
		void *lib = dlopen(argv[2], RTLD_NOW);
		MUST(lib != NULL);
		int (*there)(int, char **) = (int (*)(int, char **))dlsym(lib, "main");
		MUST(there != NULL && there != main);
		return there(argc - 2, argv + 2);
	}
	if(argc > 1 && strcmp(argv[1], "queued") == 0)
		MUST(signal(SIGRTMIN + 1, handler) != SIG_ERR);
	SAME(pthread_barrier_init(&barrier, NULL, 2), 0);
	SAME(sem_init(&s[0], 0, 1), 0);
	SAME(sem_init(&s[1], 0, 0), 0);
	for(long i = 0; i < 2; i++)
		start(&t[i], run, (void *)i);
	for(int i = 0; i < 2; i++)
		join(&t[i]);
	return ok();
}
