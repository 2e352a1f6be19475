/* The steps of an attempt to lock a mutex, each one atomic on its word or one section of its bucket.  See mutexslow.c. */
#define _GNU_SOURCE
#include "attempt.h"

#include "../compat/stop.h"

#include "../compat/waitq.h"

static int
named(const Attempt *a, uint32_t word)
{
	return a->awake && (word & AWAKE) == awakefield(a->p);
}

static int
maytake(const Attempt *a, uint32_t word)
{
	if(word & Locked)
		return 0;
	if(likely(!(word & (NoBarge | Urgent))) || a->expired || mutexstale(word, a->m))
		return 1;
	if(word & Urgent)
		return named(a, word) || (!(word & NoBarge) ? hasrank(a) : (word & AWAKE) && matches(a->p, word));
	return a->awake || a->starved || outranks(a->p, word);
}

/* Takes away p's own name from a word that is about to be written; and with the name what came with it, if nobody is linked. */
static uint32_t
unnamed(const Attempt *a, uint32_t word)
{
	if(named(a, word))
		word &= ~AWAKE;
	if(a->awake && !(word & Queued))
		word &= ~(uint32_t)Urgent;
	return word;
}

static void
notawake(Attempt *a)
{
	if(a->awake) {
		/* After the field is clear: until then the name must hold good. */
		atomic_store_explicit(&a->p->awakefor, 0, memory_order_release);
		a->awake = 0;
	}
}

int
attempttake(Attempt *a, uint32_t *word)
{
	uint32_t new;

	while(maytake(a, *word)) {
		new = unnamed(a, *word) | Locked;
		if(a->starved || a->expired)
			new &= ~(uint32_t)(NoBarge | Favoured);
		/* Who is named has not come for a while, and is not to be counted on; the next that is chosen says what is urgent. */
		if(a->expired) {
			new &= ~AWAKE;
			if(!(new &Queued))
				new &= ~(uint32_t)Urgent;
		}
		if(atomic_compare_exchange_weak_explicit(
		       &a->m->word, word, new, memory_order_acquire, memory_order_relaxed)) {
			notawake(a);
			return 1;
		}
	}
	return 0;
}

int
attemptenqueue(Attempt *a, int *banned)
{
	uint32_t old, new;
	Bucket *b;
	Sigs s;

	stop("attemptenqueue");
	/* It has been woken, and has come too late. */
	if(a->front && a->awake && hasrank(a))
		a->starved = 1;
	sigsoff(&s);
	b = qlock(a->m);
	old = atomic_load_explicit(&a->m->word, memory_order_relaxed);
	do {
		if(maytake(a, old)) {
			qunlock(b);
			sigsback(&s);
			return 0;
		}
		new = unnamed(a, old) | Queued;
		if(mutexstale(new, a->m) || ((old & Locked) && outranks(a->p, new)))
			new &= ~AWAKE;
		if(a->starved)
			new |= NoBarge;
		if(rankof(a->p) != 0)
			new |= Urgent;
	} while(
	    !atomic_compare_exchange_weak_explicit(&a->m->word, &old, new, memory_order_acq_rel, memory_order_relaxed));
	notawake(a);
	if(a->p->herd) {
		herdtried(a->m, 0);
		a->p->herd = 0;
	}
	a->p->starved = (uint8_t)a->starved;
	a->p->chosen = Cdirect;
	a->p->waker = 0;
	a->p->wokenat = 0;
	a->p->object = a->m;
	a->p->abandon = mutexabandon;
	a->p->waiting = Wlinked;
	qput(b, a->p, a->m, a->front);
	qunlock(b);
	sigsback(&s);
	stop("attemptenqueue.linked");
	a->front = 1;
	*banned = !(old & Locked);
	return 1;
}

/*
 * With the bucket locked and p linked: whether the mutex is still there.  The program may have freed its memory under a
 * waiter, which under libc then sleeps on and harms nobody; so what is there now is written only if it can be a mutex's
 * word.  A thread is linked, so it says Queued; whom it names, if anyone, is a Proc.
 */
static int
lives(const Attempt *a)
{
	uint32_t word;

	if(!readable((void *)((uintptr_t)a->m & ~7ul)))
		return 0;
	word = atomic_load_explicit(&a->m->word, memory_order_relaxed);
	return (word & (Queued | Unused)) == Queued && ((word & AWAKE) == 0 || procof(word >> Awakeshift) != nil);
}

int
attemptdequeue(Attempt *a)
{
	uint32_t clear;
	Bucket *b;
	Sigs s;

	stop("attemptdequeue");
	sigsoff(&s);
	b = qlockof(a->p);
	if(b != nil) {
		clear = a->p->starved ? NoBarge | Favoured : 0;
		if(qalone(a->p))
			clear |= Queued | Urgent;
		a->gone = !lives(a);
		qtake(b, a->p);
		a->p->waiting = Wnone;
		if(clear && !a->gone)
			atomic_fetch_and_explicit(&a->m->word, ~clear, memory_order_relaxed);
		qunlock(b);
	}
	sigsback(&s);
	stop("attemptdequeue.done");
	return b != nil;
}

/*
 * Does not want to wait any longer.  Who is Awake owes it to the others not just
 * to go: it takes the mutex after all (1), or leaves a word that has Locked and no
 * name, so that the holder's unlock chooses again.  Who was favoured is so no more.
 */
int
attemptdisown(Attempt *a)
{
	uint32_t word, new;

	stop("attemptdisown");
	if(a->gone) {
		notawake(a);
		return 0;
	}
	word = atomic_load_explicit(&a->m->word, memory_order_relaxed);
	do {
		if(attempttake(a, &word))
			return 1;
		new = unnamed(a, word);
		if(a->starved)
			new &= ~(uint32_t)(NoBarge | Favoured);
	} while(new != word && !atomic_compare_exchange_weak_explicit(
				   &a->m->word, &word, new, memory_order_release, memory_order_relaxed));
	notawake(a);
	return 0;
}

/*
 * Nobody has chosen us for a while, although that may be just since the mutex is held for long.
 * If it is free we go for it, off the queue (Wtimeout).  But who is named in its word may have been chosen this
 * moment, as the one that stands before us: it is given a ban's time, once (in the models a watch that ends later).  If it is held, whoever is named
 * has not come all the time (it may be stopped in a handler): the name goes, so that the
 * holder's unlock chooses again (Wnote: still linked; also if the mutex is gone).  Wready: we were chosen just now.
 */
Woken
attemptlook(Attempt *a)
{
	uint32_t old, new;
	int defers;
	Bucket *b;
	Woken r;
	Sigs s;

	stop("attemptlook");
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
	old = atomic_load_explicit(&a->m->word, memory_order_relaxed);
	do {
		defers = !(old & Locked) && !a->deferred && (old & AWAKE) != 0 && !mutexstale(old, a->m);
		r = defers || (old & Locked) ? Wnote : Wtimeout;
		new = old &Locked ? old & ~AWAKE : old;
		if((old & Locked) && rankof(a->p) != 0)
			new |= Urgent;
		if(r == Wtimeout && qalone(a->p))
			new &= ~(uint32_t)(Queued | Urgent);
	} while(new != old && !atomic_compare_exchange_weak_explicit(
				  &a->m->word, &old, new, memory_order_acq_rel, memory_order_relaxed));
	a->deferred |= defers;
	if(r == Wtimeout) {
		qtake(b, a->p);
		a->p->waiting = Wnone;
	}
	qunlock(b);
	sigsback(&s);
	return r;
}

/*
 * The frame of this wait is gone (a long jump, a cancelled thread).  Off the
 * queue; and who was chosen hands the choice on.
 */
void
mutexabandon(Proc *p)
{
	Mutex *m = p->object;
	uint32_t word, new;
	Attempt a;

	a.m = m;
	a.p = p;
	a.gone = 0;
	if(p->waiting == Wlinked && !attemptdequeue(&a))
		block(p, nil, 0, nil, nil);
	a.awake = atomic_load_explicit(&p->awakefor, memory_order_relaxed) == (uintptr_t)m;
	a.starved = p->starved || p->chosen == Cpromoted;
	if(a.gone || (!a.awake && !a.starved))
		return;
	word = atomic_load_explicit(&m->word, memory_order_relaxed);
	do {
		new = unnamed(&a, word);
		if(a.starved)
			new &= ~(uint32_t)(NoBarge | Favoured);
	} while(
	    !atomic_compare_exchange_weak_explicit(&m->word, &word, new, memory_order_acq_rel, memory_order_relaxed));
	notawake(&a);
	if(!(word & Locked) && (word & Queued))
		mutexwake(m);
}
