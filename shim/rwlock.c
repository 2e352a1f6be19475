/*
 * pthread_rwlock_*: the fast paths.  A lock that nobody holds or waits for, or
 * that only readers hold, is taken with one compare-and-swap and given up with
 * one atomic, however few threads there are: libc's are, so a lock that was not said to be process-shared, in memory
 * that is, works between processes that do not wait for each other.  The rest is in rwslow.c.
 */
#define _GNU_SOURCE
#include "rwlock.h"
#include "check.h"
#include "export.h"
#include "foreign.h"
#include "posix.h"
#include "real.h"

#include <errno.h>

static int
ours(const pthread_rwlock_t *p)
{
	return likely(((const Rwlock *)p)->shared == 0);
}

static __attribute__((noinline)) int
rwtookunknown(Rwlock *l)
{
	atomic_store_explicit(&l->writer, metid(), memory_order_release);
	if(checking)
		checklocked(l, Krwlock);
	return 0;
}

/* Of a writer where, then who: see holderof (rwslow.c).  Returns 0, for whom that is the last thing to do. */
static inline int
rwtook(Rwlock *l, int write, uintptr_t pc)
{
	if(!write)
		return 0;
	atomic_store_explicit(&l->pc, pc, memory_order_relaxed);
	if(unlikely(me.tid == 0))
		return rwtookunknown(l);
	atomic_store_explicit(&l->writer, me.tid, memory_order_release);
	return 0;
}

/* The fast path: one compare-and-swap of a word that says that nobody waits. */
static inline int
cantake(Rwlock *l, int write)
{
	uint64_t word = atomic_load_explicit(&l->word, memory_order_relaxed), new;

	if(write ? word != 0 : (word & ~((uint64_t)MAXREADERS << 32)) != 0 || READERS(word) == MAXREADERS)
		return 0;
	new = write ? WLOCKED : word + READER;
	return atomic_compare_exchange_strong_explicit(
	    &l->word, &word, new, memory_order_acquire, memory_order_relaxed);
}

/* A lock that no fast path took, with RENDEZ_CHECK.  If it was destroyed that is said, and it is as good as new: as libc's is. */
static void
rwchecked(Rwlock *l)
{
	uint64_t gone = RWGONE;

	if(atomic_load_explicit(&l->word, memory_order_relaxed) == gone &&
	    atomic_compare_exchange_strong_explicit(&l->word, &gone, 0, memory_order_relaxed, memory_order_relaxed))
		checkfound(Mdestroyed, Krwlock, l);
}

/* Out of line, as all that is not a fast path's: a call in there would make it a frame. */
static __attribute__((noinline)) int
rwlockslow(Rwlock *l, int write, uintptr_t pc, const Deadline *d)
{
	int r;

	if(checking)
		rwchecked(l);
	if(atomic_load_explicit(&l->writer, memory_order_relaxed) == mytid()) {
		if(checking)
			checkrelock(l, Krwlock);
		return EDEADLK;
	}
	r = rwwait(l, write, pc, d);
	return r != 0 ? r : rwtook(l, write, pc);
}

static __attribute__((noinline)) int
rwlockother(pthread_rwlock_t *p, int write, uintptr_t pc)
{
	return ours(p) ? rwlockslow((Rwlock *)p, write, pc, nil) : foreignrwlock(p, write, CLOCK_REALTIME, nil, pc);
}

static int
rwclocklock(pthread_rwlock_t *p, int write, clockid_t clock, const struct timespec *at, uintptr_t pc)
{
	Rwlock *l = (Rwlock *)p;
	Deadline d = {.clock = clock};

	/* No deadline, as libc has it; it does not look at the clock then. */
	if(at == nil)
		return cantake(l, write) ? rwtook(l, write, pc) : rwlockslow(l, write, pc, nil);
	if(!knownclock(clock) || !nsecok(at))
		return EINVAL;
	d.at = *at;
	return cantake(l, write) ? rwtook(l, write, pc) : rwlockslow(l, write, pc, &d);
}

static int
rwtrylock(Rwlock *l, int write, uintptr_t pc)
{
	int r;

	if(!cantake(l, write)) {
		if(checking)
			rwchecked(l);
		r = rwtry(l, write);
		if(r != 0)
			return r;
	}
	return rwtook(l, write, pc);
}

EXPORT(pthread_rwlock_rdlock);
int
rz_pthread_rwlock_rdlock(pthread_rwlock_t *p)
{
	if(likely(ours(p) && cantake((Rwlock *)p, 0)))
		return rwtook((Rwlock *)p, 0, CALLER);
	return rwlockother(p, 0, CALLER);
}

EXPORT(pthread_rwlock_wrlock);
int
rz_pthread_rwlock_wrlock(pthread_rwlock_t *p)
{
	if(likely(ours(p) && cantake((Rwlock *)p, 1)))
		return rwtook((Rwlock *)p, 1, CALLER);
	return rwlockother(p, 1, CALLER);
}

EXPORT(pthread_rwlock_tryrdlock);
int
rz_pthread_rwlock_tryrdlock(pthread_rwlock_t *p)
{
	return ours(p) ? rwtrylock((Rwlock *)p, 0, CALLER) : real.pthread_rwlock_tryrdlock(p);
}

EXPORT(pthread_rwlock_trywrlock);
int
rz_pthread_rwlock_trywrlock(pthread_rwlock_t *p)
{
	return ours(p) ? rwtrylock((Rwlock *)p, 1, CALLER) : real.pthread_rwlock_trywrlock(p);
}

EXPORT(pthread_rwlock_timedrdlock);
int
rz_pthread_rwlock_timedrdlock(pthread_rwlock_t *p, const struct timespec *at)
{
	return ours(p) ? rwclocklock(p, 0, CLOCK_REALTIME, at, CALLER)
		       : foreignrwlock(p, 0, CLOCK_REALTIME, at, CALLER);
}

EXPORT(pthread_rwlock_timedwrlock);
int
rz_pthread_rwlock_timedwrlock(pthread_rwlock_t *p, const struct timespec *at)
{
	return ours(p) ? rwclocklock(p, 1, CLOCK_REALTIME, at, CALLER)
		       : foreignrwlock(p, 1, CLOCK_REALTIME, at, CALLER);
}

EXPORT(pthread_rwlock_clockrdlock);
int
rz_pthread_rwlock_clockrdlock(pthread_rwlock_t *p, clockid_t c, const struct timespec *at)
{
	return ours(p) ? rwclocklock(p, 0, c, at, CALLER) : foreignrwlock(p, 0, c, at, CALLER);
}

EXPORT(pthread_rwlock_clockwrlock);
int
rz_pthread_rwlock_clockwrlock(pthread_rwlock_t *p, clockid_t c, const struct timespec *at)
{
	return ours(p) ? rwclocklock(p, 1, c, at, CALLER) : foreignrwlock(p, 1, c, at, CALLER);
}

static inline int
unlocked(Rwlock *l, uint64_t old)
{
	if(unlikely((old & QUEUED) && !(old & RWAWAKE)))
		rwwake(l);
	return 0;
}

/* Nobody held it; or it is watched (RENDEZ_CHECK), as only a written one is. */
static __attribute__((noinline)) int
unlockwatched(Rwlock *l, uint64_t old)
{
	if(checking) {
		rwchecked(l);
		checkunlock(l, Krwlock, HELD(old));
	}
	if(old & WLOCKED) {
		atomic_store_explicit(&l->writer, 0, memory_order_relaxed);
		old = atomic_fetch_and_explicit(&l->word, ~(WLOCKED | RWWATCHED), memory_order_release);
	}
	return unlocked(l, old);
}

static __attribute__((noinline)) int
wakequeued(Rwlock *l)
{
	rwwake(l);
	return 0;
}

/* Others are there, or about. */
static __attribute__((noinline)) int
unlockshared(Rwlock *l, uint64_t old)
{
	if((old & (WLOCKED | RWWATCHED)) == WLOCKED) {
		atomic_store_explicit(&l->writer, 0, memory_order_relaxed);
		old = atomic_fetch_and_explicit(&l->word, ~WLOCKED, memory_order_release);
	} else if(READERS(old) != 0) {
		old = atomic_fetch_sub_explicit(&l->word, READER, memory_order_release);
		if(READERS(old) != 1)
			return 0;
	} else {
		return unlockwatched(l, old);
	}
	return unlocked(l, old);
}

/*
 * One atomic gives it up, and is the last touch.  Where nobody else was, it is one that says only whether anything is left, for
 * that is a cycle or two quicker: if so, rwwake sees whether there is one to wake.
 */
static inline int
rwunlock(Rwlock *l)
{
	uint64_t old = atomic_load_explicit(&l->word, memory_order_relaxed);

	if(likely(old == READER)) {
		if(likely(atomic_fetch_sub_explicit(&l->word, READER, memory_order_release) == READER))
			return 0;
	} else if(likely(old == WLOCKED)) {
		atomic_store_explicit(&l->writer, 0, memory_order_relaxed);
		if(likely(atomic_fetch_sub_explicit(&l->word, WLOCKED, memory_order_release) == WLOCKED))
			return 0;
	} else {
		return unlockshared(l, old);
	}
	return wakequeued(l);
}

/* The wait for it is not yet counted. */
static __attribute__((noinline)) int
unlockowing(Rwlock *l)
{
	me.timed = nil;
	rwunlock(l);
	waitflush();
	return 0;
}

EXPORT(pthread_rwlock_unlock);
int
rz_pthread_rwlock_unlock(pthread_rwlock_t *p)
{
	if(unlikely(!ours(p)))
		return real.pthread_rwlock_unlock(p);
	return unlikely(me.timed == p) ? unlockowing((Rwlock *)p) : rwunlock((Rwlock *)p);
}

EXPORT(pthread_rwlock_init);
int
rz_pthread_rwlock_init(pthread_rwlock_t *p, const pthread_rwlockattr_t *attr)
{
	int r = real.pthread_rwlock_init(p, attr);

	if(r == 0 && probeon) {
		if(ours(p))
			atomic_store_explicit(&((Rwlock *)p)->id, initsite(CALLER), memory_order_relaxed);
		else
			objectgone(p);
	}
	if(checking)
		checkmade(p);
	return r;
}

static void
rwcheckgone(Rwlock *l)
{
	uint64_t free = 0;

	rwchecked(l);
	checkgone(l, Krwlock, HELD(atomic_load_explicit(&l->word, memory_order_relaxed)), 0);
	atomic_compare_exchange_strong_explicit(&l->word, &free, RWGONE, memory_order_relaxed, memory_order_relaxed);
}

/* libc's does nothing whosever it is, so the lock's memory may be gone. */
EXPORT(pthread_rwlock_destroy);
int
rz_pthread_rwlock_destroy(pthread_rwlock_t *p)
{
	if(checking && readable(p) && ours(p))
		rwcheckgone((Rwlock *)p);
	if(probeon)
		objectgone(p);
	return 0;
}
