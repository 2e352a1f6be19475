/* Sleep and wakeup: Plan 9 sleep(9), Inferno sleep(10.2). */
#ifndef RENDEZ_P9SLEEP_H
#define RENDEZ_P9SLEEP_H

#include "p9base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct P9qlock P9qlock;

/*
 * A Rendez is where one thread waits for a condition that others make true.  All
 * zero is its initial state.  It holds at most one sleeper: callers that may
 * collide serialise themselves with a lock.  It must exist until every wakeup
 * that may run has returned.  Not usable between processes: in a forked child nobody
 * sleeps in it.
 *
 * With a QLock in it it is where any number wait for what that guards: rsleep, p9lock.h.
 * It is for the one or for the other, as long as anybody waits in it.
 */
typedef struct Rendez {
	void *p;    /* who sleeps here; only these functions touch it */
	P9qlock *l; /* for rsleep (p9lock.h): set by the program before its first use; else nil */
} Rendez;

/*
 * Wait until wakeup(r), unless f(arg) is nonzero already.  f is called once,
 * when the caller can be found in r; it must not sleep or jump.
 *
 * A return does not say that the condition holds: one wakeup can end two
 * sleeps in a row.  So loop: while(!cond(x)) sleep(r, cond, x);
 *
 * A note to the sleeper (p9note.h), or one that was pending before, ends it too: by the error "interrupted", which is
 * raised as by error (p9error.h), so call it with a waserror around it if anybody posts notes to this thread.  f is called first,
 * and even if it returned nonzero, or a wakeup came before the note, the error is raised: whoever
 * handles it tests the condition again.  A signal that the thread catches does not end it.
 *
 * A sleep may be left by siglongjmp from a handler, by pthread_exit or by an asynchronous cancellation: r is empty then.  (So it is
 * where this library's siglongjmp and pthread_exit are the program's, that is where it is preloaded or linked.)
 *
 * A second sleeper on r is a mistake that ends the program: "double sleep" on
 * standard error, then abort.  Not async-signal-safe; not a cancellation point.
 */
RENDEZ_API void p9sleep(Rendez *r, int (*f)(void *), void *arg);

/*
 * The same, for at most ms milliseconds (0: look and return).  Never shorter by
 * the timer; how it ended is for the caller to find out: test the condition.  r may be gone as soon as it has returned or
 * raised, if no wakeup can still come.
 */
RENDEZ_API void p9tsleep(Rendez *r, int (*f)(void *), void *arg, int ms);

/*
 * Make the sleeper in r runnable; if there is none nothing happens, and nothing
 * is remembered.  Make the condition true first.  Returns 1 if there was one,
 * else 0.  Async-signal-safe, also in a handler that interrupted a sleep or
 * wakeup on the same r.
 */
RENDEZ_API int p9wakeup(Rendez *r);

/* 0, whatever the argument: a condition that only time or wakeup ends. */
RENDEZ_API int p9return0(void *arg);

#ifndef RENDEZ_NOPLAINNAMES
RENDEZ_PLAIN(void, tsleep, (Rendez *, int (*)(void *), void *, int));
RENDEZ_PLAIN(int, wakeup, (Rendez *));
RENDEZ_PLAIN(int, return0, (void *));
#endif

#ifdef __cplusplus
}
#endif

#endif
