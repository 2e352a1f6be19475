/*
 * Waiting without sleep.  A thread that finds a mutex held waits a little before it sleeps; how long, each learns for itself
 * (compat/spun.h), and of each mutex the process learns whether its holder had better be left alone first (compat/pace.h).  And one
 * of a real-time policy may take turns with the holder at one processor.
 */
#define _GNU_SOURCE
#include "attempt.h"

#include "../compat/pace.h"
#include "../compat/stop.h"

enum {
	/* Turns between two looks where others sleep: each takes the word's line from who runs.  Measured with contended/16, tests/bench. */
	GAP = 3,
	/*
	 * Some 10 us, in which the holder may have a hundred short sections; what a sleep and a wake take.  contended/2 and /4,
	 * tests/bench: 200 make 5 to 10 % less, 800 as much.  And where others sleep, so that who sleeps too waits for
	 * milliseconds; contended/16 and /64: 400 make 8 % less, 800 4 %, 3200 as much.
	 */
	CALM = 400,
	CALMQUEUED = 1600,
	PACED = 8, /* waits of one thread until it looks at the clock */
	PACES = 64,
};

static struct {
	_Alignas(64) Pace pace; /* a line each: all who wait read it */
} paces[PACES];

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

/*
 * For how many turns to let the holder run before the first look, where that makes the mutex quicker (compat/pace.h).  The name is in the
 * word meanwhile, so if the holder does not come back the mutex may be free for so long.
 */
static int
calmturns(const Mutex *m, uint32_t acquired, uint32_t word)
{
	Pace *p = &paces[((uintptr_t)m * 0x9e3779b97f4a7c15u) >> 58].pace;

	if(++me.waits % PACED == 0)
		pacewait(p, (uintptr_t)m, nsnow(), acquired, procgeneration());
	if(!pacecalm(p, (uintptr_t)m))
		return 0;
	return word & Queued ? CALMQUEUED : CALM;
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
	for(k = hasrank(a) ? 0 : calmturns(a->m, acquired, *word); k > 0; k--)
		relax();
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
