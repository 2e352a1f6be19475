/*
 * What RENDEZ_CHECK knows of an object: who holds it, and the stacks of its last lock, its initialisation and its end.  The
 * argument stands in known.c.
 */
#ifndef RENDEZ_KNOWN_H
#define RENDEZ_KNOWN_H

#include "check.h"

typedef struct Known {
	_Atomic(uintptr_t) object;
	_Atomic(uint64_t) hold; /* the holder's tid, or one of those below; above it, how often that changed */
	_Atomic(int) last;	/* thread that locked it last, or waited */
	_Atomic(uint32_t) locked, made, gone;
	_Atomic(uint32_t) kind;
	_Atomic(uint32_t) theirs; /* a mutex that is not ours: others may lock and unlock it where we do not see it */
	_Atomic(uint32_t) before; /* has been held since before this process was forked */
	_Atomic(uintptr_t) pc;	  /* where it was locked, as the object says it */
} Known;

/* No thread: nobody; one of the parent's that this process has not; the entry is being made another object's. */
enum { NOBODY = 0, ELSEWHERE = -1, CHANGING = -2 };

enum { NKNOWN = 8192 };
extern Known knowntable[NKNOWN] HIDDEN;

/* What is known of o; if nothing, nil, or an entry that says so if one is wanted and there is room. */
Known *known(const void *o, int wanted) HIDDEN;
/* k may be nil. */
int knownholder(const Known *) HIDDEN;
/* Nobody holds it. */
void knownfree(Known *) HIDDEN;
/* What is to be said of o is the most telling that is known of it. */
void found(Misuse, Kind, const void *o, const Known *k) HIDDEN;

static inline int
holderin(uint64_t hold)
{
	return (int)(uint32_t)hold;
}

/* Whether that is a thread of this process, and not only what the parent's memory says. */
static inline int
heldhere(const Known *k, uint64_t hold)
{
	return holderin(hold) > 0 && !atomic_load_explicit(&k->before, memory_order_relaxed);
}

static inline uint64_t
heldby(uint64_t hold, int tid)
{
	return ((hold >> 32) + 1) << 32 | (uint32_t)tid;
}

/* The mutex that the thread gives up in a wait that was found wrong: its unlock is not another misuse. */
extern __thread const void *said HIDDEN __attribute__((tls_model("initial-exec")));

#endif
