/*
 * libc's own list of cleanups, as its waits use it.  What is pushed here runs when the stack is unwound over the frame
 * (pthread_exit, cancellation), and, other than a pthread_cleanup_push of today, also when it is left by a long
 * jump; no pointer to the frame stays behind then.  And whether a thread can be cancelled at all, and where.
 */
#ifndef RENDEZ_CLEANUP_H
#define RENDEZ_CLEANUP_H

#include "real.h"

#include "../compat/sigoff.h"

#include <pthread.h>

typedef struct _pthread_cleanup_buffer Cleanup;

extern void _pthread_cleanup_push(Cleanup *, void (*)(void *), void *);
extern void _pthread_cleanup_pop(Cleanup *, int execute);

/* Whether a cancellation would be acted on, at a point for it or at any instruction. */
static inline int
cancelenabled(void)
{
	int state, ignored;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	if(state == PTHREAD_CANCEL_ENABLE)
		pthread_setcancelstate(state, &ignored);
	return state == PTHREAD_CANCEL_ENABLE;
}

/*
 * Where a cancellation may strike at any instruction: it does not from here on, until its type, which libc says that it was,
 * is given back.  *type is PTHREAD_CANCEL_DEFERRED before.  By what it was, not by sigoff.async: a handler may have set the type and
 * given back what it found.
 */
static inline void
asyncdeferred(int *type)
{
	if(unlikely(sigoff.async))
		real.pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, type);
}

static inline void
asyncback(int type)
{
	int ignored;

	if(unlikely(type == PTHREAD_CANCEL_ASYNCHRONOUS)) {
		sigoff.async = 1;
		real.pthread_setcanceltype(type, &ignored);
	}
}

#endif
