/*
 * semacquire, tsemacquire, semrelease: Plan 9's semaphores on a word in any memory.
 *
 * The queue is the kernel's, keyed by what the page is and not where it is
 * mapped, so processes may share a semaphore at different addresses.  The value
 * is all that is kept, since the program may read it: nothing says whether anybody waits, and
 * a release of n always wakes up to n.
 *
 * The value lies in 64 bits and the kernel compares 32; kept within 0 to INT_MAX it is
 * all in the low half, which is what a waiter sleeps on while it is zero.  Woken are those that sleep, real-time threads first, by priority, then in the order in
 * which they began to; who finds the value taken by another that was running sleeps anew, as the last.
 *
 *	acquirer			releaser
 *	value > 0: take it by CAS	add to the value
 *	else sleep while it is 0	wake
 *
 * The kernel tests the word under the lock of its queue, which the wake takes too: a
 * release either is seen by the test or finds the sleeper.  The pass-on law:
 * who was woken (or cannot tell) and leaves without taking wakes another if there is
 * something to take; so too who leaves by a jump or with the end of its thread.  (tests/model/semacquire.pml, NOPASSON.)
 *
 * A note must not touch the value, so a thread that others know, and that so may get one, sleeps on two words at once: the
 * value and its event word, where a note sets Note (self.h).  A wake for either ends the sleep, and which of them did
 * is not looked at: the value is tried first, then the note counts.  So a semaphore that can be taken is, and whoever
 * was interrupted and had a wake as well passes it on.
 *
 * The call for two words is younger than some kernels and refused by some sandboxes.  There such a thread sleeps
 * on the value alone, in slices, and looks between them: a note may take SLICE to be noticed.
 */
#include "hook.h"
#include "hover.h"
#include "p9sem.h"
#include "self.h"
#include "stop.h"

#include <errno.h>
#include <limits.h>

enum { SLICE = 10000000 }; /* ns */

static Word notwo; /* this system has no call for two words */

static int
fail(int e)
{
	selferr(e == EINTR ? "interrupted" : "bad arg in system call");
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

/* A wake may have been ours although we leave without. */
static void
passon(long *addr)
{
	if(__atomic_load_n(addr, __ATOMIC_RELAXED) > 0)
		futexwake(lowhalf(addr), 1, 1);
}

static void
abandoned(Proc *p)
{
	Self *s = selfknown();

	passon(p->object);
	if(s != nil)
		selfwaited(s, p);
}

/* Sleeps on the value while that is 0, a slice at most: ETIMEDOUT is the deadline's. */
static int
slice(long *addr, const Deadline *d)
{
	Deadline end = deadlinein(SLICE);
	int r, last = d != nil && !deadlinebefore(&end, d);

	r = futexwait(lowhalf(addr), 0, last ? d : &end, 1);
	return r == ETIMEDOUT && !last ? 0 : r;
}

/* Sleeps while the value is 0 and no note has come to p, whose Self is known; or returns for no reason. */
static int
sleepnoted(long *addr, Proc *p, const Deadline *d)
{
	uint32_t e = atomic_load_explicit(&p->event, memory_order_acquire);
	int r;

	if(atomic_load_explicit(&notwo, memory_order_relaxed) != 0)
		return slice(addr, d);
	/* That which sets Note finds Asleep, or is found here or by the kernel: as in eventwait. */
	if(e & Note) {
		atomic_fetch_and_explicit(&p->event, ~(uint32_t)(Note | Asleep), memory_order_acquire);
		return 0;
	}
	if(!(e & Asleep) && !atomic_compare_exchange_strong_explicit(
				&p->event, &e, e | Asleep, memory_order_acquire, memory_order_relaxed))
		return 0;
	stop("semacquire.asleep");
	r = futexwait2(lowhalf(addr), 0, &p->event, e | Asleep, d);
	if(r == ENOSYS || r == EPERM) {
		atomic_store_explicit(&notwo, 1, memory_order_relaxed);
		r = 0;
	}
	return r;
}

static int
acquire(long *addr, const Deadline *d, uintptr_t pc)
{
	const Hook *h = hooked();
	int r = 0, got, noted = 0, slept = 0;
	Self *s = selfknown();
	Hookend end = Hwoken;
	Proc *p;
	Hookwait w;

	p = procenter();
	p->object = addr;
	p->abandon = abandoned;
	if(h != nil)
		h->begin(&w, Hsemacquire, addr, pc, 0);
	if(s != nil)
		selfwaits(s, p, &p->event, 0);
	hover(addr, lowhalf(addr), INT_MAX, d);
	while((got = try(addr)) == 0) {
		if(s != nil && selfpending(s) != 0)
			break;
		if(h != nil && !slept)
			h->asleep(&w);
		slept = 1;
		r = s != nil ? sleepnoted(addr, p, d) : futexwait(lowhalf(addr), 0, d, 1);
		if(r == ETIMEDOUT || r == EINTR)
			break;
	}
	if(got == 0) {
		/* It may be the handler that posted. */
		noted = s != nil && selfpending(s) != 0;
		end = noted || r == EINTR ? Hinterrupted : Htimeout;
		passon(addr);
	}
	if(s != nil) {
		selfwaited(s, p);
		atomic_fetch_and_explicit(&p->event, ~(uint32_t)(Note | Asleep), memory_order_relaxed);
	}
	procleave(p);
	if(h != nil)
		h->end(&w, end, 0);
	if(got > 0)
		return 1;
	if(got < 0)
		return fail(EINVAL);
	if(noted)
		selftake(s);
	return end == Hinterrupted ? fail(EINTR) : 0;
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
		wokeawake = futexwake(lowhalf(addr), (int)count, 1) == 0;
	return v + count;
}
