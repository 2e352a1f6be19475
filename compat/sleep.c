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
 * Who empties r->p owes or owns the wake: the waker's exchange gives it the sleeper,
 * and exactly one ready(); the sleeper that gives up empties r->p by compare-and-swap,
 * and if it finds itself taken it consumes the Ready that is on its way, else that would end its
 * next sleep (NOCONSUME).  r is touched before the sleeper is made ready, never after.
 *
 * A waker takes no lock and allocates nothing, so a handler may be one, whatever it
 * interrupted.
 */
#include "hook.h"
#include "p9sleep.h"
#include "proc.h"

_Atomic(const Hook *) hook;

typedef struct Sleeping {
	const Hook *h;
	Hookwait w;
	Proc *p;
} Sleeping;

static void
asleep(void *arg)
{
	Sleeping *s = arg;

	if(s->h != nil)
		s->h->asleep(&s->w);
}

static void
rendezsleep(Rendez *r, int (*f)(void *), void *arg, const Deadline *d, uintptr_t pc)
{
	void *nobody = nil, *me;
	Woken how = Wready;
	Sleeping s;
	Proc *p;

	p = procenter();
	p->waker = 0;
	if(!__atomic_compare_exchange_n(&r->p, &nobody, p, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		panic("double sleep", nil);
	atomic_thread_fence(memory_order_seq_cst);
	if(!f(arg)) {
		s.h = hooked();
		if(s.h != nil)
			s.h->begin(&s.w, Hsleep, r, pc, 0);
		how = block(p, d, 0, asleep, &s);
		if(s.h != nil)
			s.h->end(&s.w, how == Wready ? Hwoken : Htimeout, p->waker);
	} else {
		how = Wtimeout;
	}
	me = p;
	if(how != Wready && !__atomic_compare_exchange_n(&r->p, &me, nil, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		block(p, nil, 0, nil, nil);
	procleave(p);
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
	Proc *p;

	atomic_thread_fence(memory_order_seq_cst);
	if(__atomic_load_n(&r->p, __ATOMIC_RELAXED) == nil)
		return 0;
	p = __atomic_exchange_n(&r->p, nil, __ATOMIC_SEQ_CST);
	if(p == nil)
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
