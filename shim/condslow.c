/*
 * Condition variables: a queue by address, and waiters that are moved to their
 * mutex's queue instead of being woken to wait there (morphing).
 *
 * A wait links its Proc under the condition's key before it releases the mutex,
 * so whoever locks the mutex later and signals finds it there.  Signal takes
 * the eldest off, broadcast all, under the bucket lock; whoever is linked when
 * the bucket is locked is signalled, whoever comes later is not: there are no groups and
 * no generations to get wrong.
 *
 * A chosen waiter must lock its mutex again.  If the mutex is held (mostly by the
 * signaller) the waiter goes to the mutex's queue under both bucket locks, and sleeps on
 * until an unlock chooses it:
 *   - Queued is set by compare-and-swap on a word that has Locked; so the holder's unlock is
 *     yet to come and will see it.  On a free word nothing is moved: the waiter is made
 *     ready and locks for itself.
 *   - A moved waiter has no deadline and is not cancelled any more: it was
 *     signalled.  It finds that out by reading its key again when it has locked
 *     the bucket of the key it thought it had (qlockof).
 *   - It trusts that those before it in that queue come, so none is moved where a handler could keep one and
 *     nobody be told (sigswatched).
 *   - Never moved: who waits with a mutex in libc's layout (foreign.h), and who did not release
 *     the mutex (a recursive one, locked twice): nobody's unlock would wake it
 *     while it holds it itself.
 *
 * Who gives up (deadline, cancellation) takes itself off under the bucket lock.  If it
 * is linked no more it was signalled, and says so: the signal is not lost, and a
 * cancellation stays pending.  Who jumps out of the wait: condgone.c.
 *
 * The condition is touched only by who has somebody linked there, or is in the
 * call: it may be destroyed and freed as soon as all were signalled.
 *
 * Model: tests/model/cond.pml.
 */
#define _GNU_SOURCE
#include "check.h"
#include "condgone.h"
#include "foreign.h"
#include "mutex.h"
#include "real.h"

#include "../compat/hover.h"
#include "../compat/sigoff.h"
#include "../compat/stop.h"
#include "../compat/waitq.h"

#include <errno.h>

#define HOURNS (3600 * UINT64_C(1000000000))

static void
asleep(void *w)
{
	waitpark(w);
}

/* Whether cancellation is disabled for now.  That it is looked is said before: a handler in between makes the wait look again. */
static int
disabled(Proc *p)
{
	p->enabling = 1;
	atomic_signal_fence(memory_order_seq_cst);
	if(!cancelenabled())
		return 1;
	p->enabling = 0;
	return 0;
}

/* Sleeps until signalled (0), or off the queue by deadline (ETIMEDOUT) or note (EINTR); *woke: when, for the record. */
static int
await(Cond *c, Proc *p, const Deadline *d, Wait *w, uint64_t *woke)
{
	Deadline hour;
	int noted = 1;
	Woken r;

	/* It may have been asked for before, while it was disabled: a handler that enables it now is to be heard. */
	if(unlikely(atomic_load_explicit(&anycancel, memory_order_relaxed)) && disabled(p))
		noted = 2;
	for(;;) {
		/* Without a deadline the kernel would go on sleeping after a handler with SA_RESTART. */
		if(unlikely(noted == 2))
			hour = deadlinein(HOURNS);
		r = block(p, d == nil && noted == 2 ? &hour : d, noted, probeon ? asleep : nil, w);
		if(probeon)
			*woke = waitparked(w);
		if(r == Wready)
			return 0;
		if(r == Wnote && disabled(p)) {
			noted = 2;
			continue;
		}
		if(r == Wtimeout && d == nil)
			continue;
		if(condleave(c, p))
			return r == Wnote ? EINTR : ETIMEDOUT;
		/* Signalled: moved, or made ready.  From now on nothing but that Ready ends the wait. */
		if(r == Wnote)
			atomic_fetch_or_explicit(&p->event, Note, memory_order_relaxed);
		block(p, nil, 0, nil, nil);
		return 0;
	}
}

static void
condopen(Cond *c, uintptr_t pc, Wait *w)
{
	w->object = c;
	w->idword = (uint32_t *)&c->id;
	w->kind = Kcond;
	w->op = Owait;
	w->counted = 0;
	w->pc = pc;
	waitbegin(w, 0, 0);
}

/* Gives up the mutex, of any kind. */
static int
release(pthread_mutex_t *pm, int *full)
{
	*full = 1;
	return mutexours((Mutex *)pm) ? mutexrelease((Mutex *)pm, full) : otherunlock((Mutex *)pm);
}

int
condwait(Cond *c, pthread_mutex_t *pm, const Deadline *d, uintptr_t pc)
{
	Mutex *m = (Mutex *)pm;
	int ours = mutexours(m), kind, r, locked = 0;
	uint64_t woke = 0;
	const void *key = condkey(c);
	Bucket *b;
	Proc *p;
	Sigs s;
	Wait w;
	Condgone g = {nil, pm, pc, 0, 1, 0, 0, {0}};

	if(unlikely(checking))
		checkwait(c, m);
	/* Not the caller's to release: not linked first, for whoever is may be signalled and moved; nor cancelled. */
	if(!(ours ? mutexmay(m) : othermay(m)))
		return release(pm, &g.full);
	w.on = 0;
	asyncdeferred(&g.type);
	p = procenter();
	/*
	 * Published, then tested; pthread_cancel sets libc's bit, then looks for
	 * Procs (both fences are sequentially consistent).  If the test unwinds from
	 * here the mutex is held and nothing is linked.
	 */
	atomic_store_explicit(&p->cancel, (uintptr_t)pthread_self(), memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	/* Before the epoch libc does not wait, and is no cancellation point. */
	if(d == nil || d->at.tv_sec >= 0)
		pthread_testcancel();
	if(probeon)
		condopen(c, pc, &w);

	/* Before the Proc is linked: from then on a signaller reads it. */
	kind = kindof(m);
	if(ours && !(kind & Kcondused))
		atomic_store_explicit(&m->kind, kind | Kcondused, memory_order_relaxed);
	atomic_store_explicit(&p->with, (uintptr_t)m, memory_order_relaxed);
	p->mutex = ours && !((kind & Kind3) == Krecursive && m->depth > 1) ? m : nil;
	p->condwaker = 0;
	p->object = p->signalled = c;
	g.p = p;
	p->frameof = &g;
	p->abandon = condabandon;
	_pthread_cleanup_push(&g.cleanup, condgone, &g);
	stop("condwait");
	sigsoff(&s);
	p->waiting = Wlinked;
	b = qlock(key);
	qput(b, p, key, 0);
	qtogether(p, 1);
	atomic_store_explicit(&c->waiters, 1, memory_order_relaxed);
	atomic_store_explicit(&c->mutex, (uintptr_t)p->mutex, memory_order_relaxed);
	qunlock(b);
	sigsback(&s);
	stop("condwait.linked");
	r = release(pm, &g.full);
	if(r != 0) {
		_pthread_cleanup_pop(&g.cleanup, 0);
		/* Not ours to wait with: as if never called, but a signal that came is somebody else's. */
		if(!condleave(c, p)) {
			block(p, nil, 0, nil, nil);
			condwakefrom(c, nil, 0, 0);
		}
		if(probeon)
			waitend(&w, Eerror, 0, 0);
	} else {
		g.released = 1;
		stop("condwait.released");
		hover(c, &p->event, Ready | Note, d);
		r = await(c, p, d, &w, &woke);
		stop("condwait.back");
		_pthread_cleanup_pop(&g.cleanup, 0);
		/* In this order: a jump may come between any two. */
		if(r == 0)
			p->passon = condpasson;
		p->object = m;
		p->abandon = p->moved ? mutexabandon : nil;
		p->waiting = Wnone;
		atomic_store_explicit(&p->with, 0, memory_order_relaxed);
		stop("condwait.relock");
		if(probeon) {
			waitend(&w,
			    r == 0	 ? Eacquired
			    : r == EINTR ? Ecancelled
					 : Etimeout,
			    p->condwaker, p->moved ? p->movedat : woke);
		}
		if(ours)
			mutexreacquire(m, pc, g.full, p);
		else
			locked = otherlock(m, CLOCK_REALTIME, nil, pc);
		/* A robust mutex's EOWNERDEAD goes first, as in libc, but a cancellation before it. */
		if(locked != 0 && r != EINTR)
			r = locked;
	}
	p->passon = nil;
	/* The cancellation strikes below, before the program can use the signal. */
	if(unlikely(sigoff.async) && r == 0 && (atomic_load_explicit(&p->event, memory_order_relaxed) & Note))
		condwakefrom(c, nil, 0, 0);
	atomic_store_explicit(&p->cancel, 0, memory_order_relaxed);
	if(unlikely(p->enabling)) {
		p->enabling = 0;
		atomic_signal_fence(memory_order_seq_cst);
		atomic_fetch_and_explicit(&p->event, ~(uint32_t)Note, memory_order_relaxed);
	}
	procleave(p);
	asyncback(g.type);
	if(r == EINTR) {
		pthread_testcancel();
		r = locked; /* it was revoked: woken for nothing, which a condition's waiter must bear */
	}
	return r;
}

/* With the bucket of m locked: p is about to be linked there, if m is held. */
static int
joins(Proc *p, Mutex *m)
{
	uint32_t old = atomic_load_explicit(&m->word, memory_order_relaxed), new;

	do {
		if(!(old & Locked))
			return 0;
		new = old | Queued;
		/* As for anyone who links itself there: a name that came with a copy or over a fork keeps unlocks from waking. */
		if(mutexstale(new, m) || outranks(p, new))
			new &= ~AWAKE;
		if(rankof(p) != 0)
			new |= Urgent;
	} while(new != old && !atomic_compare_exchange_weak_explicit(
				  &m->word, &old, new, memory_order_acq_rel, memory_order_relaxed));
	return 1;
}

/*
 * p, linked at c with its bucket b locked, and that of its mutex: off the queue, and
 * onto the mutex's if that is held; 1 if it must be made ready.
 */
static int
choose(Cond *c, Bucket *b, Bucket *bm, Proc *p, uint32_t waker)
{
	Mutex *m = p->mutex;

	p->condwaker = waker;
	p->waker = 0;
	p->wokenat = 0;
	p->chosen = Cdirect;
	if(bm == nil || !joins(p, m)) {
		condtakeoff(b, c, p);
		return 1;
	}
	/* Before it has the mutex's key: who jumps out of its wait then finds either all of the one or all of the other. */
	p->moved = p->herd = 1;
	p->starved = 0;
	if(probeon) {
		p->movedat = ticks();
		p->holder = holderof(m);
	}
	if(qalone(p))
		atomic_store_explicit(&c->waiters, 0, memory_order_relaxed);
	qmove(b, p, bm, m);
	return 0;
}

/*
 * Chooses the eldest, or all, and wakes those who cannot be moved.  m is a guess of the mutex that
 * they wait with: its bucket has to be locked too, and which it is stands in a Proc that may
 * be looked at only with the first bucket locked.  A few wrong guesses and nobody is moved; nor is who
 * waits with another mutex than the eldest.  Touches c only if somebody is linked there.
 */
void
condwakefrom(Cond *c, Mutex *m, int all, uint32_t waker)
{
	const void *key = condkey(c);
	Proc *p, *chain = nil, **tail = &chain;
	Bucket *b, *bm;
	int tries;
	Sigs s;

	stop("wakefrom");
	sigsoff(&s);
	/* A waiter that is moved trusts that those before it come, or say so when a handler keeps them (mutexaway). */
	tries = 0;
	if(unlikely(!sigswatched())) {
		m = nil;
		tries = 2;
	}
	for(;; tries++) {
		bm = nil;
		if(m != nil)
			qlock2(key, m, &b, &bm);
		else
			b = qlock(key);
		p = qfirst(b, key);
		if(p == nil || p->mutex == m || tries == 2)
			break;
		m = tries == 1 ? nil : p->mutex;
		if(bm != nil)
			qunlock2(b, bm);
		else
			qunlock(b);
	}
	while((p = qfirst(b, key)) != nil) {
		if(choose(c, b, p->mutex == m ? bm : nil, p, waker)) {
			p->nextkey = nil;
			*tail = p;
			tail = &p->nextkey;
		}
		if(!all)
			break;
	}
	if(bm != nil)
		qunlock2(b, bm);
	else
		qunlock(b);
	stop("wakefrom.chosen");
	readyall(chain);
	sigsback(&s);
}

int
condwake(Cond *c, int all)
{
	if(condidle(c))
		return 0;
	/* If writes to its page are watched the fault comes here, not in the section, where its handler might want what is locked. */
	atomic_fetch_or_explicit(&c->waiters, 0, memory_order_relaxed);
	condwakefrom(
	    c, (Mutex *)atomic_load_explicit(&c->mutex, memory_order_relaxed), all, probeon ? wakerstack(0) : 0);
	return 0;
}
