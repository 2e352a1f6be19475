/*
 * The wait table: buckets, each with a lock and the queues of the keys that
 * fall into it.  Procs of one key form a ring; its head stands in the bucket's
 * list.  Putting and taking cost a walk over the keys of the bucket, not over
 * the waiters.
 *
 * The table lies in memory that the kernel wipes in a forked child: there no
 * bucket is locked and nobody waits, whatever the parent's other threads were
 * doing.  A forking thread holds no bucket itself, unless it forks from a
 * handler, and handlers are off while one is held.
 *
 * Order: two bucket locks are taken by ascending address; no other lock is
 * taken under one.
 */
#include "waitq.h"

enum { NBUCKET = 1024 }; /* 64 KiB.  More waiters than that on different objects is rare; collisions only cost time */

static struct {
	_Alignas(4096)
	    Bucket bucket[NBUCKET]; /* of the member: no other variable is in the last page, which is wiped whole */
	Word set; /* the kernel has been asked to wipe this in children; zero in a child, which asks again */
} table;
_Static_assert(sizeof table % 4096 == 0, "whole pages are wiped");

static Bucket *
bucketof(const void *key)
{
	uint64_t h = (uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15u;

	return &table.bucket[h >> 54];
}

static void
tableinit(void)
{
	syswipeonfork(&table, sizeof table);
	atomic_store_explicit(&table.set, 1, memory_order_release);
}

static void
bucketlock(Bucket *b)
{
	if(unlikely(atomic_load_explicit(&table.set, memory_order_acquire) == 0))
		tableinit();
	lock(&b->lock);
}

Bucket *
qlock(const void *key)
{
	Bucket *b = bucketof(key);

	bucketlock(b);
	return b;
}

void
qunlock(Bucket *b)
{
	unlock(&b->lock);
}

void
qlock2(const void *k1, const void *k2, Bucket **b1, Bucket **b2)
{
	Bucket *a = bucketof(k1), *b = bucketof(k2);

	*b1 = a;
	*b2 = b;
	if(a > b) {
		bucketlock(b);
		bucketlock(a);
	} else {
		bucketlock(a);
		if(a != b)
			bucketlock(b);
	}
}

void
qunlock2(Bucket *b1, Bucket *b2)
{
	qunlock(b1);
	if(b1 != b2)
		qunlock(b2);
}

Bucket *
qlockof(Proc *p)
{
	uintptr_t key;
	Bucket *b;

	for(;;) {
		key = atomic_load_explicit(&p->key, memory_order_acquire);
		if(key == 0)
			return nil;
		b = qlock((void *)key);
		/* A mover changes the key under both locks: what it is now, it stays. */
		if(atomic_load_explicit(&p->key, memory_order_relaxed) == key)
			return b;
		qunlock(b);
	}
}

/* The link that points to key's head, or to nil at the list's end. */
static Proc **
find(Bucket *b, const void *key)
{
	Proc **l;

	for(l = &b->queues; *l != nil; l = &(*l)->nextkey)
		if(atomic_load_explicit(&(*l)->key, memory_order_relaxed) == (uintptr_t)key)
			break;
	return l;
}

static int
precedes(const Proc *p, const Proc *q, int front)
{
	return front ? rankof(p) >= rankof(q) : rankof(p) > rankof(q);
}

/* Looks at the tail first: where no ranks differ that is enough.  Else it walks over those that p stands behind. */
static void
put(Bucket *b, Proc *p, const void *key, int front)
{
	Proc **l = find(b, key), *h = *l, *q = h;

	atomic_store_explicit(&p->key, (uintptr_t)key, memory_order_release);
	if(h == nil) {
		p->next = p->prev = p;
		p->nextkey = nil;
		*l = p;
		return;
	}
	if(precedes(p, h->prev, front)) {
		while(!precedes(p, q, front))
			q = q->next;
		if(q == h) {
			p->nextkey = h->nextkey;
			*l = p;
		}
	}
	p->next = q;
	p->prev = q->prev;
	q->prev->next = p;
	q->prev = p;
}

void
qput(Bucket *b, Proc *p, const void *key, int front)
{
	atomic_store_explicit(&p->berth, 0, memory_order_relaxed);
	put(b, p, key, front);
}

/* The one before has the last place that was given, if it stood at the end when it came; if not two may get the same. */
void
qtogether(Proc *p, int apart)
{
	uint32_t berth = p->prev == p ? 0 : atomic_load_explicit(&p->prev->berth, memory_order_relaxed);

	if(berth == 0 || (apart && berth % BERTHS == BERTHS - 1))
		berth = p->num * BERTHS;
	else if(apart)
		berth++;
	atomic_store_explicit(&p->berth, berth, memory_order_relaxed);
}

Proc *
qfirst(Bucket *b, const void *key)
{
	return *find(b, key);
}

int
qalone(const Proc *head)
{
	return head->next == head;
}

static void
cut(Bucket *b, Proc *p)
{
	Proc **l = find(b, (void *)atomic_load_explicit(&p->key, memory_order_relaxed));

	if(*l == p) {
		if(qalone(p)) {
			*l = p->nextkey;
		} else {
			p->next->nextkey = p->nextkey;
			*l = p->next;
		}
	}
	p->prev->next = p->next;
	p->next->prev = p->prev;
}

void
qtake(Bucket *b, Proc *p)
{
	cut(b, p);
	/* Release: whoever sees it unlinked sees the links of the others whole. */
	atomic_store_explicit(&p->key, 0, memory_order_release);
}

/* The key goes from the one to the other: 0 would say that it was made ready. */
void
qmove(Bucket *from, Proc *p, Bucket *to, const void *key)
{
	cut(from, p);
	put(to, p, key, 0);
}
