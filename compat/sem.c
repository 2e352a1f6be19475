/*
 * semacquire, tsemacquire, semrelease: Plan 9's semaphores on a word in any memory.
 *
 * The queue is the kernel's, keyed by what the page is and not where it is
 * mapped, so processes may share a semaphore at different addresses.  The value
 * is all that is kept, since the program may read it: nothing says whether anybody waits, and
 * a release of n always wakes up to n.
 *
 * The value lies in 64 bits and the kernel compares 32; kept within 0 to INT_MAX it is
 * all in the low half, which is what a waiter sleeps on while it is zero.
 *
 *	acquirer			releaser
 *	value > 0: take it by CAS	add to the value
 *	else sleep while it is 0	wake
 *
 * The kernel tests the word under the lock of its queue, which the wake takes too: a
 * release either is seen by the test or finds the sleeper.  The pass-on law:
 * who was woken (or cannot tell) and leaves without taking wakes another if there is
 * something to take.  (tests/model/sem.pml, NOPASSON.)
 */
#include "hook.h"
#include "p9sem.h"
#include "linux.h"

#include <errno.h>
#include <limits.h>

static int
fail(int e)
{
	errno = e;
	return -1;
}

static int
bad(const long *addr)
{
	return addr == nil || (uintptr_t)addr % sizeof *addr != 0;
}

/* 1 taken, 0 none there, -1 the value is negative. */
static int
try(long *addr)
{
	long v = __atomic_load_n(addr, __ATOMIC_RELAXED);

	while(v > 0)
		if(__atomic_compare_exchange_n(addr, &v, v - 1, 1, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return 1;
	return v < 0 ? -1 : 0;
}

static int
acquire(long *addr, const Deadline *d, uintptr_t pc)
{
	const Hook *h = hooked();
	Hookend end = Hwoken;
	int r = 0, got;
	Hookwait w;

	if(h != nil) {
		h->begin(&w, Hsemacquire, addr, pc, 0);
		h->asleep(&w);
	}
	while((got = try(addr)) == 0) {
		r = futexwait(lowhalf(addr), 0, d, 1);
		if(r == ETIMEDOUT || r == EINTR)
			break;
	}
	if(got == 0) {
		end = r == EINTR ? Hinterrupted : Htimeout;
		/* A wake may have been ours although the deadline or a handler ended the sleep. */
		if(__atomic_load_n(addr, __ATOMIC_RELAXED) > 0)
			futexwake(addr, 1, 1);
	}
	if(h != nil)
		h->end(&w, end, 0);
	if(got > 0)
		return 1;
	if(got < 0)
		return fail(EINVAL);
	return r == EINTR ? fail(EINTR) : 0;
}

int
p9semacquire(long *addr, int block)
{
	int got;

	if(bad(addr))
		return fail(EFAULT);
	got = try(addr);
	if(got < 0)
		return fail(EINVAL);
	if(got > 0 || !block)
		return got;
	return acquire(addr, nil, (uintptr_t)__builtin_return_address(0));
}

int
p9tsemacquire(long *addr, unsigned long ms)
{
	Deadline d;
	int got;

	if(bad(addr))
		return fail(EFAULT);
	got = try(addr);
	if(got < 0)
		return fail(EINVAL);
	if(got > 0 || ms == 0)
		return got;
	if(ms > INT_MAX)
		ms = INT_MAX;
	d = deadlinein((uint64_t)ms * 1000000u);
	return acquire(addr, &d, (uintptr_t)__builtin_return_address(0));
}

long
p9semrelease(long *addr, long count)
{
	long v;

	if(bad(addr))
		return fail(EFAULT);
	v = __atomic_load_n(addr, __ATOMIC_RELAXED);
	do
		if(count < 0 || v < 0 || count > INT_MAX || v > INT_MAX - count)
			return fail(EINVAL);
	while(count > 0 && !__atomic_compare_exchange_n(addr, &v, v + count, 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	if(count > 0)
		futexwake(lowhalf(addr), (int)count, 1);
	return v + count;
}
