/*
 * A wakeup given to a waiter that is cancelled, or whose time is over, at the
 * same moment is not lost: it is used, or another waiter gets it.
 */
#include "t.h"

enum { ROUNDS = 1500 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static int tokens, waiting, race;
static _Atomic int taken;

static void
unlock(void *arg)
{
	(void)arg;
	pthread_mutex_unlock(&m);
}

/* Deferred cancellation: between the wait's return and the end there is no cancellation point, so a taken token is counted. */
static void *
condtake(void *arg)
{
	pthread_mutex_lock(&m);
	waiting++;
	pthread_cleanup_push(unlock, NULL);
	while(tokens == 0) {
		struct timespec d = in(CLOCK_REALTIME, 1);
		if(arg == NULL)
			pthread_cond_wait(&c, &m);
		else if(pthread_cond_timedwait(&c, &m, &d) == ETIMEDOUT && tokens == 0)
			break;
	}
	if(tokens > 0) {
		tokens--;
		atomic_fetch_add_explicit(&taken, 1, memory_order_release);
	}
	pthread_cleanup_pop(1);
	return NULL;
}

static void *
semtake(void *arg)
{
	struct timespec d = in(CLOCK_REALTIME, 1);
	if(arg == NULL ? sem_wait(&s) == 0 : sem_timedwait(&s, &d) == 0)
		atomic_fetch_add_explicit(&taken, 1, memory_order_release);
	return NULL;
}

/* Two wait; one token comes while the first is being cancelled (or times out): somebody takes it, without further help. */
static void
round1(int sem, int timed, unsigned *seed)
{
	void *(*f)(void *) = sem ? semtake : condtake;
	Thread victim, other;

	atomic_store_explicit(&taken, 0, memory_order_relaxed);
	tokens = waiting = 0;
	start(&victim, f, timed ? &victim : NULL);
	if(sem)
		UNTIL(atomic_load_explicit(&victim.tid, memory_order_acquire) != 0);
	start(&other, f, NULL);
	if(!sem)
		for(int n = 0; n < 2;) {
			pthread_mutex_lock(&m);
			n = waiting;
			pthread_mutex_unlock(&m);
			if(n < 2)
				sched_yield();
		}
	int first = !race || rnd(seed) % 2, pause = (int)(rnd(seed) % 200);
	if(timed)
		napus(rnd(seed) % 1500);
	else if(first)
		pthread_cancel(victim.id);
	if(!race)
		join(&victim);
	for(volatile int i = 0; i < pause; i++)
		;
	if(sem)
		sem_post(&s);
	else {
		pthread_mutex_lock(&m);
		tokens++;
		int inside = (int)(rnd(seed) % 2);
		if(inside)
			pthread_cond_signal(&c);
		pthread_mutex_unlock(&m);
		if(!inside)
			pthread_cond_signal(&c);
	}
	if(!timed && !first)
		pthread_cancel(victim.id);
	if(race)
		join(&victim);
	UNTIL(atomic_load_explicit(&taken, memory_order_acquire) == 1);
	/* the one that waits still, if there is one, gets the next */
	if(sem)
		sem_post(&s);
	else {
		pthread_mutex_lock(&m);
		tokens++;
		pthread_cond_broadcast(&c);
		pthread_mutex_unlock(&m);
	}
	join(&other);
	if(sem)
		while(sem_trywait(&s) == 0)
			atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
	SAME(atomic_load_explicit(&taken, memory_order_acquire) + (sem ? 0 : tokens), 2);
}

int
main(void)
{
	unsigned seed = 12345;
	SAME(sem_init(&s, 0, 0), 0);
	for(int i = 0; i < ROUNDS; i++) {
		int sem = i & 1, timed = i % 8 >= 6;
		/* glibc 2.36 itself loses a token's wakeup in this race every few thousand times */
		race = !sem || timed || preloaded();
		round1(sem, timed, &seed);
	}
	return ok();
}
