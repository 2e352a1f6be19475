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
 *	libc's wait with the gate	if anybody is counted: lock gate, signal, unlock gate
 *	unlock gate; lock mutex
 *
 * Whoever locks the mutex after the waiter released it sees it counted, and gets
 * the gate only when libc's wait has released it, that is, waits.  A process
 * that does not have the mutex is ordered by nothing and needs nothing.
 *
 * Those who wait at a gate are listed there, with the gate locked: pthread_mutex_destroy asks whether its mutex is
 * waited with.
 */
#define _GNU_SOURCE
#include "foreign.h"
#include "cleanup.h"
#include "mutex.h"
#include "real.h"

typedef struct Gate {
	_Alignas(64) pthread_mutex_t mutex; /* all zero is its initial state, as in libc's initialiser */
	Word waiters;
	struct Passage *first;
} Gate;

enum { NGATE = 64 };

/* Wiped in a forked child: there nobody waits, and no gate is held. */
static _Alignas(4096) Gate gates[NGATE];
_Static_assert(sizeof gates % 4096 == 0, "whole pages are wiped");

typedef struct Passage {
	Gate *gate;
	struct Passage *next, **at;
	Mutex *m;
	uintptr_t pc;
	int full;
	Away away;
} Passage;

static Gate *
gateof(const pthread_cond_t *c)
{
	return &gates[((uintptr_t)c * 0x9e3779b97f4a7c15u) >> 58];
}

/* The gate is locked. */
static void
enlist(Passage *p)
{
	Gate *g = p->gate;

	atomic_fetch_add_explicit(&g->waiters, 1, memory_order_relaxed);
	p->next = g->first;
	p->at = &g->first;
	if(p->next != nil)
		p->next->at = &p->next;
	g->first = p;
}

static void
delist(Passage *p)
{
	Gate *g = p->gate;

	/* Nobody: this is a forked child, and the gate new. */
	if(g->first == nil)
		return;
	*p->at = p->next;
	if(p->next != nil)
		p->next->at = p->at;
	atomic_fetch_sub_explicit(&g->waiters, 1, memory_order_relaxed);
}

int
sharedwaitson(const Mutex *m)
{
	const Passage *p;
	int i, found = 0;

	for(i = 0; i < NGATE && !found; i++) {
		if(atomic_load_explicit(&gates[i].waiters, memory_order_relaxed) == 0)
			continue;
		real.pthread_mutex_lock(&gates[i].mutex);
		for(p = gates[i].first; p != nil; p = p->next)
			found |= p->m == m;
		real.pthread_mutex_unlock(&gates[i].mutex);
	}
	return found;
}

static void
passed(Passage *p)
{
	delist(p);
	real.pthread_mutex_unlock(&p->gate->mutex);
	if(p->full)
		mutexlock(p->m, p->pc);
	else
		p->m->depth++;
}

/* The cleanup of a wait that is cancelled or left by a jump, which libc's has left with the gate locked. */
static void
cancelled(void *arg)
{
	Passage *p = arg;

	awaycancelled(&p->away);
	passed(p);
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
	r = realwait(c, m, clock, at);
	awaywoken(&a);
	pthread_cleanup_pop(0);
	awayend(&a, awayhow(r));
	return r;
}

int
sharedwait(pthread_cond_t *c, pthread_mutex_t *pm, clockid_t clock, const struct timespec *at, uintptr_t pc)
{
	Mutex *m = (Mutex *)pm;
	Passage p = {.gate = gateof(c), .m = m, .pc = pc};
	static Word wiping;
	Cleanup cleanup;
	int kind, r;

	if(!mutexours(m))
		return libcwait(c, pm, clock, at, pc);
	if(atomic_exchange_explicit(&wiping, 1, memory_order_relaxed) == 0)
		syswipeonfork(gates, sizeof gates);
	kind = kindof(m);
	if(!(kind & Kcondused))
		atomic_store_explicit(&m->kind, kind | Kcondused, memory_order_relaxed);
	real.pthread_mutex_lock(&p.gate->mutex);
	enlist(&p);
	r = mutexrelease(m, &p.full);
	if(r != 0) {
		delist(&p);
		real.pthread_mutex_unlock(&p.gate->mutex);
		return r;
	}
	awaybegin(&p.away, c, Kcond, Owait, pc);
	_pthread_cleanup_push(&cleanup, cancelled, &p);
	awayasleep(&p.away);
	r = realwait(c, &p.gate->mutex, clock, at);
	awaywoken(&p.away);
	_pthread_cleanup_pop(&cleanup, 0);
	awayend(&p.away, awayhow(r));
	passed(&p);
	return r;
}

int
sharedsignal(pthread_cond_t *c, int all)
{
	Gate *g = gateof(c);
	int r, gated = atomic_load_explicit(&g->waiters, memory_order_relaxed) != 0;

	if(gated)
		real.pthread_mutex_lock(&g->mutex);
	r = all ? real.pthread_cond_broadcast(c) : real.pthread_cond_signal(c);
	if(gated)
		real.pthread_mutex_unlock(&g->mutex);
	return r;
}
