/* Semaphores: Plan 9 semacquire(2). */
#ifndef RENDEZ_P9SEM_H
#define RENDEZ_P9SEM_H

#include "p9base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A semaphore is a long anywhere in memory, also memory shared between processes and
 * mapped at different addresses; its value is 0 to INT_MAX, and a program may
 * read it.  It must be aligned.
 *
 * On failure errno is EINVAL if the value (or count) is negative or would pass INT_MAX, EFAULT if addr is nil or
 * misaligned: nothing was changed, and the error string is "bad arg in system call".  It is EINTR, and "interrupted", if a note (p9note.h) came or was pending while the
 * caller had to wait, or if it caught a signal, unless the handler was installed with SA_RESTART: then the wait may go on.
 * An interrupted caller has taken nothing, and takes no wakeup from others.
 *
 * Waiters are woken in the order of the kernel's queue: those of real-time policies first, by priority, then in the order in which they
 * went to sleep.  That is not the order in which they take: a running thread may be quicker than who was
 * woken, who then waits behind the others.  Wakes go to waiters on this address only.  None of these is a cancellation point.
 */

/*
 * Take one: wait until *addr is positive and decrement it.  Returns 1.  With
 * block 0 do not wait: 0, and *addr untouched, if it was not positive.  -1: error,
 * nothing taken.  Not async-signal-safe if block is nonzero.
 */
RENDEZ_API int p9semacquire(long *addr, int block);

/* The same for at most ms milliseconds: 0 if there was none to take in that time.  ms 0 is a try. */
RENDEZ_API int p9tsemacquire(long *addr, unsigned long ms);

/*
 * Add count and make as many waiters runnable.  Returns the value that it made,
 * -1 on error.  Never waits.  Async-signal-safe.
 */
RENDEZ_API long p9semrelease(long *addr, long count);

#ifndef RENDEZ_NOPLAINNAMES
RENDEZ_PLAIN(int, semacquire, (long *, int));
RENDEZ_PLAIN(int, tsemacquire, (long *, unsigned long));
RENDEZ_PLAIN(long, semrelease, (long *, long));
#endif

#ifdef __cplusplus
}
#endif

#endif
