/* The steps of an attempt at a readers-writer lock, each one atomic on its word or one section of its bucket.  See rwslow.c. */
#define _GNU_SOURCE
#include "rwattempt.h"

#include "../compat/stop.h"
#include "../compat/waitq.h"

#include <errno.h>

static void rwabandon(Proc *);

static int
maytake(const Rwattempt *a, uint64_t word)
{
	int favoured = a->chosen || a->expired;

	if(word & WLOCKED)
		return 0;
	if(a->write)
		return READERS(word) == 0 && (favoured || !(word & TURN) || rwoutranks(a->p, word));
	return favoured || !preferswriters(a->l) || !(word & (QUEUED | TURN));
}

static uint64_t
unnamed(const Rwattempt *a, uint64_t word)
{
	if(a->awake && (word & RWAWAKE) == (uint64_t)a->p->num << Awakeshift)
		word &= ~RWAWAKE;
	return word;
}

static void
notawake(Rwattempt *a)
{
	if(a->awake) {
		atomic_store_explicit(&a->p->awakefor, 0, memory_order_release);
		a->awake = 0;
	}
}

/*
 * A name or a Turn has gone out of the word.  While it stood there others linked themselves, and
 * unlocks did not look; if no writer holds the lock now, nobody else may look for them: two readers
 * behind a reader that took it with its name, say.  So whoever removes one looks.
 */
static void
dropped(Rwattempt *a, uint64_t old, uint64_t new)
{
	if((old & ~new &(RWAWAKE | TURN)) && (new &QUEUED) && !(new &WLOCKED))
		rwwake(a->l);
}

int
rwtake(Rwattempt *a, uint64_t *word)
{
	uint64_t new;

	while(maytake(a, *word)) {
		new = unnamed(a, *word);
		if(a->chosen || a->expired)
			new &= ~TURN;
		if(a->write) {
			new |= WLOCKED;
		} else {
			if(READERS(new) == MAXREADERS)
				return EAGAIN;
			new += READER;
		}
		/* Who is named has not come for a while. */
		if(a->expired)
			new &= ~RWAWAKE;
		if(atomic_compare_exchange_weak_explicit(
		       &a->l->word, word, new, memory_order_acquire, memory_order_relaxed)) {
			notawake(a);
			dropped(a, *word, new);
			return 1;
		}
	}
	return 0;
}

int
rwenqueue(Rwattempt *a, int *banned)
{
	const void *key = rwkey(a->l);
	uint64_t old, new;
	Bucket *b;
	Sigs s;

	stop("rwenqueue");
	sigsoff(&s);
	b = qlock(key);
	old = atomic_load_explicit(&a->l->word, memory_order_relaxed);
	do {
		if(maytake(a, old)) {
			qunlock(b);
			sigsback(&s);
			return 0;
		}
		new = unnamed(a, old) | QUEUED;
		if(rwstale(new, a->l) || rwoutranks(a->p, new))
			new &= ~RWAWAKE;
		/* Chosen, and another was quicker: next time nobody shall be. */
		if(a->chosen)
			new |= TURN;
	} while(
	    !atomic_compare_exchange_weak_explicit(&a->l->word, &old, new, memory_order_acq_rel, memory_order_relaxed));
	notawake(a);
	a->chosen = a->expired = 0;
	a->p->mode = (uint8_t)a->write;
	a->p->waker = 0;
	a->p->object = a->l;
	a->p->abandon = rwabandon;
	a->p->waiting = Wlinked;
	qput(b, a->p, key, a->front);
	qtogether(a->p, 1);
	qunlock(b);
	sigsback(&s);
	stop("rwenqueue.linked");
	dropped(a, old, new);
	a->front = 1;
	*banned = !HELD(old);
	return 1;
}

/* As for a mutex (mutexqueue.c): whether the lock is still there, with the bucket locked and p linked. */
static int
lives(const Rwattempt *a)
{
	uint64_t word;

	if(!readable(a->l))
		return 0;
	word = atomic_load_explicit(&a->l->word, memory_order_relaxed);
	return (word & (QUEUED | RWUNUSED)) == QUEUED &&
	       ((word & RWAWAKE) == 0 || procof((uint32_t)word >> Awakeshift) != nil);
}

int
rwdequeue(Rwattempt *a)
{
	uint64_t clear = TURN; /* it may be ours; without it others only barge */
	Bucket *b;
	Sigs s;

	stop("rwdequeue");
	sigsoff(&s);
	b = qlockof(a->p);
	if(b != nil) {
		if(qalone(a->p))
			clear |= QUEUED;
		a->gone = !lives(a);
		qtake(b, a->p);
		a->p->waiting = Wnone;
		if(!a->gone)
			atomic_fetch_and_explicit(&a->l->word, ~clear, memory_order_relaxed);
		qunlock(b);
	}
	sigsback(&s);
	return b != nil;
}

int
rwdisown(Rwattempt *a)
{
	uint64_t word, new;

	stop("rwdisown");
	if(a->gone) {
		notawake(a);
		return 0;
	}
	word = atomic_load_explicit(&a->l->word, memory_order_relaxed);
	do {
		if(rwtake(a, &word) == 1)
			return 1;
		new = unnamed(a, word);
		if(a->chosen)
			new &= ~TURN;
	} while(new != word && !atomic_compare_exchange_weak_explicit(
				   &a->l->word, &word, new, memory_order_release, memory_order_relaxed));
	notawake(a);
	/* A writer that leaves may have been all that kept readers behind it from joining those who hold it. */
	rwwake(a->l);
	return 0;
}

/* The frame of this wait is gone. */
static void
rwabandon(Proc *p)
{
	uint64_t word, new;
	Rwattempt a;

	rwattempt(&a, p->object, p->mode);
	a.p = p;

	if(p->waiting == Wlinked) {
		if(rwdequeue(&a)) {
			rwwake(a.l);
			return;
		}
		block(p, nil, 0, nil, nil);
	}
	a.awake = atomic_load_explicit(&p->awakefor, memory_order_relaxed) == (uintptr_t)rwkey(a.l);
	if(!a.awake)
		return;
	word = atomic_load_explicit(&a.l->word, memory_order_relaxed);
	do
		new = unnamed(&a, word) & ~TURN;
	while(
	    !atomic_compare_exchange_weak_explicit(&a.l->word, &word, new, memory_order_acq_rel, memory_order_relaxed));
	notawake(&a);
	rwwake(a.l);
}

Woken
rwlook(Rwattempt *a)
{
	uint64_t old, new;
	int defers;
	Bucket *b;
	Woken r;
	Sigs s;

	stop("rwlook");
	sigsoff(&s);
	b = qlockof(a->p);
	if(b == nil) {
		sigsback(&s);
		return Wready;
	}
	a->gone = !lives(a);
	if(a->gone) {
		qunlock(b);
		sigsback(&s);
		return Wnote;
	}
	old = atomic_load_explicit(&a->l->word, memory_order_relaxed);
	do {
		defers = !HELD(old) && !a->deferred && (old & RWAWAKE) != 0 && !rwstale(old, a->l);
		r = defers || HELD(old) ? Wnote : Wtimeout;
		new = HELD(old) ? old & ~RWAWAKE : old;
		if(r == Wtimeout && qalone(a->p))
			new &= ~QUEUED;
	} while(new != old && !atomic_compare_exchange_weak_explicit(
				  &a->l->word, &old, new, memory_order_acq_rel, memory_order_relaxed));
	a->deferred |= defers;
	if(r == Wtimeout) {
		qtake(b, a->p);
		a->p->waiting = Wnone;
	}
	qunlock(b);
	sigsback(&s);
	if(r == Wnote)
		dropped(a, old, new);
	return r;
}
