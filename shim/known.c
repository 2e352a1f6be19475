/*
 * The table of RENDEZ_CHECK: what is known of objects, by address.
 *
 * The objects have no room for this, and nothing in them is believed.  An entry may be lost to another object's, but never
 * while its object is held: then nothing is known of that one, and nothing is said that would need to be.
 *
 * Entries are made, and taken from objects that nobody holds, with one bucket of the wait table locked: so an object
 * has one at the most.  All else goes without a lock: hold has the holder and a count of its changes in one word,
 * which is looked at before the entry's object is.  Whoever replaces it by compare-and-swap has then not
 * missed that the entry became another's.
 */
#define _GNU_SOURCE
#include "known.h"

#include "../compat/waitq.h"

enum { PROBES = 16 };

Known knowntable[NKNOWN];
__thread const void *said __attribute__((tls_model("initial-exec")));

static Known *
entry(const void *o, uint32_t i)
{
	return &knowntable[((uint32_t)(((uintptr_t)o * 0x9e3779b97f4a7c15u) >> 51) + i) % NKNOWN];
}

static Known *
look(const void *o)
{
	uintptr_t was;
	uint32_t i;

	for(i = 0; i < PROBES; i++) {
		was = atomic_load_explicit(&entry(o, i)->object, memory_order_acquire);
		if(was == (uintptr_t)o)
			return entry(o, i);
		if(was == 0)
			break;
	}
	return nil;
}

/* An entry that nobody has, or else one of an object that nobody holds. */
static Known *
make(const void *o)
{
	uint64_t hold;
	Known *k;
	uint32_t i, empty;

	for(empty = 1;; empty = 0) {
		for(i = 0; i < PROBES; i++) {
			k = entry(o, i);
			hold = atomic_load_explicit(&k->hold, memory_order_relaxed);
			if(holderin(hold) != NOBODY ||
			    (empty && atomic_load_explicit(&k->object, memory_order_relaxed) != 0))
				continue;
			if(atomic_compare_exchange_strong_explicit(
			       &k->hold, &hold, heldby(hold, CHANGING), memory_order_acq_rel, memory_order_relaxed))
				break;
		}
		if(i < PROBES)
			break;
		if(!empty)
			return nil;
	}
	atomic_store_explicit(&k->last, 0, memory_order_relaxed);
	atomic_store_explicit(&k->locked, 0, memory_order_relaxed);
	atomic_store_explicit(&k->made, 0, memory_order_relaxed);
	atomic_store_explicit(&k->gone, 0, memory_order_relaxed);
	atomic_store_explicit(&k->theirs, 0, memory_order_relaxed);
	atomic_store_explicit(&k->before, 0, memory_order_relaxed);
	atomic_store_explicit(&k->object, (uintptr_t)o, memory_order_release);
	atomic_store_explicit(&k->hold, heldby(heldby(hold, CHANGING), NOBODY), memory_order_release);
	return k;
}

Known *
known(const void *o, int wanted)
{
	Known *k;
	Bucket *b;
	Sigs s;

	if(unlikely(me.forking))
		checkforked();
	k = look(o);
	if(k != nil || !wanted)
		return k;
	sigsoff(&s);
	b = qlock(knowntable);
	k = look(o);
	if(k == nil)
		k = make(o);
	qunlock(b);
	sigsback(&s);
	return k;
}

int
knownholder(const Known *k)
{
	return k != nil ? holderin(atomic_load_explicit(&k->hold, memory_order_acquire)) : NOBODY;
}

void
knownfree(Known *k)
{
	uint64_t was = atomic_load_explicit(&k->hold, memory_order_relaxed);

	while(holderin(was) != NOBODY && holderin(was) != CHANGING &&
	      !atomic_compare_exchange_weak_explicit(
		  &k->hold, &was, heldby(was, NOBODY), memory_order_release, memory_order_relaxed))
		;
}

void
found(Misuse what, Kind kind, const void *o, const Known *k)
{
	uint32_t locked = k != nil ? atomic_load_explicit(&k->locked, memory_order_relaxed) : 0;
	uint32_t made = k != nil ? atomic_load_explicit(&k->made, memory_order_relaxed) : 0;
	int last = k != nil ? atomic_load_explicit(&k->last, memory_order_relaxed) : 0;

	if(what == Mdestroyed && k != nil)
		misuse(what, kind, o, Ydestroyed, 0, atomic_load_explicit(&k->gone, memory_order_relaxed));
	else if(what == Mtwomutexes)
		misuse(what, kind, o, Ywaited, last, locked);
	else if(last != 0 && (what != Mgarbage || made == 0))
		misuse(what, kind, o, knownholder(k) != NOBODY ? Yheld : Ylocked, last, locked);
	else
		misuse(what, kind, o, Yinitialised, 0, made);
}
