/*
 * Leaving a condition's wait: by deadline or cancellation, which return from it; and by a jump out of a handler or by
 * the end of the thread, which do not.
 *
 * A jump may come between any two instructions that signals can interrupt, so how far the wait has come (Proc.waiting)
 * changes only by steps that mean one thing each: linked; off by itself; given the signal.  Whoever goes for good
 * takes itself off, or if it was signalled gives the signal to another.
 *
 * libc's own wait has its cleanup in the list that a long jump runs too: it locks the mutex again, for the handlers of the
 * program that were pushed with the mutex held.  So does this one, unless the waiter was signalled: libc's would then be locking
 * the mutex, and has no cleanup there.
 */
#define _GNU_SOURCE
#include "condgone.h"
#include "foreign.h"
#include "mutex.h"
#include "real.h"

#include "../compat/stop.h"

void
condtakeoff(Bucket *b, Cond *c, Proc *p)
{
	if(qalone(p))
		atomic_store_explicit(&c->waiters, 0, memory_order_relaxed);
	qtake(b, p);
}

int
condleave(Cond *c, Proc *p)
{
	Bucket *b;
	Sigs s;
	int linked = 0;

	stop("condwait.leave");
	sigsoff(&s);
	b = qlockof(p);
	if(b != nil) {
		linked = atomic_load_explicit(&p->key, memory_order_relaxed) == (uintptr_t)condkey(c);
		if(linked) {
			condtakeoff(b, c, p);
			p->waiting = Wnone;
		}
		qunlock(b);
	}
	sigsback(&s);
	return linked;
}

void
condpasson(Proc *p)
{
	condwakefrom(p->signalled, nil, 0, 0);
}

/* The wait is left for good.  If it was signalled the signal is somebody else's. */
void
condabandon(Proc *p)
{
	Condgone *g = p->frameof;

	/* nil: the thread ends, and its frames are gone. */
	if(g != nil)
		g->p = nil;
	if(p->waiting == Wnone)
		return;
	if(p->waiting == Wlinked && condleave(p->signalled, p)) {
		if(g != nil)
			g->relock = g->released;
		return;
	}
	p->passon = condpasson;
	p->object = p->mutex;
	if(p->moved)
		mutexabandon(p);
	else if(p->waiting == Wlinked)
		block(p, nil, 0, nil, nil);
}

/* Whether the wait of this frame is undone, and with it all inside it. */
static int
undone(const Proc *p, void *arg)
{
	(void)p;
	return ((Condgone *)arg)->p == nil;
}

/*
 * libc's list of cleanups calls this when the thread ends within the wait, or jumps out of it: as libc's own
 * wait does, it locks the mutex again for the handlers of the program, unless it was signalled already.
 */
void
condgone(void *arg)
{
	Condgone *g = arg;
	int ends = g->p != nil;

	procabandon(undone, g);
	/* A jump has said what it leaves. */
	if(ends)
		waitdropped(nil, nil);
	if(g->relock && !mutexours((Mutex *)g->pm))
		otherlock((Mutex *)g->pm, CLOCK_REALTIME, nil, g->pc);
	else if(g->relock && g->full)
		mutexlock((Mutex *)g->pm, g->pc);
	else if(g->relock)
		((Mutex *)g->pm)->depth++;
	asyncback(g->type);
}
