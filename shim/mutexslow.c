/*
 * The mutex when it is not free: waiting for it, and waking who waits.
 *
 * The rule is one active successor.  A thread that finds the mutex held queues
 * by the mutex's address and sleeps; unlock wakes the eldest and notes in the
 * word (Awake) that one is on its way, and while it is, unlocks wake nobody and
 * running threads may take the mutex (barge).  So a busy mutex changes hands
 * at the speed of running threads, with few wakes.  A woken thread that finds
 * the mutex taken again queues at the front.
 *
 * Why no wakeup is lost.  Claim: when the mutex is free and somebody is linked,
 * then either Awake names a Proc that is on its way, or a thread that cleared
 * Locked has yet to look under the bucket lock.
 *   - Linking (attemptenqueue) sets Queued by compare-and-swap on a word that has Locked, or that is free but banned; with
 *     Locked, the holder's unlock comes later and sees Queued.  With Locked clear and no Awake, the last unlock saw Queued (it
 *     is exact under the bucket lock that attemptenqueue holds; a new Queued on a free word is only set under a ban, which
 *     ends by its deadline), so that unlocker is about to look.
 *   - Unlocking (wordunlock) clears Locked with one atomic that returns the word, or says whether anything is
 *     left in it.  Queued without Awake, or anything: it looks (mutexwake).
 *   - Who is Awake either takes the mutex, clearing Awake in the same atomic,
 *     and its unlock looks again; or finds it Locked and clears Awake by
 *     compare-and-swap on a word with Locked (attemptenqueue, attemptdisown): the holder looks.
 *   - A Proc may be stopped for long when it is chosen, or be chosen when it is stopped: in a signal handler of a
 *     collector, say.  So no waiter trusts the name in the word for ever (attemptlook): every so often it looks whether the
 *     mutex is free, and if it is held removes the name, which is always allowed then and costs at most a wake.  Those whom
 *     a condition has moved here do not look, and need not: a handler that begins on a thread in a wait says so and takes the
 *     thread's name out, and who chooses sees it and chooses another too (mutexaway, isaway; tests/model/away.pml).  Where
 *     handlers may begin that do not say so nobody is moved.  Where all say so those of a real-time policy do not look either,
 *     but under a ban: nobody of a lower rank keeps whoever was chosen before them from a processor, and the timer is 5 % of
 *     a hand-over on one.  (Models: mutex-told; mutex-toldstopped, where one that is stopped does not say so.)
 *   - Awake is believed only of a Proc whose awakefor is this mutex.  In a copy of the mutex or in a forked child it is not,
 *     and attemptenqueue removes it.
 *
 * Why nothing is touched too late.  The unlocker's last touch is the atomic
 * that frees, unless under the bucket lock a Proc is linked under this key: that one's thread is inside a call on the mutex,
 * so the mutex exists, and it cannot return before the bucket is unlocked again.  The address may meanwhile be another
 * mutex; then the wake is one too many, which every waiter survives.  It cannot be taken for a condition: those have keys
 * of their own (condkey).
 *
 * Waiters that a condition has moved here may be woken several at once (herd, in mutexwake.c).  One is named, the others
 * come as anybody does: they are linked no more, and if they link themselves again it is by attemptenqueue.  So the claim
 * holds for them as for newcomers.
 *
 * Fairness.  Every PROMOTEth unlock of a thread that saw others waiting wakes the
 * eldest even so; if that one is not yet served by the next such unlock, who unlocks gives up its processor.  If it loses again it sets NoBarge: from then on
 * newcomers queue.  The ban expires: a newcomer that finds the mutex free but
 * banned sleeps at most BANNS, then takes it, for the favoured thread may be
 * stopped (a collector's signal, a debugger) for as long as it likes.
 *
 * Real-time policies.  A queue is in the order of ranks, so whoever is chosen is the first by priority.  What else
 * could stand before it does not:
 *   - A name in the word of one that it stands above, and that may not get a processor for long: who queues or is
 *     moved here with the mutex held takes such a name out (outranks), which is always allowed then.
 *   - Running threads that barge, or put their names in while they spin.  Those of no rank Urgent bars until it is served.
 *     Those of a lower one may go on while it is on its way, for that may take as long as many of their turns, from another
 *     processor; if then, named, it finds the mutex held it sets NoBarge at once, and the two together bar all but its equals (matches): to
 *     hand the mutex from one to the next of many equals costs a switch each time, for nothing that POSIX asks.  With no
 *     name there nobody takes it past the two: an unlock has yet to choose, and whoever it chooses may stand above.
 *   - The ban of one that it stands above: it does not hold for it (maytake).
 * It spins as anybody does, but on the holder's own processor that only keeps the holder from running: so where it was for nothing
 * it does not for long (BARRENRT).  And if it was chosen and comes too late it may give up its processor, named and under the ban that it would
 * queue with, instead of sleeping again (attemptyield).
 * Urgent expires as the other ban does.  It goes when the last that is linked leaves, or the first that
 * is chosen has no rank, or the one on its way has come or given up and nobody is linked (unnamed): so it never stays in
 * a word for which nobody waits.  Where it goes too early others overtake, until somebody is chosen or looks.
 *
 * Model: tests/model/mutex.pml.
 */
#define _GNU_SOURCE
#include "attempt.h"
#include "check.h"
#include "cleanup.h"
#include "real.h"

#include "../compat/rank.h"
#include "../compat/sigoff.h"
#include "../compat/stop.h"

#include <errno.h>
#include <string.h>

enum {
	BANNS = 2000000, /* a free mutex is refused to nobody for longer */
	/* How long a waiter trusts that it will be chosen, or more after long sleeps (spun.h); it doubles up to the second. */
	WATCHNS = 4000000,
	WATCHMAXNS = 1000000000,
};

static void
asleep(void *w)
{
	waitpark(w);
}

/* The mutex is there for certain: the caller begins to wait for it, or has got it. */
static void
attemptcounts(Attempt *a)
{
	a->w.acquired = atomic_load_explicit(&a->m->acquired, memory_order_relaxed);
	a->w.changes = atomic_load_explicit(&a->m->changes, memory_order_relaxed);
}

static void
attemptwho(Attempt *a, uintptr_t pc)
{
	Wait *w = &a->w;

	w->object = a->m;
	w->idword = (uint32_t *)&a->m->id;
	w->kind = Kmutex;
	w->op = Olock;
	w->counted = mutexcounts;
	w->pc = pc;
	attemptcounts(a);
}

static void
attemptopen(Attempt *a)
{
	a->opened = 1;
	waitbegin(&a->w, a->holder, a->since);
}

/* Over.  Who was not about to sleep is in a hurry: its unlock makes the sums, as it does for a hold that is timed. */
static void
attemptclose(Attempt *a, int r, uint32_t waker)
{
	if(r == 0)
		attemptcounts(a);
	if(a->opened) {
		waitend(&a->w, r == 0 ? Eacquired : r == EINTR ? Ecancelled : Etimeout, waker, 0);
		/* The time that this took is not the program's, if its hold is timed. */
		if(me.timed == a->m && me.timedat != 0)
			me.timedat = ticks();
		return;
	}
	if(r == 0 && waitshort(&a->w, a->since, a->holder))
		owes(a->m);
}

/* Whoever has the mutex now made us wait from now on, if it is not the one whom we saw. */
static void
reblame(Attempt *a)
{
	uintptr_t holder = probeon ? holderof(a->m) : 0;

	if(holder != 0 && holder != a->w.holder)
		waitagain(&a->w, 0, holder, 0);
}

/* Whether it may sleep until it is chosen, for whoever is chosen comes or is chosen no more. */
static int
told(const Attempt *a)
{
	return hasrank(a) && sigswatched();
}

/* Sleeps until chosen (Wready), or until it has given up and is off the queue. */
static Woken
await(Attempt *a, const Deadline *d, int noted, int banned)
{
	uint64_t patience = banned ? BANNS : (uint64_t)WATCHNS << me.spun.patience;
	int looks = 0;
	const Deadline *until;
	Deadline watch;
	Woken r;
	int defers;

	a->deferred = banned;
	for(;;) {
		until = d;
		if(banned || !told(a)) {
			watch = deadlinein(patience);
			if(d == nil || deadlinebefore(&watch, d))
				until = &watch;
		}
		r = block(a->p, until, noted, probeon ? asleep : nil, &a->w);
		if(probeon)
			waitparked(&a->w);
		if(r == Wtimeout && until == &watch) {
			defers = a->deferred;
			r = attemptlook(a);
			looks++;
			if(r == Wnote) {
				if(!a->gone)
					reblame(a);
				patience = a->deferred != defers       ? BANNS
					   : patience < WATCHMAXNS / 2 ? patience * 2
								       : WATCHMAXNS;
				continue;
			}
			if(r == Wtimeout) {
				a->expired = 1;
				return r;
			}
			block(a->p, nil, 0, nil, nil);
			return Wready;
		}
		if(!banned)
			spunslept(&me.spun, looks);
		if(r != Wready && !attemptdequeue(a)) {
			block(a->p, nil, 0, nil, nil);
			a->late = r;
			return Wready;
		}
		a->late = r;
		return r;
	}
}

/* Queues, sleeps and comes back: 0 to try again, an errno value to give up. */
static int
sleepon(Attempt *a, const Deadline *d, int noted)
{
	int banned;

	if(a->p == nil)
		a->p = procenter();
	if(!attemptenqueue(a, &banned)) {
		/* If nobody has woken it so far what its Proc says is of a wait before. */
		if(!a->front) {
			a->p->waker = 0;
			a->p->wokenat = 0;
		}
		return 0;
	}
	a->late = Wready;
	/* We may have lost the processor since we looked, and the mutex have changed hands. */
	reblame(a);
	if(await(a, d, noted, banned) == Wready) {
		a->awake = atomic_load_explicit(&a->p->awakefor, memory_order_relaxed) == (uintptr_t)a->m;
		a->starved |= a->p->chosen == Cpromoted;
	}
	a->p->waiting = Wnone;
	stop("mutexwait.back");
	return a->late == Wready ? 0 : a->late == Wtimeout ? ETIMEDOUT : EINTR;
}

/*
 * Locks m, which the fast path could not.  p: the Proc of a condition's waiter
 * that was chosen from m's queue (it was moved there) or woken to lock m itself; nil:
 * a plain lock.  since: when that waiter began to wait for m, 0 now.  EINTR: d is
 * nil, noted is nonzero and there was a note.
 */
int
mutexwait(Mutex *m, uintptr_t pc, const Deadline *d, int noted, Proc *p, uint64_t since)
{
	Attempt a;
	uint32_t word, waker = 0;
	uintptr_t holder;
	int r = 0, woken = 0;

	if(unlikely(checking) && p == nil)
		checkrelock(m, Kmutex);
	memset(&a, 0, offsetof(Attempt, w));
	a.m = m;
	a.p = p;
	a.w.on = 0;
	if(p != nil && p->moved) {
		a.awake = atomic_load_explicit(&p->awakefor, memory_order_relaxed) == (uintptr_t)m;
		a.starved = p->chosen == Cpromoted;
		a.front = woken = a.begun = 1;
		if(probeon) {
			a.since = since;
			a.holder = p->holder;
			attemptwho(&a, pc);
			attemptopen(&a);
		}
	}
	if(ranked() && a.p == nil)
		a.p = procenter(); /* which has its rank, for the steps to come */
	stop("mutexwait");
	word = atomic_load_explicit(&m->word, memory_order_relaxed);
	for(;;) {
		if(attempttake(&a, &word))
			break;
		if(!a.begun) {
			a.begun = 1;
			if(probeon) {
				a.since = ticks();
				a.holder = holderof(m);
				attemptwho(&a, pc);
				waitsoon(&a.w, a.since, a.holder);
			}
		} else if(woken && probeon) {
			waitagain(&a.w, a.p->waker, holderof(m), a.p->wokenat);
		}
		/* Who must look at a deadline or for notes may not count on being given the processor back in time. */
		if(woken && d == nil && !noted && attemptyield(&a, &word))
			break;
		woken = 0;
		if((word & Locked) && attemptspin(&a, &word))
			break;
		if(probeon) {
			if(!a.opened)
				attemptopen(&a);
			if(a.w.holder == 0 && (holder = holderof(m)) != 0)
				a.w.holder = holder;
		}
		r = sleepon(&a, d, noted);
		waker = a.p->waker;
		if(r != 0) {
			if(attemptdisown(&a)) {
				/* The note has been read, but the caller asks for it. */
				if(r == EINTR)
					atomic_fetch_or_explicit(&a.p->event, Note, memory_order_relaxed);
				r = 0;
			}
			break;
		}
		woken = 1;
		word = atomic_load_explicit(&m->word, memory_order_relaxed);
	}
	if(r == 0) {
		tookonce(m, pc);
		if(a.p != nil && a.p->herd) {
			herdtried(m, 1);
			a.p->herd = 0;
		}
		if(unlikely(me.empty == m)) {
			me.empty = nil;
			mutexunqueue(m);
		}
	}
	if(probeon && a.begun)
		attemptclose(&a, r, woken ? a.p->waker : waker);
	if(p == nil && a.p != nil)
		procleave(a.p);
	return r;
}

/*
 * Cancellation at any instruction must not strike while the Proc is linked: for
 * the length of the wait it is deferred, a note ends the wait, and it strikes
 * when the thread's type is given back.  So a lock that was got in spite of a note is given up again: the thread
 * would take it along.  The Proc says that it wants notes before
 * the type changes: a cancellation comes either before, and strikes, or sees it.
 */
static void
asyncagain(void *type)
{
	int ignored;

	sigoff.async = 1;
	real.pthread_setcanceltype(*(int *)type, &ignored);
}

int
mutexwaitasync(Mutex *m, uintptr_t pc, const Deadline *d)
{
	Cleanup cleanup;
	int r, type = -1; /* what libc says that it was: where it has deferred it itself for now that stays */
	Proc *p;

	/* Also if a handler jumps out of the wait. */
	_pthread_cleanup_push(&cleanup, asyncagain, &type);
	do {
		p = procenter();
		atomic_store_explicit(&p->cancel, (uintptr_t)pthread_self(), memory_order_seq_cst);
		sigoff.async = 0;
		real.pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
		r = mutexwait(m, pc, d, 1, p, 0);
		if(r == 0 && (atomic_fetch_and_explicit(&p->event, ~(uint32_t)Note, memory_order_acquire) & Note) &&
		    cancelenabled()) {
			mutexgive(m);
			r = EINTR;
		}
		atomic_store_explicit(&p->cancel, 0, memory_order_relaxed);
		procleave(p);
		asyncagain(&type);
	} while(r == EINTR);
	_pthread_cleanup_pop(&cleanup, 0);
	return r;
}
