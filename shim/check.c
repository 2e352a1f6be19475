/*
 * RENDEZ_CHECK: what objects of ours are used for is held against what is known of them (known.c).
 *
 * How a call comes here without a test on the fast paths.  me.tid stays 0, so pthread_mutex_lock never takes its
 * first branch, and whoever has taken a mutex or a rwlock (took, rwtook) comes by here to learn its number.  It
 * then sets Watched in the word: so it is not just Locked at the unlock, and the slow half finds the bit.
 * A mutex that was locked before checking began has no such bit and is unlocked unseen.
 *
 * The holder is noted by itself, after it has locked and before it unlocks, and taken out by a thread that unlocks what it
 * does not hold.  So whoever finds another there than itself, at an unlock, is told the truth unless it raced with
 * such a thread; and who has just locked an object and finds a holder there has proof that the object was not unlocked, but
 * overwritten.
 *
 * Watched stands in a word only while a holder is noted: it is set after that and taken out before.  So an
 * object that has it and no holder, with no change of holder in between, is a copy of a locked one.
 *
 * Where threads and processes begin and end: checkends.c.
 */
#define _GNU_SOURCE
#include "check.h"
#include "known.h"
#include "rwlock.h"

#include "../compat/waitq.h"

void
checkfound(Misuse what, Kind kind, const void *o)
{
	found(what, kind, o, known(o, 0));
}

/* The word of a mutex of ours, or of a rwlock. */
static int
iswatched(const void *o, Kind kind)
{
	if(kind == Kmutex)
		return (atomic_load_explicit(&((const Mutex *)o)->word, memory_order_acquire) & Watched) != 0;
	return (atomic_load_explicit(&((const Rwlock *)o)->word, memory_order_acquire) & RWWATCHED) != 0;
}

static void
watch(const void *o, Kind kind)
{
	if(kind == Kmutex)
		atomic_fetch_or_explicit(&((Mutex *)(uintptr_t)o)->word, Watched, memory_order_release);
	else
		atomic_fetch_or_explicit(&((Rwlock *)(uintptr_t)o)->word, RWWATCHED, memory_order_release);
}

static void
unwatch(const void *o, Kind kind)
{
	if(!iswatched(o, kind))
		return;
	if(kind == Kmutex)
		atomic_fetch_and_explicit(&((Mutex *)(uintptr_t)o)->word, ~(uint32_t)Watched, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&((Rwlock *)(uintptr_t)o)->word, ~RWWATCHED, memory_order_relaxed);
}

/* Who locked it last, as the object says it.  A mutex's owner is gone before its unlock comes here. */
static int
lockerof(const void *o, Kind kind)
{
	return atomic_load_explicit(
	    kind == Kmutex ? &((const Mutex *)o)->last : &((const Rwlock *)o)->writer, memory_order_relaxed);
}

static uintptr_t
pcof(const void *o, Kind kind)
{
	return atomic_load_explicit(
	    kind == Kmutex ? &((const Mutex *)o)->pc : &((const Rwlock *)o)->pc, memory_order_relaxed);
}

void
checklocked(const void *o, Kind kind)
{
	int ours = kind != Kmutex || mutexours(o);
	Known *k = known(o, 1);
	uint64_t was;

	if(k == nil)
		return;
	was = atomic_load_explicit(&k->hold, memory_order_acquire);
	if(atomic_load_explicit(&k->object, memory_order_acquire) != (uintptr_t)o || holderin(was) == CHANGING)
		return;
	if(ours && heldhere(k, was) && !atomic_load_explicit(&k->theirs, memory_order_relaxed))
		found(Moverwritten, kind, o, k);
	if(!atomic_compare_exchange_strong_explicit(
	       &k->hold, &was, heldby(was, mytid()), memory_order_acq_rel, memory_order_relaxed))
		return;
	atomic_store_explicit(&k->before, 0, memory_order_relaxed);
	atomic_store_explicit(&k->theirs, !ours, memory_order_relaxed);
	atomic_store_explicit(&k->kind, kind, memory_order_relaxed);
	atomic_store_explicit(&k->last, mytid(), memory_order_relaxed);
	atomic_store_explicit(&k->locked, wakerstack(0), memory_order_relaxed);
	if(!ours)
		return;
	atomic_store_explicit(&k->pc, pcof(o, kind), memory_order_relaxed);
	watch(o, kind);
}

/*
 * Whether o is a copy of an object that was locked then.  Not if its holder is no thread of this process: it stands in memory that
 * others share, and somebody forgot to say so.
 */
static int
copied(const void *o, Kind kind)
{
	uint64_t was;
	Known *k;

	if(!iswatched(o, kind) || (k = known(o, 1)) == nil)
		return 0;
	was = atomic_load_explicit(&k->hold, memory_order_acquire);
	return holderin(was) == NOBODY && atomic_load_explicit(&k->object, memory_order_acquire) == (uintptr_t)o &&
	       iswatched(o, kind) && atomic_load_explicit(&k->hold, memory_order_acquire) == was &&
	       lockerof(o, kind) > 0 && tidalive(lockerof(o, kind));
}

/* With it is said where the one was locked that it was copied from, if there is one that was locked by the same call. */
static void
foundcopy(const void *o, Kind kind)
{
	const Known *k, *of = nil;
	int i;

	for(i = 0; i < NKNOWN && of == nil; i++) {
		k = &knowntable[i];
		if(atomic_load_explicit(&k->object, memory_order_relaxed) != (uintptr_t)o &&
		    atomic_load_explicit(&k->last, memory_order_relaxed) == lockerof(o, kind) &&
		    atomic_load_explicit(&k->pc, memory_order_relaxed) == pcof(o, kind))
			of = k;
	}
	found(Mcopy, kind, o, of);
}

void
checkrefused(const void *o, Kind kind, int held)
{
	Known *k = known(o, 0);
	int holder = knownholder(k);

	if(said == o)
		said = nil;
	else if(!held)
		found(Munlockfree, kind, o, k);
	else if(holder != 0 && holder != mytid())
		found(Munlockother, kind, o, k);
}

void
checkunlock(const void *o, Kind kind, int held)
{
	Known *k = known(o, 0);

	if(held && knownholder(k) == NOBODY && copied(o, kind))
		foundcopy(o, kind);
	else
		checkrefused(o, kind, held);
	unwatch(o, kind);
	if(k != nil)
		knownfree(k);
}

void
checkrelock(const void *o, Kind kind)
{
	Known *k = known(o, 0);

	if(knownholder(k) == mytid())
		found(Mrelock, kind, o, k);
	else if(copied(o, kind))
		foundcopy(o, kind);
}

void
checkmade(const void *o)
{
	Known *k = known(o, 1);

	if(k == nil)
		return;
	if(heldhere(k, atomic_load_explicit(&k->hold, memory_order_acquire)) &&
	    !atomic_load_explicit(&k->theirs, memory_order_relaxed))
		found(Mremade, (Kind)atomic_load_explicit(&k->kind, memory_order_relaxed), o, k);
	knownfree(k);
	atomic_store_explicit(&k->last, 0, memory_order_relaxed);
	atomic_store_explicit(&k->gone, 0, memory_order_relaxed);
	atomic_store_explicit(&k->made, wakerstack(0), memory_order_relaxed);
}

static int
queued(const void *key)
{
	Bucket *b;
	int yes;
	Sigs s;

	sigsoff(&s);
	b = qlock(key);
	yes = qfirst(b, key) != nil;
	qunlock(b);
	sigsback(&s);
	return yes;
}

void
checkgone(const void *o, Kind kind, int held, int waited)
{
	Known *k = known(o, 1);

	if(held)
		found(Mdestroyheld, kind, o, k);
	else if(waited || (kind == Kmutex && queued(o)))
		found(Mdestroywaited, kind, o, k);
	/* A mutex is not destroyed while it is held. */
	if(k == nil || (held && kind == Kmutex))
		return;
	if(held)
		unwatch(o, kind);
	knownfree(k);
	atomic_store_explicit(&k->gone, wakerstack(0), memory_order_relaxed);
}

void
checkwait(Cond *c, Mutex *m)
{
	uintptr_t other = atomic_load_explicit(&c->mutex, memory_order_relaxed);
	Known *k = known(m, 0), *kc;
	int holder;

	if(c->flags & Cgone)
		found(Mdestroyed, Kcond, c, known(c, 0));
	else if(atomic_load_explicit(&c->waiters, memory_order_relaxed) != 0 && other != 0 && other != (uintptr_t)m)
		found(Mtwomutexes, Kcond, c, known(c, 0));
	if(mutexours(m)) {
		holder = knownholder(k);
		if(!(atomic_load_explicit(&m->word, memory_order_relaxed) & Locked)) {
			found(Mwaitfree, Kmutex, m, k);
			said = m;
		} else if(holder != 0 && holder != mytid()) {
			found(Mwaitother, Kmutex, m, k);
			said = m;
		} else if((kindof(m) & Kind3) == Krecursive && m->depth > 1) {
			found(Mwaittwice, Kmutex, m, k);
		}
	} else {
		checktheirswait(m);
	}
	kc = known(c, 1);
	if(kc != nil) {
		atomic_store_explicit(&kc->last, mytid(), memory_order_relaxed);
		atomic_store_explicit(&kc->locked, wakerstack(0), memory_order_relaxed);
	}
}
