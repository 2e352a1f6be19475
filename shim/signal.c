/*
 * The handlers of the program, each behind a wrapper of ours that puts a signal off while its thread is in a section that must
 * not be interrupted (compat/sigoff.h).
 *
 * The kernel knows the wrapper, one of two; which handler the program wants stands in a table, and whoever asks gets that.  All else
 * that is said of a handler (flags, mask, alternate stack) the kernel knows from the program itself, and the wrapper ends in a jump to
 * the handler, with what the kernel gave: it finds the stack and the frames that it would find without us.
 *
 * The table is written before the kernel is told.  If the wrapper was there before, the new handler runs from then on, a
 * moment too early; if it was not, the kernel does not call it yet.  Nothing takes a handler out of the
 * table: a signal that is about to call the wrapper finds the last one.
 *
 * What libc does within itself with a handler (system, siginterrupt, posix_spawn) it does with what the kernel knows, and
 * puts back what was there.  Programs that make the system call themselves go by us; sigoff.c looks for their handlers.
 */
#define _GNU_SOURCE
#include "shim.h"
#include "export.h"
#include "posix.h"
#include "real.h"
#include "wrap.h"

#include "../compat/sigoff.h"

#include <signal.h>

static _Atomic(uintptr_t) handlers[NSIG];

THUNK static void
with(int sig, void *info, void *context)
{
	if(unlikely(sigputoff(sig, info, context)))
		return;
	TAILCALL((Sigwrapper *)atomic_load_explicit(&handlers[sig], memory_order_acquire))(sig, info, context);
}

/* What info points to is not written: it is only handed on. */
THUNK static void
without(int sig, void *info, void *context)
{
	if(unlikely(sigputoff(sig, nil, context)))
		return;
	TAILCALL((Sigwrapper *)atomic_load_explicit(&handlers[sig], memory_order_acquire))(sig, info, context);
}

static int
iswrapper(uintptr_t handler)
{
	return handler == (uintptr_t)with || handler == (uintptr_t)without;
}

static int
wraps(int sig, uintptr_t handler)
{
	return sig > 0 && sig < NSIG && handler != (uintptr_t)SIG_DFL && handler != (uintptr_t)SIG_IGN &&
	       handler != (uintptr_t)SIG_ERR && handler != (uintptr_t)SIG_HOLD && !iswrapper(handler);
}

static uintptr_t
wanted(int sig)
{
	return sig > 0 && sig < NSIG ? atomic_load_explicit(&handlers[sig], memory_order_relaxed) : 0;
}

EXPORT(sigaction);
int
rz_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	uintptr_t was, new = act == nil ? 0 : (uintptr_t)act->sa_handler;
	struct sigaction wrapped;
	int r;

	if(act == nil || !wraps(sig, new)) {
		was = wanted(sig);
		r = real.sigaction(sig, act, old);
	} else {
		wrapped = *act;
		wrapped.sa_handler = (sighandler_t)(uintptr_t)(act->sa_flags & SA_SIGINFO ? with : without);
		was = atomic_exchange_explicit(&handlers[sig], new, memory_order_acq_rel);
		r = real.sigaction(sig, &wrapped, old);
		/* Only for a signal that can have none. */
		if(r != 0)
			atomic_store_explicit(&handlers[sig], was, memory_order_relaxed);
	}
	if(r == 0 && old != nil && iswrapper((uintptr_t)old->sa_handler))
		old->sa_handler = (sighandler_t)was;
	return r;
}

/* The same by one of the older calls. */
static sighandler_t
install(sighandler_t (*call)(int, sighandler_t), int sig, sighandler_t handler)
{
	uintptr_t was = wanted(sig);
	sighandler_t old;

	if(!wraps(sig, (uintptr_t)handler)) {
		old = call(sig, handler);
	} else {
		was = atomic_exchange_explicit(&handlers[sig], (uintptr_t)handler, memory_order_acq_rel);
		old = call(sig, (sighandler_t)(uintptr_t)without);
		if(old == SIG_ERR)
			atomic_store_explicit(&handlers[sig], was, memory_order_relaxed);
	}
	return iswrapper((uintptr_t)old) ? (sighandler_t)was : old;
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
