/*
 * A caught signal ends neither pthread_mutex_lock nor pthread_cond_wait; it ends
 * sem_wait with EINTR unless SA_RESTART is set, and a timed sem_wait always.
 */
#include "t.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, cm = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static int ready;
static _Atomic int caught, over;

static void catch(int sig)
{
	(void)sig;
	atomic_fetch_add_explicit(&caught, 1, memory_order_release);
}

static void *
locks(void *arg)
{
	(void)arg;
	SAME(pthread_mutex_lock(&m), 0);
	atomic_store_explicit(&over, 1, memory_order_release);
	SAME(pthread_mutex_unlock(&m), 0);
	return NULL;
}

static void *
timedlocks(void *arg)
{
	struct timespec d = in(CLOCK_REALTIME, 100000);
	(void)arg;
	SAME(pthread_mutex_timedlock(&m, &d), 0);
	atomic_store_explicit(&over, 1, memory_order_release);
	SAME(pthread_mutex_unlock(&m), 0);
	return NULL;
}

/* Returns with 0 only: how often it returns early is free, what it returns is not. */
static void *
waits(void *arg)
{
	struct timespec d = in(CLOCK_REALTIME, 100000);
	SAME(pthread_mutex_lock(&cm), 0);
	while(!ready)
		SAME(arg ? pthread_cond_timedwait(&c, &cm, &d) : pthread_cond_wait(&c, &cm), 0);
	atomic_store_explicit(&over, 1, memory_order_release);
	SAME(pthread_mutex_unlock(&cm), 0);
	return NULL;
}

static void *
semwaits(void *arg)
{
	struct timespec d = in(CLOCK_REALTIME, 100000);
	errno = 0;
	int r = arg ? sem_timedwait(&s, &d) : sem_wait(&s);
	int e = errno;
	atomic_store_explicit(&over, 1, memory_order_release);
	return (void *)(long)(r == 0 ? 0 : e);
}

static void
catchwith(int flags)
{
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = catch, .sa_flags = flags}, NULL);
}

/* Five signals, each caught; the thread sleeps again after each. */
static void
pester(Thread *t)
{
	atomic_store_explicit(&caught, 0, memory_order_relaxed);
	for(int i = 1; i <= 5; i++) {
		asleep(t);
		SAME(pthread_kill(t->id, SIGUSR1), 0);
		UNTIL(atomic_load_explicit(&caught, memory_order_acquire) == i);
	}
	asleep(t);
	SAME(atomic_load_explicit(&over, memory_order_acquire), 0);
}

static void
goeson(void *(*f)(void *), void *arg)
{
	Thread t;
	atomic_store_explicit(&over, 0, memory_order_relaxed);
	ready = 0;
	SAME(pthread_mutex_lock(&m), 0);
	start(&t, f, arg);
	pester(&t);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_lock(&cm), 0);
	ready = 1;
	SAME(pthread_cond_signal(&c), 0);
	SAME(pthread_mutex_unlock(&cm), 0);
	join(&t);
}

static void
semends(int timed)
{
	Thread t;
	atomic_store_explicit(&over, 0, memory_order_relaxed);
	start(&t, semwaits, timed ? &t : NULL);
	asleep(&t);
	SAME(pthread_kill(t.id, SIGUSR1), 0);
	SAME(join(&t), EINTR);
}

int
main(void)
{
	Thread t;

	SAME(sem_init(&s, 0, 0), 0);
	for(int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
		catchwith(flags);
		goeson(locks, NULL);
		goeson(timedlocks, NULL);
		goeson(waits, NULL);
		goeson(waits, &t);
	}
	catchwith(0);
	semends(0);
	semends(1);
	catchwith(SA_RESTART);
	semends(1);
	atomic_store_explicit(&over, 0, memory_order_relaxed);
	start(&t, semwaits, NULL);
	pester(&t);
	SAME(sem_post(&s), 0);
	SAME(join(&t), 0);
	return ok();
}
