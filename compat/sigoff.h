/*
 * Sections that no signal handler of the program interrupts: those with a bucket locked, and some others that a handler which
 * does not come back must not leave half done.
 *
 * A handler that waits for what its own thread has locked waits for ever, and one that is stopped (as a collector
 * stops threads) keeps the bucket from all others.  To mask signals costs two system calls; so, where it may be,
 * a section is only said to be one, and a signal that comes in it is put off (sigoff.c) to its end.
 */
#ifndef RENDEZ_SIGOFF_H
#define RENDEZ_SIGOFF_H

#include "linux.h"

/* One section; it may stand in another. */
typedef struct Sigs {
	uint64_t mask; /* to be given back, if the kernel masks signals for it */
	int masked;
} Sigs;

typedef struct Sigoff {
	_Atomic int depth;  /* sections that the thread is in */
	_Atomic int masked; /* of these, those that mask */
	_Atomic int owed;   /* one was put off: all are masked, and mask is what was */
	uint8_t
	    async; /* a cancellation may strike at any instruction: libc's signal for it cannot be put off, only masked */
	uint64_t mask;
} Sigoff;
extern __thread Sigoff sigoff HIDDEN __attribute__((tls_model("initial-exec")));

/*
 * Whether sections put signals off (Sputs): once somebody said that all handlers are wrapped, and it was found to be so; else they
 * mask them.  Smasks: all are wrapped, but must be masked; Sforeign: there may be others.  It only ever goes on to the right.
 */
enum { Sunsaid, Swrapped, Sputs, Smasks, Sforeign };
extern Word sigputs HIDDEN;

/* Whether every handler of the program passes a wrapper. */
static inline int
sigswatched(void)
{
	uint32_t s = atomic_load_explicit(&sigputs, memory_order_relaxed);

	return s == Sputs || s == Smasks;
}

void sigoffslow(Sigs *) HIDDEN;
void sigoffleave(Sigs *) HIDDEN;
void sigback(const Sigs *) HIDDEN;

/* One more section, or one less.  A handler between the load and the store leaves it as it was. */
static inline void
sigscount(_Atomic int *n, int i)
{
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + i, memory_order_relaxed);
}

/* Begin a section, and end it.  Nothing in it may be broken by EINTR. */
static inline void
sigsoff(Sigs *s)
{
	if(unlikely(atomic_load_explicit(&sigputs, memory_order_relaxed) != Sputs || sigoff.async)) {
		sigoffslow(s);
		return;
	}
	s->masked = 0;
	sigscount(&sigoff.depth, 1);
	/* Said first, then looked again (sigsbeforecancel). */
	atomic_signal_fence(memory_order_seq_cst);
	if(unlikely(atomic_load_explicit(&sigputs, memory_order_relaxed) != Sputs))
		sigoffleave(s);
}

static inline void
sigsback(const Sigs *s)
{
	atomic_signal_fence(memory_order_seq_cst);
	if(likely(!s->masked)) {
		sigscount(&sigoff.depth, -1);
		/* Looked at afterwards: what comes until then is put off, what comes later is not. */
		atomic_signal_fence(memory_order_seq_cst);
		if(likely(atomic_load_explicit(&sigoff.depth, memory_order_relaxed) != 0 ||
			  !atomic_load_explicit(&sigoff.owed, memory_order_relaxed)))
			return;
	}
	sigback(s);
}

/*
 * For who wraps the program's handlers: the kernel knows one of two wrappers as every handler: f, if it was installed with
 * SA_SIGINFO, else g, for then the kernel writes no info.  Each calls sigputoff before it calls the program's, g with
 * info nil.  1: put off, return at once.  Async-signal-safe.
 */
void sigswrapped(Sigwrapper *f, Sigwrapper *g) HIDDEN;
int sigputoff(int sig, void *info, void *context) HIDDEN;
/* Sections mask signals from now on: handlers may be there that are not wrapped; or signals that must not be put off. */
void sigsunwrapped(void) HIDDEN;
void sigsmasked(void) HIDDEN;

/* Before the thread whose Sigoff this is is cancelled: no section of its, now or later, puts signals off. */
void sigsbeforecancel(const Sigoff *) HIDDEN;

#endif
