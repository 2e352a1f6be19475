/* Selfs: who a thread is to the others.  The argument stands in self.h. */
#include "self.h"

#include "text.h"

static __thread Self *self __attribute__((tls_model("initial-exec")));
static _Atomic(Self *) all; /* pushed to only */

static int
claim(Self *s)
{
	uint32_t free = 0;

	return atomic_load_explicit(&s->used, memory_order_relaxed) == 0 &&
	       atomic_compare_exchange_strong_explicit(&s->used, &free, 1, memory_order_acquire, memory_order_relaxed);
}

/* Its thread went without telling us: made by a raw clone, or a parent's that did not come along over fork. */
static int
dead(Self *s)
{
	int tid = atomic_load_explicit(&s->tid, memory_order_relaxed);

	if(tid == 0 || tidalive(tid))
		return 0;
	/* Of several that find it the one that zeroes tid has it. */
	return atomic_compare_exchange_strong_explicit(&s->tid, &tid, 0, memory_order_acq_rel, memory_order_relaxed);
}

/* Nobody may post to s from now on; what was posted is nobody's. */
static void
closed(Self *s)
{
	notesfree(s, atomic_exchange_explicit(&s->pending, Pgone, memory_order_acq_rel));
	atomic_store_explicit(&s->waits, 0, memory_order_relaxed);
}

/* Makes s the calling thread's, with nothing pending. */
static void
renew(Self *s)
{
	uint32_t generation = procgeneration();

	/* A note that the parent's threads were posting when it forked is posted by nobody here. */
	if(s->generation == generation)
		closed(s);
	else
		atomic_store_explicit(&s->slots, 0, memory_order_relaxed);
	s->generation = generation;
	atomic_store_explicit(&s->waits, 0, memory_order_relaxed);
	atomic_store_explicit(&s->tid, systid(), memory_order_relaxed);
	/* Release: who finds it open finds it whole. */
	atomic_store_explicit(&s->pending, 0, memory_order_release);
}

/* What the thread before had of its own. */
static void
blank(Self *s)
{
	s->pub.sleep.p = nil;
	s->pub.errstr[0] = 0;
	atomic_store_explicit(&s->notify, 0, memory_order_relaxed);
	atomic_store_explicit(&s->notified, 0, memory_order_relaxed);
	s->process = 0;
	s->nerr = s->errbase = 0;
}

static Self *
make(void)
{
	Self *s, *next;

	for(s = atomic_load_explicit(&all, memory_order_acquire); s != nil; s = s->next)
		if(claim(s) || dead(s))
			return s;
	s = sysmap(sizeof *s, 0);
	if(s == nil)
		panic("out of memory for the identity of a thread", nil);
	atomic_store_explicit(&s->used, 1, memory_order_relaxed);
	next = atomic_load_explicit(&all, memory_order_relaxed);
	do
		s->next = next;
	while(!atomic_compare_exchange_weak_explicit(&all, &next, s, memory_order_release, memory_order_relaxed));
	return s;
}

INHANDLER Self *
selfknown(void)
{
	if(self != nil && unlikely(self->generation != procgeneration()))
		renew(self);
	return self;
}

/* A handler may come between any two steps and ask the same: the first to have set self has won. */
Self *
selfget(void)
{
	Self *s = selfknown();

	if(likely(s != nil))
		return s;
	s = make();
	blank(s);
	renew(s);
	atomic_signal_fence(memory_order_seq_cst);
	if(self == nil) {
		self = s;
	} else {
		closed(s);
		atomic_store_explicit(&s->tid, 0, memory_order_relaxed);
		atomic_store_explicit(&s->used, 0, memory_order_release);
	}
	return self;
}

void
selfexit(void)
{
	Self *s = self;

	if(s == nil)
		return;
	self = nil;
	closed(s);
	atomic_store_explicit(&s->tid, 0, memory_order_relaxed);
	atomic_store_explicit(&s->used, 0, memory_order_release);
}

P9proc *
p9up(void)
{
	return &selfget()->pub;
}

/* Makes who sleeps on the published word look. */
static void
kick(uintptr_t waits)
{
	if(waits != 0)
		eventset((Word *)(waits & ~(uintptr_t)Ewshared), Note, (int)(waits & Ewshared));
}

/* Pairs with selflook: the caller looks at pending after this.  The Proc's first: a handler that waits in between restores that. */
void
selfwaits(Self *s, Proc *p, Word *event, int how)
{
	uintptr_t waits = (uintptr_t)event | (uintptr_t)(how & Ewshared);

	atomic_store_explicit(&p->waits, waits, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&s->waits, waits, memory_order_seq_cst);
}

/* Of the waits that a handler has interrupted the innermost that a note ends is published again. */
void
selfwaited(Self *s, Proc *p)
{
	uintptr_t outer = 0;

	atomic_store_explicit(&p->waits, 0, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	while(unlikely((p = p->outer) != nil) && outer == 0)
		outer = atomic_load_explicit(&p->waits, memory_order_relaxed);
	if(likely(outer == 0)) {
		atomic_store_explicit(&s->waits, 0, memory_order_relaxed);
		return;
	}
	/* As in selfwaits. */
	atomic_store_explicit(&s->waits, outer, memory_order_seq_cst);
	if(selfpending(s) != 0)
		kick(outer);
}

/* Pairs with selfwaits: pending is set before waits is looked at, both sequentially consistent. */
void
selflook(Self *s, uint32_t before)
{
	if((before & (Phost | Psignal)) == Phost)
		hostsignal(s);
	kick(atomic_load_explicit(&s->waits, memory_order_seq_cst));
}

void
selftake(Self *s)
{
	if(atomic_fetch_and_explicit(&s->pending, ~(uint32_t)Pwhy, memory_order_seq_cst) & Pnote)
		notestake(s);
	selferr("interrupted");
}

void
selferr(const char *text)
{
	textcopy(selfget()->pub.errstr, text, P9ERRMAX);
}
