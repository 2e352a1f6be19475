/*
 * C11's mtx_* and cnd_*: the same objects under other names and results.  libc's
 * own call its internals directly, so each name must be ours.
 */
#define _GNU_SOURCE
#include "shim.h"
#include "check.h"
#include "export.h"
#include "posix.h"

#include <errno.h>
#include <string.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "a mtx_t is a mutex");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "a cnd_t is a condition");

static int
result(int r)
{
	switch(r) {
	case 0:
		return thrd_success;
	case ENOMEM:
		return thrd_nomem;
	case ETIMEDOUT:
		return thrd_timedout;
	case EBUSY:
		return thrd_busy;
	}
	return thrd_error;
}

/* As libc: the two recursive types are, and whatever else is a normal mutex, of the kind word that libc makes. */
EXPORT(mtx_init);
int
rz_mtx_init(mtx_t *m, int type)
{
	int recursive = type == (mtx_plain | mtx_recursive) || type == (mtx_timed | mtx_recursive);
	Mutex *mu = (Mutex *)m;

	memset(m, 0, sizeof *m);
	atomic_store_explicit(&mu->kind, recursive ? Krecursive : Knormal | Knoelision, memory_order_relaxed);
	if(probeon)
		atomic_store_explicit(&mu->id, initsite(CALLER), memory_order_relaxed);
	if(checking)
		checkmade(m);
	return thrd_success;
}

EXPORT(mtx_destroy);
void
rz_mtx_destroy(mtx_t *m)
{
	rz_pthread_mutex_destroy((pthread_mutex_t *)m);
}

/* Destroyed, or garbage: none of these is libc's. */
static int
nobodys(const Mutex *m)
{
	if(checking)
		checktheirs(m);
	return thrd_error;
}

EXPORT(mtx_lock);
int
rz_mtx_lock(mtx_t *m)
{
	if(unlikely(!mutexours((Mutex *)m)))
		return nobodys((Mutex *)m);
	return result(mutexlock((Mutex *)m, CALLER));
}

EXPORT(mtx_trylock);
int
rz_mtx_trylock(mtx_t *m)
{
	if(unlikely(!mutexours((Mutex *)m)))
		return nobodys((Mutex *)m);
	return result(mutextrylock((Mutex *)m, CALLER));
}

EXPORT(mtx_timedlock);
int
rz_mtx_timedlock(mtx_t *restrict m, const struct timespec *restrict at)
{
	if(unlikely(!mutexours((Mutex *)m)))
		return nobodys((Mutex *)m);
	return result(mutexclocklock((Mutex *)m, CLOCK_REALTIME, at, CALLER));
}

EXPORT(mtx_unlock);
int
rz_mtx_unlock(mtx_t *m)
{
	return result(rz_pthread_mutex_unlock((pthread_mutex_t *)m));
}

EXPORT(cnd_init);
int
rz_cnd_init(cnd_t *c)
{
	memset(c, 0, sizeof *c);
	if(probeon)
		atomic_store_explicit(&((Cond *)c)->id, initsite(CALLER), memory_order_relaxed);
	if(checking)
		checkmade(c);
	return thrd_success;
}

EXPORT(cnd_destroy);
void
rz_cnd_destroy(cnd_t *c)
{
	if(checking)
		rz_pthread_cond_destroy((pthread_cond_t *)c);
}

EXPORT(cnd_wait);
int
rz_cnd_wait(cnd_t *c, mtx_t *m)
{
	return result(condwait((Cond *)c, (pthread_mutex_t *)m, nil, CALLER));
}

EXPORT(cnd_timedwait);
int
rz_cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict at)
{
	Deadline d = {*at, CLOCK_REALTIME};

	if(!nsecok(at))
		return thrd_error;
	return result(condwait((Cond *)c, (pthread_mutex_t *)m, &d, CALLER));
}

EXPORT(cnd_signal);
int
rz_cnd_signal(cnd_t *c)
{
	return result(condwake((Cond *)c, 0));
}

EXPORT(cnd_broadcast);
int
rz_cnd_broadcast(cnd_t *c)
{
	return result(condwake((Cond *)c, 1));
}
