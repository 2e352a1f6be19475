/*
 * A wait of every sort in objects that libc runs or that processes share, for recorded.sh, which knows how often each
 * of these names was waited for and how that ended.
 */
#include "t.h"
#include <setjmp.h>

enum { ROUNDS = 20 };

static pthread_mutex_t shared, robust, inheriting, ceiling, dying, jumped, private = PTHREAD_MUTEX_INITIALIZER, partner;
static pthread_cond_t cond, mixed, local = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock;
static pthread_barrier_t barrier;

static void *
locks(void *m)
{
	int r = pthread_mutex_lock(m);
	MUST(r == 0 || r == EOWNERDEAD);
	SAME(pthread_mutex_unlock(m), 0);
	return NULL;
}

static void *
timesout(void *m)
{
	struct timespec d = in(CLOCK_REALTIME, 5), e = in(CLOCK_MONOTONIC, 5);
	SAME(pthread_mutex_timedlock(m, &d), ETIMEDOUT);
	SAME(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &e), ETIMEDOUT);
	return NULL;
}

static void *
torn(void *m)
{
	int old;
	SAME(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old), 0);
	pthread_mutex_lock(m);
	return NULL;
}

/* One waits until the mutex is given up, one gives up, one is cancelled. */
static void
mutex(pthread_mutex_t *m)
{
	Thread t;
	SAME(pthread_mutex_lock(m), 0);
	start(&t, timesout, m);
	join(&t);
	start(&t, torn, m);
	asleep(&t);
	SAME(pthread_cancel(t.id), 0);
	MUST(join(&t) == PTHREAD_CANCELED);
	start(&t, locks, m);
	asleep(&t);
	SAME(pthread_mutex_unlock(m), 0);
	join(&t);
}

/* To have its policy, which the threads that it makes inherit, is a privilege. */
static void *
realtime(void *arg)
{
	struct sched_param p = {sched_get_priority_min(SCHED_FIFO)};
	if(pthread_setschedparam(pthread_self(), SCHED_FIFO, &p) == 0)
		mutex(&ceiling);
	return arg;
}

static void *
dies(void *arg)
{
	(void)arg;
	SAME(pthread_mutex_lock(&dying), 0);
	return NULL;
}

static sigjmp_buf env;

static void
jump(int sig)
{
	siglongjmp(env, sig);
}

static void *
jumps(void *arg)
{
	(void)arg;
	if(sigsetjmp(env, 1) == 0)
		pthread_mutex_lock(&jumped);
	napus(1000);
	return NULL;
}

static _Atomic int timedout;

/* Until its wait with a deadline is over, and it sleeps again. */
static void
second(Thread *t)
{
	UNTIL(atomic_load_explicit(&timedout, memory_order_acquire));
	atomic_store_explicit(&timedout, 0, memory_order_relaxed);
	asleep(t);
}

typedef struct Pair {
	pthread_cond_t *c;
	pthread_mutex_t *m;
	int go;
} Pair;

static void
unlock(void *m)
{
	SAME(pthread_mutex_unlock(m), 0);
}

static void *
waits(void *arg)
{
	Pair *p = arg;
	struct timespec d = in(CLOCK_REALTIME, 5);
	SAME(pthread_mutex_lock(p->m), 0);
	pthread_cleanup_push(unlock, p->m);
	SAME(pthread_cond_timedwait(p->c, p->m, &d), ETIMEDOUT);
	atomic_store_explicit(&timedout, 1, memory_order_release);
	while(!p->go)
		SAME(pthread_cond_wait(p->c, p->m), 0);
	pthread_cleanup_pop(1);
	return NULL;
}

static void *
cancelled(void *arg)
{
	Pair *p = arg;
	SAME(pthread_mutex_lock(p->m), 0);
	pthread_cleanup_push(unlock, p->m);
	for(;;)
		pthread_cond_wait(p->c, p->m);
	pthread_cleanup_pop(1);
	return NULL;
}

static void
condition(pthread_cond_t *c, pthread_mutex_t *m)
{
	Pair p = {c, m, 0};
	Thread t;

	start(&t, cancelled, &p);
	asleep(&t);
	SAME(pthread_cancel(t.id), 0);
	MUST(join(&t) == PTHREAD_CANCELED);
	start(&t, waits, &p);
	second(&t);
	SAME(pthread_mutex_lock(m), 0);
	p.go = 1;
	SAME(pthread_cond_signal(c), 0);
	SAME(pthread_mutex_unlock(m), 0);
	join(&t);
}

static void *
reads(void *arg)
{
	struct timespec d = in(CLOCK_REALTIME, 5);
	(void)arg;
	SAME(pthread_rwlock_timedrdlock(&rwlock, &d), ETIMEDOUT);
	atomic_store_explicit(&timedout, 1, memory_order_release);
	SAME(pthread_rwlock_rdlock(&rwlock), 0);
	SAME(pthread_rwlock_unlock(&rwlock), 0);
	return NULL;
}

static void *
writes(void *arg)
{
	struct timespec d = in(CLOCK_MONOTONIC, 5);
	(void)arg;
	SAME(pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &d), ETIMEDOUT);
	atomic_store_explicit(&timedout, 1, memory_order_release);
	SAME(pthread_rwlock_wrlock(&rwlock), 0);
	SAME(pthread_rwlock_unlock(&rwlock), 0);
	return NULL;
}

static void
readwrite(void *(*f)(void *))
{
	Thread t;
	SAME(pthread_rwlock_wrlock(&rwlock), 0);
	SAME(pthread_rwlock_rdlock(&rwlock), EDEADLK); /* no wait */
	start(&t, f, NULL);
	second(&t);
	SAME(pthread_rwlock_unlock(&rwlock), 0);
	join(&t);
}

static void *
meets(void *arg)
{
	for(int i = 0; i < ROUNDS; i++)
		pthread_barrier_wait(&barrier);
	return arg;
}

static void
init(void)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_rwlockattr_t la;
	pthread_barrierattr_t ba;

	pthread_mutexattr_init(&ma);
	SAME(pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_mutex_init(&shared, &ma), 0);
	SAME(pthread_mutex_init(&jumped, &ma), 0);
	SAME(pthread_mutex_init(&partner, &ma), 0);
	SAME(pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST), 0);
	SAME(pthread_mutex_init(&robust, &ma), 0);
	SAME(pthread_mutex_init(&dying, &ma), 0);
	SAME(pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_STALLED), 0);
	SAME(pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_INHERIT), 0);
	SAME(pthread_mutex_init(&inheriting, &ma), 0);
	SAME(pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_PROTECT), 0);
	SAME(pthread_mutexattr_setprioceiling(&ma, sched_get_priority_max(SCHED_FIFO)), 0);
	SAME(pthread_mutex_init(&ceiling, &ma), 0);
	pthread_condattr_init(&ca);
	SAME(pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_cond_init(&cond, &ca), 0);
	SAME(pthread_cond_init(&mixed, &ca), 0);
	pthread_rwlockattr_init(&la);
	SAME(pthread_rwlockattr_setpshared(&la, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_rwlock_init(&rwlock, &la), 0);
	pthread_barrierattr_init(&ba);
	SAME(pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_barrier_init(&barrier, &ba, 2), 0);
}

int
main(void)
{
	struct sigaction sa = {.sa_handler = jump};
	Thread t;

	init();
	mutex(&shared);
	mutex(&robust);
	mutex(&inheriting);
	start(&t, realtime, NULL);
	join(&t);

	SAME(pthread_mutex_lock(&dying), 0);
	start(&t, dies, NULL);
	asleep(&t);
	SAME(pthread_mutex_unlock(&dying), 0);
	join(&t);
	SAME(pthread_mutex_lock(&dying), EOWNERDEAD);
	start(&t, locks, &dying);
	asleep(&t);
	SAME(pthread_mutex_consistent(&dying), 0);
	SAME(pthread_mutex_unlock(&dying), 0);
	join(&t);

	SAME(sigaction(SIGUSR1, &sa, NULL), 0);
	SAME(pthread_mutex_lock(&jumped), 0);
	start(&t, jumps, NULL);
	asleep(&t);
	SAME(pthread_kill(t.id, SIGUSR1), 0);
	join(&t);

	condition(&cond, &partner);
	condition(&mixed, &private);
	condition(&local, &partner);
	readwrite(reads);
	readwrite(writes);
	start(&t, meets, NULL);
	meets(NULL);
	join(&t);
	return ok();
}
