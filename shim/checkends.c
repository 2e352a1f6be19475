/*
 * RENDEZ_CHECK where the program, its threads and its children begin and end.
 *
 * A forked child begins with the parent's notes.  What its only thread held it may unlock, initialise or
 * overwrite, as handlers of pthread_atfork do; what other threads held is held by nobody here, and not free.  They
 * are made the child's before they are first looked at: handlers that were registered before ours run before it, and their thread's number
 * is the child's already.  (A child that libc forks without our fork, as daemon does, has the parent's number until ours runs.)
 */
#define _GNU_SOURCE
#include "check.h"
#include "known.h"
#include "rwlock.h"

#include "../compat/sigoff.h"

#include <stdlib.h>

enum {
	ROUNDS = 3, /* of the destructors of thread-specific data, of which POSIX promises four */
};

int checking;
static pthread_key_t ending;
static int haveending;
static uint32_t process; /* the generation (compat/proc.c) that the notes are of */

/* Whether k's object, which the calling thread holds, says so too.  One that is not ours may be held for others to find it so. */
static int
stillheld(const Known *k)
{
	const void *o = (const void *)atomic_load_explicit(&k->object, memory_order_relaxed);

	if(atomic_load_explicit(&k->kind, memory_order_relaxed) == Kmutex) {
		const Mutex *m = o;
		return (atomic_load_explicit(&m->word, memory_order_relaxed) & Locked) &&
		       atomic_load_explicit(&m->owner, memory_order_relaxed) == mytid();
	}
	return atomic_load_explicit(&((const Rwlock *)o)->writer, memory_order_relaxed) == mytid();
}

/*
 * What of k is wrong when the calling thread ends, or (last) the process: it holds the object and ends; or the object is held, and not what
 * it was any more.
 */
static void
atend(Known *k, int last)
{
	uint64_t hold = atomic_load_explicit(&k->hold, memory_order_acquire);
	uintptr_t o = atomic_load_explicit(&k->object, memory_order_acquire);
	Kind kind = (Kind)atomic_load_explicit(&k->kind, memory_order_relaxed);
	int mine = holderin(hold) == mytid(), there;

	if(!(last ? heldhere(k, hold) : mine))
		return;
	there = readable((void *)(o & ~7ul));
	if(atomic_load_explicit(&k->theirs, memory_order_relaxed)) {
		if(!last && there && checktheirsleft((const Mutex *)o))
			found(Mendsholding, kind, (const void *)o, k);
	} else if(there && (!mine || stillheld(k))) {
		if(!last)
			found(Mendsholding, kind, (const void *)o, k);
	} else if(heldhere(k, hold) && atomic_load_explicit(&k->hold, memory_order_acquire) == hold) {
		found(Moverwritten, kind, (const void *)o, k);
	}
}

static void
atendall(int last)
{
	int i;

	if(unlikely(me.forking))
		checkforked();
	for(i = 0; i < NKNOWN; i++)
		atend(&knowntable[i], last);
}

/*
 * The thread ends.  Destructors of thread-specific data may still unlock, so this one comes back until it is among the
 * last.
 */
static void
ended(void *round)
{
	uintptr_t n = (uintptr_t)round;

	if(n < ROUNDS)
		pthread_setspecific(ending, (void *)(n + 1));
	else
		atendall(0);
}

static void
exiting(int status, void *arg)
{
	(void)status, (void)arg;
	atendall(1);
}

void
checkborn(void)
{
	if(haveending)
		pthread_setspecific(ending, (void *)1);
}

void
checkforked(void)
{
	int i, holder, was, now;
	Known *k;
	Sigs s;

	/* Wholly or not at all, for a handler that comes by here too. */
	sigsoff(&s);
	if(procgeneration() == process) {
		sigsback(&s);
		return;
	}
	was = me.watched;
	now = me.watched = systid();
	for(i = 0; i < NKNOWN; i++) {
		k = &knowntable[i];
		holder = knownholder(k);
		if(holder == NOBODY)
			continue;
		/* Nobody's, and not empty: others stand behind it. */
		if(holder == CHANGING)
			atomic_store_explicit(&k->object, 1, memory_order_relaxed);
		atomic_store_explicit(&k->before, 1, memory_order_relaxed);
		atomic_store_explicit(&k->hold,
		    heldby(0, holder == CHANGING ? NOBODY
			      : holder == was	 ? now
						 : ELSEWHERE),
		    memory_order_release);
	}
	process = procgeneration();
	sigsback(&s);
}

#pragma weak on_exit

void
checkstart(void)
{
	haveending = pthread_key_create(&ending, ended) == 0;
	me.tid = 0;
	process = procgeneration();
	checking = 1;
	on_exit(exiting, nil);
}
