/* pthread_cond_*: private conditions are ours (condslow.c), process-shared ones libc's (sharedcond.c). */
#define _GNU_SOURCE
#include "shim.h"
#include "check.h"
#include "export.h"
#include "foreign.h"
#include "posix.h"
#include "real.h"

#include <errno.h>

static int
clockwait(pthread_cond_t *pc, pthread_mutex_t *pm, clockid_t clock, const struct timespec *at, uintptr_t caller)
{
	Deadline d = {*at, clock};

	return condwait((Cond *)pc, pm, &d, caller);
}

EXPORT(pthread_cond_wait);
int
rz_pthread_cond_wait(pthread_cond_t *pc, pthread_mutex_t *pm)
{
	Cond *c = (Cond *)pc;

	if(unlikely(c->flags & Cshared))
		return sharedwait(pc, pm, CLOCK_REALTIME, nil, CALLER);
	return condwait(c, pm, nil, CALLER);
}

EXPORT(pthread_cond_timedwait);
int
rz_pthread_cond_timedwait(pthread_cond_t *pc, pthread_mutex_t *pm, const struct timespec *at)
{
	Cond *c = (Cond *)pc;
	clockid_t clock = c->flags & Cmonotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME;

	if(!nsecok(at))
		return EINVAL;
	if(unlikely(c->flags & Cshared))
		return sharedwait(pc, pm, clock, at, CALLER);
	return clockwait(pc, pm, clock, at, CALLER);
}

EXPORT(pthread_cond_clockwait);
int
rz_pthread_cond_clockwait(pthread_cond_t *pc, pthread_mutex_t *pm, clockid_t clock, const struct timespec *at)
{
	if(!nsecok(at) || !knownclock(clock))
		return EINVAL;
	if(unlikely(((Cond *)pc)->flags & Cshared))
		return sharedwait(pc, pm, clock, at, CALLER);
	return clockwait(pc, pm, clock, at, CALLER);
}

/* Out of line, as all that is not a fast path's: a call in there would make it a frame. */
static __attribute__((noinline)) int
condnotify(pthread_cond_t *pc, int all)
{
	if(unlikely(((Cond *)pc)->flags & Cshared))
		return sharedsignal(pc, all);
	return condwake((Cond *)pc, all);
}

EXPORT(pthread_cond_signal);
int
rz_pthread_cond_signal(pthread_cond_t *pc)
{
	if(likely(condidle((Cond *)pc)))
		return 0;
	return condnotify(pc, 0);
}

EXPORT(pthread_cond_broadcast);
int
rz_pthread_cond_broadcast(pthread_cond_t *pc)
{
	if(likely(condidle((Cond *)pc)))
		return 0;
	return condnotify(pc, 1);
}

/* libc writes the attributes, as for a mutex. */
EXPORT(pthread_cond_init);
int
rz_pthread_cond_init(pthread_cond_t *pc, const pthread_condattr_t *attr)
{
	Cond *c = (Cond *)pc;
	int r = real.pthread_cond_init(pc, attr);

	if(r == 0 && probeon) {
		if(c->flags & Cshared)
			objectgone(c);
		else
			atomic_store_explicit(&c->id, initsite(CALLER), memory_order_relaxed);
	}
	if(checking)
		checkmade(c);
	return r;
}

/*
 * All who waited were signalled and look at the condition no more: nothing to
 * wait for, where libc's would.
 */
EXPORT(pthread_cond_destroy);
int
rz_pthread_cond_destroy(pthread_cond_t *pc)
{
	if(unlikely(((Cond *)pc)->flags & Cshared)) {
		if(probeon)
			objectgone(pc);
		return real.pthread_cond_destroy(pc);
	}
	if(checking) {
		checkgone(pc, Kcond, 0, atomic_load_explicit(&((Cond *)pc)->waiters, memory_order_relaxed) != 0);
		((Cond *)pc)->flags |= Cgone;
	}
	return 0;
}
