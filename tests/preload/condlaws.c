/*
 * Laws of the condition wait: a recursive mutex held twice stays held, one
 * condition serves two mutexes in turn, a wait that may not be (errorcheck, not
 * the owner) leaves nothing queued, a waiter that gave up is not signalled.
 */
#include "t.h"

static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t rec = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t two[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static pthread_mutex_t check = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static _Atomic int go, woken;

static void *
twice(void *arg)
{
	(void)arg;
	SAME(pthread_mutex_lock(&rec), 0);
	SAME(pthread_mutex_lock(&rec), 0);
	while(!atomic_load_explicit(&go, memory_order_acquire))
		SAME(pthread_cond_wait(&c, &rec), 0);
	SAME(pthread_mutex_unlock(&rec), 0);
	SAME(pthread_mutex_unlock(&rec), 0);
	SAME(pthread_mutex_unlock(&rec), EPERM);
	return NULL;
}

static void *
wantrec(void *arg)
{
	(void)arg;
	SAME(pthread_mutex_lock(&rec), 0);
	atomic_fetch_add_explicit(&woken, 1, memory_order_release);
	SAME(pthread_mutex_unlock(&rec), 0);
	return NULL;
}

/*
 * The wait released one of two holds, so the sleeper has the mutex; another
 * locker sleeps behind it.  Whoever signals without it must wake the sleeper and
 * may not move it behind the locker.
 */
static void
recursivetwice(int broadcast)
{
	Thread sleeper, locker;
	atomic_store_explicit(&go, 0, memory_order_relaxed);
	start(&sleeper, twice, NULL);
	asleep(&sleeper);
	SAME(pthread_mutex_trylock(&rec), EBUSY);
	start(&locker, wantrec, NULL);
	asleep(&locker);
	atomic_store_explicit(&go, 1, memory_order_release);
	SAME(broadcast ? pthread_cond_broadcast(&c) : pthread_cond_signal(&c), 0);
	join(&sleeper);
	join(&locker);
}

static void *
waitone(void *arg)
{
	pthread_mutex_t *m = arg;
	SAME(pthread_mutex_lock(m), 0);
	while(!atomic_load_explicit(&go, memory_order_relaxed))
		SAME(pthread_cond_wait(&c, m), 0);
	SAME(pthread_mutex_trylock(m), EBUSY);
	atomic_fetch_add_explicit(&woken, 1, memory_order_release);
	SAME(pthread_mutex_unlock(m), 0);
	return NULL;
}

/* A round for one mutex, then for the other, and again: nothing of the first is remembered. */
static void
inturn(void)
{
	for(int i = 0; i < 20; i++) {
		pthread_mutex_t *m = &two[i & 1];
		Thread t[3];
		atomic_store_explicit(&go, 0, memory_order_relaxed);
		for(int j = 0; j < 3; j++)
			start(&t[j], waitone, m);
		for(int j = 0; j < 3; j++)
			asleep(&t[j]);
		SAME(pthread_mutex_lock(m), 0);
		atomic_store_explicit(&go, 1, memory_order_relaxed);
		if(i & 2)
			for(int j = 0; j < 3; j++)
				SAME(pthread_cond_signal(&c), 0);
		else
			SAME(pthread_cond_broadcast(&c), 0);
		SAME(pthread_mutex_unlock(m), 0);
		for(int j = 0; j < 3; j++)
			join(&t[j]);
	}
}

/* Not the owner: EPERM, and the signal that follows reaches the one who does wait. */
static void
notowner(void)
{
	struct timespec d = in(CLOCK_REALTIME, 60000);
	Thread t;

	SAME(pthread_cond_wait(&c, &check), EPERM);
	SAME(pthread_cond_timedwait(&c, &check, &d), EPERM);
	atomic_store_explicit(&go, 0, memory_order_relaxed);
	start(&t, waitone, &check);
	asleep(&t);
	for(int i = 0; i < 3; i++)
		SAME(pthread_cond_wait(&c, &check), EPERM);
	SAME(pthread_mutex_lock(&check), 0);
	atomic_store_explicit(&go, 1, memory_order_relaxed);
	SAME(pthread_cond_signal(&c), 0);
	SAME(pthread_mutex_unlock(&check), 0);
	join(&t);
	SAME(pthread_cond_wait(&c, &check), EPERM);
	SAME(pthread_cond_destroy(&c), 0); /* it would wait for anybody left on it */
	SAME(pthread_cond_init(&c, NULL), 0);
}

static void *
giveup(void *arg)
{
	pthread_mutex_t *m = arg;
	struct timespec d = in(CLOCK_REALTIME, 20);
	SAME(pthread_mutex_lock(m), 0);
	int r;
	while((r = pthread_cond_timedwait(&c, m, &d)) == 0)
		;
	SAME(r, ETIMEDOUT);
	SAME(pthread_mutex_unlock(m), 0);
	return NULL;
}

/* Those whose time is over take no signal from one who waits. */
static void
gaveup(void)
{
	Thread t[4], w;
	for(int i = 0; i < 4; i++)
		start(&t[i], giveup, &two[0]);
	for(int i = 0; i < 4; i++)
		join(&t[i]);
	atomic_store_explicit(&go, 0, memory_order_relaxed);
	start(&w, waitone, &two[0]);
	asleep(&w);
	SAME(pthread_mutex_lock(&two[0]), 0);
	atomic_store_explicit(&go, 1, memory_order_relaxed);
	SAME(pthread_mutex_unlock(&two[0]), 0);
	SAME(pthread_cond_signal(&c), 0);
	join(&w);
}

/* Each signal, mutex held, releases one more of those who sleep: none is merged with another. */
static void
onebyone(void)
{
	enum { N = 8 };
	Thread t[N];
	atomic_store_explicit(&go, 0, memory_order_relaxed);
	atomic_store_explicit(&woken, 0, memory_order_relaxed);
	for(int i = 0; i < N; i++)
		start(&t[i], waitone, &two[1]);
	for(int i = 0; i < N; i++)
		asleep(&t[i]);
	atomic_store_explicit(&go, 1, memory_order_relaxed);
	for(int i = 1; i <= N; i++) {
		SAME(pthread_mutex_lock(&two[1]), 0);
		SAME(pthread_cond_signal(&c), 0);
		SAME(pthread_mutex_unlock(&two[1]), 0);
		UNTIL(atomic_load_explicit(&woken, memory_order_acquire) >= i);
	}
	for(int i = 0; i < N; i++)
		join(&t[i]);
}

int
main(void)
{
	recursivetwice(0);
	recursivetwice(1);
	inturn();
	notowner();
	gaveup();
	onebyone();
	return ok();
}
