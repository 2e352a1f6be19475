/* Queues of Procs in objects of the program; see procq.h. */
#include "procq.h"

#include "hook.h"
#include "lock.h"

static uint32_t
tag(void)
{
	return procgeneration() << 2;
}

void
procqlock(P9queue *q)
{
	uint32_t mine = tag();

	if(unlikely((lockword((Word *)&q->lock, mine, 0, nil, nil) & ~3u) != mine)) {
		q->first = nil;
		atomic_fetch_and_explicit(procqword(q), ~(uint32_t)Queued, memory_order_relaxed);
	}
}

void
procqunlock(P9queue *q)
{
	unlockword((Word *)&q->lock, tag(), 0);
}

void
ringput(void **ring, Proc *p, const void *key)
{
	Proc *first = *ring;

	if(first == nil) {
		p->next = p->prev = p;
		*ring = p;
	} else {
		p->next = first;
		p->prev = first->prev;
		first->prev->next = p;
		first->prev = p;
	}
	atomic_store_explicit(&p->key, (uintptr_t)key, memory_order_release);
}

void
ringfront(void **ring, Proc *p, const void *key)
{
	ringput(ring, p, key);
	*ring = p;
}

void
ringtake(void **ring, Proc *p)
{
	if(p->next == p) {
		*ring = nil;
	} else {
		p->prev->next = p->next;
		p->next->prev = p->prev;
		if(*ring == p)
			*ring = p->next;
	}
	atomic_store_explicit(&p->key, 0, memory_order_release);
}

void
procqtake(P9queue *q, Proc *p)
{
	ringtake(&q->first, p);
	if(q->first == nil)
		atomic_fetch_and_explicit(procqword(q), ~(uint32_t)Queued, memory_order_relaxed);
}

void
procqready(Proc *list, uintptr_t pc)
{
	uint32_t waker = 0;
	const Hook *h;
	Proc *p;

	if(list == nil)
		return;
	h = hooked();
	if(h != nil)
		waker = h->waker(pc);
	while((p = list) != nil) {
		list = p->next;
		p->waker = waker;
		ready(p);
	}
}
