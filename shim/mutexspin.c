/*
 * A thread that finds a mutex held waits a little before it sleeps: how long, each learns for itself.
 *
 * To wait awake pays if it covers the section that it waits for.  Where it has paid the time follows what was needed, within
 * bounds.  Where it has not, two things are told apart by what the mutex has counted meanwhile: others have come and gone, so its
 * sections are short, and whoever runs is best left alone with it; or it was held by one all the time, and to wait longer
 * may pay, so that is tried, until the longest was for nothing: then not for a while.
 */
#define _GNU_SOURCE
#include "attempt.h"

#include "../compat/stop.h"

enum {
	SPINMAX = 200, /* turns: some 6 us, the price of a sleep and a wake */
	SPINMIN = 10,
	BARREN = 32, /* waits after one of SPINMAX for nothing until longer ones are tried again */
	/* Turns between two looks where others sleep: each takes the word's line from who runs.  Measured with contended/16, tests/bench. */
	GAP = 3,
};

/* A spinner that finds others asleep and none on its way is itself the successor: with its name there the unlock wakes nobody. */
static void
putname(Attempt *a, uint32_t *word)
{
	if(a->awake || (*word & (Queued | AWAKE | NoBarge | Urgent)) != Queued)
		return;
	if(a->p == nil)
		a->p = procenter();
	a->p->object = a->m;
	a->p->abandon = mutexabandon;
	atomic_store_explicit(&a->p->awakefor, (uintptr_t)a->m, memory_order_release);
	if(atomic_compare_exchange_strong_explicit(
	       &a->m->word, word, *word | awakefield(a->p), memory_order_acq_rel, memory_order_relaxed))
		a->awake = 1;
	else
		atomic_store_explicit(&a->p->awakefor, 0, memory_order_release);
}

static void
paid(int most, int turns)
{
	int spin = most + (2 * turns + SPINMIN - most) / 8;

	me.spin = (uint16_t)(spin < SPINMAX ? spin : SPINMAX);
}

static void
failed(int most, int sameholder)
{
	if(!sameholder || me.barren > 0) {
		me.spin = (uint16_t)(most - most / 8);
		if(sameholder)
			me.barren--;
	} else if(most < SPINMAX) {
		me.spin = (uint16_t)(2 * most < SPINMAX ? 2 * most : SPINMAX);
	} else {
		me.spin = SPINMIN;
		me.barren = BARREN;
	}
}

int
attemptspin(Attempt *a, uint32_t *word)
{
	uint32_t acquired = atomic_load_explicit(&a->m->acquired, memory_order_relaxed);
	int i, k, most = me.spin > SPINMIN ? me.spin : SPINMIN, gap = *word & Queued ? GAP : 1;

	putname(a, word);
	stop("mutexwait.spin");
	for(i = 0; i < most; i += gap) {
		for(k = 0; k < gap; k++)
			relax();
		*word = atomic_load_explicit(&a->m->word, memory_order_relaxed);
		if(!(*word & Locked) && attempttake(a, word)) {
			paid(most, i);
			return 1;
		}
	}
	failed(most, atomic_load_explicit(&a->m->acquired, memory_order_relaxed) == acquired);
	return 0;
}
