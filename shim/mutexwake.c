/*
 * The mutex when it is unlocked with others waiting: whom to wake.  The argument stands in mutexslow.c.
 */
#define _GNU_SOURCE
#include "mutex.h"

#include "../compat/sigoff.h"
#include "../compat/stop.h"
#include "../compat/waitq.h"

#include <errno.h>

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

/* p and, linked by nextkey, who was chosen with it. */
static void
wake(Proc *p, Chosen how)
{
	uint32_t waker = probeon ? wakerstack(0) : 0;
	uint64_t at = probeon ? ticks() : 0;
	Proc *first = p;

	for(; p != nil; p = p->nextkey) {
		p->chosen = (uint8_t)how;
		p->waker = waker;
		p->wokenat = at;
		how = Cdirect;
	}
	readyall(first);
}

/*
 * The herd.  Waiters that a condition has moved here have been chosen once already: who wakes the first may wake others behind it
 * too, without a name: they try by themselves, and queue again behind a holder.  That saves each the time that the one before it takes to
 * wake, if what they do with the mutex is short; if not each wakes for nothing.  They are of the first one's rank: who stands
 * below it waits until it has had the mutex.  So how many: as many as have lately found it
 * free (herdtried), for the mutexes that share a place.  A hint: its stores may be lost.
 */
enum {
	HERDMOST = 255, /* in the units of the next three, measured with broadcast and queue of tests/bench */
	HERDONE = 8,	/* is worth one Proc */
	HERDGOOD = 4,
	HERDBAD = 16,
};

static _Atomic(uint8_t) herds[64];

static _Atomic(uint8_t) *
herdof(const void *key)
{
	return &herds[(uintptr_t)key * 0x9e3779b97f4a7c15u >> 58];
}

void
herdtried(const void *key, int found)
{
	_Atomic(uint8_t) *h = herdof(key);
	int v = atomic_load_explicit(h, memory_order_relaxed);

	v += found ? HERDGOOD : -HERDBAD;
	atomic_store_explicit(h, (uint8_t)(v < 0 ? 0 : v > HERDMOST ? HERDMOST : v), memory_order_relaxed);
}

/* With the bucket locked; p was just taken off.  Those behind it that are to be woken too, linked from p. */
static void
herd(Bucket *b, Mutex *m, Proc *p)
{
	_Atomic(uint8_t) *h = herdof(m);
	int v = atomic_load_explicit(h, memory_order_relaxed), rank = rankof(p), n;
	Proc *q;

	for(n = v / HERDONE; n > 0 && (q = qfirst(b, m)) != nil && q->herd && rankof(q) == rank; n--) {
		if(qalone(q))
			atomic_fetch_and_explicit(&m->word, ~(uint32_t)Queued, memory_order_relaxed);
		qtake(b, q);
		p->nextkey = q;
		p = q;
	}
	p->nextkey = nil;
	/* One more is tried now and then. */
	if(v < HERDONE)
		atomic_store_explicit(h, (uint8_t)(v + 1), memory_order_relaxed);
}

/* With the bucket locked: the name of p, which waits for m, goes from its word; 0 if it was not there. */
static int
unname(Mutex *m, Proc *p)
{
	uint32_t old = atomic_load_explicit(&m->word, memory_order_relaxed), new;
	int named;

	do {
		named = (old & AWAKE) == awakefield(p);
		new = named ? old & ~AWAKE : old;
		if(!(new &Queued))
			new &= ~(uint32_t)Urgent;
	} while(new != old && !atomic_compare_exchange_weak_explicit(
				  &m->word, &old, new, memory_order_acq_rel, memory_order_relaxed));
	return named;
}

/* The same of one that was just chosen, whose name is put in by nobody else. */
static void
forget(Mutex *m, Proc *p)
{
	unname(m, p);
	atomic_store_explicit(&p->awakefor, 0, memory_order_release);
}

/*
 * Whether p, whose name was just put into a word, is in a handler.  The handler's wrapper says so, then looks for a name: one of the two
 * sees the other.
 */
static int
isaway(Proc *p)
{
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load_explicit(&p->away, memory_order_relaxed) != 0;
}

void
mutexaway(void)
{
	Proc *p = up;
	Mutex *m;
	Bucket *b;
	Sigs s;
	int saved = errno;

	/* In a section it is a fault's, whose bucket may be the one that is locked. */
	if(atomic_load_explicit(&sigoff.depth, memory_order_relaxed) != 0 || p->thread != threadself() ||
	    atomic_load_explicit(&p->busy, memory_order_relaxed) == 0)
		return;
	atomic_store_explicit(&p->away, 1, memory_order_relaxed);
	if(p->enabling)
		atomic_fetch_or_explicit(&p->event, Note, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	m = (Mutex *)atomic_load_explicit(&p->awakefor, memory_order_acquire);
	/* A readers-writer lock's waiters look for themselves (rwlook), and its key is no mutex. */
	if(m == nil || ((uintptr_t)m & 3))
		return;
	sigsoff(&s);
	b = qlock(m);
	/* If the name is not there yet its own thread is about to put it there (spin): it must be found by the next handler. */
	if(atomic_load_explicit(&p->awakefor, memory_order_relaxed) == (uintptr_t)m && unname(m, p))
		atomic_store_explicit(&p->awakefor, 0, memory_order_release);
	qunlock(b);
	/* Its thread is in a call on m, so m is there; if it is free those that are linked have been waiting for p. */
	if((atomic_load_explicit(&m->word, memory_order_relaxed) & (Locked | AWAKE | Queued)) == Queued)
		mutexwake(m);
	sigsback(&s);
	errno = saved;
}

/*
 * With the bucket locked.  Takes the first off the queue of m, if there is one, m is free and none is on its way, and puts its name
 * into the word.  nil if there is nobody to choose.  The mutex may be gone: it is touched only while a Proc is linked.
 */
static Proc *
choosefirst(Bucket *b, Mutex *m)
{
	uint32_t old, new;
	Proc *p = qfirst(b, m);

	if(p == nil)
		return nil;
	old = atomic_load_explicit(&m->word, memory_order_relaxed);
	atomic_store_explicit(&p->awakefor, (uintptr_t)m, memory_order_release);
	do {
		if((old & AWAKE) && !mutexstale(old, m)) {
			new = Locked;
			break;
		}
		new = old & ~AWAKE;
		/* Held again: that holder's unlock will see that none is on the way. */
		if(!(old & Locked)) {
			new |= awakefield(p);
			/* The queue is in the order of ranks: if the first has none, nobody has. */
			new = rankof(p) == 0 ? new & ~(uint32_t)Urgent : new | Urgent;
			if(qalone(p))
				new &= ~(uint32_t)Queued;
		}
	} while(
	    !atomic_compare_exchange_weak_explicit(&m->word, &old, new, memory_order_acq_rel, memory_order_relaxed));
	if(new &Locked) {
		atomic_store_explicit(&p->awakefor, 0, memory_order_release);
		return nil;
	}
	qtake(b, p);
	p->nextkey = nil;
	return p;
}

/* With signals off.  Chooses whom to wake of those who wait at this address, linked by nextkey; those that are in a handler come without a name. */
static Proc *
choose(const void *key)
{
	Mutex *m = (Mutex *)(uintptr_t)key;
	Proc *p, *chosen = nil, **tail = &chosen;
	Bucket *b = qlock(key);

	if(qfirst(b, key) == nil) {
		me.empty = key;
		me.expected = 0; /* or it would not come by there */
	}
	while((p = choosefirst(b, m)) != nil) {
		*tail = p;
		tail = &p->nextkey;
		if(likely(!isaway(p))) {
			if(p->herd) {
				p->herd = 0;
				herd(b, m, p);
			}
			break;
		}
		/* It was taken off but not told, so it is still in its call on m. */
		forget(m, p);
	}
	qunlock(b);
	return chosen;
}

/* A mutex at this address was unlocked, perhaps with Procs queued and none on its way.  It may be gone by now. */
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
	int away = 0;

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
		p->nextkey = nil;
		p->herd = 0;
		if((new &AWAKE) != awakefield(p))
			atomic_store_explicit(&p->awakefor, 0, memory_order_release);
		else if(unlikely(isaway(p))) {
			forget(m, p);
			away = 1;
		}
	}
	qunlock(b);
	stop("mutexpromote.chosen");
	if(p != nil)
		wake(p, Cpromoted);
	if(unlikely(away))
		mutexwake(m);
	sigsback(&s);
}
