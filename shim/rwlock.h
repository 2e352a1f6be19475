/* A readers-writer lock: what stands in the program's object, and what its word
 * may be (see rwslow.c). */
#ifndef RENDEZ_RWLOCK_H
#define RENDEZ_RWLOCK_H

#include "shim.h"

typedef struct Rwlock {
	_Atomic(uint64_t) word;
	_Atomic(uint32_t) id; /* this and pc are hints, as a mutex's */
	uint32_t pad0;
	_Atomic(uintptr_t) pc;	 /* where a writer locked it: the holder, while writer says so */
	_Atomic(int32_t) writer; /* tid of the writer that holds it, where glibc has it */
	int32_t shared;
	uint64_t pad1[2];
	uint32_t flags; /* the kind */
} Rwlock;

_Static_assert(sizeof(Rwlock) <= sizeof(pthread_rwlock_t), "a rwlock fits");
_Static_assert(offsetof(Rwlock, writer) == offsetof(pthread_rwlock_t, __data.__cur_writer), "layout");
_Static_assert(offsetof(Rwlock, shared) == offsetof(pthread_rwlock_t, __data.__shared), "layout");
_Static_assert(offsetof(Rwlock, flags) == offsetof(pthread_rwlock_t, __data.__flags), "layout");

#define WLOCKED ((uint64_t)1)
#define QUEUED ((uint64_t)2)
#define TURN ((uint64_t)4)
#define RWWATCHED ((uint64_t)8)	  /* of a written one, with RENDEZ_CHECK only: see check.c */
#define RWUNUSED ((uint64_t)0xf0) /* never set of a lock that is used; alone, with RENDEZ_CHECK only: */
#define RWGONE ((uint64_t)0x10)	  /* destroyed */
#define RWAWAKE ((uint64_t)0xffffff00)
#define READER ((uint64_t)1 << 32)
#define READERS(w) ((uint32_t)((w) >> 32))
#define HELD(w) (((w)&WLOCKED) || READERS(w) != 0)

enum { MAXREADERS = 0x0fffffff }; /* as libc's */

/* rwslow.c.  Lock l, which the fast path could not: 0, ETIMEDOUT, EAGAIN.
 * Without waiting: EBUSY. */
int rwwait(Rwlock *, int write, uintptr_t pc, const Deadline *) HIDDEN;
int rwtry(Rwlock *, int write) HIDDEN;
/* A lock at this address was given up, perhaps with Procs queued and none on its way.  It
 * may be gone. */
void rwwake(Rwlock *) HIDDEN;

#endif
