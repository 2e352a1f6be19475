/*
 * A Proc is what a thread waits with.  block() and ready() are the only way to
 * sleep and to wake of everything that queues in this process; who waits for
 * what is the business of the queues above them.
 *
 * Procs are type-stable: a Proc's memory is never anything else, so a late
 * look at one, or a late wake, is harmless.  They lie in memory that the kernel
 * wipes in a forked child, where no other thread has come along: there every
 * Proc is free again.
 */
#ifndef RENDEZ_PROC_H
#define RENDEZ_PROC_H

#include "linux.h"

typedef struct Proc Proc;

enum { BERTHS = 32 }; /* in a bed: the kernel tells sleepers at one address apart by so many bits */

/*
 * Bits of an event word: of Proc.event, or of one in memory that processes share.  Only the owner clears any.  A word that processes
 * share has none but the two highest, which the kernel leaves out of account when it wakes for one that died (robust.h).
 */
enum {
	Ready = 1,	      /* set by who unlinked the Proc, once for each time it was linked; block() consumes it */
	Note = 0x40000000u,   /* set by anybody, at any time: look whether you are wanted */
	Asleep = 0x80000000u, /* set by the owner before it sleeps: the setter of the others must wake it */
};

/* How a Proc was chosen: said by who unlinked it, before ready(). */
typedef enum Chosen {
	Cdirect,   /* woken with no claim on anything */
	Cawake,	   /* it is the one that the mutex's Awake bit speaks of */
	Cpromoted, /* the eldest, woken out of turn: it may ban barging */
} Chosen;

/*
 * Proc.waiting.  Changed by the owner alone; by steps that a handler, which may leave the wait for good, sees before or
 * after, never half done: block() says Wgiven before it clears Ready, and who takes itself off says Wnone with signals off.
 */
typedef enum Waiting {
	Wnone,	 /* not linked: nothing to undo */
	Wlinked, /* linked; or unlinked by who owes it a Ready that has not been consumed */
	Wgiven,	 /* has consumed its Ready, or is about to in the next instruction */
} Waiting;

struct Proc {
	/* One cache line: what who unlinks and wakes it, and those beside it in the queue, touch of another's. */
	_Alignas(64) Word event;
	uint32_t waker; /* left by who unlinked it, for the record, as wokenat */

	/* The queue node; guarded by the lock of key's bucket.  A nonzero key means linked. */
	_Atomic(uintptr_t) key;
	Proc *next, *prev; /* in the queue of one key, circular: the head's prev is the tail */
	Proc *nextkey;	   /* a queue's head: the next queue of the bucket */

	/* The mutex whose Awake field names this Proc; 0 none.  Set before the field is, cleared after. */
	_Atomic(uintptr_t) awakefor;
	uint64_t wokenat;
	Word berth;	 /* where it sleeps (block.c): in whose bed, at which place; 0 at its event.  Changed awake */
	uint8_t waiting; /* Waiting: how far its wait has come, for who must undo it at any moment */
	_Atomic(uint8_t) rank; /* its owner's when the wait began (rank.h); others may look at any time */
	_Atomic(uint8_t) away; /* a handler has begun on top of the wait, and it has not gone on since */
	/* The owner's before it is linked and after its Ready; in between theirs who hold its bucket, or have unlinked it. */
	uint8_t chosen : 2;  /* Chosen */
	uint8_t mode : 1;    /* what it waits for: of a readers-writer lock, 1 to write */
	uint8_t starved : 1; /* it set the mutex's NoBarge */
	uint8_t herd : 1;    /* moved and not yet woken; or woken with others, and has not yet tried */

	/* What the wait is. */
	void *object;		   /* what it is for, and */
	void (*abandon)(Proc *);   /* how to undo a wait whose frame is gone; nil: nothing to undo */
	_Atomic(uintptr_t) waits;  /* what notes are to kick for this wait (self.h); 0 nothing */
	_Atomic(uintptr_t) with;   /* the mutex that a condition is waited for with; 0 none */
	void *mutex;		   /* what a condition's waiter may be moved to; nil: nothing */
	void *frameof;		   /* what abandon needs of the frame that is left; nil if that is gone already */
	void *signalled;	   /* the condition that it was signalled at, before it has locked the mutex; then */
	void (*passon)(Proc *);	   /* gives that signal to another, after abandon; nil: there is none to give */
	Word bed;		   /* how often those were woken who sleep here */
	uintptr_t frame;	   /* a stack address of the wait's */
	Proc *outer;		   /* the thread's Proc that was busy when this one was taken */
	_Atomic(uintptr_t) cancel; /* the pthread_t of a wait that pthread_cancel must end; else 0 */
	uint8_t enabling;	   /* a handler that begins is to make it look (a Note): it may enable cancellation */

	/* Left by who chose it at a condition. */
	uint8_t moved; /* it came from there to the mutex's queue; the others are for the record */
	uint32_t condwaker;
	uint64_t movedat;
	uintptr_t holder;

	/* Its owner. */
	Word used;	  /* 0 free; else given out.  Procalloc's compare-and-swap owns the rest */
	Word busy;	  /* in a wait: a handler that waits now takes another Proc */
	_Atomic(int) tid; /* 0: given out, but its thread has not begun */
	uint32_t num;	  /* its number, from 1 */
	uint8_t told;	  /* the rank that its owner was last told, */
	uint8_t trusted;  /* for so many waits more, */
	Word toldat;	  /* and the age of that (rank.c); 0: it does not know */
	uintptr_t thread; /* threadself() of the owner */
	void *(*start)(void *);
	void *arg;
};
_Static_assert(offsetof(Proc, object) == 64, "who wakes a Proc takes one line of its owner's");

static inline int
rankof(const Proc *p)
{
	return atomic_load_explicit(&p->rank, memory_order_relaxed);
}

/* The calling thread's Proc for a wait, marked busy; never nil.  Procleave gives it back. */
Proc *procenter(void) HIDDEN;
void procleave(Proc *) HIDDEN;

/* A free Proc, nil if there is no memory for one; and its return.  Procset makes it the calling thread's own. */
Proc *procalloc(void) HIDDEN;
void procfree(Proc *) HIDDEN;
void procset(Proc *) HIDDEN;

/*
 * Undo the waits that the calling thread leaves without returning from them,
 * innermost first, until keep (nil: keeps none) says that one is not left.
 */
void procabandon(int (*keep)(const Proc *, void *), void *arg) HIDDEN;

/* The thread ends: its waits are undone, its Procs free again. */
void procexit(void) HIDDEN;

/* The Proc of a number; nil if there never was one. */
Proc *procof(uint32_t num) HIDDEN;

/* The number of the process that this memory belongs to: changes in a forked child, not in one made by vfork. */
int procpid(void) HIDDEN;

/* Whether the caller is a vfork child: another process, in this memory. */
static inline int
procborrowed(void)
{
	return syspid() != procpid();
}

/* Which process this memory is: a number that nothing in it has of those it descends from by forks, unlike a pid. */
uint32_t procgeneration(void) HIDDEN;

/* Whether the thread of that process lives. */
static inline int
tidalive(int tid)
{
	return systidalive(procpid(), tid);
}

/* Calls f for each Proc that is given out; stops when f returns nonzero. */
void procwalk(int (*f)(Proc *, void *), void *arg) HIDDEN;

typedef enum Woken { Wready, Wnote, Wtimeout } Woken;

/*
 * Sleep until ready(p), the deadline (nil: none) or, if noted is nonzero, a
 * note; above 1, also until a signal handler ran, which is told as a note.  Wready consumes the Ready, Wnote the Note.  A caller that is told
 * anything else than Wready is still linked, or was unlinked a moment ago and
 * must then consume the Ready that is on its way: block(p, nil, 0, ...).
 * asleep is called once before it first sleeps, unless nil.
 */
Woken block(Proc *p, const Deadline *d, int noted, void (*asleep)(void *), void *arg) HIDDEN;

/* Wake p, which the caller has unlinked.  p may be anything the moment after. */
void ready(Proc *p) HIDDEN;

/* The same for a chain of them, linked by nextkey: those in one bed are woken many by one system call. */
void readyall(Proc *first) HIDDEN;

/* Make p look.  Async-signal-safe; p may be dead. */
void note(Proc *p) HIDDEN;

/*
 * What block, ready and note are made of, for event words that are not a Proc's.
 *
 * eventwait sleeps until one of the wanted bits is set, and returns it, not cleared (the lowest, if several are); 0 when
 * the deadline has passed; Asleep, if Ewsignal is asked for, when a signal handler ran.  The caller clears what it takes,
 * and Asleep with it, by one atomic operation.  asleep as for block().
 * eventset sets bits and wakes the owner if it sleeps; the word is touched once, by the atomic or.  Async-signal-safe.
 */
enum { Ewshared = 1, Ewsignal = 2 }; /* the word is in memory that processes share; come back when a handler ran */
uint32_t eventwait(Word *event, uint32_t wanted, const Deadline *d, int how, void (*asleep)(void *), void *arg) HIDDEN;
void eventset(Word *event, uint32_t bits, int shared) HIDDEN;

/* The calling thread's Proc, or nil; the innermost if it is nested. */
extern __thread Proc *up HIDDEN __attribute__((tls_model("initial-exec")));

#endif
