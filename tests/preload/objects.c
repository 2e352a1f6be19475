/*
 * The objects as programs make them: static initialisers, calloc, memcpy of an
 * idle one, garbage in the words that glibc does not read.  All of it excludes.
 */
#include "t.h"

enum { THREADS = 4, ROUNDS = 3000 };

typedef struct Shared {
	pthread_mutex_t *m;
	long n;
} Shared;

static void *
pound(void *arg)
{
	Shared *s = arg;
	for(int i = 0; i < ROUNDS; i++) {
		SAME(pthread_mutex_lock(s->m), 0);
		long n = s->n;
		if(i % 64 == 0)
			sched_yield();
		s->n = n + 1;
		SAME(pthread_mutex_unlock(s->m), 0);
	}
	return NULL;
}

static void
excludes(pthread_mutex_t *m)
{
	Shared s = {m, 0};
	Thread t[THREADS];
	for(int i = 0; i < THREADS; i++)
		start(&t[i], pound, &s);
	for(int i = 0; i < THREADS; i++)
		join(&t[i]);
	SAME(s.n, THREADS * ROUNDS);
}

static pthread_mutex_t normal = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t errorcheck = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_mutex_t adaptive = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;

/* Every kind that pthread_mutexattr_settype makes; NORMAL makes a kind word of its own. */
static void
initialised(void)
{
	static const int type[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK,
	    PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_MUTEX_DEFAULT};
	for(size_t i = 0; i < sizeof type / sizeof type[0]; i++) {
		pthread_mutexattr_t a;
		pthread_mutex_t m;
		memset(&m, 0xa5, sizeof m);
		SAME(pthread_mutexattr_init(&a), 0);
		SAME(pthread_mutexattr_settype(&a, type[i]), 0);
		SAME(pthread_mutex_init(&m, &a), 0);
		excludes(&m);
		SAME(pthread_mutex_destroy(&m), 0);
		SAME(pthread_mutexattr_destroy(&a), 0);
	}
}

/* Bytes 12..15 and 20..39 may hold anything; so may they change while the mutex is in use. */
static void
garbage(pthread_mutex_t like, unsigned seed)
{
	unsigned char b[sizeof(pthread_mutex_t)];
	pthread_mutex_t m;
	for(int i = 0; i < 20; i++) {
		memcpy(b, &like, sizeof b);
		for(size_t j = 12; j < sizeof b; j++)
			if(j < 16 || j >= 20)
				b[j] = (unsigned char)rnd(&seed);
		if(i == 0)
			memset(b + 20, 0xff, sizeof b - 20);
		memcpy(&m, b, sizeof m);
		excludes(&m);
	}
}

static pthread_cond_t sc = PTHREAD_COND_INITIALIZER;
static int turn;

static void *
pingpong(void *arg)
{
	int me = arg != NULL;
	for(int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&normal);
		while(turn != me)
			SAME(pthread_cond_wait(&sc, &normal), 0);
		turn = !me;
		SAME(pthread_cond_signal(&sc), 0);
		pthread_mutex_unlock(&normal);
	}
	return NULL;
}

int
main(void)
{
	excludes(&normal);
	excludes(&recursive);
	excludes(&errorcheck);
	excludes(&adaptive);
	initialised();

	pthread_mutex_t *zero = calloc(1, sizeof *zero);
	excludes(zero);
	pthread_mutex_t copy;
	memcpy(&copy, zero, sizeof copy);
	excludes(&copy);
	memset(zero, 0, sizeof *zero);
	excludes(zero);
	SAME(pthread_mutex_destroy(zero), 0);
	free(zero);

	garbage((pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER, 1);
	garbage((pthread_mutex_t)PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP, 3);
	garbage((pthread_mutex_t)PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP, 5);
	garbage((pthread_mutex_t)PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP, 7);

	Thread a, b;
	start(&a, pingpong, NULL);
	start(&b, pingpong, &sc);
	join(&a);
	join(&b);
	/* a condition variable that no call initialised may be destroyed by one */
	SAME(pthread_cond_destroy(&sc), 0);
	return ok();
}
