/*
 * Who holds what, who made it and who destroyed it, in a program that runs with RENDEZ_CHECK.
 *
 * The objects have no room for this, and nothing in them is believed: it stands in a table by address, each entry with
 * the stacks of the last lock, of the initialisation and of the end.  An entry may be lost to another
 * object's: then nothing is known of this one, and nothing is said that would need to be.
 *
 * How a call comes here without a test on the fast paths.  me.tid stays 0, so pthread_mutex_lock never takes its
 * first branch, and whoever has taken a mutex or a rwlock (took, rwtook) comes by here to learn its number.  It
 * then sets Watched in the word: the unlock's compare-and-swap of Locked to 0 fails, and the slow half finds the bit.
 * A mutex that was locked before checking began has no such bit and is unlocked unseen.
 *
 * holder is written by the holder only, after it has locked and before it unlocks, and by a thread that unlocks what it
 * does not hold.  So whoever finds another there than itself, at an unlock, is told the truth unless it raced with
 * such a thread.
 */
#define _GNU_SOURCE
#include "check.h"
#include "rwlock.h"

#include "../compat/waitq.h"

#include <errno.h>

enum {
	NKNOWN = 8192,
	PROBES = 16,
	ROUNDS = 3, /* of the destructors of thread-specific data, of which POSIX promises four */
};

typedef struct Known {
	_Atomic(uintptr_t) object;
	_Atomic(int) holder;
	_Atomic(int) last; /* thread that locked it last, or waited */
	_Atomic(uint32_t) locked, made, gone;
	_Atomic(uint32_t) kind;
} Known;

int checking;
static Known table[NKNOWN];
static pthread_key_t ending;
static int haveending;
/* The mutex that the thread gives up in a wait that was found wrong: its unlock is not another misuse. */
static __thread const void *said __attribute__((tls_model("initial-exec")));

static Known *
known(const void *o, int make)
{
	uint32_t i, at = (uint32_t)(((uintptr_t)o * 0x9e3779b97f4a7c15u) >> 51);
	Known *k, *old = nil;
	uintptr_t was;

	for(i = 0; i < PROBES; i++) {
		k = &table[(at + i) % NKNOWN];
		was = atomic_load_explicit(&k->object, memory_order_acquire);
		if(was == (uintptr_t)o)
			return k;
		if(!make)
			continue;
		if(old == nil && atomic_load_explicit(&k->holder, memory_order_relaxed) == 0)
			old = k;
		if(was == 0)
			break;
	}
	if(old == nil)
		return nil;
	was = atomic_load_explicit(&old->object, memory_order_relaxed);
	if(!atomic_compare_exchange_strong_explicit(
	       &old->object, &was, (uintptr_t)o, memory_order_acq_rel, memory_order_relaxed))
		return nil;
	atomic_store_explicit(&old->last, 0, memory_order_relaxed);
	atomic_store_explicit(&old->locked, 0, memory_order_relaxed);
	atomic_store_explicit(&old->made, 0, memory_order_relaxed);
	atomic_store_explicit(&old->gone, 0, memory_order_relaxed);
	return old;
}

/* What is to be said of o is the most telling that is known of it. */
static void
found(Misuse what, Kind kind, const void *o, const Known *k)
{
	uint32_t locked = k != nil ? atomic_load_explicit(&k->locked, memory_order_relaxed) : 0;
	uint32_t made = k != nil ? atomic_load_explicit(&k->made, memory_order_relaxed) : 0;
	int last = k != nil ? atomic_load_explicit(&k->last, memory_order_relaxed) : 0;

	if(what == Mdestroyed && k != nil)
		misuse(what, kind, o, Ydestroyed, 0, atomic_load_explicit(&k->gone, memory_order_relaxed));
	else if(what == Mtwomutexes)
		misuse(what, kind, o, Ywaited, last, locked);
	else if(last != 0 && what != Mgarbage)
		misuse(what, kind, o, atomic_load_explicit(&k->holder, memory_order_relaxed) != 0 ? Yheld : Ylocked,
		    last, locked);
	else
		misuse(what, kind, o, Yinitialised, 0, made);
}

void
checkfound(Misuse what, Kind kind, const void *o)
{
	found(what, kind, o, known(o, 0));
}

void
checklocked(const void *o, Kind kind)
{
	Known *k = known(o, 1);

	if(kind == Kmutex)
		atomic_fetch_or_explicit(&((Mutex *)(uintptr_t)o)->word, Watched, memory_order_relaxed);
	else
		atomic_fetch_or_explicit(&((Rwlock *)(uintptr_t)o)->word, RWWATCHED, memory_order_relaxed);
	if(k == nil)
		return;
	atomic_store_explicit(&k->kind, kind, memory_order_relaxed);
	atomic_store_explicit(&k->last, mytid(), memory_order_relaxed);
	atomic_store_explicit(&k->locked, wakerstack(0), memory_order_relaxed);
	atomic_store_explicit(&k->holder, mytid(), memory_order_relaxed);
}

void
checkrefused(const void *o, Kind kind, int held)
{
	Known *k = known(o, 0);
	int holder = k != nil ? atomic_load_explicit(&k->holder, memory_order_relaxed) : 0;

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

	checkrefused(o, kind, held);
	if(k != nil)
		atomic_store_explicit(&k->holder, 0, memory_order_relaxed);
}

void
checkrelock(const void *o, Kind kind)
{
	Known *k = known(o, 0);

	if(k != nil && atomic_load_explicit(&k->holder, memory_order_relaxed) == mytid())
		found(Mrelock, kind, o, k);
}

void
checkmade(const void *o)
{
	Known *k = known(o, 1);

	if(k == nil)
		return;
	atomic_store_explicit(&k->holder, 0, memory_order_relaxed);
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
	atomic_store_explicit(&k->holder, 0, memory_order_relaxed);
	atomic_store_explicit(&k->gone, wakerstack(0), memory_order_relaxed);
}

/* libc's kinds: a type, robust, and one protocol or none; its flags above these are many. */
void
checktheirs(const Mutex *m)
{
	int kind = kindof(m);

	if(kind == -1)
		found(Mdestroyed, Kmutex, m, known(m, 0));
	else if(kind < 0 || (kind & 12) != 0 || (kind & 96) == 96)
		found(Mgarbage, Kmutex, m, known(m, 0));
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
		holder = k != nil ? atomic_load_explicit(&k->holder, memory_order_relaxed) : 0;
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
		checktheirs(m);
	}
	kc = known(c, 1);
	if(kc != nil) {
		atomic_store_explicit(&kc->last, mytid(), memory_order_relaxed);
		atomic_store_explicit(&kc->locked, wakerstack(0), memory_order_relaxed);
	}
}

/* Whether o is still what the calling thread holds: the program may have freed it. */
static int
stillheld(const Known *k)
{
	const void *o = (const void *)atomic_load_explicit(&k->object, memory_order_relaxed);

	if(!readable((void *)((uintptr_t)o & ~7ul)))
		return 0;
	if(atomic_load_explicit(&k->kind, memory_order_relaxed) == Kmutex) {
		Mutex *m = (Mutex *)(uintptr_t)o;
		return (atomic_load_explicit(&m->word, memory_order_relaxed) & Locked) &&
		       atomic_load_explicit(&m->owner, memory_order_relaxed) == mytid();
	}
	return atomic_load_explicit(&((Rwlock *)(uintptr_t)o)->writer, memory_order_relaxed) == mytid();
}

/*
 * The thread ends.  Destructors of thread-specific data may still unlock, so this one comes back until it is among the
 * last.
 */
static void
ended(void *round)
{
	uintptr_t n = (uintptr_t)round;
	int i;

	if(n < ROUNDS) {
		pthread_setspecific(ending, (void *)(n + 1));
		return;
	}
	for(i = 0; i < NKNOWN; i++)
		if(atomic_load_explicit(&table[i].holder, memory_order_relaxed) == mytid() && stillheld(&table[i]))
			found(Mendsholding, (Kind)atomic_load_explicit(&table[i].kind, memory_order_relaxed),
			    (const void *)atomic_load_explicit(&table[i].object, memory_order_relaxed), &table[i]);
}

void
checkborn(void)
{
	if(haveending)
		pthread_setspecific(ending, (void *)1);
}

void
checkforked(int was)
{
	int i, now = mytid();

	for(i = 0; i < NKNOWN; i++)
		if(was != 0 && atomic_load_explicit(&table[i].holder, memory_order_relaxed) == was)
			atomic_store_explicit(&table[i].holder, now, memory_order_relaxed);
}

void
checkstart(void)
{
	haveending = pthread_key_create(&ending, ended) == 0;
	me.tid = 0;
	checking = 1;
}
