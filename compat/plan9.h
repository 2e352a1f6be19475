/*
 * The calls of Plan 9 and Inferno, over Linux.
 *
 * Source written for those systems keeps its names: sleep and wakeup are macros
 * for p9sleep and p9wakeup, for libc has a sleep of its own, and a library that the
 * program loads may have a global of any plain name.  Code that
 * wants libc's sleep(3) beside this header defines RENDEZ_NOPLAINNAMES first and
 * calls the p9 names.
 *
 * Link with -lrendez, or find them in the preloaded library: both are one.
 * None of them is a cancellation point.  After fork nobody waits in the child.
 */
#ifndef RENDEZ_PLAN9_H
#define RENDEZ_PLAN9_H

/* Before the names below are taken: the headers that declare libc's. */
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RENDEZ_API __attribute__((visibility("default")))

/*
 * Sleep and wakeup: Plan 9 sleep(9), Inferno sleep(10.2).
 *
 * A Rendez is where one thread waits for a condition that others make true.  All
 * zero is its initial state.  It holds at most one sleeper: callers that may
 * collide serialise themselves with a lock.  It must exist until every wakeup
 * that may run has returned.  Not usable between processes.
 */
typedef struct Rendez {
	void *p; /* the sleeper; only these functions touch it */
} Rendez;

/*
 * Wait until wakeup(r), unless f(arg) is nonzero already.  f is called once,
 * when the caller can be found in r; it must not sleep or jump.
 *
 * A return does not say that the condition holds: one wakeup can end two
 * sleeps in a row.  So loop: while(!cond(x)) sleep(r, cond, x);
 *
 * A second sleeper on r is a mistake that ends the program: "double sleep" on
 * standard error, then abort.  Not async-signal-safe.
 */
RENDEZ_API void p9sleep(Rendez *r, int (*f)(void *), void *arg);

/*
 * The same, for at most ms milliseconds (0: look and return).  Never shorter by
 * the timer; how it ended is for the caller to find out: test the condition.
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

/*
 * Semaphores: Plan 9 semacquire(2).
 *
 * A semaphore is a long anywhere in memory, also memory shared between processes and
 * mapped at different addresses; its value is 0 to INT_MAX, and a program may
 * read it.  It must be aligned.  errno on failure: EINVAL if the value (or count) is
 * negative or would pass INT_MAX, EFAULT if addr is nil or misaligned, EINTR if
 * a signal handler ran while the caller waited.
 */

/*
 * Take one: wait until *addr is positive and decrement it.  Returns 1.  With
 * block 0 do not wait: 0, and *addr untouched, if it was not positive.  -1: error,
 * nothing taken.  Not async-signal-safe if block is nonzero.
 */
RENDEZ_API int semacquire(long *addr, int block);

/* The same for at most ms milliseconds: 0 if there was none to take in that time.  ms 0 is a try. */
RENDEZ_API int tsemacquire(long *addr, unsigned long ms);

/*
 * Add count and make as many waiters runnable.  Returns the value that it made,
 * -1 on error.  Never waits.  Async-signal-safe.
 */
RENDEZ_API long semrelease(long *addr, long count);

#ifndef RENDEZ_NOPLAINNAMES
#define sleep p9sleep
#define tsleep p9tsleep
#define wakeup p9wakeup
#define return0 p9return0
#endif

#ifdef __cplusplus
}
#endif

#endif
