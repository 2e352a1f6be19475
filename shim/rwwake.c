/*
 * The readers-writer lock when its last holder leaves with others waiting: whom to wake.  The
 * argument stands in rwslow.c.
 */
#define _GNU_SOURCE
#include "rwattempt.h"

#include "../compat/stop.h"
#include "../compat/waitq.h"

/*
 * With the bucket locked: how many the rule chooses, from the eldest that it
 * does.  Readers that stand behind a writer are not next to each other: take
 * them one by one.
 */
static Proc *
nextchosen(Bucket *b, const Rwlock *l, int readers)
{
	Proc *first = qfirst(b, rwkey(l)), *p = first;

	if(p == nil || !readers)
		return p;
	do
		if(!p->mode)
			return p;
	while(!preferswriters(l) && (p = p->next) != first);
	return nil;
}

static Proc *
eldestwriter(Bucket *b, const Rwlock *l)
{
	Proc *first = qfirst(b, rwkey(l)), *p = first;

	if(p != nil)
		do
			if(p->mode)
				return p;
		while((p = p->next) != first);
	return nil;
}

/* With the bucket locked and somebody linked: whom the rule chooses first, while the lock's word is this. */
static Proc *
firstchosen(Bucket *b, const Rwlock *l, uint64_t word)
{
	Proc *p = nil;

	if(handstowriters(l) && READERS(word) == 0)
		p = eldestwriter(b, l);
	if(p == nil)
		p = nextchosen(b, l, 1);
	return p != nil ? p : qfirst(b, rwkey(l));
}

/*
 * With signals off.  Takes off the queue whom the rule chooses, if the lock is
 * free for them and none is on the way: a chain linked by nextkey, the one that
 * Awake names first.  The lock may be gone: it is touched only while somebody
 * is linked.
 */
static Proc *
choose(Rwlock *l)
{
	Proc *p, *first, **tail;
	uint64_t old, new;
	int readers, free;
	Bucket *b = qlock(rwkey(l));

	first = qfirst(b, rwkey(l));
	if(first == nil) {
		me.empty = rwkey(l);
		qunlock(b);
		return nil;
	}
	first = nil;
	old = atomic_load_explicit(&l->word, memory_order_relaxed);
	do {
		free = 0;
		/* Again each time: readers may have come in, whom those that wait may join. */
		p = firstchosen(b, l, old);
		if(p != first) {
			if(first != nil)
				atomic_store_explicit(&first->awakefor, 0, memory_order_release);
			atomic_store_explicit(&p->awakefor, (uintptr_t)rwkey(l), memory_order_release);
			first = p;
		}
		readers = !first->mode;
		if((old & RWAWAKE) && !rwstale(old, l))
			break;
		new = old & ~RWAWAKE;
		/* Held: that holder's unlock will see that none is on the way. */
		free = !(old & WLOCKED) && (readers || READERS(old) == 0);
		if(free) {
			new |= (uint64_t)first->num << Awakeshift;
			if(!readers && preferswriters(l))
				new |= TURN;
		}
	} while(
	    !atomic_compare_exchange_weak_explicit(&l->word, &old, new, memory_order_acq_rel, memory_order_relaxed));
	if(!free) {
		atomic_store_explicit(&first->awakefor, 0, memory_order_release);
		qunlock(b);
		return nil;
	}
	tail = &first;
	for(p = first; p != nil; p = readers ? nextchosen(b, l, 1) : nil) {
		if(qalone(p))
			atomic_fetch_and_explicit(&l->word, ~QUEUED, memory_order_relaxed);
		qtake(b, p);
		*tail = p;
		tail = &p->nextkey;
	}
	*tail = nil;
	qunlock(b);
	return first;
}

/*
 * l is held by the caller, and its word said Queued when nobody was: a forked child's.  Put it right, or every
 * later call is slow.
 */
void
rwunqueue(Rwlock *l)
{
	Bucket *b;
	Sigs s;

	sigsoff(&s);
	b = qlock(rwkey(l));
	if(qfirst(b, rwkey(l)) == nil)
		atomic_fetch_and_explicit(&l->word, ~(QUEUED | TURN), memory_order_relaxed);
	qunlock(b);
	sigsback(&s);
}

void
rwwake(Rwlock *l)
{
	uint32_t waker = 0;
	Proc *p, *first;
	Sigs s;

	stop("rwwake");
	sigsoff(&s);
	p = choose(l);
	stop("rwwake.chosen");
	if(p != nil && probeon)
		waker = wakerstack(0);
	for(first = p; p != nil; p = p->nextkey) {
		p->chosen = Cawake;
		p->waker = waker;
	}
	readyall(first);
	sigsback(&s);
}
