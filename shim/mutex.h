/*
 * What the fast and the slow half of the mutex share: what its word may become,
 * and the bookkeeping of who holds it.
 */
#ifndef RENDEZ_MUTEX_H
#define RENDEZ_MUTEX_H

#include "shim.h"

/* One hold in so many is timed, from took() to the unlock.  Both return 0, for whom that is the last thing to do. */
int holdbegin(Mutex *) HIDDEN;
int holdend(Mutex *) HIDDEN;

/*
 * The caller, thread tid, has just locked m.  Only it writes these words until it unlocks,
 * so plain loads and stores do; relaxed, because waiters read them.  The pc is
 * stored before the owner (release), and the owner cleared before the unlock:
 * a reader that sees the same owner before and after the pc has that owner's.
 * Returns 0.
 */
static inline int
tookas(Mutex *m, uintptr_t pc, int tid)
{
	union {
		struct {
			int32_t owner;
			uint32_t acquired;
		};
		uint64_t both;
	} taken = {{tid, atomic_load_explicit(&m->acquired, memory_order_relaxed) + 1}};

	atomic_store_explicit(&m->pc, pc, memory_order_relaxed);
	/* In one: the atomic of the unlock waits until all that was stored before it is in the cache. */
	atomic_store_explicit(&m->taken, taken.both, memory_order_release);
	if(unlikely(atomic_load_explicit(&m->last, memory_order_relaxed) != tid)) {
		atomic_store_explicit(&m->last, tid, memory_order_relaxed);
		atomic_store_explicit(
		    &m->changes, atomic_load_explicit(&m->changes, memory_order_relaxed) + 1, memory_order_relaxed);
	}
	if(unlikely(--me.skip == 0))
		return holdbegin(m);
	return 0;
}

/* The same for a thread that does not know its number (any, with RENDEZ_CHECK). */
int tookunknown(Mutex *, uintptr_t pc) HIDDEN;

static inline void
took(Mutex *m, uintptr_t pc)
{
	if(likely(me.tid != 0))
		tookas(m, pc, me.tid);
	else
		tookunknown(m, pc);
}

/*
 * The caller has just locked m, and only once.  A recursive mutex keeps its depth of 1 when it is free: each store before a
 * locked instruction costs.  It stands before the owner, whom a handler would believe.  (likely: the other kinds have time to jump.)
 */
static inline void
lockedonce(Mutex *m)
{
	if(likely((kindof(m) & Kind3) == Krecursive) && unlikely(m->depth != 1)) {
		m->depth = 1;
		atomic_signal_fence(memory_order_seq_cst);
	}
}

/* Whether the caller, who unlocks m, holds it still. */
static inline int
lessdeep(Mutex *m)
{
	if((kindof(m) & Kind3) != Krecursive || m->depth <= 1)
		return 0;
	m->depth--;
	return 1;
}

/* The same of one that was not the caller's. */
static inline void
tookonce(Mutex *m, uintptr_t pc)
{
	lockedonce(m);
	took(m, pc);
}

/* Where m's holder locked it, 0 if that cannot be told. */
static inline uintptr_t
holderof(Mutex *m)
{
	int owner = atomic_load_explicit(&m->owner, memory_order_acquire);
	uintptr_t pc = atomic_load_explicit(&m->pc, memory_order_acquire);

	if(owner == 0 || atomic_load_explicit(&m->owner, memory_order_relaxed) != owner)
		return 0;
	return pc;
}

/*
 * Whether the word names a Proc that is not on its way to m: the word is a copy of
 * another mutex's, or a forked child's.
 */
static inline int
mutexstale(uint32_t word, const Mutex *m)
{
	Proc *p;

	if((word & AWAKE) == 0)
		return 0;
	p = procof(word >> Awakeshift);
	return p == nil || atomic_load_explicit(&p->awakefor, memory_order_acquire) != (uintptr_t)m;
}

/*
 * Whether p's thread is of a real-time policy and stands so much above the one that the word names, if it names one.  A guess:
 * the name may go, and be another thread's, at any moment.
 */
static inline int
standsabove(const Proc *p, uint32_t word, int much)
{
	int rank = p == nil ? 0 : rankof(p);
	Proc *named;

	if(likely(rank == 0))
		return 0;
	named = procof(word >> Awakeshift);
	return named == nil || rank - rankof(named) >= much;
}

static inline int
outranks(const Proc *p, uint32_t word)
{
	return standsabove(p, word, 1);
}

/* Or it stands as high: among equals those that run go before those that sleep, as they do where nobody has a rank. */
static inline int
matches(const Proc *p, uint32_t word)
{
	return standsabove(p, word, 0);
}

/* Atomic even if there is one thread only. */
static inline int
trymutex(Mutex *m)
{
	uint32_t free = 0;

	return atomic_compare_exchange_strong_explicit(
	    &m->word, &free, Locked, memory_order_acquire, memory_order_relaxed);
}

/* mutex.c.  Of any kind; nil: no deadline. */
int mutexlockuntil(Mutex *, uintptr_t pc, const Deadline *) HIDDEN;
/* mutexlife.c.  What it has counted, for the recorder: a Counter. */
int mutexcounts(const void *object, uint32_t id, uint32_t *acquired, uint32_t *changes) HIDDEN;
/* mutex.c.  Unlocks the word alone, of any kind. */
void mutexgive(Mutex *m) HIDDEN;
/* mutexwake.c.  m is held, and its word said Queued at an unlock that found nobody. */
void mutexunqueue(Mutex *m) HIDDEN;
/* A handler begins: if its thread is in a wait, no mutex is to count on it.  Async-signal-safe. */
void mutexaway(void) HIDDEN;
/* One that was woken with others to lock the mutex at key found it free, or queues again. */
void herdtried(const void *key, int found) HIDDEN;

static inline uint32_t
awakefield(const Proc *p)
{
	return p->num << Awakeshift;
}

#endif
