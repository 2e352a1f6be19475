/*
 * How the native waits are watched: through one pointer, nil by default.  This
 * layer knows no recorder; who wants to know sets it.
 */
#ifndef RENDEZ_HOOK_H
#define RENDEZ_HOOK_H

#include "linux.h"

typedef enum Hookkind {
	Hsleep,	     /* in a Rendez */
	Hrsleep,     /* in a Rendez, with a QLock released */
	Hrendezvous, /* at a tag */
	Hsemacquire,
	Hpostwait,
	Hqlock,
	Hrlock, /* a RWLock's */
	Hwlock,
	Hlock, /* a Lock */
	NHOOKKIND
} Hookkind;
typedef enum Hookend { Hwoken, Htimeout, Hinterrupted } Hookend;

/* Room for whatever the watcher keeps of one wait, in the waiter's frame. */
typedef struct Hookwait {
	uint64_t room[50];
} Hookwait;

typedef struct Hook {
	/* pc: where the program called; holder: where who has the object called, 0 if there is none or it is not known */
	void (*begin)(Hookwait *, Hookkind, const void *object, uintptr_t pc, uintptr_t holder);
	void (*giving)(void);		/* about to give up the processor, in the wait that the thread has begun last */
	void (*asleep)(void *hookwait); /* about to sleep */
	void (*end)(Hookwait *, Hookend, uint32_t waker);
	uint32_t (*waker)(uintptr_t pc); /* a name for who calls, given to end() as waker */
} Hook;

extern _Atomic(const Hook *) hook HIDDEN;

static inline const Hook *
hooked(void)
{
	return atomic_load_explicit(&hook, memory_order_acquire);
}

#endif
