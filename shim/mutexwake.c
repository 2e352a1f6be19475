/*
 * The mutex when it is unlocked with others waiting: whom to wake.  The argument stands in mutexslow.c.
 */
#define _GNU_SOURCE
#include "mutex.h"

#include "../compat/stop.h"
#include "../compat/waitq.h"

/*
 * m is held by the caller, and its word said Queued at an unlock that found
 * nobody: it came with a copy, or over a fork.  Put it right, or every later lock is slow.
 */
void
mutexunqueue(Mutex *m)
{
	Bucket *b;
	Sigs s;

	sigsoff(&s);
	b = qlock(m);
	if(qfirst(b, m) == nil)
		atomic_fetch_and_explicit(&m->word, ~(uint32_t)(Queued | Favoured | Urgent), memory_order_relaxed);
	qunlock(b);
	sigsback(&s);
}

static void
wake(Proc *p, Chosen how)
{
	p->chosen = (uint8_t)how;
	if(probeon) {
		p->wokenat = ticks();
		p->waker = wakerstack(0);
	} else {
		p->waker = 0;
	}
	ready(p);
}

/*
 * With signals off.  Chooses the first in the queue of the mutex at this address, if it is free
 * and none is on its way; nil if there is nobody to choose.  The mutex may be
 * gone: it is touched only while a Proc is linked.
 */
static Proc *
choose(const void *key)
{
	Mutex *m = (Mutex *)(uintptr_t)key;
	uint32_t old, new;
	Bucket *b;
	Proc *p, *chosen;

	b = qlock(key);
	p = qfirst(b, key);
	chosen = nil;
	if(p == nil) {
		me.empty = key;
	} else {
		old = atomic_load_explicit(&m->word, memory_order_relaxed);
		atomic_store_explicit(&p->awakefor, (uintptr_t)m, memory_order_release);
		do {
			if((old & AWAKE) && !mutexstale(old, m)) {
				chosen = nil;
				break;
			}
			new = old & ~AWAKE;
			chosen = nil;
			/* Held again: that holder's unlock will see that none is on the way. */
			if(!(old & Locked)) {
				new |= awakefield(p);
				/* The queue is in the order of ranks: if the first has none, nobody has. */
				new = rankof(p) == 0 ? new & ~(uint32_t)Urgent : new | Urgent;
				if(qalone(p))
					new &= ~(uint32_t)Queued;
				chosen = p;
			}
		} while(!atomic_compare_exchange_weak_explicit(
		    &m->word, &old, new, memory_order_acq_rel, memory_order_relaxed));
		if(chosen != nil)
			qtake(b, p);
		else
			atomic_store_explicit(&p->awakefor, 0, memory_order_release);
	}
	qunlock(b);
	return chosen;
}

/* A mutex at this address was unlocked with Procs queued and none on its way.  It may be gone by now. */
void
mutexwake(const void *key)
{
	Proc *p;
	Sigs s;

	stop("mutexwake");
	sigsoff(&s);
	p = choose(key);
	stop("mutexwake.chosen");
	if(p != nil)
		wake(p, Cawake);
	sigsback(&s);
}

/*
 * Unlocks m, which the caller holds, and wakes the first waiter out of turn: also
 * while another is on its way.  It may take the mutex under a ban, and
 * sets one if it loses again.
 */
void
mutexpromote(Mutex *m)
{
	uint32_t old, new;
	Bucket *b;
	Proc *p;
	Sigs s;

	sigsoff(&s);
	b = qlock(m);
	p = qfirst(b, m);
	old = atomic_load_explicit(&m->word, memory_order_relaxed);
	if(p != nil)
		atomic_store_explicit(&p->awakefor, (uintptr_t)m, memory_order_release);
	do {
		new = old & ~(uint32_t)(Locked | Watched);
		if(p != nil)
			new |= Favoured;
		if(p != nil && ((old & AWAKE) == 0 || mutexstale(old, m)))
			new = (new & ~AWAKE) | awakefield(p);
		if(p == nil || qalone(p))
			new &= ~(uint32_t)(Queued | Urgent);
	} while(
	    !atomic_compare_exchange_weak_explicit(&m->word, &old, new, memory_order_acq_rel, memory_order_relaxed));
	if(p != nil) {
		qtake(b, p);
		if((new &AWAKE) != awakefield(p))
			atomic_store_explicit(&p->awakefor, 0, memory_order_release);
	}
	qunlock(b);
	stop("mutexpromote.chosen");
	if(p != nil)
		wake(p, Cpromoted);
	sigsback(&s);
}
