/*
 * lock, canlock and unlock: the lock of lock.c with the futexes that processes share, and nothing of this process in it.
 *
 * Taking is one compare-and-swap, and a try is the same: there is no moment at which a try could see the
 * lock free while another is about to have it.  (A lock of a key and a semaphore has one: its canlock lets two in.)
 */
#include "hook.h"
#include "lock.h"
#include "p9lock.h"

static Word *
wordof(P9lock *l)
{
	return (Word *)&l->word;
}

static inline int
take(P9lock *l)
{
	uint32_t free = 0;

	return atomic_compare_exchange_strong_explicit(wordof(l), &free, 1, memory_order_acquire, memory_order_relaxed);
}

static __attribute__((noinline)) void
lockslow(P9lock *l, uintptr_t pc)
{
	const Hook *h = hooked();
	Hookwait w;

	if(h == nil) {
		lockword(wordof(l), 0, 1, nil, nil);
		return;
	}
	h->begin(&w, Hlock, l, pc, 0);
	lockword(wordof(l), 0, 1, h->asleep, &w);
	h->end(&w, Hwoken, 0);
}

void
p9lock(P9lock *l)
{
	if(unlikely(!take(l)))
		lockslow(l, (uintptr_t)__builtin_return_address(0));
}

int
p9canlock(P9lock *l)
{
	return take(l);
}

void
p9unlock(P9lock *l)
{
	if(unlikely(unlockword(wordof(l), 0, 1) == 0))
		panic("unlock of a Lock that nobody holds", nil);
}
