/*
 * A Self is what a thread is to the others: what p9up() answers, what a note is posted to.  (A Proc is what it waits
 * with: a thread has one for each wait it is in.)
 *
 * A thread has a Self from the first time it is asked who it is.  Before that nobody can know it, so nobody can
 * post it a note, and its waits need not look for one.  Selfs are type-stable: a late note to a thread that is
 * gone finds a Self, perhaps another thread's.  A forked child keeps the Self of the thread that forked, for its
 * error labels and its handler go on there; what was pending in the parent is not (selfget renews it).
 *
 * How a wait is interrupted.  The waiter publishes the event word that it sleeps on (selfwaits), then looks whether
 * anything is pending; who posts makes it pending, then sets Note in the published word (selfkick).  Publish, fence, test
 * against set, fence, look up: one of the two sees the other.  Note only makes the waiter look; what is pending
 * carries the meaning.  A kick may come late, for a wait that is over: event words are type-stable too, and whoever sees a
 * Note that means nothing waits on.
 */
#ifndef RENDEZ_SELF_H
#define RENDEZ_SELF_H

#include "proc.h"

#include "p9note.h"

typedef struct Self Self;

/* Bits of Self.pending: why the present, or the next, interruptible wait of the thread ends. */
enum {
	Pnote = 1,   /* a note was posted */
	Pkilled = 2, /* swiproc(p, 0) */
	Pswi = 4,    /* swiproc(p, 1), in a sleep */
};

struct Self {
	P9proc pub; /* what the program sees; first */
	Word used;  /* 0 free.  selfget's compare-and-swap owns the rest */
	_Atomic(int) tid;
	uint32_t pid; /* the process: in a forked child not ours, until renewed */
	Word pending; /* set by anybody; cleared by the owner */
	_Atomic(uintptr_t)
	    waits;  /* the event word of the interruptible wait that the thread is in, + Ewshared; 0 none */
	Self *next; /* in the list of all */
};

/* The calling thread's Self, made if there is none; never nil.  And the same, but nil if there is none.  Async-signal-safe. */
Self *selfget(void) HIDDEN;
Self *selfknown(void) HIDDEN;

/* The thread ends: its Self is free. */
void selfexit(void) HIDDEN;

/* An interruptible wait of the calling thread begins, and is over.  how: Ewshared if event is. */
void selfwaits(Self *, Word *event, int how) HIDDEN;
void selfwaited(Self *) HIDDEN;

/* Whether anything is pending. */
static inline uint32_t
selfpending(const Self *s)
{
	return atomic_load_explicit(&((Self *)s)->pending, memory_order_seq_cst);
}

/*
 * An interruptible wait ended, or did not begin, because something was pending: it is pending no more, and the thread's
 * error string says "interrupted".
 */
void selftake(Self *) HIDDEN;

/* The calling thread's error string; cut to fit. */
void selferr(const char *text) HIDDEN;

/* Make bits pending for s and make it look, if it is in an interruptible wait.  Async-signal-safe. */
void selfkick(Self *s, uint32_t bits) HIDDEN;

#endif
