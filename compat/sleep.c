/*
 * sleep, tsleep and wakeup on a Rendez, without a lock in it.
 *
 *	sleeper				waker
 *	r->p = me (from nil)		make the condition true
 *	fence				fence
 *	test the condition		take r->p, leaving nil
 *	block				ready whom it took
 *
 * Publish, fence, test against set, fence, look up: at least one of the two sees
 * the other, so either the sleeper sees the condition or the waker the
 * sleeper.  Both fences are sequentially consistent; with less, each side's store may
 * pass its own load, and both see nothing (tests/model/sleep.pml, NOFENCE).
 *
 * Who empties r->p owes or owns the wake: the waker's compare-and-swap gives it the sleeper,
 * and exactly one ready(); the sleeper that gives up takes itself off by compare-and-swap,
 * and if it finds itself taken it consumes the Ready that is on its way, else that would end its
 * next sleep (NOCONSUME).  r is touched before the sleeper is made ready, never after.
 *
 * A handler may leave the sleep at any instruction, by a jump or with the thread, and what it leaves must be
 * undone: is the Proc in r->p, or was it taken, or neither?  So a sleeper comes and goes in two steps.
 * r->p first is me with Coming in it, which wakers leave alone; then p->waiting says Wlinked; then r->p is me.  Going is
 * the same backwards.  While waiting says Wnone nobody can have taken the Proc; while it says Wlinked a Proc that is not in
 * r->p was taken, and its Ready comes (NOTAG).  A waker that finds Coming need not wake: the sleeper tests the
 * condition after the step that follows.
 *
 * In a forked child r->p may be a Proc of the parent's, which is another's there, or nobody's.  So a Proc that sleeps says where (key,
 * before r->p is that Proc, until it no longer is), and one that does not say r is not there.
 *
 * Notes.  Publish that we wait, fence, test whether one is pending against set, fence, look up (self.h).  What is pending when the
 * sleep is over counts, however it ended; but swiproc(p, 1) only if no wakeup was first.  Psleeping and
 * Pswi are cleared by one step, so a swiproc is either of this sleep or finds none.
 *
 * A waker takes no lock and allocates nothing, so a handler may be one, whatever it
 * interrupted.
 */
#include "hook.h"
#include "hover.h"
#include "p9error.h"
#include "p9sleep.h"
#include "self.h"
#include "stop.h"

enum { Coming = 1 }; /* in Rendez.p; Procs are aligned */

_Atomic(const Hook *) hook;

typedef struct Sleeping {
	const Hook *h;
	Hookwait w;
	int asleep;
} Sleeping;

static void
asleep(void *arg)
{
	Sleeping *s = arg;

	if(s->h != nil && !s->asleep)
		s->h->asleep(&s->w);
	s->asleep = 1;
}

static void abandoned(Proc *p);

/* Changes r->p; whether it was from. */
static int
swap(Rendez *r, uintptr_t from, uintptr_t to)
{
	void *old = (void *)from;

	return __atomic_compare_exchange_n(&r->p, &old, (void *)to, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static int
sleepsin(Proc *p, const Rendez *r)
{
	return atomic_load_explicit(&p->key, memory_order_relaxed) == (uintptr_t)r;
}

/* P is in r, as one that comes. */
static void
enter(Proc *p, Rendez *r)
{
	uintptr_t v = (uintptr_t)__atomic_load_n(&r->p, __ATOMIC_ACQUIRE);
	Proc *was = (Proc *)(v & ~(uintptr_t)Coming);

	if(unlikely(was == p) && swap(r, v, 0))
		v = 0;
	atomic_store_explicit(&p->key, (uintptr_t)r, memory_order_relaxed);
	/* Who was in it had left before, or is there anew. */
	if((v != 0 && sleepsin(was, r)) || !swap(r, v, (uintptr_t)p | Coming) || (v != 0 && sleepsin(was, r)))
		panic("double sleep", nil);
}

/* P is no longer in r; 0 if a waker had taken it. */
static int
takeoff(Proc *p, Rendez *r)
{
	int mine = 1;

	if(p->waiting == Wlinked && (uintptr_t)__atomic_load_n(&r->p, __ATOMIC_RELAXED) != ((uintptr_t)p | Coming)) {
		mine = swap(r, (uintptr_t)p, (uintptr_t)p | Coming);
		if(!mine)
			block(p, nil, 0, nil, nil);
	}
	if(mine) {
		atomic_signal_fence(memory_order_seq_cst);
		p->waiting = Wnone;
		atomic_signal_fence(memory_order_seq_cst);
		stop("sleep.going");
		swap(r, (uintptr_t)p | Coming, 0);
	}
	return mine;
}

/* What of Self.pending is of p's sleep alone: a handler's may be inside another. */
static uint32_t
ofsleep(Proc *p)
{
	while((p = p->outer) != nil)
		if(p->abandon == abandoned && atomic_load_explicit(&p->waits, memory_order_relaxed) != 0)
			return Pswi;
	return Psleeping | Pswi;
}

/* The sleep is left by a jump, or the thread ends in it. */
static void
abandoned(Proc *p)
{
	Self *s = selfknown();

	if(p->waiting != Wgiven)
		takeoff(p, p->object);
	if(s != nil) {
		selfwaited(s, p);
		atomic_fetch_and_explicit(&s->pending, ~ofsleep(p), memory_order_relaxed);
	}
	atomic_store_explicit(&p->key, 0, memory_order_relaxed);
}

/* Blocks until a wakeup (1), the deadline, or something is pending for s. */
static int
wait(Proc *p, Self *s, const Deadline *d, Sleeping *sleeping)
{
	Woken how;

	do {
		if(s != nil && selfpending(s) != 0)
			return 0;
		hover(p->object, &p->event, Ready | Note, d);
		how = block(p, d, s != nil, asleep, sleeping);
	} while(how == Wnote);
	return how == Wready;
}

static Hookend
ended(const Self *s, int woken)
{
	if(woken)
		return Hwoken;
	return s != nil && selfpending(s) != 0 ? Hinterrupted : Htimeout;
}

static void
rendezsleep(Rendez *r, int (*f)(void *), void *arg, const Deadline *d, uintptr_t pc)
{
	int woken = 0, slept;
	Self *s = selfknown();
	int nerr = s != nil ? s->nerr : 0;
	uint32_t why = 0;
	Sleeping sl;
	Proc *p;

	p = procenter();
	p->waker = 0;
	p->object = r;
	p->abandon = abandoned;
	stop("sleep.enter");
	enter(p, r);
	stop("sleep.coming");
	p->waiting = Wlinked;
	atomic_signal_fence(memory_order_seq_cst);
	__atomic_store_n(&r->p, p, __ATOMIC_SEQ_CST);
	atomic_thread_fence(memory_order_seq_cst);
	slept = !f(arg);
	/* The condition may have asked who it is. */
	s = selfknown();
	if(s != nil) {
		if(s->nerr != nerr)
			panic("error stack: a condition of sleep has left labels", nil);
		selfwaits(s, p, &p->event, 0);
		atomic_fetch_or_explicit(&s->pending, Psleeping, memory_order_seq_cst);
	}
	if(slept) {
		sl.h = hooked();
		sl.asleep = 0;
		if(sl.h != nil)
			sl.h->begin(&sl.w, Hsleep, r, pc, 0);
		woken = wait(p, s, d, &sl) || !takeoff(p, r);
		/* Who did not wake us may still write there. */
		if(sl.h != nil)
			sl.h->end(&sl.w, ended(s, woken), woken ? p->waker : 0);
	} else {
		takeoff(p, r);
	}
	if(s != nil) {
		selfwaited(s, p);
		why = atomic_fetch_and_explicit(&s->pending, ~ofsleep(p), memory_order_seq_cst);
	}
	atomic_store_explicit(&p->key, 0, memory_order_relaxed);
	procleave(p);
	if(why & (Pnote | Pkilled) || (why & Pswi && slept && !woken)) {
		selftake(s);
		p9error("interrupted");
	}
}

void
p9sleep(Rendez *r, int (*f)(void *), void *arg)
{
	rendezsleep(r, f, arg, nil, (uintptr_t)__builtin_return_address(0));
}

void
p9tsleep(Rendez *r, int (*f)(void *), void *arg, int ms)
{
	Deadline d = deadlinein(ms > 0 ? (uint64_t)ms * 1000000u : 0);

	rendezsleep(r, f, arg, &d, (uintptr_t)__builtin_return_address(0));
}

int
p9wakeup(Rendez *r)
{
	const Hook *h;
	uintptr_t v;
	Proc *p;

	atomic_thread_fence(memory_order_seq_cst);
	v = (uintptr_t)__atomic_load_n(&r->p, __ATOMIC_ACQUIRE);
	/* If it is another by the time of the swap that one will see the condition, as one that is coming does. */
	p = (Proc *)v;
	if(v == 0 || v & Coming || !sleepsin(p, r) || !swap(r, v, 0))
		return 0;
	h = hooked();
	p->waker = h != nil ? h->waker((uintptr_t)__builtin_return_address(0)) : 0;
	ready(p);
	return 1;
}

int
p9return0(void *arg)
{
	(void)arg;
	return 0;
}
