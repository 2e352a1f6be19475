/*
 * The POSIX face: what stands in the program's own objects, and the state of a
 * thread that its locks need.
 *
 * An object stands in words of our own if it is private to the process and of a kind
 * that this library implements: such a one is never passed to a libc
 * function.  All others have libc's layout, whoever runs them (foreign.h).
 */
#ifndef RENDEZ_SHIM_H
#define RENDEZ_SHIM_H

#include <pthread.h>
#include <semaphore.h>
#include <sys/single_threaded.h>

#include "../compat/linux.h"
#include "../compat/proc.h"
#include "../compat/spun.h"
#include "../probes/probe.h"

/*
 * What only glibc has is imported weakly, here and where else it is used: a child with another C library inherits the
 * preload, and its loader ends it over a name that it does not find.  Nothing of ours runs there.
 */
#pragma weak __libc_single_threaded
#pragma weak __pthread_register_cancel
#pragma weak __pthread_unregister_cancel

/*
 * Procs are linked under their object's address and a number of its kind, so that those of two kinds never meet: what was
 * freed may be an object of another kind the moment after, and a late waker looks there.  Objects stand at multiples of 8, but once's word at
 * one of 4: it has 2 and 6.  A mutex has its address itself, and the others a number by whose lowest two bits they are told from one.
 */
enum { Keycond = 1, Keyonce = 2, Keybarrier = 3, Keyrwlock = 5 };
_Static_assert(_Alignof(pthread_mutex_t) == 8 && _Alignof(pthread_cond_t) == 8 && _Alignof(pthread_barrier_t) == 8 &&
		   _Alignof(pthread_rwlock_t) == 8 && _Alignof(pthread_once_t) == 4,
    "no two kinds have a key in common");

/*
 * A mutex.  word, depth, owner and kind stand where glibc has them, for debuggers
 * and for pthread_mutex_destroy's check; the rest are words that a private
 * mutex of glibc's can spare.  All that is below kind only counts: the program
 * may have copied, zeroed or overwritten it, and nothing is decided by it.
 */
typedef struct Mutex {
	Word word;
	uint32_t depth; /* of a recursive mutex that is held: how often */
	union {
		struct {
			_Atomic(int32_t) owner;	    /* tid of the holder, 0 none */
			_Atomic(uint32_t) acquired; /* times locked */
		};
		_Atomic(uint64_t) taken; /* both, as who has locked it stores them */
	};
	_Atomic(int32_t) kind;	   /* kindof: others look while a condition's waiter marks it */
	_Atomic(uint32_t) id;	   /* the recorder's name for it */
	_Atomic(uintptr_t) pc;	   /* where the holder locked it */
	_Atomic(int32_t) last;	   /* the holder before */
	_Atomic(uint32_t) changes; /* times that the holder was another thread than the one before */
} Mutex;

_Static_assert(sizeof(Mutex) <= sizeof(pthread_mutex_t), "a mutex fits");
_Static_assert(offsetof(Mutex, depth) == offsetof(pthread_mutex_t, __data.__count), "layout");
_Static_assert(offsetof(Mutex, owner) == offsetof(pthread_mutex_t, __data.__owner), "layout");
_Static_assert(offsetof(Mutex, acquired) == offsetof(pthread_mutex_t, __data.__nusers), "layout");
_Static_assert(offsetof(Mutex, kind) == offsetof(pthread_mutex_t, __data.__kind), "layout");

/*
 * Mutex.word.  Zero is free with nobody interested.
 *
 * Locked	held.
 * Queued	Procs are linked under this address.  Set by one who links itself, cleared by who takes the
 *		last off, both with the bucket locked; so with the bucket locked it is exact.
 * NoBarge	a thread that lost too often is owed the lock: newcomers queue, for a few milliseconds at most.
 * Watched	wrong use is looked for (check.c).
 * Favoured	the eldest was woken out of turn and has not been served yet: no other is until then.
 * Urgent	one of a real-time policy is linked or on its way, or was: then somebody is linked still, and whoever
 *		takes the next off the queue puts it right.  Threads of no such policy queue, for a few milliseconds
 *		at most; with NoBarge, whoever stands below.
 * Awake	(a field) the number of a Proc that is on its way to take the lock: whoever unlocks need wake
 *		nobody.  Set only while the field is zero, or names a Proc that says it is not the one (its
 *		awakefor is another object: the word was copied, or is a forked child's).
 */
enum {
	Locked = 1,
	Queued = 2,
	NoBarge = 4,
	Favoured = 8,
	Urgent = 16,
	Watched = 32,  /* of a held one, with RENDEZ_CHECK only: no fast path may unlock it */
	Unused = 0xc0, /* never set */
	Awakeshift = 8,
};
#define AWAKE 0xffffff00u
#define FREED ~(uint32_t)(Locked | Watched) /* what an unlock leaves of it */

/*
 * The mutex kinds that are ours: normal, recursive, errorcheck, adaptive, with or without glibc's elision bits.  A
 * bit that glibc does not know says that a condition was waited for with the mutex.
 */
enum {
	Knormal = 0,
	Krecursive = 1,
	Kerrorcheck = 2,
	Kadaptive = 3,
	Kind3 = 3,
	Kforeign = 0xfc,
	Knoelision = 1 << 9,
	Kcondused = 1 << 20,
};

static inline int
kindof(const Mutex *m)
{
	return atomic_load_explicit(&m->kind, memory_order_relaxed);
}

static inline int
mutexours(const Mutex *m)
{
	return likely(!(kindof(m) & Kforeign));
}

/*
 * A condition variable.  flags stand where glibc has them, so that a static
 * initialiser and pthread_cond_init of either side mean the same.
 */
typedef struct Cond {
	Word waiters; /* nonzero: Procs are linked under this address; changed with its bucket locked */
	uint32_t pad;
	_Atomic(uintptr_t) mutex; /* the mutex that the last one waited with: a guess, only compared */
	uint32_t pad1[5];
	uint32_t flags;
	_Atomic(uint32_t) id;
} Cond;
enum { Cshared = 1, Cmonotonic = 2, Cgone = 4 }; /* Cgone: destroyed; set with RENDEZ_CHECK only */

_Static_assert(sizeof(Cond) <= sizeof(pthread_cond_t), "a condition fits");
_Static_assert(offsetof(Cond, flags) == offsetof(pthread_cond_t, __data.__wrefs), "layout");

/* A condition of 8 bytes, of programs built before 2003 (oldcond.c). */
typedef _Atomic(pthread_cond_t *) Oldcond;

/* What a thread keeps for its fast paths. */
typedef struct Me {
	int tid;	   /* 0: not asked for yet, or wrong use is looked for (check.c) */
	uint32_t skip;	   /* locks to take before the next hold is timed */
	uint32_t expected; /* the word of a free mutex that it may take, as it last found one */
	const void *
	    timed; /* the mutex whose hold is being timed, or the lock at whose unlock waitflush is owed: only compared */
	uint64_t timedat;  /* since; 0: it is not timed */
	uint32_t lost;	   /* unlocks that found others waiting; every so many promote the eldest */
	uint32_t waits;	   /* for mutexes, awake or not; every so many look at the clock */
	Spun spun, rwspun; /* what its waits for mutexes were like, and those for readers-writer locks */
	const void *empty; /* a mutex whose word said Queued when nobody was: only compared */
	int forking;	   /* calls of fork that it is in: who it is may change at any moment */
	int watched;	   /* with RENDEZ_CHECK the tid, which tid then never says */
} Me;
extern __thread Me me HIDDEN __attribute__((tls_model("initial-exec")));

int metid(void) HIDDEN;

/* After a waitshort for a lock that was got: its unlock, if it can be told, makes the sums. */
static inline void
owes(const void *lock)
{
	if(me.timed == nil) {
		me.timed = lock;
		me.timedat = 0;
	} else if(me.timed != lock) {
		waitflush();
	}
}

static inline int
mytid(void)
{
	return likely(me.tid != 0) ? me.tid : metid();
}

/* Whether RENDEZ_CHECK is on; read on no fast path. */
extern int checking HIDDEN;

/* Nonzero once pthread_cancel was called in this process (thread.c). */
extern Word anycancel HIDDEN;

#define CALLER ((uintptr_t)__builtin_return_address(0))

/* Whether a timespec's nanoseconds are in range: the only thing about a deadline that is an error. */
static inline int
nsecok(const struct timespec *t)
{
	return t->tv_nsec >= 0 && t->tv_nsec < 1000000000;
}

/* Whether a deadline may be by this clock. */
static inline int
knownclock(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
}

/* mutex.c.  pc is where the program called. */
int mutexlock(Mutex *, uintptr_t pc) HIDDEN;
int mutextrylock(Mutex *, uintptr_t pc) HIDDEN;
int mutexclocklock(Mutex *, clockid_t, const struct timespec *, uintptr_t pc) HIDDEN;
/* For the condition.  Whether the caller may give m up: a normal one anybody may.  Give up one level of it; *full: it is free now.  And take that level again, with the Proc of the wait. */
int mutexmay(Mutex *) HIDDEN;
int mutexrelease(Mutex *, int *full) HIDDEN;
void mutexreacquire(Mutex *, uintptr_t pc, int full, Proc *) HIDDEN;
/* mutexslow.c */
int mutexwait(Mutex *, uintptr_t pc, const Deadline *, int noted, Proc *, uint64_t since) HIDDEN;
/* The same for a thread that may be cancelled at any instruction. */
int mutexwaitasync(Mutex *, uintptr_t pc, const Deadline *) HIDDEN;
void mutexwake(const void *key) HIDDEN;
void mutexpromote(Mutex *) HIDDEN;
/* The frame of p's wait for the mutex p->object is gone: undo it. */
void mutexabandon(Proc *p) HIDDEN;
/*
 * A condition that is ours, and nobody waits.  A waiter that a signal must reach linked itself before it released the
 * mutex that ordered the two; then the signaller sees its store.
 */
static inline int
condidle(const Cond *c)
{
	return likely(!(c->flags & Cshared)) && likely(atomic_load_explicit(&c->waiters, memory_order_relaxed) == 0);
}

/* condslow.c: private conditions only */
int condwait(Cond *, pthread_mutex_t *, const Deadline *, uintptr_t pc) HIDDEN;
int condwake(Cond *, int all) HIDDEN;

#endif
