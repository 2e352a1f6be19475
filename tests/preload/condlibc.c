/*
 * A private condition variable with a mutex that libc runs: robust, priority
 * inheriting, priority protected, process-shared.
 */
#include "t.h"

enum { WAITERS = 4, ROUNDS = 50 };

static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t m;
static int ready, done;
static _Atomic int waiting;

static void *
waiter(void *arg)
{
	int timed = arg != NULL;
	SAME(pthread_mutex_lock(&m), 0);
	for(int i = 0; i < ROUNDS; i++) {
		atomic_fetch_add_explicit(&waiting, 1, memory_order_release);
		while(ready == 0) {
			struct timespec d = in(CLOCK_REALTIME, 1);
			int r = timed ? pthread_cond_timedwait(&c, &m, &d) : pthread_cond_wait(&c, &m);
			MUST(r == 0 || (timed && r == ETIMEDOUT));
		}
		ready--;
		done++;
	}
	SAME(pthread_mutex_unlock(&m), 0);
	return NULL;
}

static void
rounds(const char *what)
{
	Thread t[WAITERS];
	unsigned seed = 9;

	ready = done = 0;
	for(int i = 0; i < WAITERS; i++)
		start(&t[i], waiter, i & 1 ? &seed : NULL);
	for(int sent = 0; sent < WAITERS * ROUNDS;) {
		int n = 1 + (int)(rnd(&seed) % WAITERS);
		if(n > WAITERS * ROUNDS - sent)
			n = WAITERS * ROUNDS - sent;
		SAME(pthread_mutex_lock(&m), 0);
		ready += n;
		sent += n;
		int inside = rnd(&seed) % 2;
		if(!inside)
			SAME(pthread_mutex_unlock(&m), 0);
		if(n == WAITERS)
			SAME(pthread_cond_broadcast(&c), 0);
		else
			for(int i = 0; i < n; i++)
				SAME(pthread_cond_signal(&c), 0);
		if(inside)
			SAME(pthread_mutex_unlock(&m), 0);
	}
	for(int i = 0; i < WAITERS; i++)
		join(&t[i]);
	if(done != WAITERS * ROUNDS || ready != 0)
		no("%s: %d done, %d left", what, done, ready);
}

static void *
diesholding(void *arg)
{
	(void)arg;
	SAME(pthread_mutex_lock(&m), 0);
	ready = 1;
	SAME(pthread_cond_signal(&c), 0);
	return NULL;
}

static void *
inherits(void *arg)
{
	int r = 0;
	(void)arg;
	SAME(pthread_mutex_lock(&m), 0);
	while(ready == 0)
		r = pthread_cond_wait(&c, &m);
	SAME(r, EOWNERDEAD);
	SAME(pthread_mutex_consistent(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	return NULL;
}

static void
fresh(void (*set)(pthread_mutexattr_t *))
{
	pthread_mutexattr_t a;
	pthread_mutexattr_init(&a);
	set(&a);
	SAME(pthread_mutex_init(&m, &a), 0);
	pthread_mutexattr_destroy(&a);
}

static void
robust(pthread_mutexattr_t *a)
{
	SAME(pthread_mutexattr_setrobust(a, PTHREAD_MUTEX_ROBUST), 0);
}

static void
inherit(pthread_mutexattr_t *a)
{
	SAME(pthread_mutexattr_setprotocol(a, PTHREAD_PRIO_INHERIT), 0);
}

static void
shared(pthread_mutexattr_t *a)
{
	SAME(pthread_mutexattr_setpshared(a, PTHREAD_PROCESS_SHARED), 0);
}

static void
inheritcheck(pthread_mutexattr_t *a)
{
	inherit(a);
	SAME(pthread_mutexattr_settype(a, PTHREAD_MUTEX_ERRORCHECK), 0);
}

static void
protect(pthread_mutexattr_t *a)
{
	SAME(pthread_mutexattr_setprotocol(a, PTHREAD_PRIO_PROTECT), 0);
	SAME(pthread_mutexattr_setprioceiling(a, sched_get_priority_min(SCHED_FIFO)), 0);
}

/* The threads that it makes inherit its policy; to have one is a privilege. */
static void *
realtime(void *arg)
{
	struct sched_param p = {sched_get_priority_min(SCHED_FIFO)};
	if(pthread_setschedparam(pthread_self(), SCHED_FIFO, &p) == 0)
		rounds("priority protected");
	return arg;
}

int
main(void)
{
	struct timespec past = {1, 0};
	Thread a, b;

	fresh(robust);
	rounds("robust");
	ready = 0;
	start(&a, inherits, NULL);
	asleep(&a);
	start(&b, diesholding, NULL);
	join(&b);
	join(&a);
	SAME(pthread_mutex_destroy(&m), 0);

	fresh(inherit);
	rounds("priority inheriting");
	SAME(pthread_mutex_destroy(&m), 0);

	fresh(shared);
	rounds("process-shared");
	SAME(pthread_mutex_destroy(&m), 0);

	/* the release inside the wait fails: the error comes back and nobody is queued */
	fresh(inheritcheck);
	SAME(pthread_cond_wait(&c, &m), EPERM);
	SAME(pthread_cond_timedwait(&c, &m, &past), EPERM);
	rounds("priority inheriting, errorcheck");
	SAME(pthread_mutex_destroy(&m), 0);

	fresh(protect);
	SAME(pthread_mutex_lock(&m), EINVAL); /* an ordinary thread cannot be raised to the ceiling */
	start(&a, realtime, NULL);
	join(&a);
	SAME(pthread_mutex_destroy(&m), 0);
	return ok();
}
