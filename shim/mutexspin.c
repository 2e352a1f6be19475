/* A thread that finds a mutex held waits a little before it sleeps; how long, each learns for itself (compat/spun.h). */
#define _GNU_SOURCE
#include "attempt.h"

#include "../compat/stop.h"

/* Turns between two looks where others sleep: each takes the word's line from who runs.  Measured with contended/16, tests/bench. */
enum { GAP = 3 };

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

int
attemptspin(Attempt *a, uint32_t *word)
{
	uint32_t acquired = atomic_load_explicit(&a->m->acquired, memory_order_relaxed);
	int i, k, most = spunturns(&me.spun), gap = *word & Queued ? GAP : 1;

	if(spunbarren(&me.spun, hasrank(a)))
		return 0;
	putname(a, word);
	stop("mutexwait.spin");
	for(i = 0; i < most; i += gap) {
		for(k = 0; k < gap; k++)
			relax();
		*word = atomic_load_explicit(&a->m->word, memory_order_relaxed);
		if(!(*word & Locked) && attempttake(a, word)) {
			spunpaid(&me.spun, most, i);
			return 1;
		}
	}
	spunfailed(&me.spun, most, atomic_load_explicit(&a->m->acquired, memory_order_relaxed) == acquired, hasrank(a));
	return 0;
}
