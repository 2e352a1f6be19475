/*
 * Errors: Plan 9 error(9), Inferno error(10.2); the error string: Plan 9 errstr(2).
 *
 * An error is raised where it is found and handled where somebody said that he would, like an exception:
 *
 *	lock(x);
 *	if(waserror()){
 *		unlock(x);
 *		nexterror();
 *	}
 *	... what may call error ...
 *	poperror();
 *	unlock(x);
 *
 * A thread's labels nest, at most 64 deep.  Each waserror that returned 0 is met by one poperror, on every way out, before
 * the function that called it returns; one that returned nonzero has been taken off already, and that block ends in
 * nexterror or handles the error and goes on.  As after longjmp, local variables that
 * were changed since waserror must be volatile to be read in that block.
 *
 * A mistake with labels ends the program: one line with "error stack", then abort.  That is a 65th label; a poperror, an error
 * or a nexterror with no label; a condition function of sleep, or a handler of notes, that leaves labels behind; or an error that would leave
 * a handler of notes.  One that a condition function raises with no label of its own leaves the sleep, which is undone, and comes to the sleeper's
 * last label.  A thread may end with labels left.
 *
 * An error must not be raised across frames of others: callbacks that libc or a library calls, C++ functions with destructors to run.
 * Labels belong to the thread: nothing else in this library, no POSIX function, changes them.
 *
 * Nothing here waits, is a cancellation point, changes a signal mask or makes a system call (panic does; and a thread's first call into this library
 * makes a few).
 * A handler of a signal may use labels of its own; an error that it raises without one leaves what it interrupted, as siglongjmp
 * does, and is as dangerous.
 */
#ifndef RENDEZ_P9ERROR_H
#define RENDEZ_P9ERROR_H

#include "p9base.h"

#include <setjmp.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A label is pushed: returns 0; and again, nonzero, with the label popped, when error or nexterror comes to it.  It is a
 * macro for it must stand in the frame that is returned to; use it as the whole condition of an if.
 */
#define p9waserror() _setjmp(p9errlabel())
RENDEZ_API struct __jmp_buf_tag *p9errlabel(void);

/* The last label is popped: what it guarded went well. */
RENDEZ_API void p9poperror(void);

/* The text, cut to ERRMAX - 1 bytes, becomes the error string, and the thread goes on at its last label.  The text may be the error string. */
RENDEZ_API void p9error(const char *text) __attribute__((noreturn));

/* The same with the error string as it is: what a recovery block ends in. */
RENDEZ_API void p9nexterror(void) __attribute__((noreturn));

/*
 * The error string of the thread, up->errstr: what error, werrstr, or a function that
 * returned an error set last.  errstr swaps it with buf, which has n bytes and a text in them, and returns 0; rerrstr copies it to buf.  Both cut
 * what does not fit, never inside a character of UTF-8, and do nothing if n is 0.
 */
RENDEZ_API int p9errstr(char *buf, unsigned n);
RENDEZ_API void p9rerrstr(char *buf, unsigned n);

/*
 * The error string becomes what fmt says: %s, %c, %d, %x, %p, %% as in printf; %r is the error string as it was; %ud and
 * %ux (and C's %u) are unsigned; an l before that is for a long.  Nothing else: no width, no precision.  A verb that is
 * not known is left as it stands, with all that follows.
 */
RENDEZ_API void p9werrstr(const char *fmt, ...);

/* One line on standard error, of the same formats, and abort. */
RENDEZ_API void p9panic(const char *fmt, ...) __attribute__((noreturn));

#ifndef RENDEZ_NOPLAINNAMES
#define waserror() p9waserror()
RENDEZ_PLAIN(void, poperror, (void));
RENDEZ_PLAIN(void, nexterror, (void)) __attribute__((noreturn));
RENDEZ_PLAIN(int, errstr, (char *, unsigned));
RENDEZ_PLAIN(void, rerrstr, (char *, unsigned));
RENDEZ_PLAIN(void, werrstr, (const char *, ...));
RENDEZ_PLAIN(void, panic, (const char *, ...)) __attribute__((noreturn));
#endif

#ifdef __cplusplus
}
#endif

#endif
