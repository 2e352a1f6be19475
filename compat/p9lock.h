/*
 * Locks: Plan 9 lock(2), whose names are also those of qlock(9).
 *
 *	Lock	for a few instructions; may be in memory that processes share
 *	QLock	held for as long as it takes; first come, first served
 *	RWLock	the same for readers and writers
 *	Rendez	where to wait for what a QLock guards
 *
 * All zero is the initial state of each; nothing has to be freed.  None knows which thread holds it: another
 * thread may release it.  A thread that takes one that it holds waits for ever.  Memory may be freed by the next holder of a lock
 * as soon as it has it.
 *
 * Notes and signal handlers do not end these waits, but for eqlock.  None of the functions may be called by a handler that may
 * have interrupted one on the same object, but for canlock; none is a cancellation point.  A handler may leave
 * a wait for good (siglongjmp) while the thread sleeps in it: it is then undone, and a lock that was being handed over goes
 * to the next.  All but Locks are for the threads of one process; a forked child has those that the forking
 * thread held, and nobody waits for them there.
 */
#ifndef RENDEZ_P9LOCK_H
#define RENDEZ_P9LOCK_H

#include "p9sleep.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct P9lock {
	uint32_t word; /* only these functions touch it, and all below */
} P9lock;

typedef struct P9queue {
	uint32_t word; /* who has the object, and whether anybody waits */
	uint32_t lock;
	void *first;
} P9queue;

struct P9qlock {
	P9queue q;
	uintptr_t holder; /* where it was taken, for reports */
};

typedef struct P9rwlock {
	P9queue q;
	uintptr_t holder; /* where a writer took it */
} P9rwlock;

/*
 * Take l; it spins for some microseconds at the most, then sleeps.  No order among those that wait.  A process that dies holding
 * a Lock in shared memory leaves it held.
 */
RENDEZ_API void p9lock(P9lock *l);

/* The same if it is free: 1 if it was taken, else 0.  Async-signal-safe. */
RENDEZ_API int p9canlock(P9lock *l);

/* Release l.  If nobody holds it the program ends with one line on standard error, and abort. */
RENDEZ_API void p9unlock(P9lock *l);

/* Take l.  Who waits gets it in the order of coming, from the hand of who releases it: nobody comes between. */
RENDEZ_API void p9qlock(P9qlock *l);

/* The same if it is free: 1 if it was taken, else 0.  Never waits. */
RENDEZ_API int p9canqlock(P9qlock *l);

/*
 * As qlock, but a note ends the wait: if one is pending when l is held by another, or comes before l is handed over, error("interrupted")
 * is raised, l is not held, and the note is pending no more.  If l came first it is held, and the note stays pending.
 */
RENDEZ_API void p9eqlock(P9qlock *l);

/* Release l, to who has waited longest.  If nobody holds it the program ends with one line on standard error, and abort. */
RENDEZ_API void p9qunlock(P9qlock *l);

/*
 * Take l to read, with others that read, or to write, alone.  All wait in one order of coming: a reader does not overtake a writer
 * that waits.  So a thread that takes it twice to read may wait for ever.
 */
RENDEZ_API void p9rlock(P9rwlock *l);
RENDEZ_API void p9wlock(P9rwlock *l);

/* The same if nobody need be waited for: 1 if it was taken, else 0.  Never wait. */
RENDEZ_API int p9canrlock(P9rwlock *l);
RENDEZ_API int p9canwlock(P9rwlock *l);

/*
 * Release l: the last reader to the first in the queue, a writer; a writer to the first in the queue, and if that one reads, to all
 * up to the next writer.  If nobody holds it so the program ends with one line on standard error, and abort.
 */
RENDEZ_API void p9runlock(P9rwlock *l);
RENDEZ_API void p9wunlock(P9rwlock *l);

/*
 * Wait in r for what r->l guards, which the caller holds: it is released as by qunlock, and held again on return.  Set r->l once, before.
 * Any number of threads may wait in one Rendez, which is then not one for sleep.  As others may run between the rwakeup and the return,
 * loop:
 *
 *	qlock(&l);
 *	while(!cond)
 *		rsleep(&r);
 */
RENDEZ_API void p9rsleep(Rendez *r);

/*
 * The first of those that wait in r, or all, are to go on; the caller holds r->l, and keeps it.  Whoever is chosen moves to the front
 * of the queue of r->l, before all that wait for that; so nobody is woken to wait again.  Those that one rwakeupall moves stay in the order
 * in which they came to r; of two rwakeups without an unlock in between, the second's is before the first's.
 * rwakeup returns 1, 0 if nobody waits; rwakeupall how many it moved.
 *
 * All three: if nobody holds r->l the program ends with one line on standard error, and abort.
 */
RENDEZ_API int p9rwakeup(Rendez *r);
RENDEZ_API int p9rwakeupall(Rendez *r);

#ifndef RENDEZ_NOPLAINNAMES
typedef P9lock Lock;
typedef P9qlock QLock;
typedef P9rwlock RWLock;
RENDEZ_PLAIN(void, lock, (Lock *));
RENDEZ_PLAIN(int, canlock, (Lock *));
RENDEZ_PLAIN(void, unlock, (Lock *));
RENDEZ_PLAIN(void, qlock, (QLock *));
RENDEZ_PLAIN(int, canqlock, (QLock *));
RENDEZ_PLAIN(void, eqlock, (QLock *));
RENDEZ_PLAIN(void, qunlock, (QLock *));
RENDEZ_PLAIN(void, rlock, (RWLock *));
RENDEZ_PLAIN(int, canrlock, (RWLock *));
RENDEZ_PLAIN(void, runlock, (RWLock *));
RENDEZ_PLAIN(void, wlock, (RWLock *));
RENDEZ_PLAIN(int, canwlock, (RWLock *));
RENDEZ_PLAIN(void, wunlock, (RWLock *));
RENDEZ_PLAIN(void, rsleep, (Rendez *));
RENDEZ_PLAIN(int, rwakeup, (Rendez *));
RENDEZ_PLAIN(int, rwakeupall, (Rendez *));
#endif

#ifdef __cplusplus
}
#endif

#endif
