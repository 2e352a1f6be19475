/*
 * Readers-writer locks: the mutex's rule of one active successor, with readers.
 *
 * One word says who holds the lock and who is interested:
 *
 *	Wlocked		a writer holds it
 *	Queued		Procs are linked under this address; exact with the bucket locked
 *	Turn		one who waits is owed the lock: writers that come now queue, and readers too if writers
 *			are preferred, for a few milliseconds at most
 *	Awake		(a field) the number of a Proc that is on its way, as in a mutex's word
 *	readers		(the upper half) how many hold it for reading
 *
 * Who may take it.  A writer: when nobody holds it.  A reader: when no writer does; if the lock prefers
 * writers (PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) only while nobody is linked, unless it was chosen
 * itself.  So with the default kind a reader that holds the lock may lock it again, whoever waits; and with the
 * other no stream of readers keeps a writer out.  Who was chosen and found another quicker sets Turn when it queues
 * again.
 *
 * Who is chosen.  When nobody holds the lock, Procs are linked and none is on its way: by default all
 * readers that wait, else the eldest writer; where writers are preferred, the eldest, and if that is a reader all
 * readers before the first writer.  PTHREAD_RWLOCK_PREFER_WRITER_NP has its name from this only: while nobody holds the
 * lock the eldest writer, else all readers; they may all come in as by default.  Eldest: first by rank, then by age, as in
 * every queue (waitq.h); but as in libc no rank of a writer's puts it before readers where those are preferred.  Awake names the
 * first of them.  The others need no name: they try by themselves, and queue again only behind a holder.
 *
 * No wakeup is lost, and nothing touched too late, by the mutex's argument (mutexslow.c): whoever makes
 * the lock free with one atomic and sees Queued without Awake, or that the word is not 0, looks under the bucket lock.  One thing is new: a lock
 * that readers hold is free for other readers, and none of its holders need ever unlock.  So
 * nobody may be left linked there because of a name, a Turn or a writer that is gone: whoever takes a
 * name or a Turn out of the word, or itself off the queue, looks (dropped in rwqueue.c).
 *
 * Model: tests/model/rwlock.pml.
 */
#define _GNU_SOURCE
#include "rwattempt.h"

#include "../compat/rank.h"
#include "../compat/stop.h"

#include <errno.h>

enum {
	TURNNS = 2000000,  /* a free lock is refused to nobody for longer */
	WATCHNS = 4000000, /* how long a waiter trusts that it will be chosen; doubles up to */
	WATCHMAXNS = 1000000000,
};

static void
asleep(void *w)
{
	waitpark(w);
}

/* Sleeps until chosen (Wready), or until it has given up and is off the queue. */
static Woken
await(Rwattempt *a, const Deadline *d, int banned)
{
	uint64_t patience = banned ? TURNNS : WATCHNS;
	const Deadline *until;
	Deadline watch;
	Woken r;
	int defers;

	a->deferred = banned;
	for(;;) {
		watch = deadlinein(patience);
		until = d == nil || deadlinebefore(&watch, d) ? &watch : d;
		r = block(a->p, until, 0, probeon ? asleep : nil, &a->w);
		if(probeon)
			waitparked(&a->w);
		if(r == Wready)
			return r;
		if(until == &watch) {
			defers = a->deferred;
			r = rwlook(a);
			if(r == Wnote) {
				patience = a->deferred != defers       ? TURNNS
					   : patience < WATCHMAXNS / 2 ? patience * 2
								       : WATCHMAXNS;
				continue;
			}
			a->expired |= r == Wtimeout;
		} else {
			a->late = Wtimeout;
			r = rwdequeue(a) ? Wtimeout : Wready;
		}
		if(r == Wready)
			block(a->p, nil, 0, nil, nil);
		return r;
	}
}

/* Queues, sleeps and comes back: 0 to try again, ETIMEDOUT to give up. */
static int
sleepon(Rwattempt *a, const Deadline *d)
{
	int banned;

	if(a->p == nil)
		a->p = procenter();
	if(!rwenqueue(a, &banned)) {
		/* If nobody has woken it so far what its Proc says is of a wait before. */
		if(!a->front)
			a->p->waker = 0;
		return 0;
	}
	a->late = Wready;
	if(await(a, d, banned) == Wready) {
		a->chosen = 1;
		a->awake = atomic_load_explicit(&a->p->awakefor, memory_order_relaxed) == (uintptr_t)rwkey(a->l);
	}
	a->p->waiting = Wnone;
	stop("rwwait.back");
	if(a->late == Wready)
		return 0;
	return ETIMEDOUT;
}

/*
 * Where the writer that holds the lock got it; 0: readers do, or nobody, or a writer that has not said so yet.  Readers
 * say nothing: the last that came may have left long ago while another stays.  A writer says who it is after
 * where (release), and takes that out before it unlocks; so what stands there between two looks that find the same one is its own.
 */
static uintptr_t
holderof(const Rwlock *l)
{
	int32_t writer = atomic_load_explicit(&l->writer, memory_order_acquire);
	uintptr_t pc = atomic_load_explicit(&l->pc, memory_order_acquire);

	return writer != 0 && atomic_load_explicit(&l->writer, memory_order_relaxed) == writer ? pc : 0;
}

static void
rwbegin(Rwattempt *a, uintptr_t pc)
{
	Wait *w = &a->w;

	a->begun = 1;
	a->since = ticks();
	a->holder = holderof(a->l);
	w->object = a->l;
	w->idword = (uint32_t *)&a->l->id;
	w->kind = Krwlock;
	w->op = a->write ? Owrlock : Ordlock;
	w->counted = 0;
	w->acquired = w->changes = 0;
	w->pc = pc;
	waitsoon(w, a->since, a->holder);
}

/* It is about to sleep. */
static void
rwopen(Rwattempt *a)
{
	if(!a->opened) {
		a->opened = 1;
		waitbegin(&a->w, a->holder, a->since);
	}
	/* It was still about to say so. */
	if(a->w.holder == 0)
		a->w.holder = holderof(a->l);
}

/* Who was not about to sleep is in a hurry: its unlock makes the sums. */
static void
rwclose(Rwattempt *a, int r, uint32_t waker)
{
	if(a->opened) {
		waitend(&a->w, r == 0 ? Eacquired : r == ETIMEDOUT ? Etimeout : Eerror, waker, 0);
	} else if(r == 0 && waitshort(&a->w, a->since, a->holder)) {
		owes(a->l);
	}
}

/*
 * Waits awake for a little, as for a mutex (compat/spun.h); as rwtake.  Nothing counts those who had the lock meanwhile: if a
 * writer has it that had it before, or readers that did, it is taken for the same hold.
 */
static int
rwspin(Rwattempt *a, uint64_t *word)
{
	int r, i, most = spunturns(&me.rwspun), rank = a->p != nil && rankof(a->p) != 0;
	int32_t writer = atomic_load_explicit(&a->l->writer, memory_order_relaxed);

	if(spunbarren(&me.rwspun, rank))
		return 0;
	for(i = 0; i < most; i++) {
		relax();
		*word = atomic_load_explicit(&a->l->word, memory_order_relaxed);
		r = rwtake(a, word);
		if(r != 0) {
			if(r == 1)
				spunpaid(&me.rwspun, most, i);
			return r;
		}
	}
	spunfailed(&me.rwspun, most, atomic_load_explicit(&a->l->writer, memory_order_relaxed) == writer, rank);
	return 0;
}

int
rwwait(Rwlock *l, int write, uintptr_t pc, const Deadline *d)
{
	Rwattempt a;
	uint64_t word = atomic_load_explicit(&l->word, memory_order_relaxed);
	int r = 0, woken = 0;

	rwattempt(&a, l, write);
	a.w.on = 0;
	if(ranked())
		a.p = procenter(); /* which has its rank, for the steps to come */
	stop("rwwait");
	for(;;) {
		r = rwtake(&a, &word);
		if(r != 0)
			break;
		if(probeon) {
			if(!a.begun)
				rwbegin(&a, pc);
			else if(woken)
				waitagain(&a.w, a.p->waker, holderof(l), 0);
		}
		woken = 0;
		r = rwspin(&a, &word);
		if(r != 0)
			break;
		if(probeon)
			rwopen(&a);
		r = sleepon(&a, d);
		if(r != 0) {
			if(rwdisown(&a))
				r = 1;
			break;
		}
		woken = 1;
		word = atomic_load_explicit(&l->word, memory_order_relaxed);
	}
	if(r == EAGAIN && a.chosen && rwdisown(&a))
		r = 1;
	if(r == 1) {
		r = 0;
		if(unlikely(me.empty == rwkey(l))) {
			me.empty = nil;
			rwunqueue(l);
		}
	}
	if(probeon && a.begun)
		rwclose(&a, r, woken ? a.p->waker : 0);
	if(a.p != nil)
		procleave(a.p);
	return r;
}

int
rwtry(Rwlock *l, int write)
{
	uint64_t word = atomic_load_explicit(&l->word, memory_order_relaxed);
	Rwattempt a;
	int r;

	rwattempt(&a, l, write);
	a.expired = write; /* a free lock may not be called busy to a writer */
	r = rwtake(&a, &word);
	return r == 1 ? 0 : r == 0 ? EBUSY : r;
}
