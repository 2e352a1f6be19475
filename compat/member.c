/* Members come, wait, are kicked, and go.  What each field of one is, and the order of looking, stand in member.h. */
#include "member.h"
#include "hover.h"
#include "proc.h"
#include "stop.h"
#include "tagset.h"

#include <errno.h>

/* The calling thread's; in a forked child it is the parent's, whose number tells. */
static __thread struct {
	Member *m;
	Region *r;
	uint32_t generation;
} my __attribute__((tls_model("initial-exec")));

static int
lives(uint32_t life)
{
	if((life & FUTEX_OWNER_DIED) || (life & FUTEX_TID_MASK) == 0)
		return 0;
	return likely(!(life & FUTEX_WAITERS)) || anytidalive((int)(life & FUTEX_TID_MASK));
}

int
memberalive(Member *m)
{
	return lives(atomic_load_explicit(&m->life, memory_order_acquire));
}

/* What a dead one left; anybody may do it, at any time. */
static int
reap(Region *r, Member *m)
{
	uint64_t post = atomic_load_explicit(&m->post, memory_order_acquire);

	if(!tagreap(r, m))
		return 0;
	if(post == 0)
		return 1;
	return !memberalive(m) &&
	       atomic_compare_exchange_strong_explicit(&m->post, &post, 0, memory_order_seq_cst, memory_order_relaxed);
}

/*
 * Puts tid for life, if that is still what a reaper saw.  All that died look alike, so life alone does not tell: in between
 * another may have had the place, waited, and died.  That one's post does: it is there before it waits, and only a reaper clears it.
 */
static int
claim(Member *m, uint32_t life, uint32_t tid)
{
	uint64_t old[2] = {life, 0}, new[2] = {0, 0};

	do {
		old[0] = life | (uint64_t)atomic_load_explicit(&m->event, memory_order_relaxed) << 32;
		new[0] = tid | (old[0] & (uint64_t)UINT32_MAX << 32);
		if(caspair(m, old, new))
			return 1;
	} while((uint32_t)old[0] == life && old[1] == 0);
	return 0;
}

/* Takes the place if it is free, or its thread is dead. */
static int
take(Region *r, Member *m, uint32_t tid, Robustlist *h)
{
	uint32_t life = atomic_load_explicit(&m->life, memory_order_acquire);
	int done;

	if(memberalive(m) || !reap(r, m))
		return 0;
	if(h != nil)
		robustpending(h, robustlink(&m->life));
	done = claim(m, life, h != nil ? tid : tid | FUTEX_WAITERS);
	if(done && h != nil)
		robustenlist(h, &m->node);
	if(h != nil)
		robustpending(h, nil);
	return done;
}

/* Gives the place back; signals are off.  A list that a handler interrupted in a change of it is left to the kernel. */
static void
leave(Member *m)
{
	Robustlist *h = robustneed();
	int listed = !(atomic_load_explicit(&m->life, memory_order_relaxed) & FUTEX_WAITERS);

	if(listed && (h == nil || h->list_op_pending != nil))
		return;
	atomic_store_explicit(&m->post, 0, memory_order_seq_cst);
	if(listed) {
		robustpending(h, robustlink(&m->life));
		robustdelist(&m->node);
	}
	atomic_store_explicit(&m->life, 0, memory_order_release);
	if(listed)
		robustpending(h, nil);
}

/* A ukid is never 0. */
static uint64_t
newid(Region *r, uint32_t place)
{
	uint64_t n;

	do
		n = atomic_fetch_add_explicit(&r->ids, 1, memory_order_relaxed) & (((uint64_t)1 << 50) - 1);
	while(n == 0);
	return n * NMEMBER + place;
}

/* A place; nil: there is none. */
static Member *
join(Region *r)
{
	uint32_t start = atomic_load_explicit(&r->hint, memory_order_relaxed), tid = (uint32_t)systid(), n, i;
	Robustlist *h = robustneed();
	Member *m;

	/* In a handler that interrupted a change of the list. */
	if(h != nil && h->list_op_pending != nil)
		h = nil;
	for(i = 0; i < NMEMBER; i++) {
		n = (start + i) % NMEMBER;
		m = &r->member[n];
		if(take(r, m, tid, h)) {
			atomic_store_explicit(&r->hint, n + 1, memory_order_relaxed);
			atomic_store_explicit(&r->side[n].process, processid(), memory_order_relaxed);
			atomic_store_explicit(&m->event, 0, memory_order_relaxed);
			atomic_store_explicit(&m->post, newid(r, n) << 1, memory_order_release);
			return m;
		}
	}
	return nil;
}

Member *
memberget(Region **rp)
{
	Region *r = *rp;
	Member *m = my.m;
	uint64_t sigs;

	if(likely(m != nil && my.r == r && my.generation == procgeneration()))
		return m;
	sigsmask(&sigs);
	for(;;) {
		m = join(r);
		/* Pairs with who retires it (region.c). */
		atomic_thread_fence(memory_order_seq_cst);
		if(atomic_load_explicit(&r->retired, memory_order_seq_cst) == 0)
			break;
		if(m != nil)
			leave(m);
		r = regionget();
	}
	*rp = r;
	my.m = m;
	my.r = r;
	my.generation = procgeneration();
	sigsunmask(&sigs);
	return m;
}

void
memberexit(void)
{
	uint64_t sigs;

	if(my.m == nil)
		return;
	sigsmask(&sigs);
	if(my.generation == procgeneration())
		leave(my.m);
	my.m = nil;
	sigsunmask(&sigs);
}

enum { LOOK = 10000000, LOOKMAX = 1000000000 }; /* ns */

void
memberfresh(Member *m)
{
	if(unlikely(atomic_load_explicit(&m->event, memory_order_relaxed) != 0))
		atomic_fetch_and_explicit(&m->event, ~(uint32_t)(Note | Asleep), memory_order_acquire);
}

int
memberwait(Member *m, const Deadline *d, uint64_t *look, void (*asleep)(void *), void *arg)
{
	uint32_t e, early;
	Deadline soon;

	if(unlikely(look != nil && *look != 0)) {
		soon = deadlinein(*look);
		if(d == nil || deadlinebefore(&soon, d))
			d = &soon;
	}
	hover(&m->event, &m->event, Note, d);
	e = eventwait(&m->event, Note, d, Ewshared | Ewsignal, asleep, arg);
	early = atomic_fetch_and_explicit(&m->event, ~(uint32_t)(Note | Asleep), memory_order_acquire) & Note;
	if(look != nil && (early || *look != 0))
		*look = *look == 0 ? LOOK : *look * 2 < LOOKMAX ? *look * 2 : LOOKMAX;
	return e == Asleep;
}

void
memberpromise(Promise *p, Member *m)
{
	p->list = robustneed();
	if(likely(p->list != nil)) {
		p->was = p->list->list_op_pending;
		robustpending(p->list, robustlink(&m->event));
	}
}

void
memberearly(Member *m)
{
	atomic_fetch_or_explicit(&m->event, Note, memory_order_seq_cst);
}

void
memberkick(Member *m)
{
	eventset(&m->event, Note, 1);
}

void
memberkept(Promise *p)
{
	if(likely(p->list != nil))
		robustpending(p->list, p->was);
}

/* Life and event in one word, as they lie: both machines that we know begin with the low half. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && offsetof(Member, life) == 0 &&
		   offsetof(Member, event) == 4 && offsetof(Member, post) == 8,
    "they are a pair with post");

/* Also if the flag is set already: who set it may not have woken yet.  Life, id and flag are of one moment. */
int
memberpost(Member *m, uint64_t ukid)
{
	uint64_t old[2] = {atomic_load_explicit(&m->life, memory_order_relaxed) |
			       (uint64_t)atomic_load_explicit(&m->event, memory_order_relaxed) << 32,
	    atomic_load_explicit(&m->post, memory_order_relaxed)};
	uint64_t new[2];
	Promise promise;
	int e = EINVAL;

	memberpromise(&promise, m);
	while(e != 0 && ukid != 0 && old[1] >> 1 == ukid && lives((uint32_t)old[0])) {
		new[0] = old[0] | (uint64_t)Note << 32;
		new[1] = old[1] | 1;
		if(caspair(m, old, new))
			e = 0;
	}
	if(e == 0 && old[0] >> 32 & Asleep) {
		stop("pw_post.posted");
		futexwake(&m->event, 1, 1);
	}
	memberkept(&promise);
	return e;
}
