/*
 * postwait: a flag for each thread, in the region that processes share.
 *
 * The flag stands in one word with the thread's id (Member.post), beside its life and its event word, and a post changes
 * all at once: it never reaches a later owner of the place, nor a dead one, and the flag is never there without the Note that
 * says so.  Only the owner clears the flag, by one atomic and, which is the consumption; so a post is there for
 * this wait or for the next, whatever else ends this one.  The flag is what a waiter looks at last, on its way to sleep and on its
 * way out.
 *
 *	waiter				poster
 *	takes the flag, if it is set	sets it, and Note
 *	sleeps until there is a Note	wakes it, if it sleeps
 *
 * A poster that is killed before it has woken the waiter has promised that to the kernel (member.h).
 *
 * (Model: tests/model/postwait.pml.)
 */
#include "hook.h"
#include "member.h"
#include "self.h"
#include "stop.h"
#include "sys/pw.h"

#include <errno.h>
#include <limits.h>

_Static_assert(PW_NOTPOSTED == EAGAIN && PW_EXPIRED == EAGAIN, "as the header says");

enum { VMAX = 1024, Posted = 1 };

typedef struct Pwait {
	const Hook *h;
	Hookwait w;
	int slept;
} Pwait;

static int
fail(int e)
{
	errno = e;
	return -1;
}

static void
asleep(void *arg)
{
	Pwait *w = arg;

	if(w->h != nil && !w->slept)
		w->h->asleep(&w->w);
	w->slept = 1;
}

/* Takes the post, if there is one. */
static int
consume(Member *m)
{
	if(!(atomic_load_explicit(&m->post, memory_order_relaxed) & Posted) ||
	    !(atomic_fetch_and_explicit(&m->post, ~(uint64_t)Posted, memory_order_acq_rel) & Posted))
		return 0;
	pairacquire(m);
	return 1;
}

static int
bad(const struct timespec *ts)
{
	return ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= 1000000000;
}

/* The time that is left of ns, which began at start; never more than before. */
static void
left(struct timespec *ts, uint64_t start, uint64_t ns)
{
	uint64_t gone = nsnow() - start;

	ns = gone < ns ? ns - gone : 0;
	ts->tv_sec = (time_t)(ns / 1000000000u);
	ts->tv_nsec = (long)(ns % 1000000000u);
}

/* 0, or errno: EINTR; EAGAIN: the deadline. */
static int
await(Member *m, Proc *p, Self *s, const Deadline *d, Pwait *w)
{
	int interrupted = 0, r = 0;

	if(s != nil)
		selfwaits(s, p, &m->event, Ewshared);
	for(;;) {
		/* What ended the wait is known before the last look. */
		if(interrupted || (s != nil && selfpending(s)))
			r = EINTR;
		else if(d != nil && w->slept &&
			nsnow() >= (uint64_t)d->at.tv_sec * 1000000000u + (uint64_t)d->at.tv_nsec)
			r = EAGAIN;
		stop("pw_wait.look");
		if(consume(m))
			r = 0;
		else if(r == 0) {
			interrupted = memberwait(m, d, nil, asleep, w);
			continue;
		}
		break;
	}
	return r;
}

/*
 * The wait is over, or its frame is gone.  If a handler waited inside a rendezvous, which sleeps on the same word, then a Note may have
 * been for that.
 */
static void
over(Proc *p)
{
	Self *s = selfknown();

	if(s != nil)
		selfwaited(s, p);
	if(p->outer != nil)
		memberkick(p->object);
}

/* There is no post yet. */
static int
waitslow(Region *r, Member *m, const Deadline *d, uintptr_t pc)
{
	Word *waker = &r->side[m - r->member].waker;
	Self *s = selfknown();
	Proc *p = procenter();
	Pwait w;
	int e;

	p->object = m;
	atomic_signal_fence(memory_order_seq_cst);
	p->abandon = over;
	w.h = hooked();
	w.slept = 0;
	if(unlikely(w.h != nil)) {
		atomic_store_explicit(waker, 0, memory_order_relaxed);
		w.h->begin(&w.w, Hpostwait, m, pc, 0);
	}
	e = await(m, p, s, d, &w);
	over(p);
	if(unlikely(w.h != nil))
		w.h->end(&w.w,
		    e == 0	 ? Hwoken
		    : e == EINTR ? Hinterrupted
				 : Htimeout,
		    atomic_load_explicit(waker, memory_order_relaxed));
	procleave(p);
	if(e == EINTR && s != nil && selfpending(s))
		selftake(s);
	return e;
}

int
pw_wait(struct timespec *ts)
{
	uint64_t ns = 0, start = 0;
	Region *r = regionget();
	Deadline d;
	Member *m;
	int e;

	if(ts != nil) {
		if((uintptr_t)ts % _Alignof(struct timespec) != 0 || !readable(&ts->tv_sec) || !readable(&ts->tv_nsec))
			return fail(EFAULT);
		if(bad(ts))
			return fail(EINVAL);
		/* Three hundred years are for ever. */
		ns = ts->tv_sec < INT64_MAX / 1000000000 ? (uint64_t)ts->tv_sec * 1000000000u + (uint64_t)ts->tv_nsec
							 : (uint64_t)INT64_MAX;
		start = nsnow();
		d = deadlinein(ns);
	}
	m = memberget(&r);
	if(m == nil)
		return fail(ENOMEM);
	if(consume(m))
		e = 0;
	else if(ts != nil && ns == 0)
		return fail(PW_NOTPOSTED);
	else
		e = waitslow(r, m, ts != nil ? &d : nil, (uintptr_t)__builtin_return_address(0));
	if(ts != nil)
		left(ts, start, e == EAGAIN ? 0 : ns);
	return e == 0 ? 0 : fail(e == EAGAIN ? PW_EXPIRED : e);
}

int
pw_getukid(ukid_t *ukid)
{
	Region *r = regionget();
	Member *m;

	if(ukid == nil || (uintptr_t)ukid % _Alignof(ukid_t) != 0 || !readable(ukid))
		return fail(EFAULT);
	m = memberget(&r);
	if(m == nil)
		return fail(ENOMEM);
	*ukid = memberukid(m);
	return 0;
}

/* 0, or EINVAL. */
static int
post(Region *r, ukid_t ukid, uintptr_t pc)
{
	Member *m = memberofukid(r, ukid);
	const Hook *h = hooked();
	int n = (int)(m - r->member);

	/* Who posts last before the waiter wakes is its waker. */
	if(unlikely(h != nil) && atomic_load_explicit(&r->side[n].process, memory_order_relaxed) == processid())
		atomic_store_explicit(&r->side[n].waker, h->waker(pc), memory_order_relaxed);
	return memberpost(m, ukid);
}

int
pw_post(ukid_t ukid)
{
	int e = post(regionget(), ukid, (uintptr_t)__builtin_return_address(0));

	return e == 0 ? 0 : fail(e);
}

int
pw_postv(int count, ukid_t targets[], int errors[])
{
	int i, e, any = 0;
	Region *r = regionget();

	if(count < 0 || count > VMAX)
		return fail(EINVAL);
	if(targets == nil && count > 0)
		return fail(EFAULT);
	for(i = 0; i < count; i++) {
		e = post(r, targets[i], (uintptr_t)__builtin_return_address(0));
		if(errors != nil)
			errors[i] = e;
		if(e != 0)
			any = e;
	}
	return any == 0 ? 0 : fail(any);
}

int
pw_getvmax(void)
{
	return VMAX;
}
