/*
 * swiproc, and host calls that can be interrupted: osenter, osleave.
 *
 * Where a thread is stands in its Self.pending next to the reasons to interrupt it, and both change by one atomic step:
 *
 *	swiproc, postnote			owner
 *	in a host call: set the reason and	osleave: clear Phost; wait until Psignal is clear;
 *	  Psignal, unless it is set; send		take the reasons
 *	in a sleep: set Pswi, kick		sleep's end: clear Psleeping and Pswi; Pswi counts
 *	else: nothing					only if no wakeup has chosen the sleeper
 *
 * Psignal is set by one poster at a time, who then sends one signal, and cleared by the handler of that; so when osleave
 * has seen it clear after Phost, no signal is on its way, nor will one be sent, and none hits what the thread does
 * next.  The handler runs in the thread that waits for it: it ends the wait by being delivered, and the word that is waited
 * on differs if it was quicker.  The signal carries nothing; the reasons do.  (Model: tests/model/hostcall.pml.)
 */
#include "linux.h"
#include "p9error.h"
#include "self.h"

#include <errno.h>

static Word hostsig; /* which signal; 0: none chosen yet */

static INHANDLER void
interrupt(int sig)
{
	Self *s = selfknown();

	(void)sig;
	if(s != nil)
		atomic_fetch_and_explicit(&s->pending, ~(uint32_t)Psignal, memory_order_release);
}

/* Two threads that choose at a time may choose two signals; all then use the first that was stored. */
static int
choose(void)
{
	uint32_t sig = atomic_load_explicit(&hostsig, memory_order_acquire), none = 0;

	if(likely(sig != 0))
		return (int)sig;
	sig = (uint32_t)sighandler(interrupt);
	if(sig == 0)
		panic("osenter: every real-time signal has a handler of the program's", nil);
	if(!atomic_compare_exchange_strong_explicit(&hostsig, &none, sig, memory_order_acq_rel, memory_order_acquire))
		sig = none;
	return (int)sig;
}

void
hostsignal(Self *s)
{
	int r;

	while((r = sigsend(atomic_load_explicit(&s->tid, memory_order_relaxed),
		   (int)atomic_load_explicit(&hostsig, memory_order_acquire))) == EAGAIN)
		sysnap(1000000);
	if(r != 0)
		atomic_fetch_and_explicit(&s->pending, ~(uint32_t)Psignal, memory_order_release);
}

void
p9osenter(void)
{
	Self *s = selfget();

	s->sigblocked = sigopen(choose());
	if(atomic_fetch_or_explicit(&s->pending, Phost, memory_order_seq_cst) & Pwhy)
		p9osleave();
}

void
p9osleave(void)
{
	Self *s = selfget();
	uint32_t w = atomic_fetch_and_explicit(&s->pending, ~(uint32_t)Phost, memory_order_seq_cst) & ~(uint32_t)Phost;

	while(w & Psignal) {
		futexwait(&s->pending, w, nil, 0);
		w = atomic_load_explicit(&s->pending, memory_order_acquire);
	}
	if(s->sigblocked)
		sigshut(choose());
	s->sigblocked = 0;
	if(w & Pwhy) {
		selftake(s);
		p9error("interrupted");
	}
}

void
p9swiproc(P9proc *p, int interp)
{
	Self *s = (Self *)p;
	uint32_t old, new;

	if(s == nil)
		return;
	old = atomic_load_explicit(&s->pending, memory_order_relaxed);
	do {
		new = interp ? old : old | Pkilled;
		if(old & (Phost | Psleeping))
			new = selfasks(new | Pswi);
		/* Whoever set the last of these bits makes it look. */
		if(new == old || old & Pgone)
			return;
	} while(
	    !atomic_compare_exchange_weak_explicit(&s->pending, &old, new, memory_order_seq_cst, memory_order_relaxed));
	selflook(s, old);
}

void
p9notkilled(void)
{
	atomic_fetch_and_explicit(&selfget()->pending, ~(uint32_t)Pkilled, memory_order_relaxed);
}
