/*
 * Barging has its bounds.  A waiter gets the mutex although others take it again
 * at once for ever; and one that is favoured but kept from running, by a handler
 * that waits, does not keep the others out.
 */
#include "t.h"

enum { BARGERS = 2, WAITS = 20, HOLDS = 200 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
/* The same of a readers-writer lock, of either kind. */
static pthread_rwlock_t rw[2] = {PTHREAD_RWLOCK_INITIALIZER, PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP};
static _Atomic int stop, stopped, resume;
static _Atomic long holds;

static void *
barge(void *arg)
{
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		SAME(pthread_mutex_lock(&m), 0);
		atomic_fetch_add_explicit(&holds, 1, memory_order_relaxed);
		for(volatile int i = 0; i < 2000; i++)
			;
		SAME(pthread_mutex_unlock(&m), 0);
	}
	return arg;
}

static void *
want(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	return arg;
}

/* As a collector stops the world: the handler waits until it is told to go on. */
static void
stophere(int sig)
{
	int keep = errno;
	(void)sig;
	atomic_store_explicit(&stopped, 1, memory_order_release);
	while(!atomic_load_explicit(&resume, memory_order_acquire))
		napus(100);
	errno = keep;
}

/* It sleeps in the mutex, is stopped there, and woken while stopped; the one who stopped it uses the mutex all the while. */
static void
collector(void)
{
	for(int i = 0; i < 5; i++) {
		Thread t, u;
		atomic_store_explicit(&stopped, 0, memory_order_relaxed);
		atomic_store_explicit(&resume, 0, memory_order_relaxed);
		SAME(pthread_mutex_lock(&m), 0);
		start(&t, want, NULL);
		asleep(&t);
		start(&u, want, NULL);
		asleep(&u);
		SAME(pthread_kill(t.id, SIGUSR1), 0);
		UNTIL(atomic_load_explicit(&stopped, memory_order_acquire));
		SAME(pthread_mutex_unlock(&m), 0);
		for(int j = 0; j < HOLDS; j++) {
			SAME(pthread_mutex_lock(&m), 0);
			if(j % 50 == 0)
				sched_yield();
			SAME(pthread_mutex_unlock(&m), 0);
		}
		join(&u);
		atomic_store_explicit(&resume, 1, memory_order_release);
		join(&t);
	}
}

static void *
wantwrite(void *l)
{
	SAME(pthread_rwlock_wrlock(l), 0);
	SAME(pthread_rwlock_unlock(l), 0);
	return NULL;
}

/* Writers only: libc itself keeps readers out for a writer that it has given the lock to. */
static void
rwcollector(pthread_rwlock_t *l)
{
	Thread t, u;

	atomic_store_explicit(&stopped, 0, memory_order_relaxed);
	atomic_store_explicit(&resume, 0, memory_order_relaxed);
	SAME(pthread_rwlock_wrlock(l), 0);
	start(&t, wantwrite, l);
	asleep(&t);
	start(&u, wantwrite, l);
	asleep(&u);
	SAME(pthread_kill(t.id, SIGUSR1), 0);
	UNTIL(atomic_load_explicit(&stopped, memory_order_acquire));
	SAME(pthread_rwlock_unlock(l), 0);
	for(int j = 0; j < HOLDS; j++) {
		SAME(pthread_rwlock_wrlock(l), 0);
		if(j % 50 == 0)
			sched_yield();
		SAME(pthread_rwlock_unlock(l), 0);
	}
	join(&u);
	atomic_store_explicit(&resume, 1, memory_order_release);
	join(&t);
}

int
main(void)
{
	Thread b[BARGERS], w;

	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = stophere, .sa_flags = SA_RESTART}, NULL);
	for(int i = 0; i < BARGERS; i++)
		start(&b[i], barge, NULL);
	for(int i = 0; i < WAITS; i++) {
		start(&w, want, NULL);
		join(&w);
	}
	atomic_store_explicit(&stop, 1, memory_order_release);
	for(int i = 0; i < BARGERS; i++)
		join(&b[i]);
	collector();
	for(int i = 0; i < 10; i++)
		rwcollector(&rw[i % 2]);
	return ok();
}
