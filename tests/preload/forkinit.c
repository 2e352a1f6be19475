/*
 * What a library does around fork: it locks its mutexes before, and after it the parent unlocks them; the child unlocks them too, or
 * initialises them anew, by call or by assignment.  None of these is wrong use.
 */
#include "t.h"

enum { LOCKS = 3 };

static pthread_mutex_t m[LOCKS] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static pthread_mutex_t others = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int stay;

static void
before(void)
{
	for(int i = 0; i < LOCKS; i++)
		SAME(pthread_mutex_lock(&m[i]), 0);
}

static void
parent(void)
{
	for(int i = 0; i < LOCKS; i++)
		SAME(pthread_mutex_unlock(&m[i]), 0);
}

static void
child(void)
{
	SAME(pthread_mutex_unlock(&m[0]), 0);
	SAME(pthread_mutex_init(&m[1], NULL), 0);
	m[2] = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	others = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
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
main(void)
{
	Thread t;

	SAME(pthread_atfork(before, parent, child), 0);
	start(&t, holds, NULL);
	UNTIL(atomic_load_explicit(&stay, memory_order_acquire) == 1);
	forks(1);
	atomic_store_explicit(&stay, 2, memory_order_release);
	join(&t);
	return ok();
}
