/*
 * What libc runs still: rwlocks, barriers, once, spin locks, robust, priority
 * inheriting and process-shared mutexes.  They work, beside mutexes of ours.
 */
#include "t.h"

enum { THREADS = 4, ROUNDS = 1000 };

static pthread_mutex_t ours = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_spinlock_t spin;
static pthread_mutex_t theirs[4]; /* robust, inheriting, shared, robust and shared and recursive */
static long n[8], ran;
static _Atomic int serials;

static void
initialise(void)
{
	SAME(pthread_mutex_lock(&ours), 0);
	ran++;
	SAME(pthread_mutex_unlock(&ours), 0);
}

static void *
use(void *arg)
{
	SAME(pthread_once(&once, initialise), 0);
	SAME(ran, 1);
	for(int i = 0; i < ROUNDS; i++) {
		SAME(pthread_rwlock_wrlock(&rw), 0);
		n[0]++;
		SAME(pthread_rwlock_unlock(&rw), 0);
		SAME(pthread_rwlock_rdlock(&rw), 0);
		MUST(n[0] > 0);
		SAME(pthread_rwlock_unlock(&rw), 0);
		SAME(pthread_spin_lock(&spin), 0);
		n[1]++;
		SAME(pthread_spin_unlock(&spin), 0);
		for(int j = 0; j < 4; j++) {
			struct timespec d = in(CLOCK_REALTIME, 100000);
			SAME(i & 1 ? pthread_mutex_lock(&theirs[j]) : pthread_mutex_timedlock(&theirs[j], &d), 0);
			n[2 + j]++;
			SAME(pthread_mutex_lock(&ours), 0);
			n[7]++;
			SAME(pthread_mutex_unlock(&ours), 0);
			SAME(pthread_mutex_unlock(&theirs[j]), 0);
		}
		if(i % 100 == 0) {
			int r = pthread_barrier_wait(&barrier);
			MUST(r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD);
			if(r != 0)
				atomic_fetch_add_explicit(&serials, 1, memory_order_relaxed);
		}
	}
	return arg;
}

static void *
dies(void *arg)
{
	SAME(pthread_mutex_lock(arg), 0);
	return NULL;
}

static void
ownerdead(pthread_mutex_t *m)
{
	Thread t;
	start(&t, dies, m);
	join(&t);
	SAME(pthread_mutex_trylock(m), EOWNERDEAD);
	SAME(pthread_mutex_consistent(m), 0);
	SAME(pthread_mutex_unlock(m), 0);
	start(&t, dies, m);
	join(&t);
	SAME(pthread_mutex_lock(m), EOWNERDEAD);
	SAME(pthread_mutex_unlock(m), 0);
	SAME(pthread_mutex_lock(m), ENOTRECOVERABLE);
	SAME(pthread_mutex_destroy(m), 0);
}

static void
rwanswers(void)
{
	struct timespec past = {1, 0};
	SAME(pthread_rwlock_rdlock(&rw), 0);
	SAME(pthread_rwlock_tryrdlock(&rw), 0);
	SAME(pthread_rwlock_trywrlock(&rw), EBUSY);
	SAME(pthread_rwlock_timedwrlock(&rw, &past), ETIMEDOUT);
	SAME(pthread_rwlock_unlock(&rw), 0);
	SAME(pthread_rwlock_unlock(&rw), 0);
	SAME(pthread_rwlock_wrlock(&rw), 0);
	SAME(pthread_rwlock_wrlock(&rw), EDEADLK);
	SAME(pthread_rwlock_clockrdlock(&rw, CLOCK_MONOTONIC, &past), EDEADLK);
	SAME(pthread_rwlock_unlock(&rw), 0);
}

int
main(void)
{
	Thread t[THREADS];
	pthread_mutexattr_t a;

	SAME(pthread_barrier_init(&barrier, NULL, THREADS), 0);
	SAME(pthread_spin_init(&spin, 0), 0);
	for(int j = 0; j < 4; j++) {
		pthread_mutexattr_init(&a);
		if(j == 0 || j == 3)
			SAME(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST), 0);
		if(j == 1)
			SAME(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT), 0);
		if(j >= 2)
			SAME(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED), 0);
		if(j == 3)
			SAME(pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE), 0);
		SAME(pthread_mutex_init(&theirs[j], &a), 0);
	}
	for(int i = 0; i < THREADS; i++)
		start(&t[i], use, NULL);
	for(int i = 0; i < THREADS; i++)
		join(&t[i]);
	for(int j = 0; j < 6; j++)
		SAME(n[j], THREADS * ROUNDS);
	SAME(n[7], 4 * THREADS * ROUNDS);
	SAME(serials, ROUNDS / 100);
	rwanswers();
	ownerdead(&theirs[0]);
	ownerdead(&theirs[3]);
	SAME(pthread_barrier_destroy(&barrier), 0);
	return ok();
}
