/*
 * A condition's queue as its waiters leave it, and what it takes to leave a wait without returning from it.
 */
#ifndef RENDEZ_CONDGONE_H
#define RENDEZ_CONDGONE_H

#include "cleanup.h"
#include "shim.h"

#include "../compat/waitq.h"

/* One wait with the mutex released: what it takes to leave it by a jump or by the end of the thread. */
typedef struct Condgone {
	Proc *p;
	pthread_mutex_t *pm;
	uintptr_t pc;
	int released, full;
	int relock; /* it was not signalled: libc's wait locks the mutex even so */
	int type;   /* of cancellation, to be given back */
	Cleanup cleanup;
} Condgone;

static inline const void *
condkey(const Cond *c)
{
	return (const char *)c + Keycond;
}

/* With the bucket locked and p linked at c: take it off. */
void condtakeoff(Bucket *, Cond *, Proc *p) HIDDEN;
/* 1: p was still waiting at c, and is off now.  0: it was signalled. */
int condleave(Cond *, Proc *p) HIDDEN;
/* condslow.c: wake or move the eldest, or all; m: the mutex that they are guessed to wait with. */
void condwakefrom(Cond *, Mutex *m, int all, uint32_t waker) HIDDEN;

/* What Proc.abandon and Proc.passon are of a condition's waiter; and the cleanup of its frame. */
void condabandon(Proc *) HIDDEN;
void condpasson(Proc *) HIDDEN;
void condgone(void *arg) HIDDEN;

#endif
