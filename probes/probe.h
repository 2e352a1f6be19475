/*
 * What a wait is, and the only calls through which one is recorded.
 *
 * A wait is opened where an operation's fast path has failed and closed when
 * the operation succeeds or gives up.  In between it is divided each time the
 * waiter was woken and found the lock taken again: every piece is blamed on the
 * holder seen when the piece began.  The Wait lives in the waiting function's
 * frame; nothing points to it when the function has returned.
 *
 * All calls may be made from any thread, known or not, at any time: before the
 * constructors, after the destructors, in a forked child and in a signal
 * handler.  With the recorder off each is a test and a return.  Once the
 * profile is mapped a system call is made only at a thread's first wait (one more for each other thread, now and then, if no
 * page is free) and at its end, where its stack is deeper than it was ever seen or a frame is met for the first time in
 * the process, and in a forked child's first, where the child's own profile is
 * made; a wait on a stack that is not the thread's own asks about each page; and when the process ends, and in a forked child,
 * one asks about each lock's memory.
 * None allocates, waits for a lock, sleeps, or changes errno.  None may be called
 * with a bucket lock held.
 */
#ifndef RENDEZ_PROBE_H
#define RENDEZ_PROBE_H

#include "format.h"

typedef enum Kind {
	Kmutex,
	Kcond,
	Ksem,
	Krwlock,
	Kbarrier,
	Konce,
	Kspin,
	Krendez,
	Krendezvous,
	Ksemacquire,
	Kpostwait,
	Kqlock,
	NKIND
} Kind;

typedef enum Op { Olock, Ordlock, Owrlock, Owait, Oonce, Osleep, Orendezvous, Oacquire, NOP } Op;

typedef enum End { Eacquired, Etimeout, Ecancelled, Einterrupted, Eerror, NEND } End;

enum { MAXPIECES = 8 };

/*
 * The counts of an object that may not be there any more, but whose COUNTED bytes can be read: 1 if what is there can be an
 * object of this kind, and its id word is id.
 */
enum { COUNTED = 40 };
typedef int Counter(const void *object, uint32_t id, uint32_t *acquired, uint32_t *changes);

/* The pieces of a wait that one holder and one waker answer for. */
typedef struct Piece {
	Fpc holder;	/* the holder's locking call, 0 unknown */
	uint32_t waker; /* stack of who ended the piece, 0 unknown */
	uint64_t ticks;
} Piece;

typedef struct Wait {
	/* set by the caller of waitbegin */
	const void *object;
	uint32_t *idword; /* the object's id word, nil if it has none (then the address is the key) */
	uint8_t kind, op;
	Counter *counted; /* how acquired and changes are read, 0: they are not kept for this kind */
	uintptr_t pc;	  /* return address into the caller of the locking function */
	uint32_t
	    acquired; /* the object's counters as seen; to be set again before waitend and waitshort, if it was acquired */
	uint32_t changes;
	/* who has the object now, as waitbegin and waitagain were told; may be set again while it is 0 */
	uintptr_t holder;
	/* the recorder's own */
	uint8_t on, npiece;
	uint32_t gen, lock, stack, parks;
	uint64_t begun, piecebegun, parkbegun, parked;
	Fpc site;
	uintptr_t
	    askedof; /* the holder that askedsite is the place of: in a library that was opened a question to the kernel */
	Fpc askedsite;
	uintptr_t nest;		    /* a stack address of the wait that this one, a handler's, is in; 0 none */
	Fcurrent outer;		    /* and that wait */
	Piece piece[MAXPIECES + 1]; /* the last one takes what the others cannot */
} Wait;

/* On: something records.  Read before anything dearer is done for the recorder's sake. */
extern _Atomic int probeon __attribute__((visibility("hidden")));
/* Set before recorderstart if a library has been opened by then: those that are there may be closed. */
extern int openedearly __attribute__((visibility("hidden")));

/*
 * Where the recorder keeps a lock's identity: in a word that the object can
 * spare (Wait.idword).  The word is a hint: zeroed, copied or overwritten, it
 * costs a new identity, never more.  initsite() gives the value that an
 * initialiser stores there: it remembers who called.
 */
uint32_t initsite(uintptr_t pc) __attribute__((visibility("hidden")));

/* A wait begins, or began at ticks since (0: now); holder is the call site of who had the object then, 0 unknown. */
void waitbegin(Wait *, uintptr_t holder, uint64_t since) __attribute__((visibility("hidden")));

/* The thread is about to give up its processor in the wait that it has begun last: the stack is taken here if it was not yet. */
void waitgiving(void) __attribute__((visibility("hidden")));

/* The waiter is about to sleep: likewise. */
void waitpark(Wait *) __attribute__((visibility("hidden")));

/* It has slept since waitpark was called.  The ticks now, for a wait that ends with that; 0: it has not slept. */
uint64_t waitparked(Wait *) __attribute__((visibility("hidden")));

/*
 * Woken by waker (a stack, 0 unknown) at ticks at (0: now), and found it taken by holder: the next piece began then.
 */
void waitagain(Wait *, uint32_t waker, uintptr_t holder, uint64_t at) __attribute__((visibility("hidden")));

/* Over.  waker as above; at is when it ended, in ticks, or 0 for now (a moved waiter's condition wait ended before). */
void waitend(Wait *, End, uint32_t waker, uint64_t at) __attribute__((visibility("hidden")));

/*
 * A wait that was not opened is over: the object, which has an id word, was got without a sleep.  It began at ticks begun, when
 * holder had the object.  Whoever has just got what others wait for is in a hurry, so the sums
 * are left to waitflush, which is owed (1) after the object was released; 0: they are made.  Waitsoon, with the
 * same Wait, before the object is had, makes it quicker; if it comes otherwise nothing is lost.
 */
void waitsoon(const Wait *, uint64_t begun, uintptr_t holder) __attribute__((visibility("hidden")));
int waitshort(Wait *, uint64_t begun, uintptr_t holder) __attribute__((visibility("hidden")));
void waitflush(void) __attribute__((visibility("hidden")));

/* It was no wait after all: as if it had not begun. */
void waitvoid(Wait *) __attribute__((visibility("hidden")));

/*
 * The calling thread is about to leave waits behind, by a jump or by its end: those whose frames keep (nil: none) does not
 * say are kept.  Likewise what the recorder was doing when it was interrupted.  waitopened: whether there may be any; cheap.
 */
int waitopened(void) __attribute__((visibility("hidden")));
void waitdropped(int (*keep)(uintptr_t frame, const void *arg), const void *arg) __attribute__((visibility("hidden")));

/* The stack of the caller, who is about to ready somebody: what the waiter passes on as waker.  pc is the return
   address into the program, 0 unknown.  Never under a lock. */
uint32_t wakerstack(uintptr_t pc) __attribute__((visibility("hidden")));

/* A hold of the object, which is not over yet, was timed; skip is set to the number of operations to leave out before the next. */
void holdsample(const void *object, uint32_t id, uint64_t ticks, uint32_t *skip) __attribute__((visibility("hidden")));

/* The object is no more, or is made anew: forget what its address means (objects without an id word). */
void objectgone(const void *object) __attribute__((visibility("hidden")));

/* The object, which has an id word, is about to be no more: its counts are read a last time. */
void objectends(const void *object, uint32_t id) __attribute__((visibility("hidden")));

/* The calling thread ends: its page is added to the shared tables and given back. */
void threadgone(void) __attribute__((visibility("hidden")));

/*
 * The calling thread begins (name and birth are taken at the first of this or its first wait), or is about to begin another.  In a
 * forked child its profile is made here: the first thread is to be there before the second, for
 * while one makes it nothing that others do is recorded.
 */
void threadborn(void) __attribute__((visibility("hidden")));

/*
 * RENDEZ_CHECK: whether it is asked for; and what was found, which is said at once on standard error, and put into
 * the profile, the first time for each kind of misuse and place.  other is a stack of wakerstack's, 0 unknown, and
 * yonder says what was done there, by othertid.
 */
int checkwanted(void) __attribute__((visibility("hidden")));
void misuse(Misuse, Kind, const void *object, Yonder yonder, int othertid, uint32_t other)
    __attribute__((visibility("hidden")));

/*
 * Make the profile, from the library's constructor: environment RENDEZ_DIR is the directory, RENDEZ=off records
 * nothing; with RENDEZ_CHECK and no directory the profile is in memory, for the stacks.  An error is one line on standard error and no recording; the program is unharmed.
 */
void recorderstart(void) __attribute__((visibility("hidden")));

/*
 * In the child of a fork, before it has other threads: it lives from now on, although its profile is made at its first
 * wait or thread, and what objects have counted so far is its parent's.
 */
void recorderforked(void) __attribute__((visibility("hidden")));

/* The process ends in an orderly way; status as for exit. */
void recorderexit(int status) __attribute__((visibility("hidden")));

#endif
