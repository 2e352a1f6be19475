/*
 * The objects that are not private to the process, or not of a kind that we run by ourselves.
 *
 *	mutexes		process-shared and robust ones are run by us in glibc's own layout (pshared.c, robust.c), so
 *			that libc and processes without us may lock them too; those that change priorities are libc's
 *	conditions, readers-writer locks, barriers	process-shared ones are libc's
 *
 * Whoever runs it, a wait in it is recorded.  Nothing of ours may be written into an object that another process sees:
 * it is known by its address, and its holder is not known.
 */
#ifndef RENDEZ_FOREIGN_H
#define RENDEZ_FOREIGN_H

#include "shim.h"

#include "../compat/robust.h"

#include <errno.h>

/*
 * A wait that does not sleep in block(): in libc, or on a word in shared memory.  There is
 * nothing to undo if its frame is left, but the record must know: a jump is told by
 * the Proc, which is busy meanwhile, and a cancellation by the cleanup awaycancelled.
 */
typedef struct Away {
	Proc *p;   /* nil: nothing is recorded */
	int async; /* the thread is cancellable at any instruction, but not while it records */
	Wait w;
} Away;

/*
 *	awaybegin(&a, ...);
 *	pthread_cleanup_push(awaycancelled, &a);
 *	awayasleep(&a);
 *	r = whatever waits;
 *	awaywoken(&a);
 *	pthread_cleanup_pop(0);
 *	awayend(&a, how);
 */
void awaybegin(Away *, const void *object, Kind, Op, uintptr_t pc) HIDDEN;
void awayasleep(Away *) HIDDEN;
void awaywoken(Away *) HIDDEN;
void awayend(Away *, End) HIDDEN;
void awaycancelled(void *away) HIDDEN;

/* How a wait ended whose function returned r. */
static inline End
awayhow(int r)
{
	return r == 0 || r == EOWNERDEAD ? Eacquired : r == ETIMEDOUT ? Etimeout : Eerror;
}

/* Bits of kind that libc sets.  Either may come with the kinds that are ours, and with others, which are libc's. */
enum { Krobust = 16, Kinherit = 32, Kceiling = 64, Kshared = 128 };

static inline int
mutexshared(const Mutex *m)
{
	return (m->kind & Kforeign) == Kshared;
}

static inline int
mutexrobust(const Mutex *m)
{
	return (m->kind & (Kforeign & ~Kshared)) == Krobust;
}

/* Whether the caller's number is in the word, where the kernel finds it: of a robust mutex, or one that inherits priority. */
static inline int
wordmine(const Mutex *m)
{
	return (atomic_load_explicit(&m->word, memory_order_relaxed) & FUTEX_TID_MASK) == (uint32_t)mytid();
}

/* foreign.c.  A mutex that mutexours() is not true of; at nil: no deadline. */
int otherlock(Mutex *, clockid_t clock, const struct timespec *at, uintptr_t pc) HIDDEN;
int othertrylock(Mutex *) HIDDEN;
int otherunlock(Mutex *) HIDDEN;
/* Whether the caller has it, as far as otherunlock asks: if not, that fails, and nothing is done. */
int othermay(const Mutex *) HIDDEN;
int otherdestroy(Mutex *) HIDDEN;
/* Those of libc's. */
int foreignrwlock(pthread_rwlock_t *, int write, clockid_t clock, const struct timespec *at, uintptr_t pc) HIDDEN;
int foreignbarrier(pthread_barrier_t *, uintptr_t pc) HIDDEN;

/* pshared.c */
int sharedlock(Mutex *, clockid_t clock, const struct timespec *at, uintptr_t pc) HIDDEN;
int sharedtrylock(Mutex *) HIDDEN;
int sharedunlock(Mutex *) HIDDEN;
int sharedmay(const Mutex *) HIDDEN;

/*
 * robust.c.  The list is robustlist(); if that is nil, libc has registered none yet, or not as we know it: then the call
 * is libc's, which knows better.
 */
int robustlock(Robustlist *, Mutex *, clockid_t clock, const struct timespec *at, uintptr_t pc) HIDDEN;
int robusttrylock(Robustlist *, Mutex *) HIDDEN;
int robustunlock(Robustlist *, Mutex *) HIDDEN;

/* sharedcond.c */
int sharedwait(pthread_cond_t *, pthread_mutex_t *, clockid_t clock, const struct timespec *at, uintptr_t pc) HIDDEN;
int sharedsignal(pthread_cond_t *, int all) HIDDEN;
/* Whether a thread waits for one with m, a mutex of ours. */
int sharedwaitson(const Mutex *m) HIDDEN;

#endif
