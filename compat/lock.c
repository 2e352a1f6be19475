/*
 * The lock of a bucket, and what else is held shortly: a bounded spin, then sleep on the word.
 *
 * Word states: 0 free; 1 held, nobody sleeps; 2 held, somebody may sleep; with a
 * tag above.  A word with another tag is free.
 *
 * A holder can lose the processor for a whole slice or more (a thread of
 * higher priority, a debugger), so nobody spins or yields without end for it:
 * a spinner of a real-time policy would keep the holder from ever running.
 *
 * No wake is lost: a sleeper has stored 2 with an exchange that also tells it
 * whether it took the lock, and sleeps only while the word still is 2; unlock
 * exchanges 0 and wakes one if it finds 2.  A woken thread takes the lock with
 * 2, since others may sleep still: one wake too many at the end of a crowd.
 *
 * (Model: tests/model/lock.pml.)
 */
#include "lock.h"

enum { SPIN = 100 }; /* some 3 us: several times the longest section held, measured on 2 cores */

int
canlock(Lock *l)
{
	uint32_t free = 0;

	return atomic_compare_exchange_strong_explicit(&l->word, &free, 1, memory_order_acquire, memory_order_relaxed);
}

static int
held(uint32_t word, uint32_t tag)
{
	return word == (tag | 1) || word == (tag | 2);
}

uint32_t
lockword(Word *w, uint32_t tag, int shared, void (*asleep)(void *), void *arg)
{
	uint32_t old = atomic_load_explicit(w, memory_order_relaxed);
	int i;

	for(i = 0; i <= SPIN; i++) {
		if(!held(old, tag) && atomic_compare_exchange_strong_explicit(
					  w, &old, tag | 1, memory_order_acquire, memory_order_relaxed))
			return old;
		relax();
		old = atomic_load_explicit(w, memory_order_relaxed);
	}
	while(held(old = atomic_exchange_explicit(w, tag | 2, memory_order_acquire), tag)) {
		if(asleep != nil) {
			asleep(arg);
			asleep = nil;
		}
		futexwait(w, tag | 2, nil, shared);
	}
	return old;
}

uint32_t
unlockword(Word *w, uint32_t tag, int shared)
{
	uint32_t old = atomic_exchange_explicit(w, tag, memory_order_release);

	if(unlikely(old == (tag | 2)))
		futexwake(w, 1, shared);
	return old;
}

void
lock(Lock *l)
{
	if(unlikely(!canlock(l)))
		lockword(&l->word, 0, 0, nil, nil);
}

void
unlock(Lock *l)
{
	unlockword(&l->word, 0, 0);
}
