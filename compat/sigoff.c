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
 * Not put off, and not masked: a fault of the thread's own, whose instruction would only fault again (the section may write to a
 * condition in memory whose writes the program watches), and what may be one, where the kernel
 * does not tell the handler (it was installed without SA_SIGINFO).  One of those numbers that somebody sent is put off, and
 * only it is masked then.  Not put off either: a signal that cannot be sent again
 * (a sandbox forbids it), whose handler runs within the section as a last resort.  What comes again comes behind those of its
 * number that are queued, which for a real-time signal would be the wrong order: a program that handles those has
 * its signals masked (sigsmasked).
 *
 * It is trusted only if every handler is known to be wrapped, else signals are masked by the kernel: whoever wraps them says so,
 * and at the first section after that what handlers there are is looked at, for some are installed by
 * programs that make the system call themselves.
 *
 * Models: tests/model/sigoff.pml; of cancellation, strike.pml.
 */
#include "sigoff.h"

__thread Sigoff sigoff __attribute__((tls_model("initial-exec")));
Word sigputs;

static Sigwrapper *_Atomic with, *_Atomic without;

void
sigswrapped(Sigwrapper *f, Sigwrapper *g)
{
	uint32_t was = Sunsaid;

	atomic_store_explicit(&with, f, memory_order_relaxed);
	atomic_store_explicit(&without, g, memory_order_relaxed);
	atomic_compare_exchange_strong_explicit(&sigputs, &was, Swrapped, memory_order_release, memory_order_relaxed);
}

static int
foreign(void)
{
	return sigsforeign(
	    atomic_load_explicit(&with, memory_order_relaxed), atomic_load_explicit(&without, memory_order_relaxed));
}

/* It goes on from one of two states, unless somebody else was quicker and it went further. */
static void
goeson(uint32_t from, uint32_t to)
{
	atomic_compare_exchange_strong_explicit(&sigputs, &from, to, memory_order_relaxed, memory_order_relaxed);
}

void
sigsunwrapped(void)
{
	atomic_store_explicit(&sigputs, Sforeign, memory_order_relaxed);
}

/* Two threads that look at once find the same; if meanwhile a handler came that is not wrapped, that holds. */
static int
decide(void)
{
	if(atomic_load_explicit(&sigputs, memory_order_acquire) == Swrapped)
		goeson(Swrapped, foreign() ? Sforeign : Sputs);
	return atomic_load_explicit(&sigputs, memory_order_relaxed) == Sputs;
}

void
sigsmasked(void)
{
	/* Nobody says yet what is wrapped, and what was installed before is not. */
	goeson(Sunsaid, Sforeign);
	if(decide())
		goeson(Sputs, Smasks);
}

/*
 * libc's signal for a cancellation has no wrapper, and it strikes at any instruction of a thread that is in one of libc's blocking
 * calls, also within a handler that interrupted the call, and there in a section.  So in a process that cancels threads
 * signals are masked.  Sections that began before that: a section says that it is one, then looks whether to put
 * off; here that is changed, then the target is looked at.  So either it is seen in its section, and waited for, or it sees the
 * change.  A fence would cost each section more than all the rest of it, and membarrier, which would do for both, is a call that
 * sandboxes kill for.  So the first to cancel a thread waits SETTLE between its two steps, hundreds of times what any
 * processor keeps a store to itself.
 */
enum { SETTLE = 100000, NAP = 10000 }; /* ns */

void
sigsbeforecancel(const Sigoff *target)
{
	static Word passed;

	if(unlikely(atomic_load_explicit(&passed, memory_order_acquire) == 0)) {
		sigsmasked();
		sysnap(SETTLE);
		atomic_store_explicit(&passed, 1, memory_order_release);
	}
	while(atomic_load_explicit(&target->depth, memory_order_acquire) != 0)
		sysnap(NAP);
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
	sigscount(&sigoff.masked, 1);
	sigscount(&sigoff.depth, 1);
}

/* The section that was begun is no more one that puts off: it is left, as any is, and masks. */
void
sigoffleave(Sigs *s)
{
	sigsback(s);
	sigoffslow(s);
}

void
sigback(const Sigs *s)
{
	uint64_t mask;

	if(s->masked) {
		sigscount(&sigoff.depth, -1);
		sigscount(&sigoff.masked, -1);
		atomic_signal_fence(memory_order_seq_cst);
		sigsunmask(&s->mask);
		return;
	}
	mask = sigoff.mask;
	atomic_store_explicit(&sigoff.owed, 0, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	sigsunmask(&mask);
}

int
sigputoff(int sig, void *info, void *context)
{
	uint64_t mask;
	int first;

	if(likely(atomic_load_explicit(&sigoff.depth, memory_order_relaxed) == 0) || sigisfault(sig, info))
		return 0;
	sigsmaskall(&mask);
	if(sigagain(sig, info, atomic_load_explicit(info == nil ? &without : &with, memory_order_relaxed)) != 0) {
		sigsunmask(&mask);
		return 0;
	}
	first = sigsmaskthere(context, sig, &mask);
	/* The end of a section that masks gives back what was before it. */
	if(atomic_load_explicit(&sigoff.masked, memory_order_relaxed) != 0)
		return 1;
	/* In a section where one was put off before, only a fault's number that was sent comes again. */
	if(first || !atomic_load_explicit(&sigoff.owed, memory_order_relaxed))
		sigoff.mask = mask;
	atomic_store_explicit(&sigoff.owed, 1, memory_order_relaxed);
	return 1;
}
