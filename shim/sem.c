/*
 * sem_*: POSIX semaphores in glibc's own layout, so that a process that runs
 * without us can share one.  The queue is the kernel's, keyed by the value's
 * address: a post is one atomic and perhaps one wake, and safe in a handler.
 *
 * The two words change together: value, and the number of threads that wait or
 * are about to.  A waiter announces itself, then tests the value and sleeps
 * while it is zero; a post adds one and, if anybody is announced, wakes one.
 * As both are one 64-bit word, a post either sees the announcement or is seen by the test.
 *
 * Who is still awake (compat/hover.h) is counted apart, at the top of the number of waiters, and when it goes to sleep moves
 * from one count to the other in one atomic: nobody is woken for its sake, but whoever posts knows that somebody waits, and says for the
 * record who it is.  A process without us wakes for it, which is for nothing.
 *
 * The pass-on law: who leaves without taking (deadline, handler, cancellation)
 * may have been given the wake of a post.  If it leaves a positive value and other
 * waiters behind, it wakes one.  (Without it: tests/model/sem.pml, NOPASSON.)  So too who leaves by a long jump or
 * with the end of its thread.
 *
 * The last touch of a post is its atomic; the wake uses only the address.
 */
#define _GNU_SOURCE
#include "shim.h"
#include "check.h"
#include "cleanup.h"
#include "export.h"
#include "posix.h"
#include "real.h"

#include "../compat/hover.h"
#include "../compat/stop.h"

#include <errno.h>
#include <limits.h>

typedef struct Sem {
	_Atomic(uint64_t) data; /* value in the low half, waiters in the high one */
	uint32_t shared;	/* FUTEX_PRIVATE_FLAG if shared, as glibc has it */
} Sem;

_Static_assert(sizeof(Sem) <= sizeof(sem_t), "a semaphore fits");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the value is the first half");

enum { SHARED = 128 };
#define VALUE(d) ((uint32_t)(d))
#define WAITER ((uint64_t)1 << 32)
#define HOVERER ((uint64_t)1 << 55) /* there are fewer threads in the world than so many waiters */
#define MOSTHOVER (~(uint64_t)0 / HOVERER)
#define WAITERS(d) ((uint32_t)((d) % HOVERER / WAITER))

/*
 * Who posted last, for the record: nobody is queued here whom the poster could tell.
 * Entries are found by address and overwritten; a waiter believes one that is
 * younger than its wait.  Two may write one at a time, and neither waits for the other, who may be
 * stopped: so the stack stands beside a sum of whose it is and when, and halves of two posts do not fit.
 */
typedef struct Poster {
	_Atomic(uint64_t) at;
	_Atomic(uint64_t) mark; /* the stack in the low half, the sum in the high one */
} Poster;

static Poster posters[256];

static Poster *
posterof(const Sem *s)
{
	return &posters[((uintptr_t)s * 0x9e3779b97f4a7c15u) >> 56];
}

static uint32_t
sum(const Sem *s, uint64_t at)
{
	return (uint32_t)((((uintptr_t)s ^ at) * 0x9e3779b97f4a7c15u) >> 32);
}

static void
posted(const Sem *s)
{
	Poster *p = posterof(s);
	uint32_t stack = wakerstack(0);
	uint64_t at = ticks();

	atomic_store_explicit(&p->at, at, memory_order_relaxed);
	stop("sem.posting");
	atomic_store_explicit(&p->mark, (uint64_t)sum(s, at) << 32 | stack, memory_order_relaxed);
}

static uint32_t
poster(const Sem *s, uint64_t since)
{
	Poster *p = posterof(s);
	uint64_t at = atomic_load_explicit(&p->at, memory_order_relaxed),
		 mark = atomic_load_explicit(&p->mark, memory_order_relaxed);

	return at >= since && mark >> 32 == sum(s, at) ? (uint32_t)mark : 0;
}

static int
try(Sem *s)
{
	uint64_t d = atomic_load_explicit(&s->data, memory_order_relaxed);

	while(VALUE(d) != 0)
		if(atomic_compare_exchange_weak_explicit(
		       &s->data, &d, d - 1, memory_order_acquire, memory_order_relaxed))
			return 1;
	return 0;
}

/* A wait that has announced itself. */
typedef struct Waiter {
	Sem *s;
	uint64_t as; /* WAITER or HOVERER */
	int type;    /* of cancellation, the program's, while it sleeps; else -1 */
	int changing; /* is about to take or to sleep, or does: as what it is announced still, if at all, cannot be told */
	Cleanup cleanup;
	Wait w;
} Waiter;

static void
leave(Waiter *v, End end)
{
	int shared = v->s->shared != 0;
	uint64_t d;

	stop("sem.leave");
	/* Announced for good is harmless, a post then makes one call more; the reverse would not be. */
	if(v->changing)
		d = atomic_load_explicit(&v->s->data, memory_order_acquire);
	else
		d = atomic_fetch_sub_explicit(&v->s->data, v->as, memory_order_acq_rel) - v->as;
	if(VALUE(d) != 0 && WAITERS(d) != 0)
		futexwake(v->s, 1, shared);
	if(probeon)
		waitend(&v->w, end, 0, waitparked(&v->w));
}

/* Or the wait is left by a jump: libc's type of cancellation for it must not stay. */
static void
cancelled(void *v)
{
	int type = ((Waiter *)v)->type, ignored;

	leave(v, Ecancelled);
	if(type >= 0)
		real.pthread_setcanceltype(type, &ignored);
}

/*
 * Sleeps once.  For the length of the system call the thread is cancellable at
 * any instruction, as in libc: the value is taken elsewhere, so nothing but
 * the announcement has to be undone, and the cleanup does that.
 */
static int
sleeponce(Waiter *v, const Deadline *d)
{
	int r, ignored;

	real.pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &v->type);
	stop("sem.sleep");
	r = futexwait((Word *)&v->s->data, 0, d, v->s->shared != 0);
	stop("sem.woken");
	real.pthread_setcanceltype(v->type, &ignored);
	v->type = -1;
	return r;
}

/* Takes one if there is any, and is announced no more; *now: the word. */
static int
taketoken(Waiter *v, uint64_t *now)
{
	while(VALUE(*now) != 0) {
		v->changing = 1;
		atomic_signal_fence(memory_order_seq_cst);
		if(atomic_compare_exchange_weak_explicit(
		       &v->s->data, now, *now - v->as - 1, memory_order_acquire, memory_order_relaxed))
			return 1;
		atomic_signal_fence(memory_order_seq_cst);
		v->changing = 0;
	}
	return 0;
}

/* Is about to sleep, and must be woken from now on; the word. */
static uint64_t
tobewoken(Waiter *v)
{
	uint64_t now;

	v->changing = 1;
	atomic_signal_fence(memory_order_seq_cst);
	now = atomic_fetch_add_explicit(&v->s->data, WAITER - v->as, memory_order_relaxed) + WAITER - v->as;
	v->as = WAITER;
	atomic_signal_fence(memory_order_seq_cst);
	v->changing = 0;
	return now;
}

/* As what; too many stay awake already, and one more would not be told from a waiter. */
static uint64_t
announce(Sem *s)
{
	uint64_t d = atomic_load_explicit(&s->data, memory_order_relaxed), as;

	do
		as = d / HOVERER < MOSTHOVER ? HOVERER : WAITER;
	while(!atomic_compare_exchange_weak_explicit(&s->data, &d, d + as, memory_order_relaxed, memory_order_relaxed));
	return as;
}

static int
waitslow(Sem *s, const Deadline *d, uintptr_t pc)
{
	Waiter v;
	uint64_t now;
	int r, slept = 0;

	v.s = s;
	v.type = -1;
	v.changing = 0;
	v.w.on = 0;
	if(probeon) {
		v.w.object = s;
		v.w.idword = nil;
		v.w.kind = Ksem;
		v.w.op = Owait;
		v.w.counted = 0;
		v.w.pc = pc;
		waitbegin(&v.w, 0, 0);
	}
	v.as = announce(s);
	_pthread_cleanup_push(&v.cleanup, cancelled, &v);
	stop("sem.announced");
	if(v.as == HOVERER)
		hover(s, (Word *)&s->data, ~0u, d);
	now = atomic_load_explicit(&s->data, memory_order_relaxed);
	for(;;) {
		if(taketoken(&v, &now)) {
			_pthread_cleanup_pop(&v.cleanup, 0);
			if(probeon)
				waitend(&v.w, Eacquired, v.w.on ? poster(s, v.w.begun) : 0, waitparked(&v.w));
			return 0;
		}
		if(v.as == HOVERER) {
			now = tobewoken(&v);
			continue;
		}
		if(probeon && !slept)
			waitpark(&v.w);
		slept = 1;
		r = sleeponce(&v, d);
		if(r == EINTR || r == ETIMEDOUT) {
			_pthread_cleanup_pop(&v.cleanup, 0);
			leave(&v, r == EINTR ? Einterrupted : Etimeout);
			errno = r;
			return -1;
		}
		now = atomic_load_explicit(&s->data, memory_order_relaxed);
	}
}

/* Out of line, as all that is not a fast path's: a call in there would make it a frame. */
static __attribute__((noinline)) int
waitcancel(Sem *s, uintptr_t pc)
{
	pthread_testcancel();
	if(try(s))
		return 0;
	return waitslow(s, nil, pc);
}

/*
 * A cancellation that is pending strikes before a value is taken.  While nobody was ever cancelled none is: who cancels
 * says so before it marks the thread, and a wait that does not see it yet is not after it.
 */
EXPORT(sem_wait);
int
rz_sem_wait(sem_t *p)
{
	if(likely(atomic_load_explicit(&anycancel, memory_order_relaxed) == 0 && try((Sem *)p)))
		return 0;
	return waitcancel((Sem *)p, CALLER);
}

EXPORT(sem_trywait);
int
rz_sem_trywait(sem_t *p)
{
	if(try((Sem *)p))
		return 0;
	errno = EAGAIN;
	return -1;
}

static int
clockwait(sem_t *p, clockid_t clock, const struct timespec *at, uintptr_t pc)
{
	Deadline d = {*at, clock};

	if(!nsecok(at)) {
		errno = EINVAL;
		return -1;
	}
	pthread_testcancel();
	if(try((Sem *)p))
		return 0;
	return waitslow((Sem *)p, &d, pc);
}

EXPORT(sem_timedwait);
int
rz_sem_timedwait(sem_t *p, const struct timespec *at)
{
	return clockwait(p, CLOCK_REALTIME, at, CALLER);
}

EXPORT(sem_clockwait);
int
rz_sem_clockwait(sem_t *p, clockid_t clock, const struct timespec *at)
{
	if(!knownclock(clock)) {
		errno = EINVAL;
		return -1;
	}
	return clockwait(p, clock, at, CALLER);
}

static __attribute__((noinline)) int
overflow(Sem *s)
{
	if(checking)
		checkfound(Moverflow, Ksem, s);
	errno = EOVERFLOW;
	return -1;
}

/* Somebody waits; asleep, unless it is awake.  s may be gone: its address is enough. */
static __attribute__((noinline)) int
wakeone(const Sem *s, int asleep, int shared)
{
	stop("sem.posted");
	if(probeon)
		posted(s);
	if(!asleep || futexwake(s, 1, shared) == 0)
		wokeawake = 1;
	return 0;
}

EXPORT(sem_post);
int
rz_sem_post(sem_t *p)
{
	Sem *s = (Sem *)p;
	int shared = s->shared != 0;
	uint64_t d = atomic_load_explicit(&s->data, memory_order_relaxed);

	do
		if(unlikely(VALUE(d) == SEM_VALUE_MAX))
			return overflow(s);
	while(!atomic_compare_exchange_weak_explicit(&s->data, &d, d + 1, memory_order_release, memory_order_relaxed));
	if(unlikely(d >= WAITER))
		return wakeone(s, WAITERS(d) != 0, shared);
	return 0;
}

EXPORT(sem_init);
int
rz_sem_init(sem_t *p, int shared, unsigned value)
{
	Sem *s = (Sem *)p;

	if(value > SEM_VALUE_MAX) {
		errno = EINVAL;
		return -1;
	}
	atomic_store_explicit(&s->data, value, memory_order_relaxed);
	s->shared = shared ? SHARED : 0;
	if(probeon)
		objectgone(s);
	return 0;
}

EXPORT(sem_destroy);
int
rz_sem_destroy(sem_t *p)
{
	/* libc's does nothing: the memory may be gone. */
	if(checking && readable(p))
		checkgone(p, Ksem, 0, WAITERS(atomic_load_explicit(&((Sem *)p)->data, memory_order_relaxed)) != 0);
	if(probeon)
		objectgone(p);
	return 0;
}
