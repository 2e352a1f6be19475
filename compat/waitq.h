/*
 * Queues of waiting Procs, keyed by address: who waits for an object stands
 * here, not in the object.  So an object needs no initialiser, no allocation
 * and no pointer, may be freed the moment its last user is through, and a
 * forked child starts with nobody waiting.
 *
 * The calls marked "locked" want the bucket of the key locked, and signals off.
 */
#ifndef RENDEZ_WAITQ_H
#define RENDEZ_WAITQ_H

#include "lock.h"
#include "proc.h"
#include "sigoff.h"

typedef struct Bucket {
	_Alignas(64) Lock lock;
	Proc *queues; /* the heads of this bucket's queues, linked by nextkey */
} Bucket;

/* Lock the bucket that key belongs to.  The key is only compared, never followed. */
Bucket *qlock(const void *key) HIDDEN;
void qunlock(Bucket *) HIDDEN;

/* Lock the buckets of two keys, in the order that all use; they may be one.  Unlock both. */
void qlock2(const void *k1, const void *k2, Bucket **b1, Bucket **b2) HIDDEN;
void qunlock2(Bucket *b1, Bucket *b2) HIDDEN;

/*
 * Lock the bucket of the queue that p is linked in, which a mover may change
 * at any moment before that.  Nil, and nothing locked, if it is in none.
 */
Bucket *qlockof(Proc *p) HIDDEN;

/*
 * Locked: link p in the order of ranks, behind its equals or with front nonzero before them.  So a queue is as old
 * as its links, but for threads of real-time policies: those stand before all others, by their priority.
 */
void qput(Bucket *, Proc *p, const void *key, int front) HIDDEN;
/*
 * Locked: p, the caller's and just linked, is likely to be woken with who stands before it, and will sleep in the same bed
 * (block.c); apart, at a place of its own, unless all who wait for this are always woken together.
 */
void qtogether(Proc *p, int apart) HIDDEN;
/* Locked: the first in key's queue, nil if it is empty; and whether nobody else is there. */
Proc *qfirst(Bucket *, const void *key) HIDDEN;
int qalone(const Proc *head) HIDDEN;
/* Locked: unlink p.  Unless it is the caller itself, the caller owes it a ready(). */
void qtake(Bucket *, Proc *p) HIDDEN;
/* Both locked: from its queue to key's.  For whoever asks with qlockof it is linked all the time. */
void qmove(Bucket *from, Proc *p, Bucket *to, const void *key) HIDDEN;

#endif
