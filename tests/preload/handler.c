/*
 * sem_post from handlers that interrupt sem_wait, pthread_mutex_lock and
 * pthread_cond_wait of the same thread, at any instruction: no token is lost or
 * made, nothing deadlocks, errno is as it was.
 */
#include "t.h"

enum { WORKERS = 6, MS = 700 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t tokens, bait;
static _Atomic long posted, taken, baited;
static _Atomic int stop;
static long inside;
static Thread worker[WORKERS];

/* The handler's own wait on a semaphore interrupts whatever wait its thread is in. */
static void
post(int sig)
{
	int keep = errno;
	errno = 4711;
	MUST(sem_post(&tokens) == 0);
	atomic_fetch_add_explicit(&posted, 1, memory_order_relaxed);
	if(sem_trywait(&bait) == 0) {
		atomic_fetch_add_explicit(&baited, 1, memory_order_relaxed);
		MUST(sem_post(&bait) == 0);
	} else
		errno = 4711;
	SAME(errno, 4711);
	errno = keep;
	(void)sig;
}

static void *
take(void *arg)
{
	(void)arg;
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		errno = 0;
		if(sem_wait(&tokens) == 0)
			atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
		else
			SAME(errno, EINTR);
	}
	return NULL;
}

static void *
lock(void *arg)
{
	long mine = 0;
	(void)arg;
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		errno = 77;
		SAME(pthread_mutex_lock(&m), 0);
		inside++;
		mine++;
		if(mine % 32 == 0)
			SAME(pthread_cond_signal(&c), 0);
		SAME(pthread_mutex_unlock(&m), 0);
		SAME(errno, 77);
	}
	return (void *)mine;
}

static void *
waitcond(void *arg)
{
	long mine = 0;
	(void)arg;
	SAME(pthread_mutex_lock(&m), 0);
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		struct timespec d = in(CLOCK_MONOTONIC, 2);
		errno = 78;
		int r = pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &d);
		SAME(errno, 78);
		MUST(r == 0 || r == ETIMEDOUT);
		inside++;
		mine++;
	}
	SAME(pthread_mutex_unlock(&m), 0);
	return (void *)mine;
}

int
main(void)
{
	static void *(*const role[])(void *) = {take, lock, waitcond};
	struct timespec end = in(CLOCK_MONOTONIC, MS), now;
	long counted = 0;
	unsigned seed = 1;

	SAME(sem_init(&tokens, 0, 0), 0);
	SAME(sem_init(&bait, 0, 1), 0);
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = post, .sa_flags = SA_RESTART}, NULL);
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = post}, NULL);
	for(int i = 0; i < WORKERS; i++)
		start(&worker[i], role[i % 3], NULL);
	do {
		pthread_kill(worker[rnd(&seed) % WORKERS].id, seed & 64 ? SIGUSR1 : SIGUSR2);
		if(seed % 8 == 0)
			napus(rnd(&seed) % 100);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while(now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
	atomic_store_explicit(&stop, 1, memory_order_release);
	for(int i = 0; i < WORKERS; i += 3) { /* the takers may sleep: a token each, not counted */
		SAME(sem_post(&tokens), 0);
		atomic_fetch_add_explicit(&posted, 1, memory_order_relaxed);
	}
	for(int i = 0; i < WORKERS; i++) {
		long r = (long)join(&worker[i]);
		if(i % 3 != 0)
			counted += r;
	}
	SAME(inside, counted);
	while(sem_trywait(&tokens) == 0)
		taken++;
	SAME(taken, posted);
	int v;
	SAME(sem_getvalue(&bait, &v), 0);
	SAME(v, 1);
	MUST(posted > 0 && baited > 0);
	return ok();
}
