/*
 * The waiters of a region: for each bucket a list in the order of group and tag, without a lock, so that a thread that is killed
 * or stopped anywhere holds up nobody.  (Harris's list in Michael's form, its links with counts.)
 *
 * A link is the number of the next member (0 none), a count that goes up with every change, and Mark: the
 * member that has this link is no longer waiting.  A marked link is changed by nobody but its owner, in the next wait.
 *
 * Meeting.  Link and value lie in one pair of words.  Who meets a waiter changes both at once: Mark into the link, his own
 * value for the waiter's.  That one step is the whole meeting: he has the waiter's value, the waiter has his, and
 * nothing of his is needed any more.  A waiter that gives up, for a note, sets Mark too, by
 * compare-and-swap; so does who comes across a dead one.  Whoever sets it has decided: met, or not, never both.
 *
 * Looking.  A member may be met, unlinked and waiting elsewhere between any two steps of one who looks.  So he
 * reads a member's link and key, and then the link that led there again: if that has not changed, not even its count,
 * the member was there, and link and key are of one wait.  What he changes he changes by compare-and-swap from a link that he
 * read so.  Marked members are unlinked on the way: by then their link no longer changes, so nothing that
 * was inserted behind them is lost.
 *
 * At most one waiter for a key.  To insert is to change the link of the last smaller key, from the first
 * not smaller one that was found there.  A second with the same key has found the same link, and fails.
 *
 * The order of a member's own steps: key and value, then its link with a new count, then the link that leads to it (release); who
 * looks acquires by that.  What a waiter wrote before is visible to who meets it, and the reverse: by the pair's
 * barrier and the acquire of tagmet.
 *
 * Model: tests/model/tagset.pml.
 */
#include "tagset.h"
#include "member.h"

enum { Mark = 1, INDEX = 1, COUNT = 15 }; /* the bit; where number and count begin */
_Static_assert(NMEMBER < 1 << (COUNT - INDEX), "a member's number fits");

static Member *
memberof(Region *r, uint64_t link)
{
	uint32_t n = link >> INDEX & ((1 << (COUNT - INDEX)) - 1);

	return n == 0 ? nil : &r->member[(n - 1) % NMEMBER];
}

/* The link that was old, leading where to does, or to m. */
static uint64_t
relink(uint64_t old, uint64_t to)
{
	return ((old >> COUNT) + 1) << COUNT | (to & (((uint64_t)1 << COUNT) - 1) & ~(uint64_t)Mark);
}

static uint64_t
linkto(Region *r, uint64_t old, Member *m)
{
	return relink(old, (uint64_t)(m - r->member + 1) << INDEX);
}

static uint64_t
marked(uint64_t link)
{
	return relink(link, link) | Mark;
}

static int
cas(_Atomic(uint64_t) *p, uint64_t old, uint64_t new)
{
	return atomic_compare_exchange_strong_explicit(p, &old, new, memory_order_acq_rel, memory_order_acquire);
}

static _Atomic(uint64_t) *
bucketof(Region *r, uint64_t group, uint64_t tag)
{
	uint64_t h = (group ^ tag * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;

	return &r->bucket[(h >> 32) % NBUCKET];
}

typedef enum Step { Snone, Sfound, Son, Sagain } Step; /* not there; there; go on; begin anew */

/* Looks at the member that p->prev, seen as p->prevlink, leads to. */
static Step
step(Tagplace *p)
{
	uint64_t group, tag, next;
	Member *m = memberof(p->r, p->prevlink);

	p->cur = m;
	if(m == nil)
		return Snone;
	p->curlink = atomic_load_explicit(&m->link, memory_order_acquire);
	group = atomic_load_explicit(&m->group, memory_order_relaxed);
	tag = atomic_load_explicit(&m->tag, memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	if(atomic_load_explicit(p->prev, memory_order_relaxed) != p->prevlink)
		return Sagain;
	if(p->curlink & Mark) {
		next = relink(p->prevlink, p->curlink);
		if(!cas(p->prev, p->prevlink, next))
			return Sagain;
		p->prevlink = next;
		return Son;
	}
	if(unlikely(!memberalive(m))) {
		cas(&m->link, p->curlink, marked(p->curlink));
		return Sagain;
	}
	if(group > p->group || (group == p->group && tag >= p->tag))
		return group == p->group && tag == p->tag ? Sfound : Snone;
	p->prev = &m->link;
	p->prevlink = p->curlink;
	return Son;
}

int
tagfind(Tagplace *p, Region *r, uint64_t group, uint64_t tag)
{
	Step how = Sagain;
	int steps = 0;

	p->r = r;
	p->group = group;
	p->tag = tag;
	do {
		if(how == Sagain) {
			p->prev = bucketof(r, group, tag);
			p->prevlink = atomic_load_explicit(p->prev, memory_order_acquire);
			steps = 0;
		} else if(++steps > NMEMBER) {
			/* No list is so long: somebody has written nonsense.  It ends here. */
			cas(p->prev, p->prevlink, relink(p->prevlink, 0));
			how = Sagain;
			continue;
		}
		how = step(p);
	} while(how == Son || how == Sagain);
	return how == Sfound;
}

int
tagmeet(Tagplace *p, uint64_t *value)
{
	uint64_t old[2] = {p->curlink, atomic_load_explicit(&p->cur->value, memory_order_relaxed)};
	uint64_t new[2] = {marked(p->curlink), *value};

	while(!caspair(&p->cur->link, old, new))
		if(old[0] != p->curlink)
			return 0;
	*value = old[1];
	return 1;
}

int
taginsert(Tagplace *p, Member *m, uint64_t value)
{
	uint64_t was = atomic_load_explicit(&m->link, memory_order_relaxed), link = relink(was, p->prevlink);

	atomic_store_explicit(&m->group, p->group, memory_order_relaxed);
	atomic_store_explicit(&m->tag, p->tag, memory_order_relaxed);
	atomic_store_explicit(&m->value, value, memory_order_relaxed);
	atomic_store_explicit(&m->link, link, memory_order_release);
	if(atomic_compare_exchange_strong_explicit(
	       p->prev, &p->prevlink, linkto(p->r, p->prevlink, m), memory_order_seq_cst, memory_order_relaxed))
		return 1;
	atomic_store_explicit(&m->link, marked(link), memory_order_release);
	return 0;
}

int
tagwaits(Member *m)
{
	return !(atomic_load_explicit(&m->link, memory_order_relaxed) & Mark);
}

int
tagmet(Member *m, uint64_t *value)
{
	if(!(atomic_load_explicit(&m->link, memory_order_acquire) & Mark))
		return 0;
	pairacquire(&m->link);
	*value = atomic_load_explicit(&m->value, memory_order_relaxed);
	return 1;
}

int
taggiveup(Member *m)
{
	uint64_t link;

	do {
		link = atomic_load_explicit(&m->link, memory_order_acquire);
		if(link & Mark)
			return 0;
	} while(!cas(&m->link, link, marked(link)));
	return 1;
}

void
tagclear(Region *r, Member *m)
{
	Tagplace p;

	tagfind(&p, r, atomic_load_explicit(&m->group, memory_order_relaxed),
	    atomic_load_explicit(&m->tag, memory_order_relaxed));
}

int
tagreap(Region *r, Member *m)
{
	uint64_t link = atomic_load_explicit(&m->link, memory_order_acquire);

	if(memberalive(m) || (!(link & Mark) && !cas(&m->link, link, marked(link))))
		return 0;
	tagclear(r, m);
	return 1;
}
