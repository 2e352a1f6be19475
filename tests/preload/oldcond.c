/*
 * The condition variables of 8 bytes that programs older than 2003 are bound to, with mutexes of today's kind: a
 * mutex excludes whoever waits with it, by whichever condition, and no wakeup is lost.
 */
#include "t.h"

typedef void *Oldcond; /* what libc keeps in the 8 bytes is its own affair */

int oldinit(Oldcond *, const pthread_condattr_t *);
int olddestroy(Oldcond *);
int oldwait(Oldcond *, pthread_mutex_t *);
int oldtimedwait(Oldcond *, pthread_mutex_t *, const struct timespec *);
int oldsignal(Oldcond *);
int oldbroadcast(Oldcond *);
__asm__(".symver oldinit, pthread_cond_init@GLIBC_2.2.5\n"
	".symver olddestroy, pthread_cond_destroy@GLIBC_2.2.5\n"
	".symver oldwait, pthread_cond_wait@GLIBC_2.2.5\n"
	".symver oldtimedwait, pthread_cond_timedwait@GLIBC_2.2.5\n"
	".symver oldsignal, pthread_cond_signal@GLIBC_2.2.5\n"
	".symver oldbroadcast, pthread_cond_broadcast@GLIBC_2.2.5\n");

enum { PAIRS = 3, ROUNDS = 10000 };

/* guard words: the condition is 8 bytes, and no more of it is written */
static struct {
	uint64_t before;
	Oldcond c;
	uint64_t after;
} conds[PAIRS];
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static int turn[PAIRS];
static _Atomic int inside;
static long n;

static void
enter(void)
{
	SAME(atomic_fetch_add_explicit(&inside, 1, memory_order_relaxed), 0);
}

static void
leave(void)
{
	SAME(atomic_fetch_sub_explicit(&inside, 1, memory_order_relaxed), 1);
}

/* Two threads a condition, and all of them one mutex: it is contended, and waited with by three conditions. */
static void *
alternate(void *arg)
{
	int k = (int)(intptr_t)arg, pair = k / 2, me = k % 2;

	for(int i = 0; i < ROUNDS; i++) {
		SAME(pthread_mutex_lock(&m), 0);
		enter();
		while(turn[pair] != me) {
			struct timespec d = in(CLOCK_REALTIME, 60000);
			leave();
			if(i % 2)
				SAME(oldwait(&conds[pair].c, &m), 0);
			else
				SAME(oldtimedwait(&conds[pair].c, &m, &d), 0);
			enter();
		}
		turn[pair] = !me;
		n++;
		SAME(i % 3 ? oldsignal(&conds[pair].c) : oldbroadcast(&conds[pair].c), 0);
		leave();
		SAME(pthread_mutex_unlock(&m), 0);
	}
	return NULL;
}

int
main(void)
{
	struct timespec past = in(CLOCK_REALTIME, -1);
	pthread_condattr_t attr;
	Thread t[2 * PAIRS];
	Oldcond c = &c;

	for(int i = 0; i < 2 * PAIRS; i++)
		start(&t[i], alternate, (void *)(intptr_t)i);
	for(int i = 0; i < 2 * PAIRS; i++)
		join(&t[i]);
	SAME(n, 2 * PAIRS * ROUNDS);
	for(int i = 0; i < PAIRS; i++) {
		MUST(conds[i].before == 0 && conds[i].after == 0);
		SAME(olddestroy(&conds[i].c), 0);
	}

	SAME(pthread_condattr_init(&attr), 0);
	SAME(pthread_condattr_setpshared(&attr, PTHREAD_PROCESS_SHARED), 0);
	SAME(oldinit(&c, &attr), EINVAL);
	SAME(oldinit(&c, NULL), 0);
	SAME(pthread_mutex_lock(&m), 0);
	SAME(oldtimedwait(&c, &m, &past), ETIMEDOUT);
	past.tv_nsec = 1000000000;
	SAME(oldtimedwait(&c, &m, &past), EINVAL);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(oldsignal(&c), 0);
	SAME(oldbroadcast(&c), 0);
	SAME(olddestroy(&c), 0);
	return ok();
}
