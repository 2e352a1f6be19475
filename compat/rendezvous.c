/*
 * rendezvous: two meet at a tag, in a region that processes share (region.h), by its set of waiters (tagset.h).
 *
 *	first				second				a note
 *	looks: nobody			looks: the first
 *	waits: inserts itself		one step: marks it, both values	makes it pending
 *	  sleep				makes it look			makes the first look
 *	marked: met, with a value	returns				gives up, if not marked
 *
 * The marking is the whole meeting.  Who gives up marks himself by compare-and-swap, so exactly one of partner and note has
 * it: the partner first, and both return values and the note stays pending; the note first, and the partner that
 * comes finds nobody and waits.  Nothing else decides, so the waking carries no meaning: whoever is woken looks, and
 * a wake too many, or for a wait that is over, is harmless.
 *
 * Dying.  A waiter that is killed is marked as dead by the kernel before anybody can know of its end, and passed over.  A partner that is killed
 * between marking and waking has promised the waking to the kernel (member.h).
 *
 * A wait whose frame is left by a jump or the end of the thread is given up by the Proc that stands for it.
 * If it was met in that moment its value is lost, as if it had returned and been thrown away.
 *
 * (Model: tests/model/rendezvous.pml.)
 */
#include "group.h"
#include "hook.h"
#include "member.h"
#include "p9rend.h"
#include "self.h"
#include "stop.h"
#include "tagset.h"

#include <errno.h>

typedef struct Meeting {
	const Hook *h;
	Hookwait w;
	int slept;
} Meeting;

static unsigned long
fail(int e, const char *text)
{
	selferr(text);
	errno = e;
	return ~0ul;
}

static void
asleep(void *arg)
{
	Meeting *g = arg;

	if(g->h != nil && !g->slept)
		g->h->asleep(&g->w);
	g->slept = 1;
}

/* If a handler waited inside a pw_wait, which sleeps on the same word, then a Note may have been for that. */
static void
inner(Proc *p)
{
	if(unlikely(p->outer != nil))
		memberkick(p->object);
}

/* Its frame is gone. */
static void
abandon(Proc *p)
{
	Self *s = selfknown();

	if(s != nil)
		selfwaited(s, p);
	taggiveup(p->object);
	/* The one that it is in: as long as it is there is no other. */
	tagclear(regionget(), p->object);
	inner(p);
}

/* Waits at the tag, where m has been inserted: 1 met, 0 interrupted. */
static int
await(Member *m, Self *s, Meeting *g, uint64_t *value)
{
	uint64_t look = 0;
	int interrupted = 0;

	for(;;) {
		if(tagmet(m, value))
			return 1;
		if(interrupted || (s != nil && selfpending(s))) {
			stop("rendezvous.giveup");
			if(taggiveup(m))
				return 0;
			continue;
		}
		stop("rendezvous.wait");
		interrupted = memberwait(m, nil, &look, asleep, g);
	}
}

/* The first: 1 met, 0 interrupted, -1 somebody was quicker: look again. */
static int
first(Tagplace *t, Member *m, Self *s, uint64_t *value, uintptr_t pc)
{
	Region *r = t->r;
	Word *waker = &r->side[m - r->member].waker;
	Proc *p = procenter();
	Meeting g;
	int met;

	p->object = m;
	atomic_signal_fence(memory_order_seq_cst);
	p->abandon = abandon;
	memberfresh(m);
	if(!taginsert(t, m, *value)) {
		procleave(p);
		return -1;
	}
	if(s != nil)
		selfwaits(s, p, &m->event, Ewshared);
	g.h = hooked();
	g.slept = 0;
	if(unlikely(g.h != nil)) {
		atomic_store_explicit(waker, 0, memory_order_relaxed);
		g.h->begin(&g.w, Hrendezvous, (void *)(uintptr_t)t->tag, pc, 0);
	}
	met = await(m, s, &g, value);
	if(s != nil)
		selfwaited(s, p);
	tagclear(r, m);
	inner(p);
	if(unlikely(g.h != nil))
		g.h->end(&g.w, met ? Hwoken : Hinterrupted, atomic_load_explicit(waker, memory_order_relaxed));
	procleave(p);
	return met;
}

/* The second. */
static int
second(Tagplace *t, uint64_t *value, uintptr_t pc)
{
	const Hook *h = hooked();
	Member *m = t->cur;
	Promise promise;
	int met, n;

	memberpromise(&promise, m);
	memberearly(m);
	met = tagmeet(t, value);
	if(met) {
		stop("rendezvous.met");
		n = (int)(m - t->r->member);
		if(unlikely(h != nil) &&
		    atomic_load_explicit(&t->r->side[n].process, memory_order_relaxed) == processid())
			atomic_store_explicit(&t->r->side[n].waker, h->waker(pc), memory_order_relaxed);
		memberkick(m);
	}
	memberkept(&promise);
	return met;
}

static unsigned long
meet(uint64_t tag, uint64_t value, uintptr_t pc)
{
	uint64_t group = groupget();
	Region *r = regionget();
	Self *s = selfknown();
	Tagplace t;
	Member *m;
	int met;

	for(;;) {
		if(tagfind(&t, r, group, tag)) {
			if(second(&t, &value, pc))
				return value;
			continue;
		}
		m = memberget(&r);
		if(m == nil)
			return fail(ENOMEM, "too many threads wait");
		/* Retired meanwhile: nobody can have been in the old one. */
		if(t.r != r)
			continue;
		if(tagwaits(m))
			return fail(EDEADLK, "rendezvous in a rendezvous");
		met = s != nil && selfpending(s) ? 0 : first(&t, m, s, &value, pc);
		if(met > 0)
			return value;
		if(met == 0) {
			if(s != nil && selfpending(s))
				selftake(s);
			return fail(EINTR, "interrupted");
		}
	}
}

unsigned long
p9rendezvous(unsigned long tag, unsigned long value)
{
	return meet(tag, value, (uintptr_t)__builtin_return_address(0));
}

void *
p9rendezvousp(void *tag, void *value)
{
	return (void *)meet((uintptr_t)tag, (uintptr_t)value, (uintptr_t)__builtin_return_address(0));
}
