/*
 * A wait from its beginning to its end: what it costs a thread that has to wait
 * anyway.  The clock is read at each end and around each sleep, the stack is
 * taken before the first sleep, and the sums are made at the end, in the
 * thread's own page.
 */
#include "recorder.h"

#include <string.h>

enum {
	OFTEN = 2048, /* holds of a thread that are timed one in 64, */
	RARELY = 4,   /* and then so many times as rarely */
};

/* The thread's page says what it waits for now.  lock is cleared first and written last. */
static void
setcurrent(Fcurrent *c, const Fcurrent *v)
{
	__atomic_store_n(&c->lock, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&c->begun, v->begun, __ATOMIC_RELAXED);
	__atomic_store_n(&c->site, v->site, __ATOMIC_RELAXED);
	__atomic_store_n(&c->holder, v->holder, __ATOMIC_RELAXED);
	__atomic_store_n(&c->waiter, v->waiter, __ATOMIC_RELAXED);
	__atomic_store_n(&c->op, v->op, __ATOMIC_RELAXED);
	__atomic_store_n(&c->lock, v->lock, __ATOMIC_RELEASE);
}

static int
reenter(Wait *w, Self **s)
{
	if(!w->on)
		return 0;
	/* A child forked by a handler since then: the wait was its parent's. */
	if(w->gen != generation() || !enter(s)) {
		w->on = 0;
		return 0;
	}
	return 1;
}

/* Where who has the object now acquired it; found out once for as long as it is the same. */
static Fpc
holdersite(Self *s, Wait *w)
{
	if(w->askedof != w->holder) {
		w->askedof = w->holder;
		w->askedsite = sitepc(s, w->holder);
	}
	return w->askedsite;
}

void
waitopen(Self *s, Wait *w, uintptr_t holder, uint64_t since)
{
	Fcurrent now;

	if(s != nil)
		waitpay(s);
	w->on = 1;
	w->npiece = 0;
	w->nest = 0;
	w->stack = 0;
	w->parks = 0;
	w->parked = 0;
	w->parkbegun = 0;
	w->gen = generation();
	w->holder = holder;
	w->askedof = 0;
	w->askedsite = 0;
	w->begun = w->piecebegun = since != 0 ? since : ticks();
	/* Its holder has acquired it. */
	w->lock = lockid(s, w, 1);
	w->site = siteown(s, w->pc);
	if(s == nil)
		return;
	if(s->area == nil && !s->noarea)
		wantarea(s);
	if(s->area == nil)
		return;
	/* A handler's wait inside another wait of this thread. */
	if(s->frame != 0) {
		w->nest = s->frame;
		w->outer = s->area->current;
	}
	memset(&now, 0, sizeof now);
	now.begun = w->begun;
	now.site = w->site;
	now.holder = holdersite(s, w);
	now.op = w->op;
	now.lock = w->lock;
	/* First, and last when it ends: who jumps out in between finds what to clear. */
	s->frame = (uintptr_t)w;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	setcurrent(&s->area->current, &now);
}

/* The thread waits for what it did before w, unless w was left and cleared already. */
static void
shut(Self *s, const Wait *w)
{
	static const Fcurrent nothing;

	if(s->area == nil || s->frame != (uintptr_t)w)
		return;
	setcurrent(&s->area->current, w->nest != 0 ? &w->outer : &nothing);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	s->frame = w->nest;
}

void
waitbegin(Wait *w, uintptr_t holder, uint64_t since)
{
	Self *s;

	w->on = 0;
	if(!recording())
		return;
	if(!enter(&s)) {
		waitmissed();
		return;
	}
	waitopen(s, w, holder, since);
	leave(s);
}

static void
takestack(Self *s, Wait *w)
{
	if(w->stack != 0)
		return;
	w->stack = stacktake(s, w->pc);
	if(s != nil && s->area != nil && s->area->current.lock == w->lock)
		__atomic_store_n(&s->area->current.waiter, w->stack, __ATOMIC_RELAXED);
}

void
waitpark(Wait *w)
{
	Self *s;

	if(!reenter(w, &s))
		return;
	takestack(s, w);
	leave(s);
	w->parkbegun = ticks();
}

void
waitgiving(void)
{
	Self *s;

	if(!recording() || !enter(&s))
		return;
	/* None is open if it could not be recorded. */
	if(s != nil && s->frame != 0 && ((Wait *)s->frame)->on)
		takestack(s, (Wait *)s->frame);
	leave(s);
}

uint64_t
waitparked(Wait *w)
{
	uint64_t t;

	if(!w->on || w->parkbegun == 0)
		return 0;
	t = ticks();
	if(t > w->parkbegun)
		w->parked += t - w->parkbegun;
	w->parkbegun = 0;
	w->parks++;
	return t;
}

/* The piece that began at piecebegun ends at t, by waker.  Which one it was. */
static uint32_t
piece(Self *s, Wait *w, uint32_t waker, uint64_t t)
{
	Fpc holder = holdersite(s, w);
	uint64_t dt = (int64_t)(t - w->piecebegun) > 0 ? t - w->piecebegun : 0;
	uint32_t i;

	for(i = 0; i < w->npiece; i++)
		if(w->piece[i].holder == holder && w->piece[i].waker == waker)
			break;
	if(i >= MAXPIECES) {
		i = MAXPIECES;
		holder = 0;
		waker = 0;
	}
	if(i == w->npiece) {
		w->npiece++;
		w->piece[i].holder = holder;
		w->piece[i].waker = waker;
		w->piece[i].ticks = 0;
	}
	w->piece[i].ticks += dt;
	w->piecebegun += dt;
	return i;
}

void
waitagain(Wait *w, uint32_t waker, uintptr_t holder, uint64_t at)
{
	Self *s;

	if(!reenter(w, &s))
		return;
	piece(s, w, waker, at != 0 ? at : ticks());
	w->holder = holder;
	if(s != nil && s->area != nil && s->area->current.lock == w->lock)
		__atomic_store_n(&s->area->current.holder, holdersite(s, w), __ATOMIC_RELAXED);
	leave(s);
}

void
countwait(Fthread *t, uint64_t begun, uint64_t ended, uint64_t total)
{
	bump(&t->waits, 1);
	bump(&t->waitticks, total);
	__atomic_store_n(&t->seen, ended, __ATOMIC_RELAXED);
	/* It was not listed before: a new child's profile was still being made then. */
	if(unlikely(t->born > begun))
		__atomic_store_n(&t->born, begun, __ATOMIC_RELAXED);
}

void
waitclose(Self *s, Wait *w, End how, uint32_t waker, uint64_t at)
{
	Fthread *t = s != nil ? s->thread : nil;
	uint64_t now = at != 0 ? at : ticks(), total;
	uint32_t i, lastpiece;
	Fpair k;

	lastpiece = piece(s, w, waker, now);
	total = w->piecebegun - w->begun;
	k.lock = w->lock;
	k.waiter = w->stack;
	k.op = w->op;
	k.end = (uint8_t)how;
	k.waitersite = w->site;
	for(i = 0; i < w->npiece; i++) {
		k.waker = w->piece[i].waker;
		k.holder = w->piece[i].holder;
		pairadd(s, &k, w->piece[i].ticks, i == lastpiece, total);
	}
	if(w->counted != nil)
		lockcounts(w->lock, w->acquired, w->changes);
	if(t != nil) {
		countwait(t, w->begun, now, total);
		if(w->parks != 0) {
			bump(&t->parks, w->parks);
			bump(&t->parkedticks, w->parked);
		}
		shut(s, w);
	} else {
		sharedbump(&prof.header->otherwaits, 1);
		sharedbump(&prof.header->otherticks, total);
	}
	overhead(s, eventcost);
	if(w->parks != 0)
		clockrefresh(now);
	w->on = 0;
}

void
waitend(Wait *w, End how, uint32_t waker, uint64_t at)
{
	Self *s;

	if(!reenter(w, &s))
		return;
	waitclose(s, w, how, waker, at);
	leave(s);
}

void
waitvoid(Wait *w)
{
	Self *s;

	if(!reenter(w, &s))
		return;
	if(s != nil)
		shut(s, w);
	w->on = 0;
	leave(s);
}

int
waitopened(void)
{
	return self.busy != 0 || self.frame != 0;
}

/*
 * What the interrupted section was about to write may be half there.  Entries that threads share bear that (nobody
 * waits for who makes one); what the thread remembers for itself is forgotten, at the price of one short
 * wait, if that was not counted yet.
 */
static void
forsake(Self *s)
{
	int i;

	s->owed.lock = s->paid.lock = 0;
	for(i = 0; s->own != nil && i < NMEMO; i++)
		s->own->memo[i].n = 0;
	leave(s);
}

void
waitdropped(int (*keep)(uintptr_t, const void *), const void *arg)
{
	static const Fcurrent nothing;
	Self *s = &self;

	if(!recording() || s->gen != generation())
		return;
	if(s->busy != 0 && (keep == nil || !keep(s->busy, arg)))
		forsake(s);
	if(s->frame != 0 && (keep == nil || !keep(s->frame, arg))) {
		if(s->area != nil)
			setcurrent(&s->area->current, &nothing);
		s->frame = 0;
	}
}

uint32_t
wakerstack(uintptr_t pc)
{
	uint32_t id;
	Self *s;

	if(!recording() || !enter(&s))
		return 0;
	if(s != nil && s->area == nil && !s->noarea)
		wantarea(s);
	id = stacktake(s, pc);
	leave(s);
	return id;
}

/*
 * At random up to twice the mean, evenly: a program that repeats itself is not met at the same step each time.
 * A sample costs some 100 ns and an uncontended pair of a single-threaded process 4, so after the first ones of a
 * thread there is one in 256 locks instead of one in 64, and it counts for four.
 */
void
holdsample(const void *object, uint32_t id, uint64_t t, uint32_t *skip)
{
	uint32_t x = self.rand, weight = self.often >= OFTEN ? RARELY : 1;
	Self *s;

	if(x == 0)
		x = (uint32_t)mix(0, ticks() ^ (uintptr_t)&self) | 1;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	self.rand = x;
	if(weight == 1)
		self.often++;
	*skip = 1 + (x >> 8) % (self.often >= OFTEN ? RARELY * 128 : 128);
	if(!recording() || !lockis(id, object) || !enter(&s))
		return;
	if(s != nil && s->area == nil && !s->noarea)
		wantarea(s);
	holdadd(s, id, t, weight);
	lockread(id, object);
	leave(s);
}
