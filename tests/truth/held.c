/*
 * One holder, one waiter: ROUNDS times the holder has the mutex at one line for
 * HOLD ms while the waiter waits at another.  Then the same with a mutex that is
 * initialised, destroyed and initialised again at the same address: two locks.
 * HOLD and its half are not when a waiter looks for itself, that is after 4 ms, 8 or 12: if
 * it then finds the mutex free nobody has woken it.
 */
#include "truth.h"

enum { ROUNDS = 25, HOLD = 10 };

static pthread_mutex_t global = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t made;
static _Atomic int held, wants, done;
static int64_t waited;

static void *
holdglobal(void *arg)
{
	for(int i = 1; i <= ROUNDS; i++) {
		SAME(pthread_mutex_lock(&global), 0); /* site: holdglobal */
		tell(&held, i);
		await(&wants, i);
		napus(HOLD * 1000);
		SAME(pthread_mutex_unlock(&global), 0); /* site: letglobal */
		await(&done, i);
	}
	return arg;
}

static void *
holdmade(void *arg)
{
	for(int i = 1; i <= ROUNDS; i++) {
		SAME(pthread_mutex_lock(&made), 0); /* site: holdmade */
		tell(&held, i);
		await(&wants, i);
		napus(HOLD * 1000 / 2);
		SAME(pthread_mutex_unlock(&made), 0); /* site: letmade */
		await(&done, i);
	}
	return arg;
}

/* The waiter's part: once the holder has it, wait; the time around the call is the truth. */
static int64_t
enter(int i)
{
	await(&held, i);
	int64_t t = now();
	tell(&wants, i);
	return t;
}

static void
leave(int64_t begun)
{
	waited += now() - begun;
}

static void *
waitglobal(void *arg)
{
	for(int i = 1; i <= ROUNDS; i++) {
		int64_t t = enter(i);
		SAME(pthread_mutex_lock(&global), 0); /* site: waitglobal */
		leave(t);
		SAME(pthread_mutex_unlock(&global), 0);
		tell(&done, i);
	}
	return arg;
}

static void *
waitmade1(void *arg)
{
	for(int i = 1; i <= ROUNDS; i++) {
		int64_t t = enter(i);
		SAME(pthread_mutex_lock(&made), 0); /* site: waitmade1 */
		leave(t);
		SAME(pthread_mutex_unlock(&made), 0);
		tell(&done, i);
	}
	return arg;
}

static void *
waitmade2(void *arg)
{
	for(int i = 1; i <= ROUNDS; i++) {
		int64_t t = enter(i);
		SAME(pthread_mutex_lock(&made), 0); /* site: waitmade2 */
		leave(t);
		SAME(pthread_mutex_unlock(&made), 0);
		tell(&done, i);
	}
	return arg;
}

static Lock
play(void *(*holder)(void *), void *(*waiter)(void *), Lock l, Pair p)
{
	Thread h, w;
	waited = 0;
	tell(&held, 0);
	tell(&wants, 0);
	tell(&done, 0);
	start(&h, holder, NULL);
	start(&w, waiter, NULL);
	join(&h);
	join(&w);
	p.op = "lock";
	p.end = "acquired";
	p.waits = ROUNDS;
	p.ns = waited;
	l.kind = "mutex";
	l.waitslow = l.waitshigh = ROUNDS;
	l.acquired = 2 * ROUNDS;
	l.pair[l.npair++] = p;
	return l;
}

int
main(void)
{
	Lock l[3];
	l[0] = play(holdglobal, waitglobal, (Lock){.address = &global},
	    (Pair){.waiter = "held.c:waitglobal", .holder = "held.c:holdglobal", .waker = "held.c:letglobal"});
	SAME(pthread_mutex_init(&made, NULL), 0); /* site: init1 */
	l[1] = play(holdmade, waitmade1, (Lock){.address = &made, .init = "held.c:init1"},
	    (Pair){.waiter = "held.c:waitmade1", .holder = "held.c:holdmade", .waker = "held.c:letmade"});
	SAME(pthread_mutex_destroy(&made), 0);
	SAME(pthread_mutex_init(&made, NULL), 0); /* site: init2 */
	l[2] = play(holdmade, waitmade2, (Lock){.address = &made, .init = "held.c:init2"},
	    (Pair){.waiter = "held.c:waitmade2", .holder = "held.c:holdmade", .waker = "held.c:letmade"});
	print(l, 3);
	return 0;
}
