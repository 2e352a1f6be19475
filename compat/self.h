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
 * anything is pending; who posts makes it pending, then sets Note in the published word (selflook).  Publish, fence, test
 * against set, fence, look up: one of the two sees the other (tests/model/sleep.pml).  Note only makes the waiter look;
 * what is pending carries the meaning.  A kick may come late, for a wait that is over: event words are type-stable too,
 * and whoever sees a Note that means nothing waits on.
 *
 * A signal handler may wait inside a wait.  Then its word is the published one; when its wait is over or left, the outer one's is again
 * (each Proc keeps its own), and as a post may have kicked the inner in between, the outer is made to look.
 */
#ifndef RENDEZ_SELF_H
#define RENDEZ_SELF_H

#include "proc.h"

#include "p9note.h"

#include <setjmp.h>

typedef struct Self Self;

/*
 * Self.pending: one word, so that a post, its refusal and an interruption are one step each.  Anybody may set the reasons
 * and Psignal and add to the queue; all else is the owner's, but that a post which is not P9NUser may empty the queue.
 */
enum {
	/* Reasons: why the present, or the next, interruptible wait of the thread ends. */
	Pnote = 1,   /* a note was posted */
	Pkilled = 2, /* swiproc(p, 0) */
	Pswi = 4,    /* swiproc(p, 1); set only with Psleeping or Phost, and taken back with it */
	Pwhy = Pnote | Pkilled | Pswi,
	/* Where the thread is. */
	Psleeping = 8, /* in a sleep */
	Phost = 16,    /* between osenter and osleave */
	Psignal = 32,  /* and the signal for that is on its way; its handler clears this */
	Pgone = 64,    /* there is no thread */
	/* The queue of notes (note.c): how many there are, and in which slots, the eldest in the lowest bits. */
	Qcount = 1 << 8,
	Qcounts = 7 << 8,
	Qshift = 12, /* from here NNOTE numbers of Qbits each */
	Qbits = 4,
};
#define QUEUE (~(uint32_t)0 << Qshift | Qcounts)

enum {
	NNOTE = 5,	    /* notes that wait to be read */
	NSLOT = 1 << Qbits, /* and one that is being read, and those that are being written */
	NERR = 64,	    /* nested waserrors */
};

struct Self {
	P9proc pub; /* what the program sees; first */
	Word used;  /* 0 free.  selfget's compare-and-swap owns the rest */
	_Atomic(int) tid;
	uint32_t generation; /* the process: in a forked child not ours, until renewed */
	Word pending;	     /* see above */
	_Atomic(uintptr_t)
	    waits;  /* the event word of the interruptible wait that the thread is in, + Ewshared; 0 none */
	Self *next; /* in the list of all */

	/* Notes. */
	_Atomic(uintptr_t) notify; /* the handler; 0 none */
	Word notified;		   /* the handler runs */
	int process;		   /* notify was called: notes that nobody handles end the process */
	const char *handling;	   /* what the handler was given */
	sigjmp_buf noted;	   /* where noted goes on */
	Word slots;		   /* bits of those in use */
	char note[NSLOT][P9ERRMAX];
	_Atomic(uint8_t) flag[NSLOT];

	/* Errors: labels below errbase belong to code that a handler of notes has interrupted. */
	int nerr, errbase;
	sigjmp_buf label[NERR];

	int sigblocked; /* by the program, when it called osenter */
};

/* The calling thread's Self, made if there is none; never nil.  And the same, but nil if there is none.  Async-signal-safe. */
Self *selfget(void) HIDDEN;
Self *selfknown(void) HIDDEN;

/* The thread ends: its Self is free. */
void selfexit(void) HIDDEN;

/* An interruptible wait of the calling thread, with p, begins, and is over.  how: Ewshared if event is. */
void selfwaits(Self *, Proc *p, Word *event, int how) HIDDEN;
void selfwaited(Self *, Proc *p) HIDDEN;

/* Whether there is a reason to end a wait. */
static inline uint32_t
selfpending(const Self *s)
{
	return atomic_load_explicit(&((Self *)s)->pending, memory_order_seq_cst) & Pwhy;
}

/*
 * An interruptible wait ended, or did not begin, because something was pending: it is pending no more, and the thread's
 * error string says "interrupted".  This is where notes are handled, by a function of the program's: the wait must be
 * over, its Proc left and nothing locked.  It does not return if a note ends the process.
 */
void selftake(Self *) HIDDEN;

/* The calling thread's error string; cut to fit. */
void selferr(const char *text) HIDDEN;

/*
 * Who sets bits of s->pending finds by a compare-and-swap that nothing came between, and asks for the signal with them
 * if it is needed (selfasks); then makes the thread look.  before: what it found there.  Async-signal-safe.
 */
static inline uint32_t
selfasks(uint32_t pending)
{
	return pending & Phost ? pending | Psignal : pending;
}
void selflook(Self *s, uint32_t before) HIDDEN;

/* Note.c: the notes of the calling thread are handled, or dropped; the slots of those in a queue are free. */
void notestake(Self *) HIDDEN;
void notesfree(Self *, uint32_t queue) HIDDEN;

/* Hostcall.c: sends s, which is in a host call and has Psignal set for that, its signal. */
void hostsignal(Self *s) HIDDEN;

#endif
