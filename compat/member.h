/*
 * Members: the threads that can wait at a tag or be posted to, each in a place of the region that processes share.
 *
 *	life	the tid of the thread, linked in the list of robust words that the kernel walks when the thread
 *		ends, so that FUTEX_OWNER_DIED is set there however it ends, also by SIGKILL or exec, before anybody can
 *		learn of its end otherwise; 0: free.  So whether a member lives is a load.  (Where the thread can have
 *		no such list FUTEX_WAITERS is set, and the kernel is asked for the tid, which another thread may have by
 *		then.)
 *	event	what the thread sleeps on in shared waits: Note and Asleep (proc.h).  It only makes the thread look; what
 *		has happened stands in post and link.  So a late kick, to a place that has changed hands, is harmless
 *	post	twice its ukid, + 1 if it has been posted to.  0: nobody's
 *	link, value, group, tag	its wait at a tag: tagset.h
 *
 * A place is taken by changing life from 0 or dead to one's own tid, when post and link have been cleared of the dead, by whoever
 * comes across them.  What is found in a place is believed only in this order: read the field, then look that life is
 * dead (or alive), then change the field by compare-and-swap: both fields change whenever the place changes hands.
 *
 * A ukid is the place's number and 50 bits that count (Region.ids); so it means one thread, for good.
 *
 * Who makes another look names that one's event as the pending entry of his own list, from before he changes post or link until
 * he has woken it: if he is killed in between the kernel wakes it for him, and it looks (Ewdeath).
 */
#ifndef RENDEZ_MEMBER_H
#define RENDEZ_MEMBER_H

#include "region.h"

/*
 * The calling thread's place in the region, made if there is none; nil: all are taken.  If the region has been retired it is another,
 * and *r becomes that.  Async-signal-safe.
 */
Member *memberget(Region **r) HIDDEN;

/* The thread ends. */
void memberexit(void) HIDDEN;

/* Whether somebody is in it and lives. */
int memberalive(Member *) HIDDEN;

/* Sleep until kicked, or the deadline, or a signal handler ran: then nonzero.  What it was kicked for is for the caller to find. */
int memberwait(Member *, const Deadline *d, void (*asleep)(void *), void *arg) HIDDEN;

/* Make it look. */
void memberkick(Member *) HIDDEN;

/* What the calling thread will kick, whatever happens to it. */
typedef struct Promise {
	Robustlist *list;
	void *was;
} Promise;
void memberpromise(Promise *, Member *) HIDDEN;
void memberkept(Promise *) HIDDEN;

static inline uint64_t
memberukid(Member *m)
{
	return atomic_load_explicit(&m->post, memory_order_relaxed) >> 1;
}

static inline Member *
memberofukid(Region *r, uint64_t ukid)
{
	return &r->member[ukid % NMEMBER];
}

#endif
