/* Rendezvous: Plan 9 rendezvous(2); and of rfork(2) what concerns it. */
#ifndef RENDEZ_P9REND_H
#define RENDEZ_P9REND_H

#include "p9base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Meet another thread at a tag.  The first that comes with a tag waits; the second returns at once; each gets the value
 * that the other brought.  Nobody has a role: there is no sleeper and no waker.  A third with the same tag waits for
 * a fourth.  What either wrote before its call the other sees after.
 *
 * Tags are compared within a group: all threads of a process are in one, and so are the children that it forks.  Threads of
 * different processes of one group meet like those of one process.  exec begins a new group, unless the environment
 * has RENDEZ_GROUP=NAME: all programs of the user with that NAME are in one group.  Two that use the same tag of one group
 * for different purposes do meet.
 *
 * Returns ~0 if it was interrupted while it waited: by a note, or by a signal handler that was installed without SA_RESTART
 * (one with it too, if the caller was woken before and had not been met: it then sleeps by the clock and looks, and any handler ends that).
 * errno is EINTR then, and the error string "interrupted"; nobody has been met, or will be.  A note that is pending already ends
 * the call at once if nobody waits at the tag; if somebody does they meet, and the note stays pending.  ~0 as a value is
 * passed like any other, and cannot be told from that.  A call that would wait where no more threads can (8192 of a user's
 * wait, or have a ukid) returns ~0 with ENOMEM; one in a signal handler that interrupted a rendezvous of its thread, with EDEADLK:
 * it may meet one that waits, but not wait itself.
 *
 * A waiter that is killed is never met.  If the memory that processes share (/dev/shm/rendez-UID) cannot be had, one line says so,
 * and the group is this process and the children that it forks after that.
 *
 * Not async-signal-safe.  Not a cancellation point.  After fork nobody waits in the child.
 */
RENDEZ_API unsigned long p9rendezvous(unsigned long tag, unsigned long value);

/* The same, as the 4th edition declares it: (void *)~0 if interrupted. */
RENDEZ_API void *p9rendezvousp(void *tag, void *value);

/*
 * Plan 9's flags of rfork, with its values.  Done are
 *
 *	P9RFREND	a new group of rendezvous: nobody of the old one is met, nor meets
 *	P9RFNAMEG	the same, as in the 3rd edition
 *	P9RFPROC	a child is forked: the rest concerns the child
 *	P9RFFDG P9RFENVG	accepted, for fork copies descriptors and environment anyway
 *
 * All others are EINVAL, and nothing is done.  Without P9RFPROC the calling process itself is changed, all its threads; call
 * it before they use tags.
 *
 * Returns 0; with P9RFPROC as fork: the child's pid, 0 in the child.  -1, errno EINVAL or fork's.
 */
enum {
	P9RFNAMEG = 1 << 0,
	P9RFENVG = 1 << 1,
	P9RFFDG = 1 << 2,
	P9RFPROC = 1 << 4,
	P9RFREND = 1 << 13,
};
RENDEZ_API int p9rfork(int flags);

#ifndef RENDEZ_NOPLAINNAMES
RENDEZ_PLAIN(unsigned long, rendezvous, (unsigned long, unsigned long));
RENDEZ_PLAIN(int, rfork, (int));

enum {
	RFNAMEG = P9RFNAMEG,
	RFENVG = P9RFENVG,
	RFFDG = P9RFFDG,
	RFPROC = P9RFPROC,
	RFREND = P9RFREND,
};
#endif

#ifdef __cplusplus
}
#endif

#endif
