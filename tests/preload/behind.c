/*
 * Waiters of a condition who have been signalled do not depend on one another: the first of them is in a signal handler, and
 * stays there until the others have had the mutex.  They wait with and without a deadline.
 */
#include "t.h"

enum { N = 4 };
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int go, timed, past[2];
static _Atomic int stays, had;

static void
stay(int sig)
{
	char byte;
	(void)sig;
	atomic_store_explicit(&stays, 1, memory_order_release);
	while(read(past[0], &byte, 1) != 1)
		;
}

static void *
await(void *arg)
{
	struct timespec at = in(CLOCK_REALTIME, 60000);
	SAME(pthread_mutex_lock(&m), 0);
	while(!go)
		SAME(timed ? pthread_cond_timedwait(&c, &m, &at) : pthread_cond_wait(&c, &m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	atomic_fetch_add_explicit(&had, 1, memory_order_release);
	return arg;
}

static void
once(void)
{
	Thread t[N];

	go = 0;
	atomic_store_explicit(&stays, 0, memory_order_relaxed);
	atomic_store_explicit(&had, 0, memory_order_relaxed);
	for(int i = 0; i < N; i++) {
		start(&t[i], await, NULL);
		asleep(&t[i]);
	}
	SAME(pthread_mutex_lock(&m), 0);
	go = 1;
	SAME(pthread_cond_broadcast(&c), 0);
	SAME(pthread_kill(t[0].id, SIGUSR1), 0);
	UNTIL(atomic_load_explicit(&stays, memory_order_acquire));
	SAME(pthread_mutex_unlock(&m), 0);
	UNTIL(atomic_load_explicit(&had, memory_order_acquire) == N - 1);
	SAME(write(past[1], "x", 1), 1);
	for(int i = 0; i < N; i++)
		join(&t[i]);
}

int
main(void)
{
	SAME(pipe(past), 0);
	SAME(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = stay, .sa_flags = SA_RESTART}, NULL), 0);
	for(int i = 0; i < 200; i++) {
		timed = i & 1;
		once();
	}
	return ok();
}
