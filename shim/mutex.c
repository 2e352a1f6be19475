/*
 * pthread_mutex_*: the fast paths, and what the kinds of mutex demand.
 *
 * A free mutex is taken with one compare-and-swap of 0 to Locked and freed with the reverse; both while the process has ever
 * had one thread only are plain (libc says so, and says otherwise before a second thread exists).  Not so where libc's
 * are atomic even so: tries, deadlines, adaptive mutexes, conditions.  So a mutex in shared memory that was not said to be works
 * as far as libc's does.  Everything else is in mutexslow.c.
 */
#define _GNU_SOURCE
#include "mutex.h"
#include "check.h"
#include "export.h"
#include "foreign.h"
#include "posix.h"
#include "real.h"

#include "../compat/rank.h"
#include "../compat/waitq.h"

#include <errno.h>

enum {
	PROMOTE = 2000, /* unlocks of a thread that left others waiting: fewer cost throughput, see tests/bench */
};

__thread Me me __attribute__((tls_model("initial-exec"))) = {.skip = 64};

int
tookunknown(Mutex *m, uintptr_t pc)
{
	tookas(m, pc, metid());
	if(checking)
		checklocked(m, Kmutex);
	return 0;
}

/* Every so many locks one hold is timed; holdsample says how many until the next. */
int
holdbegin(Mutex *m)
{
	if(!probeon) {
		me.skip = 1 << 20;
		return 0;
	}
	me.timed = m;
	me.timedat = ticks();
	return 0;
}

int
holdend(Mutex *m)
{
	uint64_t t = ticks() - me.timedat;

	me.timed = nil;
	me.skip = 64;
	if(probeon)
		holdsample(m, atomic_load_explicit(&m->id, memory_order_relaxed), t, &me.skip);
	return 0;
}

/* Takes m if it is free; plainly: without an atomic, if there is one thread only. */
static inline int
canlockmutex(Mutex *m, int plainly)
{
	if(__libc_single_threaded && plainly) {
		if(atomic_load_explicit(&m->word, memory_order_relaxed) != 0)
			return 0;
		atomic_store_explicit(&m->word, Locked, memory_order_relaxed);
		return 1;
	}
	return trymutex(m);
}

/*
 * A normal one.  Where others wait a free mutex's word is not 0 but something that the thread has met before, for who
 * locks such a mutex does so again and again: so what it expects is what it found the last time (barge).  That is always the word of a free
 * mutex which a newcomer may take, so of whichever mutex it is found to be the word, that one it takes.
 */
static inline int
canlocknormal(Mutex *m)
{
	uint32_t expected = me.expected;

	if(__libc_single_threaded)
		return canlockmutex(m, 1);
	return atomic_compare_exchange_strong_explicit(
	    &m->word, &expected, expected | Locked, memory_order_acquire, memory_order_relaxed);
}

/* Takes a normal mutex that is free, whoever waits for it, if a newcomer may; one that is held costs no atomic. */
static inline int
barge(Mutex *m)
{
	uint32_t old = atomic_load_explicit(&m->word, memory_order_relaxed);

	/* If nobody waits although it says so, the slow path puts that right. */
	if((old & (Locked | NoBarge | Urgent)) || me.empty == m ||
	    !atomic_compare_exchange_strong_explicit(
		&m->word, &old, old | Locked, memory_order_acquire, memory_order_relaxed))
		return 0;
	me.expected = old;
	return 1;
}

static int
lockslow(Mutex *m, uintptr_t pc, const Deadline *d)
{
	return unlikely(sigoff.async) ? mutexwaitasync(m, pc, d) : mutexwait(m, pc, d, 0, nil, 0);
}

/* Lock a mutex of ours, whatever its kind; d nil: no deadline. */
__attribute__((noinline)) int
mutexlockuntil(Mutex *m, uintptr_t pc, const Deadline *d)
{
	int kind = kindof(m) & Kind3;

	if(kind == Krecursive || kind == Kerrorcheck) {
		if(atomic_load_explicit(&m->owner, memory_order_relaxed) == mytid()) {
			if(kind == Kerrorcheck)
				return EDEADLK;
			if(m->depth + 1 == 0)
				return EAGAIN;
			m->depth++;
			return 0;
		}
	}
	if(likely(d != nil ? trymutex(m) : canlockmutex(m, kind != Kadaptive))) {
		tookonce(m, pc);
		return 0;
	}
	if(unlikely(d != nil && !nsecok(&d->at) && d->at.tv_sec >= 0))
		return EINVAL;
	return lockslow(m, pc, d);
}

/* Every PROMOTEth unlock of a thread that leaves others waiting favours the eldest, or finds that one not yet served. */
static inline int
promotes(uint32_t old)
{
	return (old & (Queued | Urgent | Locked)) == (Queued | Locked) && ++me.lost % PROMOTE == 0;
}

/* The last touch is the atomic: from then on m may be gone. */
static __attribute__((noinline)) int
unlockqueued(Mutex *m, uint32_t old)
{
	int yield = 0;

	if(unlikely((old & (Locked | Watched)) != Locked) && checking)
		checkunlock(m, Kmutex, (old & Locked) != 0);
	if(unlikely(promotes(old))) {
		if(!(old & Favoured)) {
			mutexpromote(m);
			return 0;
		}
		/* It may be waiting for this processor. */
		yield = !ranked();
	}
	old = atomic_fetch_and_explicit(&m->word, FREED, memory_order_release);
	if((old & Queued) && !(old & AWAKE))
		mutexwake(m);
	if(unlikely(yield))
		sysyield();
	return 0;
}

static __attribute__((noinline)) int
wakequeued(const void *key)
{
	mutexwake(key);
	return 0;
}

/*
 * Unlocks the word, which just now was Locked and no more; its last touch.  An and takes two cycles less than to
 * compare and swap, if nobody asks for more than whether anything is left: if so, mutexwake sees whether there is one to wake.
 */
static inline int
wordfree(Mutex *m)
{
	if(__libc_single_threaded) {
		atomic_store_explicit(&m->word, 0, memory_order_relaxed);
		return 0;
	}
	if(unlikely((atomic_fetch_and_explicit(&m->word, FREED, memory_order_release) & FREED) != 0))
		return wakequeued(m);
	return 0;
}

/*
 * Unlocks the word; the caller holds m, or does what glibc lets it do to a normal
 * mutex that it does not hold.  Returns 0.
 */
static inline int
wordunlock(Mutex *m)
{
	uint32_t old;

	atomic_store_explicit(&m->owner, 0, memory_order_relaxed);
	/* Looked at first: its line is ours, and where others wait it decides more. */
	old = atomic_load_explicit(&m->word, memory_order_relaxed);
	return likely(old == Locked) ? wordfree(m) : unlockqueued(m, old);
}

/* A hold of m is timed, or the wait for it is not yet counted. */
static __attribute__((noinline)) int
unlocktimed(Mutex *m)
{
	if(me.timedat != 0)
		holdend(m);
	me.timed = nil;
	wordunlock(m);
	waitflush();
	return 0;
}

static inline int
wordgive(Mutex *m)
{
	return unlikely(me.timed == m) ? unlocktimed(m) : wordunlock(m);
}

void
mutexgive(Mutex *m)
{
	wordgive(m);
}

int
mutexlock(Mutex *m, uintptr_t pc)
{
	return mutexlockuntil(m, pc, nil);
}

int
mutexmay(Mutex *m)
{
	int kind = kindof(m) & Kind3;

	return (kind != Krecursive && kind != Kerrorcheck) ||
	       (atomic_load_explicit(&m->owner, memory_order_relaxed) == mytid() &&
		   (atomic_load_explicit(&m->word, memory_order_relaxed) & Locked));
}

int
mutexrelease(Mutex *m, int *full)
{
	*full = 1;
	if(!mutexmay(m)) {
		if(checking)
			checkrefused(m, Kmutex, (atomic_load_explicit(&m->word, memory_order_relaxed) & Locked) != 0);
		return EPERM;
	}
	if(lessdeep(m)) {
		*full = 0;
		return 0;
	}
	return wordgive(m);
}

void
mutexreacquire(Mutex *m, uintptr_t pc, int full, Proc *p)
{
	if(!full) {
		m->depth++;
		return;
	}
	if(p->moved || !trymutex(m))
		mutexwait(m, pc, nil, 0, p, p->movedat);
	else
		tookonce(m, pc);
}

/* A normal mutex, and ours. */
static inline int
plain(const Mutex *m)
{
	return (kindof(m) & (Kforeign | Kind3)) == Knormal;
}

/* Out of line, as all that is not a fast path's: a call in there would make it a frame. */
static __attribute__((noinline)) int
locktheirs(Mutex *m, uintptr_t pc)
{
	return otherlock(theirs(m), CLOCK_REALTIME, nil, pc);
}

/* One that is not normal, or not free.  The caller's own is left to mutexlockuntil. */
static __attribute__((noinline)) int
lockother(Mutex *m, uintptr_t pc)
{
	int kind = kindof(m), tid = me.tid;

	if(unlikely(kind & Kforeign))
		return locktheirs(m, pc);
	if(unlikely(tid == 0))
		return mutexlockuntil(m, pc, nil);
	if((kind & Kind3) == Knormal)
		return barge(m) ? tookas(m, pc, tid) : lockslow(m, pc, nil);
	if(unlikely(!canlockmutex(m, (kind & Kind3) != Kadaptive)))
		return mutexlockuntil(m, pc, nil);
	lockedonce(m);
	return tookas(m, pc, tid);
}

EXPORT(pthread_mutex_lock);
int
rz_pthread_mutex_lock(pthread_mutex_t *pm)
{
	Mutex *m = (Mutex *)pm;

	if(likely(plain(m) && me.tid != 0 && canlocknormal(m)))
		return tookas(m, CALLER, me.tid);
	return lockother(m, CALLER);
}

static __attribute__((noinline)) int
unlockkind(Mutex *m)
{
	int full;

	if(!mutexours(m))
		return otherunlock(theirs(m));
	return mutexrelease(m, &full);
}

EXPORT(pthread_mutex_unlock);
int
rz_pthread_mutex_unlock(pthread_mutex_t *pm)
{
	Mutex *m = (Mutex *)pm;
	int kind = kindof(m), tid = me.tid;

	if(likely((kind & (Kforeign | Kind3)) == Knormal))
		return wordgive(m);
	/* Mostly it is the caller's, locked once, and nobody waits for it.  In this order and here: each jump or test more is seen. */
	if(unlikely((kind & Kforeign) || atomic_load_explicit(&m->owner, memory_order_relaxed) != tid || tid == 0 ||
		    atomic_load_explicit(&m->word, memory_order_relaxed) != Locked || me.timed == m || m->depth > 1))
		return unlockkind(m);
	atomic_store_explicit(&m->owner, 0, memory_order_relaxed);
	return wordfree(m);
}
