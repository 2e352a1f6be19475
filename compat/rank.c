/*
 * When a thread asks for its rank again.
 *
 * A Proc has the rank that its thread was last told, and the age that "ranks" had before that.  Who changes another's
 * rank makes "ranks" older after the change.  So a thread that finds the age it knows has not been changed
 * since, or by somebody who has not come back from the kernel yet; and one that asks while it is being changed has
 * the age from before and asks once more.  Release and acquire: who sees the new age asks after the change.
 *
 * Who changes its own rank knows it without asking, and has taken the age before the change too: another's change that came
 * between makes it older.  A handler may come between as well, and be told or change it again: it finds toldat 0 and sets
 * it, or, within a wait, when its Proc is not the one at rest, makes all older.  So the rank is stored, and toldat
 * only if it still is 0; what a handler left, also by a call that failed, is Spoilt, and the thread asks.
 *
 * Nothing is believed for more than TRUST waits: of changes from other processes, by raw system calls, or by a vfork child of
 * its own, whose calls look like the parent's, nobody tells.
 *
 * Only the owner looks at the two, and they are gone with the Proc: a forked child's threads begin with none
 * (SCHED_RESET_ON_FORK).  Model: tests/model/rank.pml.
 */
#include "rank.h"

enum {
	Possible = 1,
	Unsaid = 2,
	Age = 4,
	Spoilt = Age, /* of toldat alone, for an age has a flag: what was told is not to be believed */
	TRUST = 64,   /* waits */
};

Word ranks;

void
rankspossible(void)
{
	if(!(atomic_load_explicit(&ranks, memory_order_relaxed) & Possible))
		atomic_fetch_or_explicit(&ranks, Possible, memory_order_relaxed);
}

void
ranksunsaid(void)
{
	if(!(atomic_load_explicit(&ranks, memory_order_relaxed) & Unsaid))
		atomic_fetch_or_explicit(&ranks, Unsaid, memory_order_relaxed);
}

/* The flags are below the age, so they stay when it wraps. */
void
rankschanged(void)
{
	atomic_fetch_add_explicit(&ranks, Age, memory_order_release);
}

/* The calling thread's Proc, if it is at rest and has no other. */
static Proc *
atrest(void)
{
	Proc *p = up;

	return p != nil && p->thread == threadself() && p->outer == nil &&
		       atomic_load_explicit(&p->busy, memory_order_relaxed) == 0
		   ? p
		   : nil;
}

uint32_t
rankchanging(int mine)
{
	Proc *p = mine ? atrest() : nil;

	if(p != nil)
		atomic_store_explicit(&p->toldat, 0, memory_order_relaxed);
	return atomic_load_explicit(&ranks, memory_order_acquire);
}

void
rankmine(uint32_t age, int r)
{
	Proc *p = atrest();
	uint32_t none = 0;

	if(p == nil) {
		rankschanged();
		return;
	}
	if(r < 0) {
		atomic_store_explicit(&p->toldat, Spoilt, memory_order_relaxed);
		return;
	}
	p->told = (uint8_t)r;
	p->trusted = TRUST;
	atomic_signal_fence(memory_order_seq_cst);
	if(!atomic_compare_exchange_strong_explicit(&p->toldat, &none, age, memory_order_relaxed, memory_order_relaxed))
		atomic_store_explicit(&p->toldat, Spoilt, memory_order_relaxed);
}

int
rank(Proc *p)
{
	uint32_t age = atomic_load_explicit(&ranks, memory_order_acquire);

	if(likely(age == 0))
		return 0;
	if(atomic_load_explicit(&p->toldat, memory_order_relaxed) != age || (age & Unsaid) || p->trusted == 0) {
		p->trusted = TRUST;
		p->told = (uint8_t)sysrank();
		atomic_store_explicit(&p->toldat, age, memory_order_relaxed);
	}
	p->trusted--;
	return p->told;
}
