/*
 * rlock, wlock and their kin: a lock for readers or a writer, in the order of coming.
 *
 * The word: Writing; Queued (somebody is linked); above them the number of readers.  Nobody comes in by its own while
 * Queued is set, but through the queue.  Queued is set and cleared with the queue locked.
 *
 *	reader: + Reader if neither Writing nor Queued		- Reader, unless it is the last and somebody is Queued
 *	writer: 0 -> Writing					Writing -> 0
 *	else lock the queue, set Queued, link			else lock the queue, take it back, let in
 *
 * As in qlock.c the compare-and-swaps of the two sides are on one word, so one sees the other.  While readers are in and somebody is
 * Queued the last one to go, whichever that is, goes through the queue's lock, and the first one there is let in.
 *
 * To let in: the first if it writes and nobody is in; all up to the next writer if it reads and no writer is in.  Whoever
 * is let in has the lock from that moment.  A linked wait that a handler left for good is taken off; then too: a writer that goes may be
 * what readers behind it waited for (NOLETIN).
 *
 * The lock is given up with the queue locked only while somebody is linked there, who keeps its memory alive; who
 * finds nobody unlocks the queue first (FREEINSIDE).
 *
 * Model: tests/model/rwlock9.pml.
 */
#include "procq.h"

#include "hook.h"

enum { Writing = 1, Reader = 4 };
enum { Toread, Towrite }; /* Proc.mode */

static int
may(uint32_t word, int mode)
{
	return mode == Towrite ? word == 0 : !(word & (Writing | Queued));
}

/* What one of that mode adds to the word. */
static uint32_t
share(int mode)
{
	return mode == Towrite ? Writing : Reader;
}

static inline int
take(P9rwlock *l, int mode)
{
	uint32_t word = atomic_load_explicit(procqword(&l->q), memory_order_relaxed);

	while(likely(may(word, mode)))
		if(likely(atomic_compare_exchange_weak_explicit(
		       procqword(&l->q), &word, word + share(mode), memory_order_acquire, memory_order_relaxed)))
			return 1;
	return 0;
}

/* Locked: take off who may come in now, and return them for procqready. */
static Proc *
letin(P9rwlock *l)
{
	Proc *p, *list = nil, **end = &list;
	uint32_t word;

	while((p = l->q.first) != nil) {
		word = atomic_load_explicit(procqword(&l->q), memory_order_acquire);
		if(!may(word & ~(uint32_t)Queued, p->mode))
			break;
		atomic_fetch_add_explicit(procqword(&l->q), share(p->mode), memory_order_acquire);
		procqtake(&l->q, p);
		p->next = nil;
		*end = p;
		end = &p->next;
	}
	return list;
}

/* Release what one of that mode has, while somebody is linked: 1.  0: nobody is. */
static int
handover(P9rwlock *l, int mode, uintptr_t pc)
{
	Proc *list = nil;
	int any;

	procqlock(&l->q);
	any = l->q.first != nil;
	if(any) {
		atomic_fetch_sub_explicit(procqword(&l->q), share(mode), memory_order_acq_rel);
		list = letin(l);
	}
	procqunlock(&l->q);
	procqready(list, pc);
	return any;
}

static void
release(P9rwlock *l, int mode, uintptr_t pc)
{
	uint32_t word = atomic_load_explicit(procqword(&l->q), memory_order_relaxed);

	for(;;) {
		if(unlikely(mode == Towrite ? !(word & Writing) : word < Reader))
			panic(mode == Towrite ? "wunlock of a RWLock that nobody writes"
					      : "runlock of a RWLock that nobody reads",
			    nil);
		if(unlikely((word & Queued) && word < 2 * Reader)) {
			if(handover(l, mode, pc))
				return;
			word = atomic_load_explicit(procqword(&l->q), memory_order_relaxed);
		} else if(likely(atomic_compare_exchange_weak_explicit(procqword(&l->q), &word, word - share(mode),
			      memory_order_release, memory_order_relaxed))) {
			return;
		}
	}
}

static void
abandon(Proc *p)
{
	P9rwlock *l = p->object;
	Proc *list = nil;
	int was;

	if(p->waiting == Wnone)
		return;
	if(p->waiting == Wlinked) {
		procqlock(&l->q);
		was = linked(p);
		if(was) {
			procqtake(&l->q, p);
			list = letin(l);
		}
		procqunlock(&l->q);
		procqready(list, 0);
		if(was)
			return;
		block(p, nil, 0, nil, nil);
	}
	release(l, p->mode, 0);
}

/* 1: it is taken; 0: p is linked. */
static int
enqueue(P9rwlock *l, Proc *p)
{
	uint32_t word;
	int got;

	procqlock(&l->q);
	while(!(got = take(l, p->mode))) {
		word = atomic_load_explicit(procqword(&l->q), memory_order_relaxed);
		if(!may(word, p->mode) && atomic_compare_exchange_weak_explicit(procqword(&l->q), &word, word | Queued,
					      memory_order_relaxed, memory_order_relaxed)) {
			ringput(&l->q.first, p, l);
			p->waiting = Wlinked;
			break;
		}
	}
	procqunlock(&l->q);
	return got;
}

static __attribute__((noinline)) void
rwslow(P9rwlock *l, int mode, uintptr_t pc)
{
	uint32_t word = atomic_load_explicit(procqword(&l->q), memory_order_relaxed);
	const Hook *h = hooked();
	Hookwait w;
	Proc *p;

	if(h != nil)
		h->begin(&w, mode == Towrite ? Hwlock : Hrlock, l, pc, word & Writing ? holderof(&l->holder) : 0);
	p = procenter();
	p->waker = 0;
	p->object = l;
	p->mode = (uint8_t)mode;
	p->abandon = abandon;
	if(!enqueue(l, p))
		block(p, nil, 0, h != nil ? h->asleep : nil, &w);
	if(h != nil)
		h->end(&w, Hwoken, p->waker);
	procleave(p);
}

void
p9rlock(P9rwlock *l)
{
	if(unlikely(!take(l, Toread)))
		rwslow(l, Toread, (uintptr_t)__builtin_return_address(0));
}

int
p9canrlock(P9rwlock *l)
{
	return take(l, Toread);
}

void
p9wlock(P9rwlock *l)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);

	if(unlikely(!take(l, Towrite)))
		rwslow(l, Towrite, pc);
	setholder(&l->holder, pc);
}

int
p9canwlock(P9rwlock *l)
{
	if(!take(l, Towrite))
		return 0;
	setholder(&l->holder, (uintptr_t)__builtin_return_address(0));
	return 1;
}

void
p9runlock(P9rwlock *l)
{
	release(l, Toread, (uintptr_t)__builtin_return_address(0));
}

void
p9wunlock(P9rwlock *l)
{
	release(l, Towrite, (uintptr_t)__builtin_return_address(0));
}
