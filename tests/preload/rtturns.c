/*
 * Two threads of one real-time priority at one processor, where the one always gives that up with the mutex held, so that the other, which
 * waits, comes too late each time.  It gets the mutex as soon as the first leaves off; or a handler jumps out of its wait; or it has
 * waited for a condition before, or waits with a deadline.  A third of a lower priority goes for the mutex all the time.
 * Nobody is in the mutex with another, everybody comes to an end, and nothing is left in the word.  LOOPS in the environment: how often.
 */
#include "t.h"

#include <setjmp.h>

typedef enum Way { PLAIN, JUMPS, WAITED, TIMED, NWAY } Way;
enum { EQUAL = 5, LOWER = 3, ABOVE = 8, DEADLINE = 60000 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static _Atomic int leaves, waiting, signalled, inside, turned, got;
static _Atomic long counted;
static long count; /* guarded by m */
static Way way;
static _Thread_local sigjmp_buf out;

static void
policy(int prio)
{
	SAME(pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){prio}), 0);
}

static void
isin(void)
{
	SAME(atomic_fetch_add_explicit(&inside, 1, memory_order_relaxed), 0);
	count++;
	SAME(atomic_fetch_sub_explicit(&inside, 1, memory_order_relaxed), 1);
	atomic_fetch_add_explicit(&counted, 1, memory_order_relaxed);
}

static void *
turns(void *arg)
{
	policy(EQUAL);
	while(!atomic_load_explicit(&leaves, memory_order_relaxed)) {
		SAME(pthread_mutex_lock(&m), 0);
		isin();
		if(way == WAITED && !atomic_exchange_explicit(&signalled, 1, memory_order_relaxed))
			SAME(pthread_cond_signal(&c), 0);
		sched_yield();
		SAME(pthread_mutex_unlock(&m), 0);
		atomic_fetch_add_explicit(&turned, 1, memory_order_relaxed);
	}
	return arg;
}

static void
jump(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

static void *
waits(void *arg)
{
	struct timespec t = in(CLOCK_REALTIME, DEADLINE);

	policy(EQUAL);
	if(way == JUMPS && sigsetjmp(out, 1) != 0)
		return arg;
	if(way == WAITED) {
		SAME(pthread_mutex_lock(&m), 0);
		atomic_store_explicit(&waiting, 1, memory_order_relaxed);
		SAME(pthread_cond_wait(&c, &m), 0);
	} else {
		atomic_store_explicit(&waiting, 1, memory_order_relaxed);
		SAME(way == TIMED ? pthread_mutex_timedlock(&m, &t) : pthread_mutex_lock(&m), 0);
	}
	isin();
	atomic_store_explicit(&got, 1, memory_order_relaxed);
	SAME(pthread_mutex_unlock(&m), 0);
	if(way == JUMPS)
		pause();
	return arg;
}

static void *
lower(void *arg)
{
	policy(LOWER);
	while(!atomic_load_explicit(&leaves, memory_order_relaxed)) {
		SAME(pthread_mutex_lock(&m), 0);
		isin();
		SAME(pthread_mutex_unlock(&m), 0);
		napus(50);
	}
	return arg;
}

static void
once(long i)
{
	Thread t, w, l;
	int before;

	atomic_store_explicit(&leaves, 0, memory_order_relaxed);
	waiting = signalled = turned = got = 0;
	start(&l, lower, NULL);
	if(way == WAITED) {
		start(&w, waits, NULL);
		UNTIL(waiting);
		start(&t, turns, NULL);
	} else {
		start(&t, turns, NULL);
		UNTIL(turned);
		start(&w, waits, NULL);
		UNTIL(waiting);
	}
	before = turned;
	UNTIL(turned > before + (int)(i % 7) * 40);
	if(way == JUMPS)
		SAME(pthread_kill(w.id, SIGUSR1), 0);
	else
		atomic_store_explicit(&leaves, 1, memory_order_relaxed);
	join(&w);
	if(way != JUMPS)
		SAME(got, 1);
	atomic_store_explicit(&leaves, 1, memory_order_relaxed);
	join(&t);
	join(&l);
	SAME(*(int *)&m, 0);
	SAME(count, counted);
}

int
main(void)
{
	struct sigaction jumps = {.sa_handler = jump};
	const char *loops = getenv("LOOPS");
	long n = loops != NULL ? atol(loops) : 100;

	if(pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){ABOVE}) != 0)
		return skipped("no real-time policy is permitted");
	onecpu();
	sigemptyset(&jumps.sa_mask);
	SAME(sigaction(SIGUSR1, &jumps, NULL), 0);
	for(long i = 0; i < n; i++)
		for(way = 0; way < NWAY; way++)
			/* A jump out of libc's lock leaves its word as if somebody waited. */
			if(way != JUMPS || preloaded())
				once(i);
	return ok();
}
