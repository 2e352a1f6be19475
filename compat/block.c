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
 * kernel re-reads the word before it lets the owner sleep.  The atomic or is
 * the waker's last touch; the wake uses only the address, and a later owner of
 * the memory takes it for nothing, for futexwait may return at any time.
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
#include <limits.h>

uint32_t
eventwait(Word *event, uint32_t wanted, const Deadline *d, int how, void (*asleep)(void *), void *arg)
{
	uint32_t e;
	int r = 0;

	e = atomic_load_explicit(event, memory_order_acquire);
	for(;;) {
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
		if(!(e & Asleep) && !atomic_compare_exchange_strong_explicit(
					event, &e, e | Asleep, memory_order_acquire, memory_order_acquire))
			continue;
		stop("block.asleep");
		r = futexwait(event, e | Asleep, d, how & Ewshared);
		stop("block.awake");
		e = atomic_load_explicit(event, memory_order_acquire);
	}
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
	switch(eventwait(&p->event, noted ? Ready | Note : Ready, d, noted > 1 ? Ewsignal : 0, asleep, arg)) {
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
	eventset(&p->event, Ready, 0);
}

/*
 * A wake of each would let the woken take the processor from the waker each time, to run into whatever comes next and find the others
 * not there.  So all but the first asleep are moved to sleep at the first one's address, where one call wakes all.  For those in
 * between nothing changes: a Proc's Ready is set before, so whoever is not yet asleep does not go to sleep, and
 * one that looks, for a note or a deadline, sees it.  At the first one's address sleep at most it and those that were moved, who are as many as
 * are woken; if it was awake, or sleeps there again by now, one is woken for nothing, which every sleeper bears.  (Model:
 * tests/model/readyall.pml.)  No more than HERD of them wait for the call: the first want to be off.
 *
 * Threads of real-time policies are woken one by one, in this order: the kernel wakes those at one address by priority, but equals not
 * always in the order in which they were moved there.
 */
void
readyall(Proc *first)
{
	enum { HERD = 16 };
	Proc *p = first, *next;
	Word *at = nil, *event;
	int n = 0, rank;

	for(; p != nil; p = next) {
		next = p->nextkey;
		rank = rankof(p);
		event = &p->event;
		stop("ready");
		if(atomic_fetch_or_explicit(event, Ready, memory_order_release) & Asleep) {
			stop("ready.wake");
			if(rank != 0) {
				futexwake(event, 1, 0);
			} else if(at == nil) {
				at = event;
				n = 1;
			} else if(futexrequeue(event, at) == 0) {
				n++;
			} else {
				futexwake(event, 1, 0);
			}
		} else {
			wokeawake = 1;
		}
		if(at != nil && (next == nil || n == HERD)) {
			futexwake(at, n, 0);
			at = nil;
		}
	}
}

/*
 * Many who wait for one moment sleep in one bed, and one call wakes them all.  The bed's word counts the times that sleepers
 * were let go, above a bit that says that there are any:
 *
 *	sleeper				waker (has unlinked them)
 *	reads the word			Ready in the event of each
 *	sees no Ready			counts on and takes the bit out
 *	puts the bit in			if the bit was there: wakes all
 *	sleeps while that is the word
 *
 * A sleeper that reads the word when it was counted on sees its Ready (release, acquire).  One that read it before either has its bit
 * there, and is woken, or finds another word when it puts it in or sleeps, and looks again.  A bed belongs to a bucket, so
 * others may be woken for nothing.  (Model: tests/model/bed.pml.)
 */
enum { Bedtaken = 1, Bednext = 2 };

void
blockin(Proc *p, Word *bed, void (*asleep)(void *), void *arg)
{
	uint32_t v;

	stop("block");
	atomic_store_explicit(&p->away, 0, memory_order_relaxed);
	for(;;) {
		v = atomic_load_explicit(bed, memory_order_acquire);
		if(atomic_load_explicit(&p->event, memory_order_acquire) & Ready)
			break;
		if(asleep != nil) {
			asleep(arg);
			asleep = nil;
			continue;
		}
		if(!(v & Bedtaken) && !atomic_compare_exchange_strong_explicit(
					  bed, &v, v | Bedtaken, memory_order_relaxed, memory_order_relaxed))
			continue;
		stop("block.asleep");
		futexwait(bed, v | Bedtaken, nil, 0);
		stop("block.awake");
	}
	given(p);
}

void
readyin(Proc *p, Word *bed)
{
	Proc *next;
	Word *event;
	uint32_t v;

	for(; p != nil; p = next) {
		next = p->nextkey;
		event = &p->event;
		stop("ready");
		/* Not each is in the bed: one that jumped out of it waits for its Ready by itself. */
		if(atomic_fetch_or_explicit(event, Ready, memory_order_release) & Asleep)
			futexwake(event, 1, 0);
	}
	v = atomic_load_explicit(bed, memory_order_relaxed);
	while(!atomic_compare_exchange_weak_explicit(
	    bed, &v, (v + Bednext) & ~(uint32_t)Bedtaken, memory_order_release, memory_order_relaxed))
		;
	if(v & Bedtaken) {
		stop("ready.wake");
		futexwake(bed, INT_MAX, 0);
	} else {
		wokeawake = 1;
	}
}

void
note(Proc *p)
{
	eventset(&p->event, Note, 0);
}
