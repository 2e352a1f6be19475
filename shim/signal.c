/*
 * The handlers of the program, each behind a wrapper of ours that puts a signal off while its thread is in a section that must
 * not be interrupted (compat/sigoff.h).
 *
 * The kernel knows the wrapper, one of two; which handler the program wants stands in a table, and whoever asks gets that.  All else
 * that is said of a handler (flags, mask, alternate stack) the kernel knows from the program itself, and the wrapper ends in a jump to
 * the handler, with what the kernel gave: it finds the stack and the frames that it would find without us.
 *
 * The table is written before the kernel is told.  If the same wrapper was there before, the new handler runs from then on, a
 * moment too early; if it was not, the kernel does not call it yet.  Nothing takes a handler out of the
 * table: a signal that is about to call the wrapper finds the last one.
 *
 * A thread that is interrupted while it waits may be long in coming back: that is said at the handler's beginning (mutexaway).
 *
 * What libc does within itself with a handler (system, siginterrupt, posix_spawn) it does with what the kernel knows, and
 * puts back what was there.  Programs that make the system call themselves go by us; sigoff.c looks for their handlers.
 */
#define _GNU_SOURCE
#include "mutex.h"
#include "export.h"
#include "posix.h"
#include "real.h"
#include "wrap.h"

#include "../compat/sigoff.h"

#include <signal.h>

/* By whether the kernel is to say with what the signal came. */
static _Atomic(uintptr_t) handlers[2][NSIG];

static inline Sigwrapper *
handlerof(int told, int sig)
{
	return (Sigwrapper *)atomic_load_explicit(&handlers[told][sig], memory_order_acquire);
}

THUNK static void
with(int sig, void *info, void *context)
{
	if(unlikely(sigputoff(sig, info, context)))
		return;
	if(unlikely(up != nil))
		mutexaway();
	TAILCALL handlerof(1, sig)(sig, info, context);
}

/* What info points to is not written: it is only handed on. */
THUNK static void
without(int sig, void *info, void *context)
{
	if(unlikely(sigputoff(sig, nil, context)))
		return;
	if(unlikely(up != nil))
		mutexaway();
	TAILCALL handlerof(0, sig)(sig, info, context);
}

static int
wraps(int sig, uintptr_t handler)
{
	return sig > 0 && sig < NSIG && handler != (uintptr_t)SIG_DFL && handler != (uintptr_t)SIG_IGN &&
	       handler != (uintptr_t)SIG_ERR && handler != (uintptr_t)SIG_HOLD && handler != (uintptr_t)with &&
	       handler != (uintptr_t)without;
}

/* What the program wanted of a signal before this call. */
typedef struct Was {
	uintptr_t handler[2];
} Was;

static Was
wanted(int sig)
{
	Was w = {{0, 0}};

	if(sig > 0 && sig < NSIG) {
		w.handler[0] = atomic_load_explicit(&handlers[0][sig], memory_order_relaxed);
		w.handler[1] = atomic_load_explicit(&handlers[1][sig], memory_order_relaxed);
	}
	return w;
}

/*
 * What the kernel is to be told of a handler that the table has from now on.  A vfork child has its parent's table and a
 * disposition of its own: there the kernel is told of the handler itself.
 */
static sighandler_t
wrap(int sig, uintptr_t handler, int told)
{
	if(procborrowed())
		return (sighandler_t)handler;
	/* Put off, these would lose their order. */
	if(sigqueues(sig))
		sigsmasked();
	atomic_store_explicit(&handlers[told][sig], handler, memory_order_release);
	return (sighandler_t)(uintptr_t)(told ? with : without);
}

/* The kernel did not want it: what was there is there still. */
static void
unwrap(int sig, int told, const Was *was)
{
	atomic_store_explicit(&handlers[told][sig], was->handler[told], memory_order_relaxed);
}

/* What the program knows of what the kernel had. */
static sighandler_t
unwrapped(sighandler_t old, const Was *was)
{
	if((uintptr_t)old == (uintptr_t)with)
		return (sighandler_t)was->handler[1];
	if((uintptr_t)old == (uintptr_t)without)
		return (sighandler_t)was->handler[0];
	return old;
}

EXPORT(sigaction);
int
rz_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	struct sigaction wrapped;
	Was was = wanted(sig);
	int r, told;

	if(act == nil || !wraps(sig, (uintptr_t)act->sa_handler)) {
		r = real.sigaction(sig, act, old);
	} else {
		wrapped = *act;
		told = (act->sa_flags & SA_SIGINFO) != 0;
		wrapped.sa_handler = wrap(sig, (uintptr_t)act->sa_handler, told);
		r = real.sigaction(sig, &wrapped, old);
		if(r != 0)
			unwrap(sig, told, &was);
	}
	if(r == 0 && old != nil)
		old->sa_handler = unwrapped(old->sa_handler, &was);
	return r;
}

/* The same by one of the older calls. */
static sighandler_t
install(sighandler_t (*call)(int, sighandler_t), int sig, sighandler_t handler)
{
	Was was = wanted(sig);
	sighandler_t old;

	if(!wraps(sig, (uintptr_t)handler))
		return unwrapped(call(sig, handler), &was);
	old = call(sig, wrap(sig, (uintptr_t)handler, 0));
	if(old == SIG_ERR)
		unwrap(sig, 0, &was);
	return unwrapped(old, &was);
}

EXPORT(signal);
sighandler_t
rz_signal(int sig, sighandler_t handler)
{
	return install(real.signal, sig, handler);
}

EXPORT(sysv_signal);
sighandler_t
rz_sysv_signal(int sig, sighandler_t handler)
{
	return install(real.sysv_signal, sig, handler);
}

EXPORT(sigset);
sighandler_t
rz_sigset(int sig, sighandler_t handler)
{
	return install(real.sigset, sig, handler);
}

/* Only if the program's own calls come here: a sanitizer in it may be asked before us. */
void
signalstart(void)
{
	if(dlvsym(RTLD_DEFAULT, "sigaction", "GLIBC_2.2.5") == (void *)rz_sigaction)
		sigswrapped(with, without);
}
