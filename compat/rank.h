/*
 * A thread's rank: its real-time priority, 0 if it has none (sysrank).  Queues choose by it.
 *
 * The kernel is asked as seldom as can be.  A process in which nobody ever asked for a real-time policy pays one test: all
 * ranks are 0.  Then a thread asks at its first wait, and again only when somebody says that a rank may have changed, for
 * a thread may set its own priority at every lock, and asking costs two system calls.  What nobody says here (raw system
 * calls, other processes) is seen some waits later.
 */
#ifndef RENDEZ_RANK_H
#define RENDEZ_RANK_H

#include "proc.h"

/* 0 while no thread of this process can have a rank; never again once it is not.  Else its age, and two flags. */
extern Word ranks HIDDEN;

static inline int
ranked(void)
{
	return unlikely(atomic_load_explicit(&ranks, memory_order_relaxed) != 0);
}

/* Before a thread may come by a rank: who is so made may wait the moment after. */
void rankspossible(void) HIDDEN;

/* Ranks change that nobody tells of, from now on: every wait asks. */
void ranksunsaid(void) HIDDEN;

/*
 * Around a call that changes a rank: rankchanging before it; after it, if the rank was another thread's, rankschanged, and if
 * it was the calling thread's, rankmine, with what rankchanging gave and the rank that it has now, -1 if that is not known.
 */
uint32_t rankchanging(int mine) HIDDEN;
void rankschanged(void) HIDDEN;
void rankmine(uint32_t age, int rank) HIDDEN;

/* The calling thread's, whose Proc this is. */
int rank(Proc *) HIDDEN;

#endif
