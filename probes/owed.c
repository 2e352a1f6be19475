/*
 * Short waits: over without a sleep, in some microseconds, and there are millions of them.
 *
 * Who has just got the lock that others wait for is in a hurry, and who waits in a spin should look at nothing else.
 * So such a wait is not opened at all: its caller has read the clock and the holder when it began, what is known by then is noted
 * while there is nothing to do but to wait (waitsoon), the rest when it is over, and the sums are made when the lock was released
 * (waitflush).  A program that is killed in between loses that one wait.
 *
 * A thread that contends does so at the same place again and again: where the last one was counted is
 * remembered, and neither the lock's entry, which all waiters write to, nor the table of pairs is looked up.  The memory is good as
 * long as the object's own word says that number: an entry never changes its address while its object has that word.
 */
#include "recorder.h"

enum { TELL = 16, EXACT = 1024 }; /* the lock's entry is told every so many acquisitions, and each of the first ones */

static int
remembered(const Self *s, const Wait *w)
{
	return s->paid.lock != 0 && s->paid.object == w->object && s->paid.kind == w->kind &&
	       __atomic_load_n(w->idword, __ATOMIC_RELAXED) == s->paid.lock;
}

/* Whether what a short wait leaves can be noted: the thread has its place, and this is no handler's wait in another. */
static int
canowe(const Self *s)
{
	return s != nil && s->thread != nil && s->area != nil && s->area->current.lock == 0;
}

static void
prepare(Self *s, const Wait *w, uint64_t begun, uintptr_t holder)
{
	Owed *o = &s->owed;

	waitpay(s);
	o->kind = w->kind;
	o->op = w->op;
	o->counted = w->counted != nil;
	o->object = w->object;
	o->pc = w->pc;
	o->holder = holder;
	o->begun = begun;
}

void
waitsoon(const Wait *w, uint64_t begun, uintptr_t holder)
{
	Self *s;

	if(!recording() || !enter(&s))
		return;
	if(likely(canowe(s)))
		prepare(s, w, begun, holder);
	leave(s);
}

/* Nothing was prepared since waitsoon: a handler that waited in between has read the clock later. */
static int
prepared(const Self *s, const Wait *w, uint64_t begun)
{
	return s != nil && s->owed.begun == begun && s->owed.object == w->object && s->owed.lock == 0;
}

int
waitshort(Wait *w, uint64_t begun, uintptr_t holder)
{
	int owes;
	Self *s;

	w->on = 0;
	if(!recording() || begun == 0)
		return 0;
	if(!enter(&s)) {
		waitmissed();
		return 0;
	}
	owes = prepared(s, w, begun);
	if(unlikely(!owes) && canowe(s)) {
		prepare(s, w, begun, holder);
		owes = 1;
	}
	if(likely(owes)) {
		s->owed.acquired = w->acquired;
		s->owed.changes = w->changes;
		s->owed.lock = likely(remembered(s, w)) ? s->paid.lock : lockid(s, w, 2);
		s->owed.ended = ticks();
	} else {
		waitopen(s, w, holder, begun);
		waitclose(s, w, Eacquired, 0, 0);
	}
	leave(s);
	return owes;
}

/* Where o is counted.  Nil: not among the thread's own, but under k, which is large and set only where it is looked up. */
static Fpair *
pairof(Self *s, const Owed *o, Fpair *k)
{
	Paid *m = &s->paid;

	if(likely(m->lock == o->lock && m->object == o->object && m->kind == o->kind && m->op == o->op &&
		  m->pc == o->pc && m->holder == o->holder))
		return m->pair;
	k->lock = o->lock;
	k->waiter = k->waker = 0;
	k->op = o->op;
	k->end = Eacquired;
	k->waitersite = sitepc(s, o->pc);
	k->holder = sitepc(s, o->holder);
	m->pair = pairown(s, k);
	if(m->lock != o->lock)
		m->acquired = o->acquired - TELL;
	m->lock = m->pair != nil && o->lock != OTHERS ? o->lock : 0;
	m->kind = o->kind;
	m->op = o->op;
	m->object = o->object;
	m->pc = o->pc;
	m->holder = o->holder;
	return m->pair;
}

void
waitpay(Self *s)
{
	Owed *o = &s->owed;
	uint64_t total = (int64_t)(o->ended - o->begun) > 0 ? o->ended - o->begun : 0;
	Fpair k, *p;

	if(o->lock == 0)
		return;
	p = pairof(s, o, &k);
	if(likely(p != nil))
		pairbump(p, total, 1, total);
	else
		pairadd(s, &k, total, 1, total);
	if(o->counted && (o->acquired - s->paid.acquired >= TELL || o->acquired <= EXACT)) {
		lockcounts(o->lock, o->acquired, o->changes);
		s->paid.acquired = o->acquired;
	}
	countwait(s->thread, o->begun, o->ended, total);
	overhead(s, eventcost);
	o->lock = 0;
	o->begun = 0;
}

void
waitflush(void)
{
	Self *s;

	if(self.owed.lock == 0 || !recording() || !enter(&s))
		return;
	if(s != nil)
		waitpay(s);
	leave(s);
}
