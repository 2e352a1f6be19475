/*
 * Which lock it was: an entry of Slocks for every object that was waited for.
 *
 * An object that can spare a word carries its entry's number there, or, until it
 * has one, the number of the site that initialised it with the top bit set.  The
 * word is only a hint: a number is believed if the entry names this very
 * address and kind.  Objects that have no word are found by their address in a
 * table of our own, which the forgetting of dead objects keeps true.
 *
 * A forked child has its parent's objects, so it keeps its parent's entries and
 * both tables.
 */
#include "recorder.h"

enum {
	TOKEN = 0x80000000,
	NSITES = 4096,
	SITEBITS = 12, /* of a token; above them stands which process it was (counts.c) */
	NADDRESSES = 8192,
	PROBES = 32, /* places in a table that are looked at before it is called full */
};

typedef struct Address {
	uintptr_t key;
	uint32_t id; /* 0: the object that was here is dead, the place may be another's */
} Address;

_Static_assert(NSITES == 1 << SITEBITS, "a token has room");

static uintptr_t sites[NSITES];
static Address addresses[NADDRESSES];
static uint32_t graves[256]; /* by kind and first site: the last that died */

uint32_t
initsite(uintptr_t pc)
{
	uint32_t i, at = (uint32_t)(mix(0, pc) >> 32), token = TOKEN | countsprocess() << SITEBITS;
	uintptr_t *s, was;

	if(recorderoff || pc == 0)
		return 0;
	for(i = 0; i < PROBES; i++) {
		at %= NSITES;
		s = &sites[at];
		was = __atomic_load_n(s, __ATOMIC_RELAXED);
		if(was == pc)
			return token | at;
		if(was == 0 &&
		    (__atomic_compare_exchange_n(s, &was, pc, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED) || was == pc))
			return token | at;
		at++;
	}
	return 0;
}

/* Whether a word may be a token; and whether it was given in this process. */
static int
istoken(uint32_t word)
{
	return (word & TOKEN) && (word & ~(uint32_t)TOKEN) >> SITEBITS <= countsprocess();
}

static int
isourtoken(uint32_t word)
{
	return istoken(word) && (word & ~(uint32_t)TOKEN) >> SITEBITS == countsprocess();
}

int
lockis(uint32_t id, const void *object)
{
	return id > OTHERS && id < prof.n[Slocks] && __atomic_load_n(&prof.locks[id].kind, __ATOMIC_ACQUIRE) != 0 &&
	       __atomic_load_n(&prof.locks[id].address, __ATOMIC_RELAXED) == (uintptr_t)object &&
	       !(__atomic_load_n(&prof.locks[id].flags, __ATOMIC_RELAXED) & Lgone);
}

static int
valid(uint32_t id, const Wait *w)
{
	return lockis(id, w->object) && prof.locks[id].kind == (uint32_t)w->kind + 1;
}

/*
 * Programs that make a lock for every wait (python's queues do) would fill the tables with
 * the dead.  So when a quarter of the entries is given out, an object that is
 * waited for first takes over the entry of a dead one of its kind that was first waited for at the
 * same site, and Lmany says so.
 */
static uint32_t *
grave(uint32_t kind, Fpc first)
{
	return &graves[mix(kind, first) >> 56];
}

static uint32_t
takeover(const Wait *w, Fpc first)
{
	uint32_t id = __atomic_load_n(grave(w->kind + 1u, first), __ATOMIC_ACQUIRE), flags;
	Flock *l;

	if(id <= OTHERS || id >= prof.n[Slocks])
		return 0;
	l = &prof.locks[id];
	flags = __atomic_load_n(&l->flags, __ATOMIC_RELAXED);
	if(!(flags & Lgone) || l->kind != (uint32_t)w->kind + 1 || l->first != first)
		return 0;
	/* Who clears Lgone has it; until the address is there it is nobody's. */
	if(!__atomic_compare_exchange_n(
	       &l->flags, &flags, (flags & ~(uint32_t)Lgone) | Lmany, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return 0;
	__atomic_store_n(&l->address, (uintptr_t)w->object, __ATOMIC_RELEASE);
	return id;
}

/* A new entry; word is the object's id word, which may be an initsite; ours as for lockid. */
static uint32_t
newlock(Self *s, const Wait *w, uint32_t word, uint32_t ours)
{
	Fpc first = siteown(s, w->pc);
	Flock *l;
	uint64_t id;

	if(__atomic_load_n(&prof.header->section[Slocks].used, __ATOMIC_RELAXED) > prof.n[Slocks] / 4 &&
	    (id = takeover(w, first)) != 0)
		return (uint32_t)id;
	if(s != nil && s->spare != 0) {
		id = s->spare;
		s->spare = 0;
	} else {
		id = __atomic_fetch_add(&prof.header->section[Slocks].used, 1, __ATOMIC_RELAXED);
		if(id >= prof.n[Slocks]) {
			lost(Slocks);
			return OTHERS;
		}
	}
	l = &prof.locks[id];
	__atomic_store_n(&l->kind, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&l->address, (uintptr_t)w->object, __ATOMIC_RELAXED);
	__atomic_store_n(&l->init, istoken(word) ? sitepc(s, sites[word % NSITES]) : 0, __ATOMIC_RELAXED);
	__atomic_store_n(&l->first, first, __ATOMIC_RELAXED);
	__atomic_store_n(
	    &l->flags, lockcounted((uint32_t)id, w, !isourtoken(word), ours) ? Lcounts : 0, __ATOMIC_RELAXED);
	__atomic_store_n(&l->kind, (uint32_t)w->kind + 1, __ATOMIC_RELEASE);
	return (uint32_t)id;
}

static void
bury(uint32_t id)
{
	Flock *l = &prof.locks[id];

	__atomic_fetch_or(&l->flags, Lgone, __ATOMIC_RELEASE);
	__atomic_store_n(grave(l->kind, l->first), id, __ATOMIC_RELEASE);
}

/*
 * Another waiter gave the object a number first: the entry is no lock's, until s needs one.  One that was taken over
 * has counted others before, and keeps that.
 */
static void
unused(Self *s, uint32_t id)
{
	if(__atomic_load_n(&prof.locks[id].flags, __ATOMIC_RELAXED) & Lmany) {
		bury(id);
		return;
	}
	__atomic_store_n(&prof.locks[id].kind, 0, __ATOMIC_RELAXED);
	if(s != nil)
		s->spare = id;
}

/* *word is the object's number, or becomes it. */
static uint32_t
agree(Self *s, const Wait *w, uint32_t *word, uint32_t ours)
{
	uint32_t v = __atomic_load_n(word, __ATOMIC_RELAXED), id;

	if(likely(valid(v, w)))
		return v;
	id = newlock(s, w, v, ours);
	if(id == OTHERS)
		return id;
	if(__atomic_compare_exchange_n(word, &v, id, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return id;
	if(valid(v, w)) {
		unused(s, id);
		return v;
	}
	/* Somebody writes there who does not mean it for us: this wait has a lock of its own. */
	return id;
}

static Address *
place(const void *object, int make)
{
	uint32_t i, at = (uint32_t)(mix(0, (uintptr_t)object) >> 32);
	uintptr_t key = (uintptr_t)object, was;
	Address *a, *dead = nil;

	for(i = 0; i < PROBES; i++, at++) {
		a = &addresses[at % NADDRESSES];
		was = __atomic_load_n(&a->key, __ATOMIC_RELAXED);
		if(was == key)
			return a;
		if(was == 0) {
			if(!make)
				return nil;
			if(dead != nil)
				break;
			if(__atomic_compare_exchange_n(&a->key, &was, key, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
			    was == key)
				return a;
		} else if(dead == nil && __atomic_load_n(&a->id, __ATOMIC_RELAXED) == 0) {
			dead = a;
		}
	}
	if(!make || dead == nil)
		return nil;
	/*
	 * Whoever finds the old object's number here, or stores one, finds out that
	 * it is another address's: nothing in this table is believed unseen.
	 */
	was = __atomic_load_n(&dead->key, __ATOMIC_RELAXED);
	if(!__atomic_compare_exchange_n(&dead->key, &was, key, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED) && was != key)
		return nil;
	return dead;
}

uint32_t
lockid(Self *s, const Wait *w, uint32_t ours)
{
	Address *a;

	if(w->idword != nil)
		return agree(s, w, w->idword, ours);
	a = place(w->object, 1);
	if(a == nil) {
		lost(Slocks);
		return OTHERS;
	}
	return agree(s, w, &a->id, ours);
}

void
objectgone(const void *object)
{
	Address *a;
	uint32_t id;
	Self *s;

	if(!recording() || (a = place(object, 0)) == nil || !enter(&s))
		return;
	id = __atomic_exchange_n(&a->id, 0, __ATOMIC_RELAXED);
	if(lockis(id, object))
		bury(id);
	leave(s);
}

void
objectends(const void *object, uint32_t id)
{
	if(recording() && lockis(id, object) && profiled())
		lockread(id, object);
}
