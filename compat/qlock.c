/*
 * qlock, canqlock, eqlock and qunlock: a lock that is handed over in the order of coming.
 *
 * The word: Held, Queued (somebody is linked).  Queued is set and cleared only with the queue locked, and while it
 * is set the lock is Held: an unlock then takes the first off and leaves Held set, so that the lock is that one's before
 * anybody else can see it free.
 *
 *	taker					holder
 *	0 -> Held: has it			Held -> 0: was alone
 *	lock the queue				lock the queue
 *	set Queued while Held, link		take the first, clear Queued if it was the last
 *	unlock, block				unlock, ready
 *
 * The first lines race on one word: either the holder's compare-and-swap sees Queued, or the taker's sees the lock
 * free and has it.  Who was taken off owns the lock from that moment, in whatever step of its wait it is; so the holder's last touch of
 * the lock is the unlock of the queue, before ready() lets the next one run, who may free it.  For the same reason a holder that finds
 * the queue empty, since who was in it has left, unlocks it first and then tries to release the lock as one that is alone (FREEINSIDE).
 *
 * Interruption (eqlock): who wants to leave looks, with the queue locked, whether it is still linked.  If it is not it
 * has the lock, consumes the Ready that is on its way, and the note stays pending (NOCONSUME, NOTEWINS).  A wait that
 * a handler left for good is undone the same way, and a lock that came meanwhile is passed on (NOPASSON).
 * A handler that leaves while its thread has the queue locked, some instructions on either side of a
 * sleep, leaves it so: that is not looked for.
 *
 * Model: tests/model/qlock.pml.
 */
#include "qlockq.h"

#include "hook.h"
#include "hover.h"
#include "p9error.h"
#include "self.h"

static int
take(P9qlock *l, uintptr_t pc)
{
	uint32_t free = 0;

	if(unlikely(!atomic_compare_exchange_strong_explicit(
	       procqword(&l->q), &free, Held, memory_order_acquire, memory_order_relaxed)))
		return 0;
	setholder(&l->holder, pc);
	return 1;
}

/* 1: it is taken; 0: p is linked. */
static int
enqueue(P9qlock *l, Proc *p)
{
	uint32_t word, new;

	procqlock(&l->q);
	word = atomic_load_explicit(procqword(&l->q), memory_order_relaxed);
	do
		new = word &Held ? word | Queued : Held;
	while(!atomic_compare_exchange_weak_explicit(
	    procqword(&l->q), &word, new, memory_order_acquire, memory_order_relaxed));
	if(word & Held) {
		ringput(&l->q.first, p, l);
		p->waiting = Wlinked;
	}
	procqunlock(&l->q);
	return !(word & Held);
}

/* Whether p was still linked. */
static int
dequeue(P9qlock *l, Proc *p)
{
	int was;

	procqlock(&l->q);
	was = linked(p);
	if(was) {
		procqtake(&l->q, p);
		p->waiting = Wnone;
	}
	procqunlock(&l->q);
	return was;
}

/* Wait until the lock is p's: 1.  0: s is not nil, and what is pending for it was quicker. */
static int
await(P9qlock *l, Proc *p, Self *s, void (*asleep)(void *), void *arg)
{
	int got = 1;

	if(s != nil)
		selfwaits(s, p, &p->event, 0);
	for(;;) {
		if(s != nil && selfpending(s)) {
			got = !dequeue(l, p);
			if(got)
				block(p, nil, 0, nil, nil);
			break;
		}
		hover(l, &p->event, Ready | Note, nil);
		if(block(p, nil, s != nil, asleep, arg) == Wready)
			break;
		asleep = nil;
	}
	if(s != nil)
		selfwaited(s, p);
	return got;
}

static __attribute__((noinline)) int
qlockslow(P9qlock *l, Self *s, uintptr_t pc)
{
	const Hook *h = hooked();
	Hookwait w;
	int got;
	Proc *p;

	if(h != nil)
		h->begin(&w, Hqlock, l, pc, holderof(&l->holder));
	p = procenter();
	p->waker = 0;
	p->object = l;
	p->abandon = qlockabandon;
	got = enqueue(l, p) || await(l, p, s, h != nil ? h->asleep : nil, &w);
	if(got)
		setholder(&l->holder, pc);
	if(h != nil)
		h->end(&w, got ? Hwoken : Hinterrupted, p->waker);
	procleave(p);
	return got;
}

void
p9qlock(P9qlock *l)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);

	if(unlikely(!take(l, pc)))
		qlockslow(l, nil, pc);
}

int
p9canqlock(P9qlock *l)
{
	return take(l, (uintptr_t)__builtin_return_address(0));
}

void
p9eqlock(P9qlock *l)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);
	Self *s;

	if(likely(take(l, pc)))
		return;
	s = selfknown();
	if((s == nil || !selfpending(s)) && qlockslow(l, s, pc))
		return;
	selftake(s);
	p9error("interrupted");
}

Proc *
qlocknext(P9qlock *l)
{
	Proc *p = l->q.first;

	if(p != nil) {
		procqtake(&l->q, p);
		p->next = nil;
	}
	return p;
}

static inline int
release(P9qlock *l)
{
	uint32_t alone = Held;

	return atomic_compare_exchange_strong_explicit(
	    procqword(&l->q), &alone, 0, memory_order_release, memory_order_relaxed);
}

static __attribute__((noinline)) void
qunlockslow(P9qlock *l, uintptr_t pc)
{
	Proc *p;

	if(!qlockheld(l))
		panic("qunlock of a QLock that nobody holds", nil);
	do {
		procqlock(&l->q);
		p = qlocknext(l);
		procqunlock(&l->q);
		if(p != nil) {
			procqready(p, pc);
			return;
		}
	} while(!release(l));
}

void
p9qunlock(P9qlock *l)
{
	if(unlikely(!release(l)))
		qunlockslow(l, (uintptr_t)__builtin_return_address(0));
}

/* In a Rendez that has l, it is off before anybody could wake it; else as an eqlock that a note ends. */
void
qlockabandon(Proc *p)
{
	P9qlock *l = p->object;
	void *key;
	Self *s;

	s = selfknown();
	if(s != nil)
		selfwaited(s, p);
	if(p->waiting == Wnone)
		return;
	if(p->waiting == Wlinked) {
		procqlock(&l->q);
		key = (void *)atomic_load_explicit(&p->key, memory_order_relaxed);
		if(key == l)
			procqtake(&l->q, p);
		else if(key != nil)
			ringtake(&((Rendez *)key)->p, p);
		procqunlock(&l->q);
		if(key != nil)
			return;
		block(p, nil, 0, nil, nil);
	}
	qunlockslow(l, 0);
}
