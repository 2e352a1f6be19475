/*
 * Adding up.  A thread adds to the pairs and holds of its own page, where it
 * is the only writer; what finds no room there, and what a thread leaves behind
 * when it ends, goes to tables that all threads share, by atomic additions.
 *
 * The shared table of pairs is open addressing.  A place is claimed by its lock
 * field, from 0 to CLAIMED, and published when its key is complete.  Nobody
 * ever waits for a claimer, who may have been interrupted for good: a place that is
 * being claimed is passed by, so the same key may stand in the table twice,
 * and a program that dies may leave a CLAIMED place; the reader adds the ones up and
 * leaves out the others.
 *
 * No wait is left out of the totals: without room for its pair it is counted
 * under its lock's pair of unknown sites, for which an eighth of the table is
 * kept, or else under lock OTHERS, whose pair is there from the start.
 */
#include "recorder.h"

#include <string.h>

enum {
	CLAIMED = 0xffffffff,
	PROBES = 64,
};

void
sharedatleast(uint64_t *p, uint64_t v)
{
	uint64_t old = __atomic_load_n(p, __ATOMIC_RELAXED);

	while(v > old && !__atomic_compare_exchange_n(p, &old, v, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

uint32_t
pairhash(const Fpair *k)
{
	uint64_t h;

	h = mix((uint64_t)k->lock << 32 | k->waiter, (uint64_t)k->waker << 32 | (uint32_t)k->op << 8 | k->end);
	h = mix(h, k->waitersite);
	return (uint32_t)(mix(h, k->holder) >> 16);
}

static int
samekey(const Fpair *a, const Fpair *b)
{
	return a->waiter == b->waiter && a->waker == b->waker && a->op == b->op && a->end == b->end &&
	       a->waitersite == b->waitersite && a->holder == b->holder;
}

/* All of the key but the lock, which publishes it. */
static void
putkey(Fpair *p, const Fpair *k)
{
	__atomic_store_n(&p->waiter, k->waiter, __ATOMIC_RELAXED);
	__atomic_store_n(&p->waker, k->waker, __ATOMIC_RELAXED);
	__atomic_store_n(&p->op, k->op, __ATOMIC_RELAXED);
	__atomic_store_n(&p->end, k->end, __ATOMIC_RELAXED);
	__atomic_store_n(&p->waitersite, k->waitersite, __ATOMIC_RELAXED);
	__atomic_store_n(&p->holder, k->holder, __ATOMIC_RELAXED);
}

/* k's place in the shared table, made if there is room within limit. */
static Fpair *
place(const Fpair *k, uint64_t limit)
{
	uint64_t *used = &prof.header->section[Spairs].used;
	uint32_t i, lock, mask = prof.n[Spairs] - 1, at = pairhash(k);
	Fpair *p;

	for(i = 0; i < PROBES; i++, at++) {
		p = &prof.pairs[at & mask];
		lock = __atomic_load_n(&p->lock, __ATOMIC_ACQUIRE);
		if(lock == k->lock && samekey(p, k))
			return p;
		if(lock != 0)
			continue;
		if(__atomic_load_n(used, __ATOMIC_RELAXED) >= limit)
			return nil;
		if(__atomic_compare_exchange_n(&p->lock, &lock, CLAIMED, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
			sharedbump(used, 1);
			putkey(p, k);
			__atomic_store_n(&p->lock, k->lock, __ATOMIC_RELEASE);
			return p;
		}
		if(lock == k->lock && samekey(p, k))
			return p;
	}
	return nil;
}

/* Where k is counted among all threads' pairs: never nil. */
static Fpair *
shared(const Fpair *k)
{
	Fpair all, *p = place(k, prof.n[Spairs] - prof.n[Spairs] / 8);

	if(p != nil)
		return p;
	lost(Spairs);
	memset(&all, 0, sizeof all);
	all.lock = k->lock;
	all.op = k->op;
	all.end = k->end;
	p = place(&all, prof.n[Spairs]);
	return p != nil ? p : &prof.pairs[0];
}

static uint32_t
bucket(uint64_t t)
{
	uint32_t b = t == 0 ? 0 : 64 - (uint32_t)__builtin_clzll(t);

	return b < FPAIRBUCKETS ? b : FPAIRBUCKETS - 1;
}

Fpair *
pairown(Self *s, const Fpair *k)
{
	uint32_t h, i;
	Own *o;
	Fpair *p;

	if(s == nil || s->own == nil)
		return nil;
	h = pairhash(k);
	o = s->own;
	for(i = 0; i < o->npair; i++) {
		p = &s->area->pair[i];
		if(o->hash[i] == h && p->lock == k->lock && samekey(p, k))
			return p;
	}
	if(i == FTHREADPAIRS)
		return nil;
	p = &s->area->pair[i];
	putkey(p, k);
	__atomic_store_n(&p->lock, k->lock, __ATOMIC_RELEASE);
	o->hash[i] = h;
	o->npair = i + 1;
	return p;
}

void
pairbump(Fpair *p, uint64_t t, int ended, uint64_t total)
{
	uint32_t *count;

	bump(&p->waits, 1);
	bump(&p->ticks, t);
	if(ended) {
		bump(&p->last, 1);
		atleast(&p->max, total);
		count = &p->histogram[bucket(total)];
		__atomic_store_n(count, __atomic_load_n(count, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
	}
}

void
pairadd(Self *s, const Fpair *k, uint64_t t, int ended, uint64_t total)
{
	Fpair *p = pairown(s, k);

	if(likely(p != nil)) {
		pairbump(p, t, ended, total);
		return;
	}
	p = shared(k);
	sharedbump(&p->waits, 1);
	sharedbump(&p->ticks, t);
	if(ended) {
		sharedbump(&p->last, 1);
		sharedatleast(&p->max, total);
		__atomic_fetch_add(&p->histogram[bucket(total)], 1, __ATOMIC_RELAXED);
	}
}

static void
sharedhold(uint32_t lock, uint64_t n, uint64_t t, uint64_t max)
{
	Flock *l = &prof.locks[lock];

	sharedbump(&l->holds, n);
	sharedbump(&l->holdticks, t);
	sharedatleast(&l->holdmax, max);
}

void
holdadd(Self *s, uint32_t lock, uint64_t t, uint32_t n)
{
	Fhold *h;
	int i;

	if(s != nil && s->area != nil)
		for(i = 0; i < FTHREADHOLDS; i++) {
			h = &s->area->hold[i];
			if(h->lock != 0 && h->lock != lock)
				continue;
			__atomic_store_n(&h->lock, lock, __ATOMIC_RELAXED);
			__atomic_store_n(&h->samples, h->samples + n, __ATOMIC_RELAXED);
			bump(&h->ticks, t * n);
			atleast(&h->max, t);
			return;
		}
	sharedhold(lock, n, t * n, t);
}

/*
 * The counts move one pair at a time: out of the area first, so that a reader, or
 * the end of the program, in between finds a pair missing and not twice.
 */
void
areamerge(Farea *a)
{
	Fpair k, *p;
	Fhold h;
	int i, b;

	for(i = 0; i < FTHREADPAIRS; i++) {
		k = a->pair[i];
		if(k.lock == 0)
			break;
		__atomic_store_n(&a->pair[i].lock, 0, __ATOMIC_RELEASE);
		p = shared(&k);
		sharedbump(&p->waits, k.waits);
		sharedbump(&p->last, k.last);
		sharedbump(&p->ticks, k.ticks);
		sharedatleast(&p->max, k.max);
		for(b = 0; b < FPAIRBUCKETS; b++)
			if(k.histogram[b] != 0)
				__atomic_fetch_add(&p->histogram[b], k.histogram[b], __ATOMIC_RELAXED);
	}
	for(i = 0; i < FTHREADHOLDS; i++) {
		h = a->hold[i];
		if(h.lock == 0)
			break;
		__atomic_store_n(&a->hold[i].lock, 0, __ATOMIC_RELEASE);
		sharedhold(h.lock, h.samples, h.ticks, h.max);
	}
	memset(a->pair, 0, sizeof a->pair);
	memset(a->hold, 0, sizeof a->hold);
	memset(&a->current, 0, sizeof a->current);
}
