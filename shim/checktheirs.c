/*
 * RENDEZ_CHECK for mutexes that are not ours: process-shared, robust, those that change priorities.  Nothing can be added to
 * their words; but in libc's layout they say themselves who holds them, and that is believed, for who is another
 * process may lock and unlock them unseen.  The table (known.c) adds where they were locked here.
 */
#define _GNU_SOURCE
#include "check.h"
#include "foreign.h"
#include "known.h"

enum { CEILINGSHIFT = 19 }; /* of the word of one with a ceiling: the ceiling is above it */

/* libc's kinds: a type, robust, and one protocol or none; its flags above these are many. */
static int
sane(int kind)
{
	return kind >= 0 && (kind & 12) == 0 && (kind & (Kinherit | Kceiling)) != (Kinherit | Kceiling);
}

void
checktheirs(const Mutex *m)
{
	int kind = kindof(m);

	if(kind == -1)
		found(Mdestroyed, Kmutex, m, known(m, 0));
	else if(!sane(kind))
		found(Mgarbage, Kmutex, m, known(m, 0));
}

/* The word is the holder's tid if the kernel has to find it; else the owner says. */
static int
held(const Mutex *m)
{
	uint32_t word = atomic_load_explicit(&m->word, memory_order_relaxed);

	if(kindof(m) & Kceiling)
		return (word & ((1u << CEILINGSHIFT) - 1)) != 0;
	return (word & FUTEX_TID_MASK) != 0;
}

static int
mine(const Mutex *m)
{
	if(kindof(m) & (Krobust | Kinherit))
		return wordmine(m);
	return held(m) && atomic_load_explicit(&m->owner, memory_order_relaxed) == mytid();
}

int
checktheirsleft(const Mutex *m)
{
	return !(kindof(m) & Krobust) && mine(m);
}

void
checktheirslock(const Mutex *m)
{
	Known *k;

	if(!sane(kindof(m)) || (kindof(m) & Kind3) == Krecursive || !mine(m))
		return;
	k = known(m, 0);
	if(knownholder(k) == mytid())
		found(Mrelock, Kmutex, m, k);
}

void
checktheirslocked(const Mutex *m, int r)
{
	if((r == 0 || r == EOWNERDEAD) && sane(kindof(m)))
		checklocked(m, Kmutex);
}

void
checktheirsunlock(const Mutex *m)
{
	Known *k = known(m, 0);

	if(!sane(kindof(m)))
		return;
	if(said == m)
		said = nil;
	else if(!held(m))
		found(Munlockfree, Kmutex, m, k);
	else if(!mine(m))
		found(Munlockother, Kmutex, m, k);
	if(k != nil && ((kindof(m) & Kind3) != Krecursive || m->depth <= 1))
		knownfree(k);
}

void
checktheirswait(const Mutex *m)
{
	checktheirs(m);
	if(!sane(kindof(m)) || mine(m))
		return;
	found(held(m) ? Mwaitother : Mwaitfree, Kmutex, m, known(m, 0));
	said = m;
}

void
checktheirsgone(const Mutex *m, int waited)
{
	checktheirs(m);
	if(sane(kindof(m)))
		checkgone(m, Kmutex, held(m), waited);
}
