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
 * Dying between the change of another's post or link, and waking him.  Who is about to change either promises: he names the
 * other's event as the pending entry of his own list, until he has woken it.  So if he is killed the kernel wakes the other, if that one
 * sleeps.  If it was only about to sleep, the compare of its sleep must see something:
 *
 *	post	lies beside life and event, and all are changed at once: the post, and Note
 *	link	does not: Note is set first, then link is changed, then Note is set again.  Who sees a Note before it has been met
 *		may have looked before the change; so for the rest of this wait it does not sleep without an end, but looks now and
 *		then: 10 ms, doubling to 1 s.  A wait in which no Note comes too early has no timer.  (A handler
 *		with SA_RESTART ends a sleep that has one.)
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

/*
 * Sleep until kicked, or the deadline, or a signal handler ran: then nonzero.  What it was kicked for is for the caller to find: before
 * each sleep.  look: nil, or 0 when a wait at a tag begins.
 */
int memberwait(Member *, const Deadline *d, uint64_t *look, void (*asleep)(void *), void *arg) HIDDEN;

/* A wait begins that nobody knows of yet: earlier kicks were not for it. */
void memberfresh(Member *) HIDDEN;

/* The steps of who changes another's link. */
typedef struct Promise {
	Robustlist *list;
	void *was;
} Promise;
void memberpromise(Promise *, Member *) HIDDEN;
void memberearly(Member *) HIDDEN;
void memberkick(Member *) HIDDEN;
void memberkept(Promise *) HIDDEN;

/* All steps of a post to the one that has the ukid: 0; EINVAL if nobody has. */
int memberpost(Member *, uint64_t ukid) HIDDEN;

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
