/*
 * A dl_iterate_phdr callback takes a lock whose holder waits, with the loader's
 * lock held: nothing on the way of a wait may want the loader's lock.
 */
#include "t.h"
#include <link.h>

enum { ROUNDS = 30 };

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static sem_t inside;
static _Atomic int calls;

static int
callback(struct dl_phdr_info *i, size_t n, void *arg)
{
	(void)i;
	(void)n;
	SAME(sem_post(&inside), 0);
	SAME(pthread_mutex_lock(&a), 0); /* held by one that waits for b */
	atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
	SAME(pthread_mutex_unlock(&a), 0);
	return arg == NULL;
}

static void *
iterate(void *arg)
{
	dl_iterate_phdr(callback, arg);
	return NULL;
}

/* Holds a, and only when the other is inside the callback waits for b, then for a timeout: both are recorded waits. */
static void *
holdwait(void *arg)
{
	struct timespec d;
	SAME(pthread_mutex_lock(&a), 0);
	SAME(sem_post(arg), 0);
	SAME(sem_wait(&inside), 0);
	SAME(pthread_mutex_lock(&b), 0);
	SAME(pthread_mutex_unlock(&b), 0);
	sem_t never;
	SAME(sem_init(&never, 0, 0), 0);
	d = in(CLOCK_REALTIME, 1);
	FAILS(sem_timedwait(&never, &d), ETIMEDOUT);
	SAME(pthread_mutex_unlock(&a), 0);
	return NULL;
}

int
main(void)
{
	sem_t locked;
	SAME(sem_init(&inside, 0, 0), 0);
	SAME(sem_init(&locked, 0, 0), 0);
	for(int i = 1; i <= ROUNDS; i++) {
		Thread h, it;
		SAME(pthread_mutex_lock(&b), 0);
		start(&h, holdwait, &locked);
		SAME(sem_wait(&locked), 0);
		start(&it, iterate, NULL);
		asleep(&it); /* in the callback, with the loader's lock */
		asleep(&h);
		SAME(pthread_mutex_unlock(&b), 0);
		join(&h);
		join(&it);
		SAME(calls, i);
	}
	return ok();
}
