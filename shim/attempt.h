/*
 * One attempt to lock a mutex, from the first failure to the end: its state, and the steps that
 * it is made of (mutexqueue.c).  When they are taken, and why that is enough, stands in mutexslow.c.
 */
#ifndef RENDEZ_ATTEMPT_H
#define RENDEZ_ATTEMPT_H

#include "mutex.h"

/* One attempt to lock, from the first failure to the end. */
typedef struct Attempt {
	Mutex *m;
	Proc *p;
	int awake;   /* the word's Awake names p */
	int starved; /* promoted, or woken and real-time and too late; not yet served: may take, and then lifts the ban */
	int expired;	  /* found it free after having waited long enough: nothing but Locked stands in its way */
	int deferred;	  /* in this sleep, whoever is on its way has been given its time */
	int front;	  /* has queued before: keeps its place */
	int begun;	  /* has failed once */
	int opened;	  /* and its wait is being recorded: it is about to sleep, or has slept */
	int gone;	  /* what is at m's address is no mutex any more: see lives */
	Woken late;	  /* why it gives up, even if it was chosen at last */
	uint64_t since;	  /* when it failed first, */
	uintptr_t holder; /* and who had the mutex then */
	Wait w;
} Attempt;

/* Whether its thread is of a real-time policy. */
static inline int
hasrank(const Attempt *a)
{
	return a->p != nil && rankof(a->p) != 0;
}

/* One compare-and-swap for the mutex as long as the word allows it; 1 when it is ours. */
int attempttake(Attempt *, uint32_t *word) HIDDEN;
/* Link the Proc; 0, and nothing done, if the mutex may be taken instead.  *banned: it was free. */
int attemptenqueue(Attempt *, int *banned) HIDDEN;
/* Take the Proc off the queue; 0 if somebody else just did, and its Ready is on the way. */
int attemptdequeue(Attempt *) HIDDEN;
/* mutexspin.c.  Wait awake for a little; 1 when it is ours. */
int attemptspin(Attempt *, uint32_t *word) HIDDEN;
/* The same of who was chosen and has come too late: give up the processor as long as that seems to be what the holder waits for. */
int attemptyield(Attempt *, uint32_t *word) HIDDEN;
Woken attemptlook(Attempt *) HIDDEN;
int attemptdisown(Attempt *) HIDDEN;

#endif
