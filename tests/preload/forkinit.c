/*
 * What a library does around fork: it locks its mutexes before, and after it the parent unlocks them; the child unlocks them too, or
 * initialises them anew, by call or by assignment.  None of these is wrong use, whether the child's handler was registered before the
 * library under test began or after.
 *
 *	forkinit wrong		a child's early handler unlocks what another thread of the parent's holds, and again
 *
 * link: -Wl,-rpath,$ORIGIN/../lib -L$LIB -l:beforeus.so
 */
#include "t.h"

enum { LOCKS = 3 };

static pthread_mutex_t m[LOCKS] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static pthread_mutex_t others = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static _Atomic int stay;
static int early;

extern void (*inchild)(void);

static void
before(void)
{
	for(int i = 0; i < LOCKS; i++)
		SAME(pthread_mutex_lock(&m[i]), 0);
	SAME(pthread_rwlock_wrlock(&rw), 0);
}

static void
parent(void)
{
	for(int i = 0; i < LOCKS; i++)
		SAME(pthread_mutex_unlock(&m[i]), 0);
	SAME(pthread_rwlock_unlock(&rw), 0);
}

static void
child(void)
{
	SAME(pthread_mutex_unlock(&m[0]), 0);
	SAME(pthread_mutex_init(&m[1], NULL), 0);
	m[2] = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	others = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	if(preloaded())
		SAME(pthread_rwlock_unlock(&rw), 0);
	else
		rw = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
	SAME(pthread_mutex_lock(&m[0]), 0);
	SAME(pthread_mutex_unlock(&m[0]), 0);
}

static void
childearly(void)
{
	if(early)
		child();
}

static void
childlate(void)
{
	if(!early)
		child();
}

static void
wrong(void)
{
	SAME(pthread_mutex_unlock(&others), 0);
	SAME(pthread_mutex_unlock(&others), 0);
	child();
}

static void *
holds(void *arg)
{
	SAME(pthread_mutex_lock(&others), 0);
	atomic_store_explicit(&stay, 1, memory_order_release);
	UNTIL(atomic_load_explicit(&stay, memory_order_acquire) == 2);
	SAME(pthread_mutex_unlock(&others), 0);
	return arg;
}

static void
forks(int depth)
{
	for(int turn = 0; turn < 3; turn++) {
		pid_t pid = fork();
		if(pid == 0) {
			for(int i = 0; i < 3; i++) {
				before();
				parent();
				SAME(pthread_mutex_lock(&others), 0);
				SAME(pthread_mutex_unlock(&others), 0);
			}
			if(depth > 0)
				forks(depth - 1);
			exit(0);
		}
		SAME(childstatus(pid), 0);
		before();
		parent();
	}
}

int
main(int argc, char **argv)
{
	Thread t;

	(void)argv;
	SAME(pthread_atfork(before, parent, childlate), 0);
	inchild = childearly;
	start(&t, holds, NULL);
	UNTIL(atomic_load_explicit(&stay, memory_order_acquire) == 1);
	if(argc > 1) {
		early = 1;
		inchild = wrong;
		forks(0);
	} else {
		for(early = 0; early < 2; early++)
			forks(1);
	}
	atomic_store_explicit(&stay, 2, memory_order_release);
	join(&t);
	return ok();
}
