/*
 * Process-shared mutexes (normal, recursive, errorcheck, adaptive), in glibc's own layout and by its protocol,
 * so that libc's functions and processes without us may use the same one at the same time.
 *
 * The word is 0 free, 1 held, 2 held and somebody may sleep.  Lock: 0 to 1 by compare-and-swap; else exchange in 2, and
 * if it was not free sleep while it is 2.  Unlock: exchange in 0, and if it was 2 wake one.
 *
 * Why no wakeup is lost.  A sleeper put in a 2 before it slept, and the kernel looks again whether it is there.
 * Whoever takes it away is either an unlock, which wakes one; or a locker whose exchange
 * found 0, and that one leaves a 2 again, so its unlock wakes the next.  A woken thread does not
 * know whether others sleep and locks with a 2 too.  A sleeper that gives up leaves
 * the 2: one wake too many, no more.
 *
 * The rest is bookkeeping by the holder alone: owner (0 before the word is free: libc's own lock insists on that),
 * how many use it (for pthread_mutex_destroy), depth.  The other words of a Mutex are not ours
 * here.  Unlock's last touch is the exchange; the wake uses only the address.
 *
 * Model: tests/model/lock.pml, of the same protocol.
 */
#define _GNU_SOURCE
#include "foreign.h"

#include "../compat/stop.h"

enum { FREE, HELD, SLEPTON, SPIN = 100 };

static inline int
take(Mutex *m)
{
	uint32_t free = FREE;

	return atomic_compare_exchange_strong_explicit(
	    &m->word, &free, HELD, memory_order_acquire, memory_order_relaxed);
}

/* How many use it stands where a private mutex counts its locks.  Only the holder writes. */
static inline void
count(Mutex *m, uint32_t more)
{
	atomic_store_explicit(
	    &m->acquired, atomic_load_explicit(&m->acquired, memory_order_relaxed) + more, memory_order_relaxed);
}

static inline int
mine(const Mutex *m)
{
	return atomic_load_explicit(&m->owner, memory_order_relaxed) == mytid();
}

static int
taken(Mutex *m)
{
	if((m->kind & Kind3) == Krecursive)
		m->depth = 1;
	atomic_store_explicit(&m->owner, mytid(), memory_order_relaxed);
	count(m, 1);
	return 0;
}

static int
sleepon(Mutex *m, const Deadline *d)
{
	int i, r;

	if((m->kind & Kind3) == Kadaptive)
		for(i = 0; i < SPIN; i++) {
			relax();
			if(atomic_load_explicit(&m->word, memory_order_relaxed) == FREE && take(m))
				return 0;
		}
	while(atomic_exchange_explicit(&m->word, SLEPTON, memory_order_acquire) != FREE) {
		stop("sharedlock.sleep");
		r = futexwait(&m->word, SLEPTON, d, 1);
		stop("sharedlock.woken");
		if(r == ETIMEDOUT)
			return ETIMEDOUT;
	}
	return 0;
}

static int
lockslow(Mutex *m, const Deadline *d, uintptr_t pc)
{
	Away a;
	int r;

	awaybegin(&a, m, Kmutex, Olock, pc);
	pthread_cleanup_push(awaycancelled, &a);
	awayasleep(&a);
	stop("sharedlock");
	r = sleepon(m, d);
	stop("sharedlock.back");
	awaywoken(&a);
	pthread_cleanup_pop(0);
	if(r == 0)
		taken(m);
	awayend(&a, awayhow(r));
	return r;
}

static int
relock(Mutex *m)
{
	if((m->kind & Kind3) == Kerrorcheck)
		return EDEADLK;
	if(m->depth + 1 == 0)
		return EAGAIN;
	m->depth++;
	return 0;
}

int
sharedlock(Mutex *m, clockid_t clock, const struct timespec *at, uintptr_t pc)
{
	int kind = m->kind & Kind3;
	Deadline d;

	if((kind == Krecursive || kind == Kerrorcheck) && mine(m))
		return relock(m);
	if(likely(take(m)))
		return taken(m);
	if(at == nil)
		return lockslow(m, nil, pc);
	if(!nsecok(at) && at->tv_sec >= 0)
		return EINVAL;
	d.at = *at;
	d.clock = clock;
	return lockslow(m, &d, pc);
}

int
sharedtrylock(Mutex *m)
{
	if((m->kind & Kind3) == Krecursive && mine(m))
		return relock(m);
	return take(m) ? taken(m) : EBUSY;
}

int
sharedmay(const Mutex *m)
{
	int kind = m->kind & Kind3;

	return kind == Krecursive    ? mine(m)
	       : kind == Kerrorcheck ? mine(m) && atomic_load_explicit(&m->word, memory_order_relaxed) != FREE
				     : 1;
}

int
sharedunlock(Mutex *m)
{
	if(!sharedmay(m))
		return EPERM;
	if((m->kind & Kind3) == Krecursive && --m->depth != 0)
		return 0;
	atomic_store_explicit(&m->owner, 0, memory_order_relaxed);
	count(m, -1u);
	stop("sharedunlock");
	if(atomic_exchange_explicit(&m->word, FREE, memory_order_release) > HELD) {
		stop("sharedunlock.freed");
		futexwake(&m->word, 1, 1);
	}
	return 0;
}
