/*
 * C11 threads: every answer of mtx_ and cnd_, call_once under contention, and
 * waits that are ended.
 */
#include "t.h"
#include <threads.h>

enum { THREADS = 4, ROUNDS = 2000 };

static mtx_t m, rec, timed;
static cnd_t c;
static long n;
static int turn, once;
static once_flag flag = ONCE_FLAG_INIT;

static struct timespec
wall(long ms)
{
	return in(CLOCK_REALTIME, ms);
}

static int
tries(void *arg)
{
	struct timespec d = wall(10);
	(void)arg;
	SAME(mtx_trylock(&m), thrd_busy);
	SAME(mtx_trylock(&rec), thrd_busy);
	SAME(mtx_timedlock(&timed, &d), thrd_timedout);
	return 7;
}

static void
answers(void)
{
	struct timespec d = wall(10), bad = {wall(1000).tv_sec, 1000000000};
	thrd_t t;
	int r;

	SAME(mtx_init(&m, mtx_plain), thrd_success);
	SAME(mtx_init(&rec, mtx_plain | mtx_recursive), thrd_success);
	SAME(mtx_init(&timed, mtx_timed), thrd_success);
	SAME(cnd_init(&c), thrd_success);
	SAME(mtx_lock(&m), thrd_success);
	SAME(mtx_lock(&rec), thrd_success);
	SAME(mtx_lock(&rec), thrd_success);
	SAME(mtx_trylock(&rec), thrd_success);
	SAME(mtx_timedlock(&timed, &d), thrd_success);
	SAME(mtx_timedlock(&timed, &bad), thrd_error);
	SAME(thrd_create(&t, tries, NULL), thrd_success);
	SAME(thrd_join(t, &r), thrd_success);
	SAME(r, 7);
	d = wall(5);
	while((r = cnd_timedwait(&c, &m, &d)) == thrd_success)
		;
	SAME(r, thrd_timedout);
	SAME(mtx_trylock(&m), thrd_busy);
	SAME(cnd_timedwait(&c, &m, &bad), thrd_error);
	SAME(cnd_signal(&c), thrd_success);
	SAME(cnd_broadcast(&c), thrd_success);
	for(int i = 0; i < 3; i++)
		SAME(mtx_unlock(&rec), thrd_success);
	SAME(mtx_unlock(&timed), thrd_success);
	SAME(mtx_unlock(&m), thrd_success);
}

static void
initonce(void)
{
	sched_yield();
	once++;
}

/* The threads take turns: each waits for its own, all on one condition. */
static int
turns(void *arg)
{
	int me = (int)(long)arg;
	call_once(&flag, initonce);
	SAME(once, 1);
	for(int i = 0; i < ROUNDS; i++) {
		SAME(mtx_lock(&m), thrd_success);
		while(turn != me)
			SAME(cnd_wait(&c, &m), thrd_success);
		turn = (turn + 1) % THREADS;
		SAME(cnd_broadcast(&c), thrd_success);
		SAME(mtx_unlock(&m), thrd_success);
		SAME(mtx_lock(&rec), thrd_success);
		SAME(mtx_lock(&rec), thrd_success);
		n++;
		SAME(mtx_unlock(&rec), thrd_success);
		SAME(mtx_unlock(&rec), thrd_success);
	}
	return 0;
}

int
main(void)
{
	thrd_t t[THREADS];
	answers();
	for(long i = 0; i < THREADS; i++)
		SAME(thrd_create(&t[i], turns, (void *)i), thrd_success);
	for(int i = 0; i < THREADS; i++)
		SAME(thrd_join(t[i], NULL), thrd_success);
	SAME(n, THREADS * ROUNDS);
	cnd_destroy(&c);
	mtx_destroy(&m);
	mtx_destroy(&rec);
	mtx_destroy(&timed);
	return ok();
}
