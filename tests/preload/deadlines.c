/*
 * Deadlines: every timed operation against a past, negative, invalid and near
 * one, blocked and not blocked, on both clocks and on clocks that are none.
 */
#include "t.h"
#include <threads.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, shared;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;

enum { PAST, NEGATIVE, NSECLOW, NSECHIGH, NDEADLINE };

static struct timespec
deadline(int which, clockid_t clock)
{
	struct timespec t = in(clock, 60000);
	switch(which) {
	case PAST:
		return (struct timespec){1, 0};
	case NEGATIVE:
		return (struct timespec){-1, 0};
	case NSECLOW:
		t.tv_nsec = -1;
		break;
	case NSECHIGH:
		t.tv_nsec = 1000000000;
		break;
	}
	return t;
}

/* The results of glibc 2.36 when the operation would block: PAST, NEGATIVE, NSECLOW, NSECHIGH. */
static const int blocked[NDEADLINE] = {ETIMEDOUT, ETIMEDOUT, EINVAL, EINVAL};

static void *
locked(void *arg)
{
	(void)arg;
	for(int i = 0; i < NDEADLINE; i++) {
		struct timespec r = deadline(i, CLOCK_REALTIME), mo = deadline(i, CLOCK_MONOTONIC);
		SAME(pthread_mutex_timedlock(&m, &r), blocked[i]);
		SAME(pthread_mutex_clocklock(&m, CLOCK_REALTIME, &r), blocked[i]);
		SAME(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &mo), blocked[i]);
		SAME(pthread_mutex_clocklock(&m, CLOCK_PROCESS_CPUTIME_ID, &mo), EINVAL);
	}
	/* before the epoch: nothing more is asked */
	for(int i = 0; i < 2; i++) {
		struct timespec odd = {-5, i == 0 ? -7 : 2000000000};
		SAME(pthread_mutex_timedlock(&m, &odd), ETIMEDOUT);
		SAME(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &odd), ETIMEDOUT);
		SAME(pthread_mutex_timedlock(&shared, &odd), ETIMEDOUT);
		SAME(pthread_mutex_clocklock(&shared, CLOCK_MONOTONIC, &odd), ETIMEDOUT);
	}
	struct timespec t = in(CLOCK_REALTIME, 30);
	SAME(pthread_mutex_timedlock(&m, &t), ETIMEDOUT);
	t = in(CLOCK_MONOTONIC, 30);
	SAME(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &t), ETIMEDOUT);
	return NULL;
}

static void
mutex(void)
{
	Thread t;

	/* free: taken, whatever the deadline says; but the clock is looked at first */
	for(int i = 0; i < NDEADLINE; i++) {
		struct timespec d = deadline(i, CLOCK_REALTIME);
		SAME(pthread_mutex_timedlock(&m, &d), 0);
		SAME(pthread_mutex_unlock(&m), 0);
		SAME(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &d), 0);
		SAME(pthread_mutex_unlock(&m), 0);
	}
	struct timespec d = in(CLOCK_REALTIME, 1000);
	SAME(pthread_mutex_clocklock(&m, CLOCK_THREAD_CPUTIME_ID, &d), EINVAL);
	SAME(pthread_mutex_clocklock(&m, 99, &d), EINVAL);
	pthread_mutexattr_t a;
	SAME(pthread_mutexattr_init(&a), 0);
	SAME(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_mutex_init(&shared, &a), 0);
	SAME(pthread_mutex_lock(&shared), 0);
	SAME(pthread_mutex_lock(&m), 0);
	start(&t, locked, NULL);
	join(&t);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_unlock(&shared), 0);
}

static void
cond(pthread_cond_t *cv, clockid_t clock)
{
	SAME(pthread_mutex_lock(&m), 0);
	for(int i = 0; i < NDEADLINE; i++) {
		struct timespec d = deadline(i, clock), r = deadline(i, CLOCK_REALTIME),
				mo = deadline(i, CLOCK_MONOTONIC);
		SAME(pthread_cond_timedwait(cv, &m, &d), blocked[i]);
		SAME(pthread_mutex_trylock(&m), EBUSY); /* held again, or still */
		SAME(pthread_cond_clockwait(cv, &m, CLOCK_REALTIME, &r), blocked[i]);
		SAME(pthread_cond_clockwait(cv, &m, CLOCK_MONOTONIC, &mo), blocked[i]);
		SAME(pthread_mutex_trylock(&m), EBUSY);
	}
	struct timespec d = in(clock, 30), now;
	SAME(pthread_cond_clockwait(cv, &m, CLOCK_THREAD_CPUTIME_ID, &d), EINVAL);
	int r;
	while((r = pthread_cond_timedwait(cv, &m, &d)) == 0) /* a wait may end for no reason */
		;
	SAME(r, ETIMEDOUT);
	clock_gettime(clock, &now);
	MUST(now.tv_sec > d.tv_sec || (now.tv_sec == d.tv_sec && now.tv_nsec >= d.tv_nsec));
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_cond_signal(cv), 0); /* nobody is left on it */
}

static void
sem(void)
{
	struct timespec d;

	SAME(sem_init(&s, 0, 0), 0);
	for(int i = 0; i < NDEADLINE; i++) {
		d = deadline(i, CLOCK_REALTIME);
		FAILS(sem_timedwait(&s, &d), blocked[i]);
		FAILS(sem_clockwait(&s, CLOCK_REALTIME, &d), blocked[i]);
		d = deadline(i, CLOCK_MONOTONIC);
		FAILS(sem_clockwait(&s, CLOCK_MONOTONIC, &d), blocked[i]);
	}
	d = in(CLOCK_MONOTONIC, 30);
	FAILS(sem_clockwait(&s, CLOCK_MONOTONIC, &d), ETIMEDOUT);
	d = in(CLOCK_REALTIME, 30);
	FAILS(sem_timedwait(&s, &d), ETIMEDOUT);
	FAILS(sem_clockwait(&s, CLOCK_THREAD_CPUTIME_ID, &d), EINVAL);
	/* there is a token: taken if the deadline is valid, however late; an invalid one is refused first */
	for(int i = 0; i < NDEADLINE; i++) {
		SAME(sem_post(&s), 0);
		d = deadline(i, CLOCK_REALTIME);
		if(blocked[i] == EINVAL) {
			FAILS(sem_timedwait(&s, &d), EINVAL);
			SAME(sem_trywait(&s), 0);
		} else
			SAME(sem_timedwait(&s, &d), 0);
	}
	SAME(sem_destroy(&s), 0);
}

/* No deadline at all: none ever passes.  A mutex looks at the clock even so, a rwlock does not. */
static const struct timespec *volatile never;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;

static void *
locksnever(void *arg)
{
	SAME(pthread_mutex_timedlock(arg, never), 0);
	SAME(pthread_mutex_unlock(arg), 0);
	SAME(pthread_mutex_clocklock(arg, CLOCK_MONOTONIC, never), 0);
	SAME(pthread_mutex_unlock(arg), 0);
	SAME(pthread_mutex_clocklock(arg, 77, never), EINVAL);
	return NULL;
}

static void *
writesnever(void *arg)
{
	SAME(pthread_rwlock_timedwrlock(arg, never), 0);
	SAME(pthread_rwlock_unlock(arg), 0);
	SAME(pthread_rwlock_timedrdlock(arg, never), 0);
	SAME(pthread_rwlock_clockrdlock(arg, CLOCK_MONOTONIC, never), 0);
	SAME(pthread_rwlock_clockrdlock(arg, 77, never), 0);
	return NULL;
}

static void
without(void)
{
	static const int robust[] = {PTHREAD_MUTEX_STALLED, PTHREAD_MUTEX_ROBUST};
	Thread t;
	mtx_t x;

	for(int i = 0; i < 8; i++) {
		pthread_mutex_t p;
		pthread_mutexattr_t a;
		SAME(pthread_mutexattr_init(&a), 0);
		SAME(pthread_mutexattr_setpshared(&a, i & 1), 0);
		SAME(pthread_mutexattr_setrobust(&a, robust[i >> 1 & 1]), 0);
		SAME(pthread_mutexattr_setprotocol(&a, i & 4 ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE), 0);
		SAME(pthread_mutex_init(&p, &a), 0);
		locksnever(&p);
		/* Held, and robust: libc looks at the deadline, which is not there. */
		if((i & 6) == 2)
			continue;
		SAME(pthread_mutex_lock(&p), 0);
		start(&t, locksnever, &p);
		asleep(&t);
		SAME(pthread_mutex_unlock(&p), 0);
		join(&t);
	}
	for(int i = 0; i < 2; i++) {
		SAME(mtx_init(&x, i ? mtx_timed | mtx_recursive : mtx_timed), thrd_success);
		for(int j = 0; j <= i; j++)
			SAME(mtx_timedlock(&x, (const struct timespec *)never), thrd_success);
		for(int j = 0; j <= i; j++)
			SAME(mtx_unlock(&x), thrd_success);
	}
	SAME(pthread_rwlock_rdlock(&rw), 0);
	start(&t, writesnever, &rw);
	asleep(&t);
	SAME(pthread_rwlock_unlock(&rw), 0);
	join(&t);
}

int
main(void)
{
	pthread_condattr_t a;
	pthread_cond_t mono;

	pthread_condattr_init(&a);
	SAME(pthread_condattr_setclock(&a, CLOCK_MONOTONIC), 0);
	SAME(pthread_condattr_setclock(&a, CLOCK_PROCESS_CPUTIME_ID), EINVAL);
	SAME(pthread_cond_init(&mono, &a), 0);
	mutex();
	cond(&c, CLOCK_REALTIME);
	cond(&mono, CLOCK_MONOTONIC);
	SAME(pthread_cond_destroy(&mono), 0);
	sem();
	without();
	return ok();
}
