/*
 * The memory that all processes of a user share: who can be posted to, and who waits at which tag.
 *
 * It is the file /dev/shm/rendez-UID, mapped at a thread's first call that needs it, not before, and never unmapped.  The
 * descriptor is open only while that is done.  Where the file cannot be had (a sandbox, a chroot, no room) the
 * memory is the process's own, shared with the children that it forks from then on; one line says so.
 *
 * Everybody who can write there is the user, who can do to these processes what he likes anyhow; but what
 * stands there may be old, torn or nonsense, and no number read from it may lead outside.
 */
#ifndef RENDEZ_REGION_H
#define RENDEZ_REGION_H

#include "robust.h"

enum {
	NMEMBER = 8192, /* threads that wait, or can be posted to, at a time; a power of two */
	NBUCKET = 1024,
};

/* A thread's place, in one cache line; member.h says whose each field is. */
typedef struct Member {
	_Alignas(64) Word life;
	Word event;
	_Atomic(uint64_t) post;
	_Atomic(uint64_t) group;
	Robustnode node;
	_Atomic(uint64_t) tag;
	_Alignas(16) _Atomic(uint64_t) link;
	_Atomic(uint64_t) value;
} Member;
_Static_assert(sizeof(Member) == 64 && offsetof(Member, node.next) + ROBUSTWORD == offsetof(Member, life),
    "the kernel finds life from the forward link");

typedef struct Region {
	uint64_t magic;	       /* that this is one, and of which layout */
	uint64_t size;	       /* sizeof(Region) */
	Word retired;	       /* being unlinked, or unlinked: nobody is in it, nobody may join */
	Word hint;	       /* where the last place was found: a hint */
	_Atomic(uint64_t) ids; /* counts; begins anywhere, so that a new region does not give out old ukids */
	_Alignas(64) _Atomic(uint64_t) bucket[NBUCKET];
	struct {
		_Atomic(uint64_t) process; /* whose thread has the place: processid() */
		Word waker;		   /* for the record: who met it, if of the same process */
	} side[NMEMBER];
	Member member[NMEMBER];
} Region;

/* This process's; never nil.  Async-signal-safe.  It may change when nobody is in it: not while the caller is. */
Region *regionget(void) HIDDEN;

/* A word that no two processes share, different in a forked child. */
uint64_t processid(void) HIDDEN;

#endif
