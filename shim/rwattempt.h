/*
 * One attempt at a readers-writer lock, from the first failure to the end, and the steps that it is made of
 * (rwqueue.c); and what the waker needs to know too.  The argument stands in rwslow.c.
 */
#ifndef RENDEZ_RWATTEMPT_H
#define RENDEZ_RWATTEMPT_H

#include "rwlock.h"

#include <string.h>

typedef struct Rwattempt {
	Rwlock *l;
	Proc *p;
	int write;
	int awake;    /* the word's Awake names p */
	int chosen;   /* was taken off the queue to have it: no Turn, no Queued stands
                  in its way */
	int expired;  /* has waited a Turn out */
	int deferred; /* as an Attempt's */
	int front;
	int gone;   /* what is at l's address is no rwlock any more: see lives */
	Woken late; /* why it gives up, even if it was chosen at last */
	int begun;  /* as an Attempt's, these four */
	int opened;
	uint64_t since;
	uintptr_t holder;
	Wait w;
} Rwattempt;

/* One begins; w is large, and set when a wait does. */
static inline void
rwattempt(Rwattempt *a, Rwlock *l, int write)
{
	memset(a, 0, offsetof(Rwattempt, w));
	a->l = l;
	a->write = write;
}

static inline const void *
rwkey(const Rwlock *l)
{
	return (const char *)l + Keyrwlock;
}

static inline int
preferswriters(const Rwlock *l)
{
	return l->flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

/* Readers come in whoever waits, but a lock that a writer gave up goes to a writer first. */
static inline int
handstowriters(const Rwlock *l)
{
	return l->flags == PTHREAD_RWLOCK_PREFER_WRITER_NP;
}

static inline int
rwstale(uint64_t word, const Rwlock *l)
{
	Proc *p;

	if((word & RWAWAKE) == 0)
		return 0;
	p = procof((uint32_t)word >> Awakeshift);
	return p == nil || atomic_load_explicit(&p->awakefor, memory_order_acquire) != (uintptr_t)rwkey(l);
}

/* As of a mutex (mutex.h): p's thread is of a real-time policy and stands above whom the word names, if anybody. */
static inline int
rwoutranks(const Proc *p, uint64_t word)
{
	int rank = p == nil ? 0 : rankof(p);
	Proc *named;

	if(likely(rank == 0))
		return 0;
	named = procof((uint32_t)word >> Awakeshift);
	return named == nil || rankof(named) < rank;
}

/* 1: it is ours; 0: not now; EAGAIN: it has too many readers. */
int rwtake(Rwattempt *, uint64_t *word) HIDDEN;
/* Link the Proc; 0, and nothing done, if the lock may be taken instead.  *banned: nobody holds it. */
int rwenqueue(Rwattempt *, int *banned) HIDDEN;
/* Take the Proc off the queue; 0 if it was chosen meanwhile, and its Ready is on the way. */
int rwdequeue(Rwattempt *) HIDDEN;
/* As attemptlook: Wready chosen, Wtimeout off the queue and free to take, Wnote still linked. */
Woken rwlook(Rwattempt *) HIDDEN;
/* rwwake.c.  Held by the caller, whose last look found nobody. */
void rwunqueue(Rwlock *) HIDDEN;
/* Give up.  Who was chosen takes it after all (1), or leaves it held and with no name of its own. */
int rwdisown(Rwattempt *) HIDDEN;

#endif
