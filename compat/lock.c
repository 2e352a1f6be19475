/*
 * The bucket lock: a bounded spin, then sleep on the word.
 *
 * Word states: 0 free; 1 held, nobody sleeps; 2 held, somebody may sleep.
 *
 * A holder can lose the processor for a whole slice or more (a thread of
 * higher priority, a debugger), so nobody spins or yields without end for it:
 * a spinner of a real-time policy would keep the holder from ever running.
 *
 * No wake is lost: a sleeper has stored 2 with an exchange that also tells it
 * whether it took the lock, and sleeps only while the word still is 2; unlock
 * exchanges 0 and wakes one if it finds 2.  A woken thread takes the lock with
 * 2, since others may sleep still: one wake too many at the end of a crowd.
 */
#include "lock.h"

enum { SPIN = 100 }; /* some 3 us: several times the longest section held, measured on 2 cores */

int
canlock(Lock *l)
{
	uint32_t free = 0;

	return atomic_compare_exchange_strong_explicit(&l->word, &free, 1, memory_order_acquire, memory_order_relaxed);
}

void
lock(Lock *l)
{
	int i;

	if(likely(canlock(l)))
		return;
	for(i = 0; i < SPIN; i++) {
		relax();
		if(atomic_load_explicit(&l->word, memory_order_relaxed) == 0 && canlock(l))
			return;
	}
	while(atomic_exchange_explicit(&l->word, 2, memory_order_acquire) != 0)
		futexwait(&l->word, 2, nil, 0);
}

void
unlock(Lock *l)
{
	if(atomic_exchange_explicit(&l->word, 0, memory_order_release) == 2)
		futexwake(&l->word, 1, 0);
}
