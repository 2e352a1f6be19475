/*
 * Signals that are put off.
 *
 * A signal that comes within a section (sigoff.depth) finds the wrapper in place of its handler, which gives it to sigputoff.
 * That masks all signals, sends this one to its own thread again, with all that came with it, so that it is pending; and
 * writes into the context that is about to be restored that all are masked there too.  So the section runs on undisturbed,
 * and its end, which finds that something is owed, gives the mask back: then the signal comes again.  A section
 * in which none comes, that is nearly every one, costs no system call.
 *
 * Order.  Everything is on one thread; handlers nest.  Until sigputoff has masked all, another signal may come on top of it:
 * that one is put off wholly before this one goes on, and masks all for it.  So the mask that was is written by both,
 * and last by the outermost, whose context is the section's own.  The end of a section leaves
 * first, then looks: a signal before that is put off and seen to be owed, one after it is handled then and there.
 *
 * Not put off: a fault of the thread's own, whose instruction would only fault again, and what may be one, where the kernel
 * does not tell the handler (it was installed without SA_SIGINFO); and a signal that cannot be sent again
 * (a sandbox forbids it), whose handler runs within the section as a last resort.  What comes again comes behind those of its
 * number that were queued before it did; sigorder.c sets that right.
 *
 * It is trusted only if every handler is known to be wrapped, else signals are masked by the kernel: whoever wraps them says so,
 * and at the first section after that what handlers there are is looked at, for some are installed by
 * programs that make the system call themselves.
 *
 * Model: tests/model/sigoff.pml.
 */
#include "sigoff.h"

__thread Sigoff sigoff __attribute__((tls_model("initial-exec")));
Word sigputs;

enum { Unsaid, Wrapped, Foreign };
static Word said;
static Sigwrapper *_Atomic with, *_Atomic without;

void
sigswrapped(Sigwrapper *f, Sigwrapper *g)
{
	uint32_t was = Unsaid;

	atomic_store_explicit(&with, f, memory_order_relaxed);
	atomic_store_explicit(&without, g, memory_order_relaxed);
	atomic_compare_exchange_strong_explicit(&said, &was, Wrapped, memory_order_release, memory_order_relaxed);
}

void
sigsunwrapped(void)
{
	atomic_store_explicit(&said, Foreign, memory_order_relaxed);
	atomic_store_explicit(&sigputs, 0, memory_order_relaxed);
}

/* Two threads that look at once find the same. */
static int
decide(void)
{
	if(atomic_load_explicit(&said, memory_order_acquire) != Wrapped)
		return 0;
	if(sigsforeign(atomic_load_explicit(&with, memory_order_relaxed),
	       atomic_load_explicit(&without, memory_order_relaxed))) {
		sigsunwrapped();
		return 0;
	}
	atomic_store_explicit(&sigputs, 1, memory_order_relaxed);
	return 1;
}

void
sigoffslow(Sigs *s)
{
	if(!sigoff.async && decide()) {
		sigsoff(s);
		return;
	}
	s->masked = 1;
	sigsmask(&s->mask);
}

void
sigback(const Sigs *s)
{
	uint64_t mask;

	if(s->masked) {
		sigsunmask(&s->mask);
		return;
	}
	mask = sigoff.mask;
	atomic_store_explicit(&sigoff.owed, 0, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	sigsunmask(&mask);
}

/* To be handled now. */
static int
now(int sig, void *info)
{
	if(unlikely(sigoff.kept != 0) && info != nil)
		siginorder(sig, info);
	return 0;
}

int
sigputoff(int sig, void *info, void *context)
{
	uint64_t mask;
	int kept;

	if(likely(atomic_load_explicit(&sigoff.depth, memory_order_relaxed) == 0) || sigisfault(sig, info))
		return now(sig, info);
	sigsmask(&mask);
	kept = info != nil && sigkeep(sig, info);
	if(sigagain(sig, info, atomic_load_explicit(info == nil ? &without : &with, memory_order_relaxed)) != 0) {
		if(kept)
			sigunkeep(info);
		sigsunmask(&mask);
		return now(sig, info);
	}
	sigoff.mask = *contextmask(context);
	*contextmask(context) = ~(uint64_t)0;
	atomic_store_explicit(&sigoff.owed, 1, memory_order_relaxed);
	return 1;
}
