/*
 * RENDEZ_CHECK: wrong use is found and said.  Off, nothing here is reached from a fast path: what tells a checked
 * mutex from others is a bit of its word (Watched) that makes the fast path fail, and me.tid, which is
 * never known.  The argument stands in check.c.
 */
#ifndef RENDEZ_CHECK_H
#define RENDEZ_CHECK_H

#include "shim.h"

/* At the start of the program: from now on all is checked. */
void checkstart(void) HIDDEN;
/* A thread begins. */
void checkborn(void) HIDDEN;
/* The calling thread may be the only one of a forked child, where the notes are still the parent's. */
void checkforked(void) HIDDEN;

/* The calling thread has locked o, a mutex or (to write) a rwlock, which is watched from now on. */
void checklocked(const void *o, Kind) HIDDEN;
/* It is about to unlock o, whose state says whether it is held. */
void checkunlock(const void *o, Kind, int held) HIDDEN;
/* Its unlock of o is refused. */
void checkrefused(const void *o, Kind, int held) HIDDEN;
/* It waits for m, or would. */
void checkrelock(const void *o, Kind) HIDDEN;
/* Objects are made, and end; the mutex's and the rwlock's state is looked at. */
void checkmade(const void *o) HIDDEN;
void checkgone(const void *o, Kind, int held, int waited) HIDDEN;
/*
 * A mutex that is not ours, which a destroyed one is too, is about to be used; and more of the same to be locked, was
 * locked (r is what the lock returned), to be unlocked, waited with, or destroyed while somebody waits or not.
 */
void checktheirs(const Mutex *) HIDDEN;
void checktheirslock(const Mutex *) HIDDEN;
void checktheirslocked(const Mutex *, int r) HIDDEN;
void checktheirsunlock(const Mutex *) HIDDEN;
void checktheirswait(const Mutex *) HIDDEN;
void checktheirsgone(const Mutex *, int waited) HIDDEN;
/* Whether the calling thread holds it, and it is not robust: whose holder may end. */
int checktheirsleft(const Mutex *) HIDDEN;
/* The calling thread is about to wait for c with m. */
void checkwait(Cond *c, Mutex *m) HIDDEN;
/* A misuse of which nothing more is to be found out. */
void checkfound(Misuse, Kind, const void *o) HIDDEN;

/* A mutex that libc runs, on its way there. */
static inline Mutex *
theirs(Mutex *m)
{
	if(unlikely(checking))
		checktheirs(m);
	return m;
}

#endif
