/*
 * pthread_cond_*@GLIBC_2.2.5, for programs built before 2003: a condition of 8
 * bytes, where libc keeps a pointer to one of today's that it allocates at the
 * first use.
 *
 * libc's own wait would release and take the mutex as libc's mutex, and it is ours.  So the
 * condition pointed to is ours to run, with any mutex, and only its allocation stays libc's:
 * init and destroy, which do nothing else, and the first use, for which libc's signal
 * is called.  It finds nobody waiting on what it has made: not even if another thread was quicker and
 * waits there by now, for what it looks at (__wrefs) stays without waiters under us.
 */
#define _GNU_SOURCE
#include "export.h"
#include "posix.h"
#include "real.h"

#include <errno.h>

/* The condition behind *c; nil: there is no memory for it. */
static pthread_cond_t *
behind(Oldcond *c)
{
	pthread_cond_t *p = atomic_load_explicit(c, memory_order_acquire);

	if(likely(p != nil))
		return p;
	/* Two at once make one: libc stores the pointer by compare-and-swap. */
	real.oldcond_signal(c);
	return atomic_load_explicit(c, memory_order_acquire);
}

EXPORT(oldcond_wait);
int
rz_oldcond_wait(Oldcond *c, pthread_mutex_t *m)
{
	pthread_cond_t *p = behind(c);

	return p == nil ? ENOMEM : rz_pthread_cond_wait(p, m);
}

EXPORT(oldcond_timedwait);
int
rz_oldcond_timedwait(Oldcond *c, pthread_mutex_t *m, const struct timespec *at)
{
	pthread_cond_t *p = behind(c);

	return p == nil ? ENOMEM : rz_pthread_cond_timedwait(p, m, at);
}

EXPORT(oldcond_signal);
int
rz_oldcond_signal(Oldcond *c)
{
	pthread_cond_t *p = behind(c);

	return p == nil ? ENOMEM : rz_pthread_cond_signal(p);
}

EXPORT(oldcond_broadcast);
int
rz_oldcond_broadcast(Oldcond *c)
{
	pthread_cond_t *p = behind(c);

	return p == nil ? ENOMEM : rz_pthread_cond_broadcast(p);
}
