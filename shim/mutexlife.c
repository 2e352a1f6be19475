/* The beginning and the end of a mutex. */
#define _GNU_SOURCE
#include "check.h"
#include "export.h"
#include "foreign.h"
#include "mutex.h"
#include "posix.h"
#include "real.h"

#include <errno.h>

enum { MAXTID = 1 << 22 }; /* the kernel's greatest */

_Static_assert(sizeof(Mutex) == COUNTED, "the recorder asks for all of it");

/*
 * libc writes the attributes into the object, which is nobody's yet; the kind
 * that it chose then says whose the mutex is.
 */
EXPORT(pthread_mutex_init);
int
rz_pthread_mutex_init(pthread_mutex_t *pm, const pthread_mutexattr_t *attr)
{
	Mutex *m = (Mutex *)pm;
	int r = 0;

	if(attr == nil)
		*pm = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	else
		r = real.pthread_mutex_init(pm, attr);
	if(r == 0 && probeon) {
		if(mutexours(m))
			atomic_store_explicit(&m->id, initsite(CALLER), memory_order_relaxed);
		else
			objectgone(m);
	}
	if(checking)
		checkmade(m);
	return r;
}

/*
 * At the end of the process, or in a forked child, what is there may be freed memory.  An allocator writes into its
 * first words, where the word, the depth and the owner are.
 */
int
mutexcounts(const void *object, uint32_t id, uint32_t *acquired, uint32_t *changes)
{
	const Mutex *m = object;
	int kind = kindof(m), owner = atomic_load_explicit(&m->owner, memory_order_relaxed);

	if(atomic_load_explicit(&m->id, memory_order_relaxed) != id ||
	    atomic_load_explicit(&m->pc, memory_order_relaxed) == 0)
		return 0;
	if(kind < 0 || kind >= 2 * Kcondused || !mutexours(m) || ((kind & Kind3) != Krecursive && m->depth != 0))
		return 0;
	if((atomic_load_explicit(&m->word, memory_order_relaxed) & Unused) != 0 || owner < 0 || owner > MAXTID)
		return 0;
	*acquired = atomic_load_explicit(&m->acquired, memory_order_relaxed);
	*changes = atomic_load_explicit(&m->changes, memory_order_relaxed);
	return 1;
}

static int
waitswith(Proc *p, void *search)
{
	struct {
		const Mutex *m;
		int left, found;
	} *s = search;

	s->found = atomic_load_explicit(&p->with, memory_order_relaxed) == (uintptr_t)s->m;
	return s->found || --s->left == 0;
}

/*
 * Whether a thread waits for a condition with m, as far as a look at some of them
 * tells: libc answers EBUSY then, but no program may count on that.
 */
static int
condwaitson(const Mutex *m)
{
	struct {
		const Mutex *m;
		int left, found;
	} s = {m, 256, 0};

	procwalk(waitswith, &s);
	return s.found;
}

static int
destroytheirs(Mutex *m)
{
	/* A robust one may be destroyed with anybody about: libc does not look. */
	int waited = !(kindof(m) & Krobust) && condwaitson(m);

	if(checking)
		checktheirsgone(m, waited);
	return waited ? EBUSY : otherdestroy(m);
}

/* A mutex of ours. */
static int
waitedwith(const Mutex *m)
{
	return (kindof(m) & Kcondused) && (condwaitson(m) || sharedwaitson(m));
}

EXPORT(pthread_mutex_destroy);
int
rz_pthread_mutex_destroy(pthread_mutex_t *pm)
{
	Mutex *m = (Mutex *)pm;

	if(unlikely(!mutexours(m)))
		return destroytheirs(m);
	if(checking)
		checkgone(
		    m, Kmutex, (atomic_load_explicit(&m->word, memory_order_relaxed) & Locked) != 0, waitedwith(m));
	if(atomic_load_explicit(&m->word, memory_order_relaxed) & Locked)
		return EBUSY;
	if(waitedwith(m))
		return EBUSY;
	if(probeon)
		objectends(m, atomic_load_explicit(&m->id, memory_order_relaxed));
	atomic_store_explicit(&m->kind, -1, memory_order_relaxed);
	return 0;
}
