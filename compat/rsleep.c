/*
 * rsleep, rwakeup and rwakeupall: waiting for what a QLock guards.
 *
 * The sleepers of a Rendez stand in a ring that begins in r->p.  It is guarded by the lock of its QLock's queue, and changed by
 * the QLock's holder, or by a sleeper that is no more: rwakeup takes the first from the one ring
 * and puts it before all in the other, in one section.  So whoever waits is in one of the two, or has
 * the QLock, and nobody runs only to find it held.
 *
 * Its sleeper releases the QLock in the section in which it links itself: who comes next sees it there (LINKLATE).
 * It may free the QLock there, for who is linked keeps it alive.  The wake is the QLock's hand-over; what is said of it in qlock.c holds here (ready(), abandon, the last touch).
 *
 * In a forked child the ring that it finds is the parent's.  The child's Procs are all new, and a new one gets this Rendez for its key
 * only when the ring has been looked at: a first one with another key says that nobody is here.
 *
 * Model: tests/model/rsleep.pml.
 */
#include "qlockq.h"

#include "hook.h"
#include "hover.h"

static P9qlock *
lockof(const Rendez *r, const char *what)
{
	if(r->l == nil || !qlockheld(r->l))
		panic(what, " in a Rendez whose QLock nobody holds", nil);
	return r->l;
}

/* Locked: its first sleeper, nil if there is none. */
static Proc *
firstin(Rendez *r)
{
	Proc *p = r->p;

	if(p != nil && unlikely(atomic_load_explicit(&p->key, memory_order_relaxed) != (uintptr_t)r))
		p = r->p = nil;
	return p;
}

void
p9rsleep(Rendez *r)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);
	P9qlock *l = lockof(r, "rsleep");
	const Hook *h = hooked();
	Proc *p, *next;
	Hookwait w;

	if(h != nil)
		h->begin(&w, Hrsleep, r, pc, 0);
	p = procenter();
	p->condwaker = 0;
	p->object = l;
	p->abandon = qlockabandon;
	procqlock(&l->q);
	firstin(r);
	ringput(&r->p, p, r);
	p->waiting = Wlinked;
	next = qlocknext(l);
	if(next == nil)
		atomic_store_explicit(procqword(&l->q), 0, memory_order_release);
	procqunlock(&l->q);
	procqready(next, pc);
	hover(r, &p->event, Ready, nil);
	block(p, nil, 0, h != nil ? h->asleep : nil, &w);
	setholder(&l->holder, pc);
	if(h != nil)
		h->end(&w, Hwoken, p->condwaker);
	procleave(p);
}

/* Locked: move p to the front of the QLock's queue. */
static void
move(Rendez *r, P9qlock *l, Proc *p, uint32_t waker)
{
	p->condwaker = waker;
	ringtake(&r->p, p);
	ringfront(&l->q.first, p, l);
	atomic_fetch_or_explicit(procqword(&l->q), Queued, memory_order_relaxed);
}

/* Who wakes is named before the queue is locked: its stack is walked for that. */
static uint32_t
wakername(Rendez *r, uintptr_t pc)
{
	const Hook *h = hooked();

	return h != nil && __atomic_load_n(&r->p, __ATOMIC_RELAXED) != nil ? h->waker(pc) : 0;
}

int
p9rwakeup(Rendez *r)
{
	P9qlock *l = lockof(r, "rwakeup");
	uint32_t waker = wakername(r, (uintptr_t)__builtin_return_address(0));
	Proc *p;

	procqlock(&l->q);
	p = firstin(r);
	if(p != nil)
		move(r, l, p, waker);
	procqunlock(&l->q);
	return p != nil;
}

/* From the last to the first, so that the first is in front at the end. */
int
p9rwakeupall(Rendez *r)
{
	P9qlock *l = lockof(r, "rwakeupall");
	uint32_t waker = wakername(r, (uintptr_t)__builtin_return_address(0));
	int n = 0;
	Proc *p;

	procqlock(&l->q);
	for(; (p = firstin(r)) != nil; n++)
		move(r, l, p->prev, waker);
	procqunlock(&l->q);
	return n;
}
