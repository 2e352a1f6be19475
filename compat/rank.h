/*
 * A thread's rank: its real-time priority, 0 if it has none (sysrank).  Queues choose by it.
 *
 * The kernel is asked as seldom as can be.  A process in which nobody ever asked for a real-time policy pays one test: all
 * ranks are 0.  Then a thread asks at its first wait, and again only when somebody says that a rank may have changed, for
 * a thread may set its own priority at every lock, and asking costs two system calls.  What nobody says here (raw system
 * calls, other processes) is seen some waits later.  The argument stands in rank.c.
 */
#ifndef RENDEZ_RANK_H
#define RENDEZ_RANK_H

#include "proc.h"

enum {
	Possible = 1,
	Unsaid = 2,
	Age = 4,
	Spoilt = Age, /* of toldat alone, for an age has a flag: what was told is not to be believed */
	TRUST = 64,   /* waits */
};

/* 0 while no thread of this process can have a rank; never again once it is not.  Else its age, and two flags. */
extern Word ranks HIDDEN;

static inline int
ranked(void)
{
	return unlikely(atomic_load_explicit(&ranks, memory_order_relaxed) != 0);
}

/* Before a thread may come by a rank: who is so made may wait the moment after. */
static inline void
rankspossible(void)
{
	if(!(atomic_load_explicit(&ranks, memory_order_relaxed) & Possible))
		atomic_fetch_or_explicit(&ranks, Possible, memory_order_relaxed);
}

/* Ranks change that nobody tells of, from now on: every wait asks. */
void ranksunsaid(void) HIDDEN;

/* Another thread's was changed, after the call. */
void rankschanged(void) HIDDEN;

/* The calling thread's Proc, if it is at rest and has no other. */
static inline Proc *
rankatrest(void)
{
	Proc *p = up;

	return p != nil && p->thread == threadself() && p->outer == nil &&
		       atomic_load_explicit(&p->busy, memory_order_relaxed) == 0
		   ? p
		   : nil;
}

/* Before a call that changes the calling thread's (mine) or another's. */
static inline uint32_t
rankchanging(int mine)
{
	Proc *p = mine ? rankatrest() : nil;

	if(p != nil)
		atomic_store_explicit(&p->toldat, 0, memory_order_relaxed);
	return atomic_load_explicit(&ranks, memory_order_acquire);
}

/* After it, if it was the calling thread's: what rankchanging gave, and the rank that it has now, -1 if that is not known. */
static inline void
rankmine(uint32_t age, int rank)
{
	Proc *p = rankatrest();
	uint32_t none = 0;

	if(unlikely(p == nil)) {
		rankschanged();
		return;
	}
	if(rank < 0) {
		atomic_store_explicit(&p->toldat, Spoilt, memory_order_relaxed);
		return;
	}
	p->told = (uint8_t)rank;
	p->trusted = TRUST;
	atomic_signal_fence(memory_order_seq_cst);
	if(!atomic_compare_exchange_strong_explicit(&p->toldat, &none, age, memory_order_relaxed, memory_order_relaxed))
		atomic_store_explicit(&p->toldat, Spoilt, memory_order_relaxed);
}

/* The calling thread's, whose Proc this is. */
int rank(Proc *) HIDDEN;

#endif
