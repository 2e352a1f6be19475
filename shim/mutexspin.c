/*
 * Waiting without sleep.  A thread that finds a mutex held waits a little before it sleeps; how long, each learns for itself
 * (compat/spun.h).  And one of a real-time policy may take turns with the holder at one processor.
 */
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
	a->p->starved = (uint8_t)a->starved;
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

/*
 * Equals of a real-time policy at one processor: who is woken waits until the other gives that up, and if the other always does so with
 * the mutex held, who was chosen comes too late each time.  Then to sleep again is for nothing, and makes the next unlock wake
 * it for nothing.  So it gives up its processor instead.
 *
 * Its name stays in the word: unlocks wake nobody, for it still is on its way, and whoever undoes the wait meanwhile finds it as one
 * that has just been woken.  It bars whom it would bar when it queues, so those of lower ranks do not get by; who gives up or is undone
 * lifts that (starved).  It goes on as long as the same thread has had the mutex exactly once more, which is how it looks
 * if the two take turns, TURNS times at most: then it queues as ever.  Threads that wait for this processor with a lower
 * priority wait for those two either way.  Who has deadlines would give away its budget, and queues at once.
 */
int
attemptyield(Attempt *a, uint32_t *word)
{
	enum { TURNS = 100 };
	uint32_t acquired, changes;
	int i;

	if(!a->awake || !hasrank(a) || rankof(a->p) >= RANKDEADLINE)
		return 0;
	for(i = 0; i < TURNS && (*word & (Locked | AWAKE)) == (Locked | awakefield(a->p)); i++) {
		acquired = atomic_load_explicit(&a->m->acquired, memory_order_relaxed);
		changes = atomic_load_explicit(&a->m->changes, memory_order_relaxed);
		/* Said before the word is: whoever undoes this wait takes the ban out. */
		a->starved = a->p->starved = 1;
		if((*word & (NoBarge | Urgent)) != (NoBarge | Urgent) &&
		    !atomic_compare_exchange_strong_explicit(
			&a->m->word, word, *word | NoBarge | Urgent, memory_order_relaxed, memory_order_relaxed))
			continue;
		sysyield();
		*word = atomic_load_explicit(&a->m->word, memory_order_relaxed);
		if(attempttake(a, word))
			return 1;
		if(atomic_load_explicit(&a->m->acquired, memory_order_relaxed) != acquired + 1 ||
		    atomic_load_explicit(&a->m->changes, memory_order_relaxed) != changes)
			break;
	}
	return 0;
}
