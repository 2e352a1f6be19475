/*
 * Who a thread is, and notes to it: Plan 9 postnote (kproc(9)), notify(2); Inferno swiproc, osenter (kproc(10.2)).
 *
 * A note is a short text that breaks its thread out of what it waits for, if that may be interrupted: sleep and tsleep,
 * which raise the error "interrupted"; rendezvous, semacquire and tsemacquire, which fail with that error
 * string and errno EINTR; eqlock; and a host call between osenter and osleave.  Never out of qlock, lock, rlock or
 * wlock, nor any POSIX function.  A thread that is in none of them when the note comes keeps it, and
 * its next such wait ends at once; a semacquire that need not wait still succeeds.  What a note has interrupted has used
 * it up: the wait after that waits again.
 *
 * A note is no signal.  It is delivered when the call that it interrupted ends, by the thread itself:
 * a thread that has never called notify drops what was posted, for the interruption was all that it could want; one that has
 * runs its handler.  The other way round, a signal that the program catches is no note: it does not end sleep or tsleep,
 * for signals are the interrupts of this system, whose handlers call wakeup.  (It does end semacquire.)
 *
 * Threads of one process only.  None of these is a cancellation point.
 */
#ifndef RENDEZ_P9NOTE_H
#define RENDEZ_P9NOTE_H

#include "p9sleep.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A thread as others know it: Plan 9's and Inferno's Proc, as far as programs use it.  It exists as long as the
 * thread; the memory is never unmapped, but a later thread may get it.
 */
typedef struct P9proc {
	Rendez sleep;	       /* for a delay that can be cut short: tsleep(&up->sleep, return0, nil, ms) */
	char errstr[P9ERRMAX]; /* the text of the last error */
} P9proc;

/* The calling thread's.  Never nil.  Async-signal-safe. */
RENDEZ_API P9proc *p9up(void);

/* Where a note comes from. */
enum {
	P9NUser = 1, /* from another program, as it were: a handler may be running */
	P9NExit, /* from the system, as are 0 and the next: it does not wait for a handler that runs, but ends the process */
	P9NDebug, /* the same */
};

/*
 * Post a note, msg (cut to ERRMAX - 1 bytes), to a thread.  Returns 1 if it was queued, else 0: five are queued already
 * (or a dozen threads are posting at this instant), the thread is at its end or gone, or p is nil or flag none of 0 and those above.
 * A note that there is no room for interrupts even so.  One that is not P9NUser first drops those that are queued, if the thread has no handler
 * or is running it.  dolock is not used.  Never waits for a thread or a lock; where a host call is to be
 * interrupted and the kernel cannot queue its signal just then it naps and asks again.  Async-signal-safe, also in a handler that interrupted a postnote
 * to the same thread.
 */
RENDEZ_API int p9postnote(P9proc *p, int dolock, const char *msg, int flag);

/*
 * f becomes the calling thread's handler of notes; nil: none, and notes do what is their default, they end the process.
 * Returns 0.  When a call is interrupted f is called before that returns, for each note that is queued, the eldest first; its first argument is nil,
 * the second the text, which is its own until it ends.  It ends by noted, and until then further notes are held: they interrupt what the handler waits for, and
 * are handled after it.  A handler that returns takes the default, as on Plan 9.  It must not be left by a jump.
 *
 * The default: one line on standard error, "rendez: note: TEXT", and the process ends as by _exit(1): no handler of exit runs.
 */
RENDEZ_API int p9notify(void (*f)(void *, char *));

/*
 * In a handler: P9NCONT ends it, and the interrupted call returns its error; P9NDFLT takes the default.  Neither returns.
 * -1 and errno EINVAL if no handler runs or v is something else: there are no registers here to save (NSAVE) or restore (NRSTR).
 */
enum { P9NCONT, P9NDFLT, P9NSAVE, P9NRSTR };
RENDEZ_API int p9noted(int v);

/*
 * Inferno's way to interrupt a thread, without a text.  It breaks p out of a sleep, which raises "interrupted" unless a
 * wakeup was first, or once out of a host call; if p is in neither nothing happens.  With interp 0 p is marked as killed too: if
 * this interrupts nothing, p's next interruptible wait of any sort ends, unless it calls notkilled before.  p may be nil.  Async-signal-safe.
 */
RENDEZ_API void p9swiproc(P9proc *p, int interp);
RENDEZ_API void p9notkilled(void);

/*
 * The calling thread is about to call the host, in a way that may wait (read, accept, nanosleep); and has done so.  A note
 * or a swiproc that comes in between interrupts that call, which fails with EINTR, by a real-time signal that is sent to the thread; osleave then raises the
 * error "interrupted".  So does osenter if a note is there already: like sleep, both want a waserror around them.  errno is as
 * the host's call left it, for who looks between that and osleave.  A signal that comes before the host's call has begun to wait cannot
 * interrupt it: where that must not be missed use a call that takes a timeout, and ask again.
 *
 * The signal is the highest real-time one that has no handler and is not ignored at the first osenter in the process, and from then on
 * belongs to the library; if there is none, the process ends by abort, with a line on standard error that says so.  osenter unblocks it, osleave puts it back.  It must not be blocked, or given another handler, in between.  Brackets do not nest.  No waits of
 * this library stand inside, and no jump leads out.
 */
RENDEZ_API void p9osenter(void);
RENDEZ_API void p9osleave(void);

#ifndef RENDEZ_NOPLAINNAMES
typedef P9proc Proc;
#define up (p9up())
enum { NUser = P9NUser, NExit = P9NExit, NDebug = P9NDebug };
enum { NCONT = P9NCONT, NDFLT = P9NDFLT, NSAVE = P9NSAVE, NRSTR = P9NRSTR };
RENDEZ_PLAIN(int, postnote, (P9proc *, int, const char *, int));
RENDEZ_PLAIN(int, notify, (void (*)(void *, char *)));
RENDEZ_PLAIN(int, noted, (int));
RENDEZ_PLAIN(void, swiproc, (P9proc *, int));
RENDEZ_PLAIN(void, notkilled, (void));
RENDEZ_PLAIN(void, osenter, (void));
RENDEZ_PLAIN(void, osleave, (void));
#endif

#ifdef __cplusplus
}
#endif

#endif
