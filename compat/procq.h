/*
 * A queue of Procs in an object of the program: what the native locks wait in.  The wait table's queues (waitq.h) ask for
 * signals off, and that costs as much as a wake; these have a lock of their own beside the object's word, and whoever uses
 * one from a handler that interrupted the same is lost, as its manual says.
 *
 * The lock bears the number of the process.  In a forked child it is free, whatever the parent's threads were
 * doing, and whoever locks it first drops the queue: nobody waits there.
 *
 * The calls marked "locked" want it locked.  The key of a Proc that is linked is the object whose ring it is in.
 */
#ifndef RENDEZ_PROCQ_H
#define RENDEZ_PROCQ_H

#include "proc.h"

#include "p9lock.h"

/* Of P9queue.word, whatever else the object keeps there: somebody is linked.  Changed only when locked. */
enum { Queued = 2 };

static inline Word *
procqword(P9queue *q)
{
	return (Word *)&q->word;
}

void procqlock(P9queue *) HIDDEN;
void procqunlock(P9queue *) HIDDEN;

/* Locked: link p in a ring, which is its first Proc or nil, behind the others or before them; unlink it. */
void ringput(void **ring, Proc *p, const void *key) HIDDEN;
void ringfront(void **ring, Proc *p, const void *key) HIDDEN;
void ringtake(void **ring, Proc *p) HIDDEN;

/* Locked: unlink p from the queue's ring; nobody is Queued if it was the last.  Unless it is the caller itself, the caller owes it a ready(). */
void procqtake(P9queue *, Proc *p) HIDDEN;

static inline int
linked(const Proc *p)
{
	return atomic_load_explicit(&p->key, memory_order_relaxed) != 0;
}

/* Not locked: make ready those that were taken, chained by next up to nil.  pc: where the program called. */
void procqready(Proc *list, uintptr_t pc) HIDDEN;

/* Where the program got the object, for who waits for it. */
static inline void
setholder(uintptr_t *holder, uintptr_t pc)
{
	__atomic_store_n(holder, pc, __ATOMIC_RELAXED);
}

static inline uintptr_t
holderof(const uintptr_t *holder)
{
	return __atomic_load_n(holder, __ATOMIC_RELAXED);
}

#endif
