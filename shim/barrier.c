/*
 * Barriers: who comes before the last sleeps by the barrier's address, and the last wakes them all.
 *
 * The count of those who have come is changed with the bucket locked.  One who jumps out of its wait takes itself off and
 * counts itself back.  The last one starts the next round before it unlocks the bucket, so a thread that runs ahead into that
 * round queues behind nobody of this one.  Those who slept do not look at the barrier again: whoever
 * returns first may destroy and free it.
 *
 * Model: tests/model/barrier.pml.
 */
#define _GNU_SOURCE
#include "check.h"
#include "export.h"
#include "foreign.h"
#include "posix.h"
#include "real.h"
#include "shim.h"

#include "../compat/hover.h"
#include "../compat/stop.h"
#include "../compat/waitq.h"

#include <errno.h>
#include <limits.h>

typedef struct Barrier {
	uint32_t arrived; /* in this round; guarded by the bucket */
	uint32_t pad;
	uint32_t count;
	int32_t shared;
} Barrier;

_Static_assert(sizeof(Barrier) <= sizeof(pthread_barrier_t), "a barrier fits");
/* Where glibc keeps these two, whose initialiser we call. */
_Static_assert(offsetof(Barrier, count) == 8 && offsetof(Barrier, shared) == 12, "layout");

static const void *
barrierkey(const Barrier *b)
{
	return (const char *)b + Keybarrier;
}

static void
abandoned(Proc *p)
{
	Bucket *q;
	Sigs s;

	if(p->waiting != Wlinked)
		return;
	sigsoff(&s);
	q = qlockof(p);
	if(q != nil) {
		((Barrier *)p->object)->arrived--;
		qtake(q, p);
		p->waiting = Wnone;
		qunlock(q);
	}
	sigsback(&s);
	if(q == nil)
		block(p, nil, 0, nil, nil);
}

static void
asleep(void *w)
{
	waitpark(w);
}

static void
await(Proc *p, Barrier *b, uintptr_t pc)
{
	Wait w;

	w.on = 0;
	if(probeon) {
		w.object = b;
		w.idword = nil; /* its memory may be gone by now */
		w.kind = Kbarrier;
		w.op = Owait;
		w.counted = 0;
		w.pc = pc;
		waitbegin(&w, 0, 0);
	}
	hover(b, &p->event, Ready, nil);
	block(p, nil, 0, probeon ? asleep : nil, &w);
	if(probeon)
		waitend(&w, Eacquired, p->waker, waitparked(&w));
}

EXPORT(pthread_barrier_wait);
int
rz_pthread_barrier_wait(pthread_barrier_t *pb)
{
	Barrier *b = (Barrier *)pb;
	const void *key = barrierkey(b);
	Proc *p, *first = nil, **tail = &first;
	uint32_t waker;
	Bucket *q;
	Sigs s;

	if(unlikely(b->shared))
		return foreignbarrier(pb, CALLER);
	p = procenter();
	p->object = b;
	p->abandon = abandoned;
	stop("barrier");
	sigsoff(&s);
	q = qlock(key);
	if(++b->arrived < b->count) {
		p->waiting = Wlinked;
		qput(q, p, key, 0);
		qtogether(p, 0);
		qunlock(q);
		sigsback(&s);
		stop("barrier.linked");
		await(p, b, CALLER);
		stop("barrier.back");
		procleave(p);
		return 0;
	}
	b->arrived = 0;
	procleave(p);
	while((p = qfirst(q, key)) != nil) {
		qtake(q, p);
		*tail = p;
		tail = &p->nextkey;
	}
	*tail = nil;
	qunlock(q);
	stop("barrier.chosen");
	waker = probeon && first != nil ? wakerstack(0) : 0;
	for(p = first; p != nil; p = p->nextkey)
		p->waker = waker;
	readyall(first);
	sigsback(&s);
	return PTHREAD_BARRIER_SERIAL_THREAD;
}

EXPORT(pthread_barrier_init);
int
rz_pthread_barrier_init(pthread_barrier_t *pb, const pthread_barrierattr_t *attr, unsigned count)
{
	if(probeon)
		objectgone(pb);
	return real.pthread_barrier_init(pb, attr, count);
}

/* Where libc's waits for those who still look at it, here nobody does. */
EXPORT(pthread_barrier_destroy);
int
rz_pthread_barrier_destroy(pthread_barrier_t *pb)
{
	if(checking && !((Barrier *)pb)->shared)
		checkgone(pb, Kbarrier, 0, ((Barrier *)pb)->arrived != 0);
	if(probeon)
		objectgone(pb);
	return ((Barrier *)pb)->shared ? real.pthread_barrier_destroy(pb) : 0;
}
