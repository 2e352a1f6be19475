/*
 * Where all that queues in this process sleeps, and is woken.
 *
 * The argument for block and ready.  A Proc that waits is linked in a queue
 * under that queue's lock; whoever unlinks it under the same lock owes it
 * exactly one ready().  So between linking and the end of block() the event
 * word gets at most one Ready, and only the owner clears bits:
 *
 *	owner				waker (has unlinked p)
 *	sees no Ready
 *	compare-and-swap in Asleep	or in Ready
 *	sleep while the word is that	if Asleep was there: wake the address
 *
 * Both change one word, so one of the two sees the other: if Ready came first
 * the compare-and-swap fails; if Asleep came first the waker wakes, and the
 * kernel re-reads the word before it lets the owner sleep.  After the atomic or
 * the waker changes nothing of the owner's; it reads where it sleeps, which may
 * be of a later wait, and wakes there: taken for nothing, for futexwait may
 * return at any time.
 * Release in ready pairs with acquire in block: what the waker left in the
 * Proc (chosen, waker, ...) is visible.
 *
 * A Note may come at any time, from anybody, for a reason that is gone by now:
 * it only makes the owner look.  An owner that gives up is either still linked
 * and takes itself off, or finds that it was unlinked and then waits for the
 * Ready that it was given: otherwise it would end the owner's next wait.
 * (Model: tests/model/sleep.pml, NOCONSUME.)
 */
#include "proc.h"
#include "hover.h"
#include "stop.h"

#include <errno.h>

/*
 * Who will be woken together sleep in one bed, and one call wakes all of them, or those at the places that are meant.  A bed is a Proc's, and may be of one that is not in it, or not any more.  Its word counts the wakes:
 *
 *	sleeper				waker
 *	reads the bed's word		Ready, or a Note, in the event
 *	says Asleep in its event	if Asleep was there: counts on,
 *	sleeps while that is the word	and wakes the place
 *
 * Asleep and Ready are in one word: if Ready came first the sleeper sees it.  If Asleep did the word has been read before, and is
 * counted on after that: so the sleeper sleeps already, and is woken, or finds another word, and looks again.  Several may be made ready
 * before the bed's word is counted on for all of them.
 *
 * Where it sleeps is read after the atomic or, for a Note may come at any time: who sees Asleep sees the berth of that wait or
 * of a later one, which has seen the note before it slept.  Two may have the same place, those who come and go at different
 * times: they are woken both, and one looks for nothing.  (Model: tests/model/berth.pml.)
 */
static uint32_t
berthof(const Proc *p)
{
	return atomic_load_explicit(&p->berth, memory_order_relaxed);
}

static Word *
bedof(uint32_t berth)
{
	return &procof(berth / BERTHS)->bed;
}

static uint32_t
placeof(uint32_t berth)
{
	return UINT32_C(1) << berth % BERTHS;
}

static uint32_t
waitat(uint32_t berth, Word *event, uint32_t wanted, const Deadline *d, int how, void (*asleep)(void *), void *arg)
{
	Word *bed = berth != 0 ? bedof(berth) : nil;
	uint32_t e, turn = 0;
	int r = 0, said = 0;

	for(;;) {
		if(bed != nil)
			turn = atomic_load_explicit(bed, memory_order_acquire);
		e = atomic_load_explicit(event, memory_order_acquire);
		if(e & wanted)
			return e & wanted & -(e & wanted);
		if(r == ETIMEDOUT)
			return 0;
		if(r == EINTR && (how & Ewsignal))
			return Asleep;
		if(asleep != nil) {
			asleep(arg);
			asleep = nil;
		}
		/* By each wait anew, if a jump has left it there: who sees it sees this wait's berth. */
		if(!said && !atomic_compare_exchange_strong_explicit(
				event, &e, e | Asleep, memory_order_acq_rel, memory_order_relaxed))
			continue;
		said = 1;
		stop("block.asleep");
		if(bed != nil)
			r = futexwaitbits(bed, turn, placeof(berth), d, 0);
		else
			r = futexwait(event, e | Asleep, d, how & Ewshared);
		stop("block.awake");
	}
}

uint32_t
eventwait(Word *event, uint32_t wanted, const Deadline *d, int how, void (*asleep)(void *), void *arg)
{
	return waitat(0, event, wanted, d, how, asleep, arg);
}

void
eventset(Word *event, uint32_t bits, int shared)
{
	if(atomic_fetch_or_explicit(event, bits, memory_order_release) & Asleep) {
		stop("ready.wake");
		futexwake(event, 1, shared);
	} else {
		wokeawake = 1;
	}
}

static void
rouse(Word *bed, uint32_t places)
{
	atomic_fetch_add_explicit(bed, 1, memory_order_release);
	futexwakebits(bed, places);
}

/* Sets the bits, and says where it sleeps: at a berth, 0 its event, or NOWHERE. */
#define NOWHERE UINT32_MAX

static uint32_t
tell(Proc *p, uint32_t bits)
{
	if(atomic_fetch_or_explicit(&p->event, bits, memory_order_acq_rel) & Asleep) {
		stop("ready.wake");
		return berthof(p);
	}
	wokeawake = 1;
	return NOWHERE;
}

static void
kick(Proc *p, uint32_t bits)
{
	uint32_t berth = tell(p, bits);

	if(berth == 0)
		futexwake(&p->event, 1, 0);
	else if(berth != NOWHERE)
		rouse(bedof(berth), placeof(berth));
}

static void
given(Proc *p)
{
	p->waiting = Wgiven;
	atomic_signal_fence(memory_order_seq_cst);
	stop("block.given");
	atomic_fetch_and_explicit(&p->event, ~(uint32_t)(Ready | Asleep), memory_order_acquire);
	stop("block.ready");
}

Woken
block(Proc *p, const Deadline *d, int noted, void (*asleep)(void *), void *arg)
{
	stop("block");
	atomic_store_explicit(&p->away, 0, memory_order_relaxed);
	switch(waitat(berthof(p), &p->event, noted ? Ready | Note : Ready, d, noted > 1 ? Ewsignal : 0, asleep, arg)) {
	case Ready:
		given(p);
		return Wready;
	case Note:
	case Asleep:
		atomic_fetch_and_explicit(&p->event, ~(uint32_t)(Note | Asleep), memory_order_acquire);
		return Wnote;
	default:
		/* Ready may come this moment; the queue's lock decides whether it did. */
		atomic_fetch_and_explicit(&p->event, ~(uint32_t)Asleep, memory_order_relaxed);
		return Wtimeout;
	}
}

void
ready(Proc *p)
{
	stop("ready");
	kick(p, Ready);
}

/*
 * A wake of each would let the woken take the processor from the waker each time, to run into whatever comes next and find the others
 * not there.
 *
 * Threads of real-time policies are woken one by one, in this order.
 */
void
readyall(Proc *first)
{
	Proc *p = first, *next;
	uint32_t places = 0, bed = 0, berth;

	for(; p != nil; p = next) {
		next = p->nextkey;
		if(rankof(p) != 0) {
			ready(p);
			continue;
		}
		stop("ready");
		berth = tell(p, Ready);
		if(berth == NOWHERE)
			continue;
		if(berth == 0) {
			futexwake(&p->event, 1, 0);
			continue;
		}
		if(bed != berth / BERTHS) {
			if(bed != 0)
				rouse(&procof(bed)->bed, places);
			bed = berth / BERTHS;
			places = 0;
		}
		places |= placeof(berth);
	}
	if(bed != 0)
		rouse(&procof(bed)->bed, places);
}

void
note(Proc *p)
{
	kick(p, Note);
}
