/*
 * Locks from before every constructor to after every destructor: initfirst puts
 * this library's constructor before all others and its destructor behind.
 * link: -Wl,-z,initfirst
 */
#include "../t.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t rec = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static int ready;
_Atomic int earlyran;

static void *
partner(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	ready = 1;
	SAME(pthread_cond_signal(&c), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(sem_post(&s), 0);
	return arg;
}

static void
work(void)
{
	struct timespec d = in(CLOCK_REALTIME, 1);
	Thread t;

	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_mutex_trylock(&m), EBUSY);
	SAME(pthread_mutex_timedlock(&m, &d), ETIMEDOUT);
	SAME(pthread_mutex_lock(&rec), 0);
	SAME(pthread_mutex_lock(&rec), 0);
	SAME(pthread_mutex_unlock(&rec), 0);
	SAME(pthread_mutex_unlock(&rec), 0);
	int r = pthread_cond_timedwait(&c, &m, &d);
	MUST(r == 0 || r == ETIMEDOUT);
	SAME(sem_init(&s, 0, 0), 0);
	ready = 0;
	start(&t, partner, NULL);
	while(!ready)
		SAME(pthread_cond_wait(&c, &m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(sem_wait(&s), 0);
	join(&t);
}

__attribute__((constructor)) static void
early(void)
{
	work();
	atomic_fetch_add_explicit(&earlyran, 1, memory_order_release);
}

__attribute__((destructor)) static void
late(void)
{
	work();
	dprintf(2, "late\n");
}
