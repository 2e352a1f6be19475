/*
 * Conditions, semaphores and deadlines: each wait by a known line, ended by a
 * known line or by its time.  The other side acts only when the waiter sleeps.
 * A signal with the mutex held for long divides the wait: for the condition until
 * the signal, for the mutex from then on.
 */
#include "truth.h"

enum { ROUNDS = 20, US = 6000, TIMEOUTS = 10, TIMEOUT = 5 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, m2 = PTHREAD_MUTEX_INITIALIZER, m3 = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t m4 = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t outside = PTHREAD_COND_INITIALIZER, inside = PTHREAD_COND_INITIALIZER,
		      never = PTHREAD_COND_INITIALIZER;
static sem_t sem, nosem;
static _Atomic int ready;
static int64_t began, signalled, woken;
static int64_t took[4], least[4]; /* sums: condition outside, inside, mutex after inside, semaphore */

static void *
waitoutside(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	began = now();
	while(!atomic_load_explicit(&ready, memory_order_acquire))
		SAME(pthread_cond_wait(&outside, &m), 0); /* site: condout */
	took[0] += now() - began;
	least[0] += woken - began;
	SAME(pthread_mutex_unlock(&m), 0);
	return arg;
}

static void *
waitinside(void *arg)
{
	SAME(pthread_mutex_lock(&m2), 0);
	began = now();
	while(!atomic_load_explicit(&ready, memory_order_acquire))
		SAME(pthread_cond_wait(&inside, &m2), 0); /* site: condin */
	took[1] += signalled - began;
	took[2] += now() - signalled;
	least[2] += woken - signalled;
	SAME(pthread_mutex_unlock(&m2), 0);
	return arg;
}

static void *
waitsem(void *arg)
{
	began = now();
	SAME(sem_wait(&sem), 0); /* site: semwait */
	took[3] += now() - began;
	least[3] += woken - began;
	return arg;
}

static void
rounds(void)
{
	Thread t;
	for(int i = 0; i < ROUNDS; i++) {
		tell(&ready, 0);
		start(&t, waitoutside, NULL);
		asleep(&t);
		napus(US);
		tell(&ready, 1);
		woken = now();
		SAME(pthread_cond_signal(&outside), 0); /* site: signalout */
		join(&t);

		tell(&ready, 0);
		start(&t, waitinside, NULL);
		asleep(&t);
		napus(US);
		SAME(pthread_mutex_lock(&m2), 0); /* site: holdin */
		tell(&ready, 1);
		signalled = now();
		SAME(pthread_cond_signal(&inside), 0); /* site: signalin */
		napus(US);
		woken = now();
		SAME(pthread_mutex_unlock(&m2), 0); /* site: letin */
		join(&t);

		start(&t, waitsem, NULL);
		asleep(&t);
		napus(US);
		woken = now();
		SAME(sem_post(&sem), 0); /* site: post */
		join(&t);
	}
}

static int64_t late[3]; /* sums of the timed-out: condition, semaphore, mutex */

static void *
timeouts(void *arg)
{
	SAME(pthread_mutex_lock(&m3), 0);
	for(int i = 0; i < TIMEOUTS; i++) {
		struct timespec d = in(CLOCK_REALTIME, TIMEOUT);
		int64_t t = now();
		SAME(pthread_cond_timedwait(&never, &m3, &d), ETIMEDOUT); /* site: condtime */
		late[0] += now() - t;
		d = in(CLOCK_REALTIME, TIMEOUT);
		t = now();
		FAILS(sem_timedwait(&nosem, &d), ETIMEDOUT); /* site: semtime */
		late[1] += now() - t;
		d = in(CLOCK_REALTIME, TIMEOUT);
		t = now();
		SAME(pthread_mutex_timedlock(&m4, &d), ETIMEDOUT); /* site: locktime */
		late[2] += now() - t;
	}
	SAME(pthread_mutex_unlock(&m3), 0);
	return arg;
}

static Lock
lock(const char *kind, const void *address, long n, long timedout, Pair p)
{
	return (Lock){.address = address,
	    .kind = kind,
	    .waitslow = n,
	    .waitshigh = n,
	    .acquired = -1,
	    .timeouts = timedout,
	    .npair = 1,
	    .pair[0] = p};
}

int
main(void)
{
	Thread t;
	SAME(sem_init(&sem, 0, 0), 0); /* site: seminit */
	SAME(sem_init(&nosem, 0, 0), 0);
	rounds();
	SAME(pthread_mutex_lock(&m4), 0); /* site: holdtime */
	start(&t, timeouts, NULL);
	join(&t);
	SAME(pthread_mutex_unlock(&m4), 0);
	Lock l[] = {
	    lock("cond", &outside, ROUNDS, 0,
		(Pair){"wait", "waits.c:condout", NULL, "waits.c:signalout", "acquired", ROUNDS, took[0]}),
	    lock("cond", &inside, ROUNDS, 0,
		(Pair){"wait", "waits.c:condin", NULL, "waits.c:signalin", "acquired", ROUNDS, took[1]}),
	    lock("mutex", &m2, ROUNDS, 0,
		(Pair){"lock", "waits.c:condin", "waits.c:holdin", "waits.c:letin", "acquired", ROUNDS, took[2]}),
	    lock("sem", &sem, ROUNDS, 0,
		(Pair){"wait", "waits.c:semwait", NULL, "waits.c:post", "acquired", ROUNDS, took[3]}),
	    lock("cond", &never, TIMEOUTS, TIMEOUTS,
		(Pair){"wait", "waits.c:condtime", NULL, NULL, "timeout", TIMEOUTS, late[0]}),
	    lock("sem", &nosem, TIMEOUTS, TIMEOUTS,
		(Pair){"wait", "waits.c:semtime", NULL, NULL, "timeout", TIMEOUTS, late[1]}),
	    lock("mutex", &m4, TIMEOUTS, TIMEOUTS,
		(Pair){"lock", "waits.c:locktime", "waits.c:holdtime", NULL, "timeout", TIMEOUTS, late[2]}),
	};
	for(int i = 0; i < 4; i++)
		l[i].least[0] = least[i];
	print(l, sizeof l / sizeof l[0]);
	return 0;
}
