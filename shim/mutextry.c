/* pthread_mutex_trylock, and the locks with a deadline. */
#define _GNU_SOURCE
#include "check.h"
#include "export.h"
#include "foreign.h"
#include "mutex.h"
#include "posix.h"

#include <errno.h>

int
mutextrylock(Mutex *m, uintptr_t pc)
{
	int kind = kindof(m) & Kind3;
	uint32_t old;

	if(kind == Krecursive && atomic_load_explicit(&m->owner, memory_order_relaxed) == mytid()) {
		if(m->depth + 1 == 0)
			return EAGAIN;
		m->depth++;
		return 0;
	}
	/* Free, but perhaps others are about: it may not be called busy, so not even a ban holds here. */
	old = atomic_load_explicit(&m->word, memory_order_relaxed);
	do
		if(old & Locked)
			return EBUSY;
	while(!atomic_compare_exchange_weak_explicit(
	    &m->word, &old, old | Locked, memory_order_acquire, memory_order_relaxed));
	tookonce(m, pc);
	return 0;
}

/* One that is not ours, or not free. */
static __attribute__((noinline)) int
tryother(Mutex *m, uintptr_t pc)
{
	return mutexours(m) ? mutextrylock(m, pc) : othertrylock(theirs(m));
}

EXPORT(pthread_mutex_trylock);
int
rz_pthread_mutex_trylock(pthread_mutex_t *pm)
{
	Mutex *m = (Mutex *)pm;

	if(unlikely(!mutexours(m) || me.tid == 0 || !trymutex(m)))
		return tryother(m, CALLER);
	lockedonce(m);
	return tookas(m, CALLER, me.tid);
}

/* at nil: no deadline, as libc has it. */
int
mutexclocklock(Mutex *m, clockid_t clock, const struct timespec *at, uintptr_t pc)
{
	Deadline d = {at != nil ? *at : (struct timespec){0}, clock};

	return mutexlockuntil(m, pc, at != nil ? &d : nil);
}

EXPORT(pthread_mutex_timedlock);
int
rz_pthread_mutex_timedlock(pthread_mutex_t *pm, const struct timespec *at)
{
	if(unlikely(!mutexours((Mutex *)pm)))
		return otherlock(theirs((Mutex *)pm), CLOCK_REALTIME, at, CALLER);
	return mutexclocklock((Mutex *)pm, CLOCK_REALTIME, at, CALLER);
}

EXPORT(pthread_mutex_clocklock);
int
rz_pthread_mutex_clocklock(pthread_mutex_t *pm, clockid_t clock, const struct timespec *at)
{
	if(!knownclock(clock))
		return EINVAL;
	if(unlikely(!mutexours((Mutex *)pm)))
		return otherlock(theirs((Mutex *)pm), clock, at, CALLER);
	return mutexclocklock((Mutex *)pm, clock, at, CALLER);
}
