/*
 * A process-shared condition is libc's, so that processes which run without us
 * can share it.  With a mutex that is in libc's layout too, whoever runs it, libc does it all.  With one of
 * our own (private to this process, so only its threads are ordered by it) the
 * mutex cannot be passed to libc, and cannot simply be released before libc's
 * wait either: a thread that then locks it and signals would come too early.
 *
 * So a gate stands in between, a mutex that libc runs and nobody else sees:
 *
 *	waiter				a signaller of this process
 *	lock gate; count it		lock mutex
 *	unlock mutex			unlock mutex
 *	libc's wait with the gate	if anybody is counted: lock gate, unlock gate
 *	unlock gate; lock mutex		signal
 *
 * Whoever locks the mutex after the waiter released it sees it counted, and gets
 * the gate only when libc's wait has released it, that is, waits.  A process
 * that does not have the mutex is ordered by nothing and needs nothing.
 *
 * Those who wait at a gate are listed there, with the gate locked: pthread_mutex_destroy asks whether its mutex is
 * waited with.
 *
 * A gate serves many conditions, so no jump out of a wait, nor out of a signal, may leave it locked or its frame listed.  A Proc
 * is busy as long as either may be, and what it abandons is undone (undo).  Whether the thread holds the gate it cannot know from
 * how far it came, for libc locks and unlocks it in its wait; the gate's word says it exactly, for a mutex that inherits priority has its
 * holder's number there, by the one instruction that locks it.  The list changes in sections that nothing interrupts.
 * Cancellation at any instruction is deferred meanwhile.
 *
 * When a waiter has had its signal libc does not say.  So who leaves for good, from the beginning of libc's wait until it
 * has its mutex, signals once more (passon).
 *
 * Model: tests/model/gate.pml.
 */
#define _GNU_SOURCE
#include "foreign.h"
#include "cleanup.h"
#include "mutex.h"
#include "real.h"

#include "../compat/sigoff.h"
#include "../compat/stop.h"

#include <linux/futex.h>

typedef struct Gate {
	_Alignas(64) pthread_mutex_t mutex; /* its kind is set before it is locked */
	Word waiters;
	struct Passage *first;
} Gate;

enum { NGATE = 64 };

/* Wiped in a forked child: there nobody waits, and no gate is held. */
static _Alignas(4096) Gate gates[NGATE];
_Static_assert(sizeof gates % 4096 == 0, "whole pages are wiped");

/* One thread's use of a gate. */
typedef struct Passage {
	Gate *gate;
	Proc *p;		    /* nil: it has been undone */
	struct Passage *next, **at; /* at nil: not listed */
	Mutex *m;
	uintptr_t pc;
	int released, full; /* m, which is to be locked again */
	int type;	    /* of cancellation, to be given back */
	Away away;
	Cleanup cleanup;
} Passage;

static Gate *
gateof(const pthread_cond_t *c)
{
	return &gates[((uintptr_t)c * 0x9e3779b97f4a7c15u) >> 58];
}

static int
holds(const Gate *g)
{
	return wordmine((const Mutex *)&g->mutex);
}

/* The gate is locked. */
static void
enlist(Passage *p)
{
	Gate *g = p->gate;
	Sigs s;

	sigsoff(&s);
	atomic_fetch_add_explicit(&g->waiters, 1, memory_order_relaxed);
	p->next = g->first;
	p->at = &g->first;
	if(p->next != nil)
		p->next->at = &p->next;
	g->first = p;
	sigsback(&s);
}

static void
delist(Passage *p)
{
	Gate *g = p->gate;
	Sigs s;

	sigsoff(&s);
	/* Nobody: this is a forked child, and the gate new. */
	if(p->at != nil && g->first != nil) {
		*p->at = p->next;
		if(p->next != nil)
			p->next->at = p->at;
		atomic_fetch_sub_explicit(&g->waiters, 1, memory_order_relaxed);
	}
	p->at = nil;
	sigsback(&s);
}

static void
lockgate(Gate *g)
{
	/* Not yet, or wiped. */
	if(unlikely(kindof((Mutex *)&g->mutex) == 0))
		atomic_store_explicit(&((Mutex *)&g->mutex)->kind, Kinherit, memory_order_relaxed);
	real.pthread_mutex_lock(&g->mutex);
}

/* Off the list, and the gate unlocked, wherever the thread was. */
static void
leavegate(Passage *p)
{
	if(!holds(p->gate)) {
		if(p->at == nil)
			return;
		lockgate(p->gate);
	}
	delist(p);
	stop("leavegate");
	real.pthread_mutex_unlock(&p->gate->mutex);
}

/* The frame is left by a jump or the end of the thread.  Another jump may come out of here: then it is begun again. */
static void
undo(Proc *proc)
{
	Passage *p = proc->frameof;

	/* The thread ends: cancelled has seen to it, or it had nothing yet, or no more. */
	if(p == nil)
		return;
	p->p = nil;
	leavegate(p);
	asyncback(p->type);
}

/*
 * The wait is left for good, and may have had a signal: then it is somebody else's.  If it had none one waiter is
 * woken for nothing, which a condition's waiter must bear.
 */
static void
passon(Proc *p)
{
	real.pthread_cond_signal(p->signalled);
}

/* The waiter has been away for good: it has no Proc any more. */
static void
relock(Passage *p)
{
	if(!p->released)
		return;
	if(p->full)
		mutexlock(p->m, p->pc);
	else
		p->m->depth++;
}

/*
 * The cleanup of one that is cancelled, a signal too, out of a handler that interrupts it, or left by a jump: libc's wait has mostly
 * left the gate locked.
 */
static void
cancelled(void *arg)
{
	Passage *p = arg;

	awaycancelled(&p->away);
	leavegate(p);
	if(p->p != nil) {
		atomic_store_explicit(&p->p->cancel, 0, memory_order_relaxed);
		procleave(p->p);
	}
	relock(p);
	asyncback(p->type);
}

static void
begin(Passage *p)
{
	asyncdeferred(&p->type);
	p->p = procenter();
	p->p->frameof = p;
	p->p->abandon = undo;
	_pthread_cleanup_push(&p->cleanup, cancelled, p);
}

static void
end(Passage *p)
{
	_pthread_cleanup_pop(&p->cleanup, 0);
	procleave(p->p);
	asyncback(p->type);
}

int
sharedwaitson(const Mutex *m)
{
	const Passage *p;
	int i, found = 0;

	for(i = 0; i < NGATE && !found; i++) {
		Passage look = {.gate = &gates[i]};

		if(atomic_load_explicit(&gates[i].waiters, memory_order_relaxed) == 0)
			continue;
		begin(&look);
		lockgate(look.gate);
		for(p = gates[i].first; p != nil; p = p->next)
			found |= p->m == m;
		leavegate(&look);
		end(&look);
	}
	return found;
}

static int
realwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock, const struct timespec *at)
{
	return at == nil ? real.pthread_cond_wait(c, m) : real.pthread_cond_clockwait(c, m, clock, at);
}

/* libc locks the mutex again before it returns: for the record that is part of this wait. */
static int
libcwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock, const struct timespec *at, uintptr_t pc)
{
	Away a;
	int r;

	if(!probeon)
		return realwait(c, m, clock, at);
	awaybegin(&a, c, Kcond, Owait, pc);
	pthread_cleanup_push(awaycancelled, &a);
	awayasleep(&a);
	stop("libcwait");
	r = realwait(c, m, clock, at);
	stop("libcwait.back");
	awaywoken(&a);
	pthread_cleanup_pop(0);
	awayend(&a, awayhow(r));
	return r;
}

/* Each caller until one has come back: no child is forked with a gate that is locked and not wiped there. */
static void
wipesgates(void)
{
	static Word wiped;

	if(likely(atomic_load_explicit(&wiped, memory_order_acquire)))
		return;
	syswipeonfork(gates, sizeof gates);
	atomic_store_explicit(&wiped, 1, memory_order_release);
}

int
sharedwait(pthread_cond_t *c, pthread_mutex_t *pm, clockid_t clock, const struct timespec *at, uintptr_t pc)
{
	Mutex *m = (Mutex *)pm;
	Passage p = {.gate = gateof(c), .m = m, .pc = pc};
	int kind, r;

	if(!mutexours(m))
		return libcwait(c, pm, clock, at, pc);
	wipesgates();
	kind = kindof(m);
	if(!(kind & Kcondused))
		atomic_store_explicit(&m->kind, kind | Kcondused, memory_order_relaxed);
	begin(&p);
	/* Whether there was one while its type is deferred. */
	if(unlikely(sigoff.async)) {
		atomic_store_explicit(&p.p->cancel, (uintptr_t)pthread_self(), memory_order_relaxed);
		atomic_thread_fence(memory_order_seq_cst);
	}
	stop("sharedwait");
	lockgate(p.gate);
	stop("sharedwait.gate");
	enlist(&p);
	stop("sharedwait.listed");
	r = mutexrelease(m, &p.full);
	stop("sharedwait.released");
	if(r == 0) {
		p.released = 1;
		awaybegin(&p.away, c, Kcond, Owait, pc);
		awayasleep(&p.away);
		p.p->signalled = c;
		atomic_signal_fence(memory_order_seq_cst);
		p.p->passon = passon;
		stop("sharedwait.asleep");
		r = realwait(c, &p.gate->mutex, clock, at);
		stop("sharedwait.back");
		if(r != 0)
			p.p->passon = nil;
		awaywoken(&p.away);
	}
	leavegate(&p);
	stop("sharedwait.left");
	_pthread_cleanup_pop(&p.cleanup, 0);
	p.p->abandon = nil;
	stop("sharedwait.relock");
	if(p.released) {
		awayend(&p.away, awayhow(r));
		mutexreacquire(m, pc, p.full, p.p);
	}
	p.p->passon = nil;
	/* It strikes below, before the program can use the signal. */
	if(unlikely(sigoff.async) && p.released && r == 0 &&
	    (atomic_load_explicit(&p.p->event, memory_order_relaxed) & Note))
		passon(p.p);
	atomic_store_explicit(&p.p->cancel, 0, memory_order_relaxed);
	procleave(p.p);
	asyncback(p.type);
	return r;
}

int
sharedsignal(pthread_cond_t *c, int all)
{
	Passage p = {.gate = gateof(c)};

	if(atomic_load_explicit(&p.gate->waiters, memory_order_relaxed) != 0) {
		begin(&p);
		stop("sharedsignal");
		lockgate(p.gate);
		stop("sharedsignal.gate");
		leavegate(&p);
		end(&p);
	}
	stop("sharedsignal.passed");
	return all ? real.pthread_cond_broadcast(c) : real.pthread_cond_signal(c);
}
