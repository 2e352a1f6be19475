/*
 * Robust mutexes (normal, recursive, errorcheck, adaptive; private or process-shared), in glibc's own layout and by its
 * protocol and the kernel's, so that libc's functions and processes without us may use the same one at the same time.
 *
 * The word is the holder's tid, or 0, with
 *	FUTEX_WAITERS		somebody may sleep
 *	FUTEX_OWNER_DIED	and no tid: the kernel says that the holder ended; who takes it then is told (EOWNERDEAD)
 *
 * The list that the kernel walks when a thread ends, and its pending entry: compat/robust.h.  The pending one stands from
 * before the word changes until after the list is right.  A mutex that the dead may have freed without yet
 * waking anybody, or been woken for without yet taking it, wakes one sleeper.
 *
 * Why no wakeup is lost.  A sleeper saw FUTEX_WAITERS in the word, or put it there, before it slept, and the kernel looks
 * again.  Whoever takes that bit out is an unlock, which wakes one, or the kernel's marking, which keeps
 * the bit and wakes one.  Who has slept takes the mutex with the bit set, for there may be
 * others.  A mutex given up inconsistent is never to be had again: each who takes it
 * from then on frees it at once and, if the bit was there, wakes the next.  (libc 2.36 forgets that wake: its
 * third waiter and all after it sleep for ever.)
 *
 * What the protocol does not bear: one that is to wake another, or was woken and has not taken the mutex, is killed, and a third
 * has taken it in between.  The kernel wakes nobody then, and who has it does not know that others sleep; libc's do until
 * somebody else has to wait.  So who sleeps for one that processes share, whose threads die one without the other, looks now and then.
 *
 * owner is the holder's tid; UNCLEAN while the holder has not yet called pthread_mutex_consistent (libc's) after
 * another died; DEAD when it never did.
 *
 * Model: tests/model/robust.pml.
 */
#define _GNU_SOURCE
#include "foreign.h"

#include "../compat/stop.h"

#include <limits.h>

enum { UNCLEAN = INT_MAX, DEAD = INT_MAX - 1 };
enum { LOOKNS = 10000000, LOOKMAXNS = 1000000000 }; /* after the first sleep; it doubles up to the second */

_Static_assert(offsetof(pthread_mutex_t, __data.__lock) + 32 == offsetof(pthread_mutex_t, __data.__list.__next) &&
		   ROBUSTWORD == -32,
    "where the kernel finds the word");

static Robustnode *
node(Mutex *m)
{
	return (Robustnode *)&((pthread_mutex_t *)m)->__data.__list;
}

static void *
linkof(Mutex *m)
{
	return &node(m)->next;
}

/* Frees the word, which is ours; its last touch. */
static void
let(Mutex *m)
{
	if(atomic_exchange_explicit(&m->word, 0, memory_order_release) & FUTEX_WAITERS) {
		stop("robustlet.freed");
		futexwake(&m->word, 1, 1);
	}
}

static inline void
count(Mutex *m, uint32_t more)
{
	atomic_store_explicit(
	    &m->acquired, atomic_load_explicit(&m->acquired, memory_order_relaxed) + more, memory_order_relaxed);
}

/*
 * The word is ours, and m is pending.  Taken from one who died it counts for that one,
 * who never counted itself out.
 */
static int
taken(Robustlist *h, Mutex *m, uint32_t from)
{
	if(!(from & FUTEX_OWNER_DIED) && atomic_load_explicit(&m->owner, memory_order_relaxed) == DEAD) {
		m->depth = 0;
		let(m);
		return ENOTRECOVERABLE;
	}
	m->depth = 1;
	robustenlist(h, node(m));
	if(from & FUTEX_OWNER_DIED) {
		atomic_store_explicit(&m->owner, UNCLEAN, memory_order_relaxed);
		return EOWNERDEAD;
	}
	atomic_store_explicit(&m->owner, mytid(), memory_order_relaxed);
	count(m, 1);
	return 0;
}

/* Takes the word if nobody living has it: 1, and *word is what it was; 0, and *word is what it is. */
static int
take(Mutex *m, uint32_t *word, uint32_t slept)
{
	while(*word == 0 || (*word & FUTEX_OWNER_DIED))
		if(atomic_compare_exchange_weak_explicit(&m->word, word,
		       (uint32_t)mytid() | (*word & FUTEX_WAITERS) | slept, memory_order_acquire, memory_order_relaxed))
			return 1;
	return 0;
}

/* Until when the next sleep is: d, or the look that comes before. */
static const Deadline *
sleepuntil(const Mutex *m, const Deadline *d, uint64_t *patience, Deadline *look)
{
	if(!(m->kind & Kshared))
		return d;
	*look = deadlinein(*patience);
	if(d != nil && !deadlinebefore(look, d))
		return d;
	*patience = *patience < LOOKMAXNS / 2 ? *patience * 2 : LOOKMAXNS;
	return look;
}

/* Sleeps until the word is ours: 0, and *word is what it was. */
static int
sleepon(Mutex *m, uint32_t *word, const Deadline *d)
{
	uint64_t patience = LOOKNS;
	uint32_t slept = 0;
	const Deadline *until;
	Deadline look;
	int r;

	while(!take(m, word, slept)) {
		if(!(*word & FUTEX_WAITERS) && !atomic_compare_exchange_weak_explicit(&m->word, word,
						   *word | FUTEX_WAITERS, memory_order_relaxed, memory_order_relaxed))
			continue;
		slept = FUTEX_WAITERS;
		stop("robustlock.sleep");
		until = sleepuntil(m, d, &patience, &look);
		r = futexwait(&m->word, *word | FUTEX_WAITERS, until, 1);
		stop("robustlock.woken");
		if(r == ETIMEDOUT && until == d)
			return ETIMEDOUT;
		*word = atomic_load_explicit(&m->word, memory_order_relaxed);
	}
	return 0;
}

static int
lockslow(Robustlist *h, Mutex *m, uint32_t word, const Deadline *d, uintptr_t pc)
{
	Away a;
	int r;

	awaybegin(&a, m, Kmutex, Olock, pc);
	pthread_cleanup_push(awaycancelled, &a);
	awayasleep(&a);
	stop("robustlock");
	r = sleepon(m, &word, d);
	stop("robustlock.back");
	awaywoken(&a);
	pthread_cleanup_pop(0);
	if(r == 0)
		r = taken(h, m, word);
	awayend(&a, awayhow(r));
	return r;
}

/* What who has it gets for locking it again; EBUSY: it waits, if it must for ever. */
static int
relock(Mutex *m)
{
	switch(m->kind & Kind3) {
	case Kerrorcheck:
		return EDEADLK;
	case Krecursive:
		if(m->depth + 1 == 0)
			return EAGAIN;
		m->depth++;
		return 0;
	}
	return EBUSY;
}

int
robustlock(Robustlist *h, Mutex *m, clockid_t clock, const struct timespec *at, uintptr_t pc)
{
	uint32_t word;
	Deadline d;
	int r;

	if(wordmine(m) && (r = relock(m)) != EBUSY)
		return r;
	robustpending(h, linkof(m));
	word = atomic_load_explicit(&m->word, memory_order_relaxed);
	if(likely(take(m, &word, 0))) {
		r = taken(h, m, word);
	} else if(at == nil) {
		r = lockslow(h, m, word, nil, pc);
	} else if(!nsecok(at)) {
		r = EINVAL;
	} else {
		d.at = *at;
		d.clock = clock;
		r = lockslow(h, m, word, &d, pc);
	}
	robustpending(h, nil);
	return r;
}

int
robusttrylock(Robustlist *h, Mutex *m)
{
	uint32_t word;
	int r;

	if(wordmine(m))
		return relock(m);
	robustpending(h, linkof(m));
	word = atomic_load_explicit(&m->word, memory_order_relaxed);
	r = take(m, &word, 0) ? taken(h, m, word) : EBUSY;
	robustpending(h, nil);
	return r;
}

int
robustunlock(Robustlist *h, Mutex *m)
{
	int owner = atomic_load_explicit(&m->owner, memory_order_relaxed);

	if((m->kind & Kind3) == Krecursive) {
		if(owner != mytid() && !(owner == UNCLEAN && wordmine(m)))
			return EPERM;
		if(--m->depth != 0)
			return owner == UNCLEAN ? ENOTRECOVERABLE : 0;
	} else if(!wordmine(m)) {
		return EPERM;
	}
	robustpending(h, linkof(m));
	stop("robustunlock");
	robustdelist(node(m));
	stop("robustunlock.delisted");
	atomic_store_explicit(&m->owner, owner == UNCLEAN ? DEAD : 0, memory_order_relaxed);
	count(m, -1u);
	let(m);
	stop("robustunlock.let");
	robustpending(h, nil);
	return 0;
}
