/*
 * Notes: postnote, notify, noted.
 *
 * The queue has no lock, for a poster may be a handler that interrupted another poster, or the owner.  Texts lie in slots; which slots make up the queue, in
 * order, stands in Self.pending together with Pnote, so that one compare-and-swap queues a note, makes it pending and asks for the signal, or
 * finds the queue full or the thread gone.
 *
 *	a slot's life: free; a poster's, who has set its bit in Self.slots; the queue's; the owner's, who took it off
 *		(or again a poster's, whose note flushed it); free
 *
 * Each step to and from the queue is a change of Self.pending, and that word says all there is to say of
 * the queue: a compare-and-swap that finds it as it was is right whatever happened in between.
 * The bits of slots are set and cleared by atomics of their own: acquire, for the text that was read before; release.
 *
 * The owner takes Pnote with the last note that it takes, so one that came in time to be handled at this interruption
 * does not make another.  While a handler runs what is queued stays queued; Pnote may come and go.
 * (Model: tests/model/note.pml.)
 */
#include "self.h"
#include "text.h"

#include <errno.h>

enum { SLOT = NSLOT - 1 };
_Static_assert(Qshift + NNOTE * Qbits == 32 && NNOTE <= Qcounts / Qcount, "the queue fits its word");

typedef void Handler(void *, char *);

static uint32_t
count(uint32_t pending)
{
	return (pending & Qcounts) / Qcount;
}

static uint32_t
add(uint32_t pending, int slot)
{
	return (pending | (uint32_t)slot << (Qshift + Qbits * count(pending))) + Qcount;
}

static int
first(uint32_t pending)
{
	return (int)(pending >> Qshift & SLOT);
}

static uint32_t
rest(uint32_t pending)
{
	return (pending & ~QUEUE) | (pending >> (Qshift + Qbits)) << Qshift | ((pending & Qcounts) - Qcount);
}

/* A free slot, -1 if there is none. */
static int
claim(Self *s)
{
	uint32_t used = atomic_load_explicit(&s->slots, memory_order_relaxed), bit;

	do {
		bit = ~used & (used + 1);
		if(bit >> SLOT > 1 || bit == 0)
			return -1;
	} while(!atomic_compare_exchange_weak_explicit(
	    &s->slots, &used, used | bit, memory_order_acquire, memory_order_relaxed));
	return __builtin_ctz(bit);
}

static void
release(Self *s, int slot)
{
	atomic_fetch_and_explicit(&s->slots, ~((uint32_t)1 << slot), memory_order_release);
}

void
notesfree(Self *s, uint32_t queue)
{
	for(; count(queue) > 0; queue = rest(queue))
		release(s, first(queue));
}

/* Whether a note of the system's finds nobody to handle it. */
static int
unhandled(Self *s)
{
	return atomic_load_explicit(&s->notify, memory_order_relaxed) == 0 ||
	       atomic_load_explicit(&s->notified, memory_order_relaxed) != 0;
}

int
p9postnote(P9proc *p, int dolock, const char *msg, int flag)
{
	Self *s = (Self *)p;
	uint32_t old, new = 0;
	int tid, slot = -1, queued;

	(void)dolock;
	if(s == nil || flag < 0 || flag > P9NDebug)
		return 0;
	/* Threads that libc did not make go without a word. */
	tid = atomic_load_explicit(&s->tid, memory_order_relaxed);
	if(tid == 0 || !tidalive(tid))
		return 0;
	old = atomic_load_explicit(&s->pending, memory_order_relaxed);
	do {
		queued = 0;
		if(old & Pgone)
			break;
		new = selfasks(old | Pnote);
		if(flag != P9NUser && unhandled(s))
			new &= ~QUEUE;
		if(count(new) == NNOTE)
			continue;
		if(slot < 0 && (slot = claim(s)) >= 0) {
			textcopy(s->note[slot], msg != nil ? msg : "", P9ERRMAX);
			atomic_store_explicit(&s->flag[slot], (uint8_t)flag, memory_order_relaxed);
		}
		if(slot < 0)
			continue;
		new = add(new, slot);
		queued = 1;
	} while(
	    !atomic_compare_exchange_weak_explicit(&s->pending, &old, new, memory_order_seq_cst, memory_order_relaxed));
	if(slot >= 0 && !queued)
		release(s, slot);
	if(old & Pgone)
		return 0;
	if(count(new) < count(old) + (uint32_t)queued)
		notesfree(s, old);
	selflook(s, old);
	return queued;
}

/* What becomes of a note that nobody handles. */
static _Noreturn void
dflt(const char *text)
{
	say("note: ", text, nil);
	sysexit(1);
}

/* The handler's frame: here so that nothing that is needed afterwards is in the frame that setjmp returns to. */
static __attribute__((noinline)) void
handle(Self *s, Handler *f, char *text)
{
	s->handling = text;
	atomic_store_explicit(&s->notified, 1, memory_order_relaxed);
	if(sigsetjmp(s->noted, 0) == 0) {
		f(nil, text);
		dflt(text);
	}
}

/* What the last note was made of comes off the queue, and Pnote with the last; 0 if there is none. */
static int
take(Self *s, char *text, int held)
{
	uint32_t old = atomic_load_explicit(&s->pending, memory_order_acquire), new;
	int slot;

	do {
		slot = first(old);
		if(count(old) == 0)
			return 0;
		/* If it is another note's flag by now the word is another too. */
		if(held && atomic_load_explicit(&s->flag[slot], memory_order_relaxed) == P9NUser)
			return 0;
		new = rest(old);
		if(count(new) == 0)
			new &= ~(uint32_t)Pnote;
	} while(
	    !atomic_compare_exchange_weak_explicit(&s->pending, &old, new, memory_order_seq_cst, memory_order_acquire));
	textcopy(text, s->note[slot], P9ERRMAX);
	release(s, slot);
	return 1;
}

void
notestake(Self *s)
{
	int held = atomic_load_explicit(&s->notified, memory_order_relaxed) != 0, errbase = s->errbase;
	char text[P9ERRMAX];
	uintptr_t f;

	while(take(s, text, held)) {
		if(!s->process)
			continue;
		f = atomic_load_explicit(&s->notify, memory_order_relaxed);
		if(held || f == 0)
			dflt(text);
		s->errbase = s->nerr;
		handle(s, (Handler *)f, text);
		if(s->nerr != s->errbase)
			panic("error stack: a handler of notes has left labels", nil);
		s->errbase = errbase;
		atomic_store_explicit(&s->notified, 0, memory_order_relaxed);
	}
}

int
p9notify(void (*f)(void *, char *))
{
	Self *s = selfget();

	atomic_store_explicit(&s->notify, (uintptr_t)f, memory_order_relaxed);
	s->process = 1;
	return 0;
}

int
p9noted(int v)
{
	Self *s = selfknown();

	if(s != nil && atomic_load_explicit(&s->notified, memory_order_relaxed) != 0)
		switch(v) {
		case P9NCONT:
			siglongjmp(s->noted, 1);
		case P9NDFLT:
			dflt(s->handling);
		}
	errno = EINVAL;
	return -1;
}
