/*
 * A thread of a real-time policy that shares one processor, and a lock, with threads that share time waits at
 * most twice as long as the lock is held: for the rest of one hold, and for one that had the lock before it could
 * be chosen.
 *
 * Each wait is compared with the longest hold that it met, both by the clock, so whatever else the machine does in the
 * meantime lengthens both.  It can lengthen the wait alone only where an unlock loses the processor between
 * freeing the lock and waking; so a few waits may be longer.  A lock that lets the waiter stand behind others, or
 * wait for a timer, fails for most.
 */
#include "t.h"

enum { HOLDERS = 8, WAITS = 60, HOLDUS = 1500 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static _Atomic int stop;
/* Who holds the lock writes them. */
static double begun[4096], ended[4096];
static unsigned holds;
static int rwlocks;

static double
now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
lock(void)
{
	SAME(rwlocks ? pthread_rwlock_wrlock(&rw) : pthread_mutex_lock(&m), 0);
}

static void
unlock(void)
{
	SAME(rwlocks ? pthread_rwlock_unlock(&rw) : pthread_mutex_unlock(&m), 0);
}

static void *
hold(void *arg)
{
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		lock();
		unsigned i = holds % 4096;
		begun[i] = now();
		while(now() < begun[i] + HOLDUS)
			;
		ended[i] = now();
		holds++;
		unlock();
	}
	return arg;
}

static void
measure(void)
{
	Thread h[HOLDERS];
	int longer = 0;
	double worst = 0;

	atomic_store_explicit(&stop, 0, memory_order_relaxed);
	for(int i = 0; i < HOLDERS; i++)
		start(&h[i], hold, NULL);
	napus(20000);
	SAME(pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){10}), 0);
	for(int n = 0; n < WAITS; n++) {
		napus(4000 + n % 7 * 700);
		double from = now(), most = 0, waited;
		lock();
		waited = now() - from;
		for(unsigned i = holds; i != 0 && holds - i < 4096 && ended[(i - 1) % 4096] > from; i--) {
			double length = ended[(i - 1) % 4096] - begun[(i - 1) % 4096];
			most = length > most ? length : most;
		}
		unlock();
		/* It met none: the lock was free, and 100 us are for the work itself. */
		if(waited > 2 * most + 100)
			longer++;
		if(waited / (most + 50) > worst)
			worst = waited / (most + 50);
	}
	SAME(pthread_setschedparam(pthread_self(), SCHED_OTHER, &(struct sched_param){0}), 0);
	atomic_store_explicit(&stop, 1, memory_order_release);
	for(int i = 0; i < HOLDERS; i++)
		join(&h[i]);
	if(longer > WAITS / 10)
		no("%s: %d of %d waits longer than two holds, the longest %.1f", rwlocks ? "rwlock" : "mutex", longer,
		    WAITS, worst);
}

int
main(void)
{
	if(pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){10}) != 0)
		return skipped("no real-time policy is permitted");
	SAME(pthread_setschedparam(pthread_self(), SCHED_OTHER, &(struct sched_param){0}), 0);
	onecpu();
	for(rwlocks = 0; rwlocks < 2; rwlocks++)
		measure();
	return ok();
}
