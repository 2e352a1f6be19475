/*
 * More who wait for one thing than sleep in one bed (compat/block.c): of a condition's each signal lets one go and no other, the
 * others being cancelled, timed out, and come again in between; a broadcast, the last at a barrier, the end of an initialiser
 * and a writer's unlock let all go.  Nobody is helped by a second wake: whoever is forgotten hangs.
 */
#include "t.h"

enum { WAITERS = 100, ROUNDS = 20 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int tokens, waiting, got;

static void
left(void *arg)
{
	(void)arg;
	waiting--;
	SAME(pthread_mutex_unlock(&m), 0);
}

/* arg: nil, or how long it waits at a time, milliseconds. */
static void *
takes(void *arg)
{
	long ms = (long)(intptr_t)arg;

	SAME(pthread_mutex_lock(&m), 0);
	waiting++;
	pthread_cleanup_push(left, NULL);
	while(tokens == 0) {
		if(ms == 0) {
			SAME(pthread_cond_wait(&c, &m), 0);
		} else {
			struct timespec at = in(CLOCK_REALTIME, ms);
			int r = pthread_cond_timedwait(&c, &m, &at);
			if(r != 0 && r != ETIMEDOUT)
				no("timedwait: %d", r);
		}
	}
	tokens--;
	got++;
	pthread_cleanup_pop(1);
	return NULL;
}

static void
until(int *what, int n)
{
	for(;;) {
		SAME(pthread_mutex_lock(&m), 0);
		int is = *what;
		SAME(pthread_mutex_unlock(&m), 0);
		if(is == n)
			return;
		napus(100);
	}
}

static void
give(int held)
{
	SAME(pthread_mutex_lock(&m), 0);
	tokens++;
	if(held)
		SAME(pthread_cond_signal(&c), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	if(!held)
		SAME(pthread_cond_signal(&c), 0);
}

/* A third of them wait for long, a third with deadlines that pass, a third will be cancelled. */
static void
signals(void)
{
	pthread_t t[WAITERS];
	void *r;
	int cancelled = 0;

	got = 0;
	for(int i = 0; i < WAITERS; i++)
		SAME(pthread_create(&t[i], NULL, takes, i % 3 == 1 ? (void *)(intptr_t)(1 + i / 20) : NULL), 0);
	until(&waiting, WAITERS);
	for(int i = 2; i < WAITERS; i += 3) {
		SAME(pthread_cancel(t[i]), 0);
		give(i & 1);
	}
	for(int i = 2; i < WAITERS; i += 3) {
		SAME(pthread_join(t[i], &r), 0);
		cancelled += r == PTHREAD_CANCELED;
	}
	/* Who was signalled and cancelled has passed it on, so that many were given that many have gone. */
	until(&tokens, 0);
	until(&waiting, WAITERS - cancelled - got);
	for(int n = got; n < WAITERS - cancelled; n++) {
		give(n & 1);
		until(&got, n + 1);
	}
	for(int i = 0; i < WAITERS; i++)
		if(i % 3 != 2)
			SAME(pthread_join(t[i], NULL), 0);
	SAME(waiting, 0);
	SAME(tokens, 0);
}

static pthread_barrier_t barrier;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once;
static atomic_int ran, passed;

static void
runs(void)
{
	napus(2000);
	ran++;
}

static void *
together(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	if(++waiting < WAITERS)
		while(waiting != 0)
			SAME(pthread_cond_wait(&c, &m), 0);
	else
		waiting = 0;
	SAME(pthread_cond_broadcast(&c), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_once(&once, runs), 0);
	SAME(ran, 1);
	int r = pthread_barrier_wait(&barrier);
	if(r != 0 && r != PTHREAD_BARRIER_SERIAL_THREAD)
		no("barrier: %d", r);
	if(r != 0) {
		SAME(pthread_rwlock_wrlock(&rw), 0);
		napus(2000);
		SAME(pthread_rwlock_unlock(&rw), 0);
	}
	SAME(pthread_rwlock_rdlock(&rw), 0);
	passed++;
	SAME(pthread_rwlock_unlock(&rw), 0);
	return arg;
}

static void
alltogether(void)
{
	static const pthread_once_t fresh = PTHREAD_ONCE_INIT;
	pthread_t t[WAITERS];

	once = fresh;
	ran = passed = 0;
	SAME(pthread_barrier_init(&barrier, NULL, WAITERS), 0);
	for(int i = 0; i < WAITERS; i++)
		SAME(pthread_create(&t[i], NULL, together, NULL), 0);
	for(int i = 0; i < WAITERS; i++)
		SAME(pthread_join(t[i], NULL), 0);
	SAME(passed, WAITERS);
	SAME(pthread_barrier_destroy(&barrier), 0);
}

int
main(void)
{
	for(int i = 0; i < ROUNDS; i++) {
		signals();
		alltogether();
	}
	return ok();
}
