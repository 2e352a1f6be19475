/*
 * Readers-writer locks.  A reader waits for a writer, ROUNDS times at known lines.  Then a writer waits for a reader that
 * stays long, while another has come and gone before, and comes and goes once more: it held the lock last, and is
 * not to be blamed.  Which readers hold a lock is not known, so nobody is; who let the writer in is.
 */
#include "truth.h"

enum { ROUNDS = 25, HOLD = 8 };

static pthread_rwlock_t written = PTHREAD_RWLOCK_INITIALIZER, reread = PTHREAD_RWLOCK_INITIALIZER;
static _Atomic int held, wants, done, gone;
static int64_t waited;

static void *
writes(void *arg)
{
	for(int i = 1; i <= ROUNDS; i++) {
		SAME(pthread_rwlock_wrlock(&written), 0); /* site: writes */
		tell(&held, i);
		await(&wants, i);
		napus(HOLD * 1000);
		SAME(pthread_rwlock_unlock(&written), 0); /* site: written */
		await(&done, i);
	}
	return arg;
}

static void *
waitsread(void *arg)
{
	for(int i = 1; i <= ROUNDS; i++) {
		await(&held, i);
		int64_t t = now();
		tell(&wants, i);
		SAME(pthread_rwlock_rdlock(&written), 0); /* site: waitsread */
		waited += now() - t;
		SAME(pthread_rwlock_unlock(&written), 0);
		tell(&done, i);
	}
	return arg;
}

/* The reader that stays. */
static void *
stays(void *arg)
{
	for(int i = 1; i <= ROUNDS; i++) {
		SAME(pthread_rwlock_rdlock(&reread), 0); /* site: stays */
		tell(&held, i);
		await(&gone, 2 * i);
		napus(HOLD * 1000 / 2);
		SAME(pthread_rwlock_unlock(&reread), 0); /* site: leaves */
		await(&done, i);
	}
	return arg;
}

static void
visit(int n)
{
	SAME(pthread_rwlock_rdlock(&reread), 0); /* site: visits */
	SAME(pthread_rwlock_unlock(&reread), 0);
	tell(&gone, n);
}

static void *
visits(void *arg)
{
	for(int i = 1; i <= ROUNDS; i++) {
		await(&held, i);
		visit(2 * i - 1);
		await(&wants, i);
		napus(HOLD * 1000 / 2);
		visit(2 * i);
	}
	return arg;
}

static void *
waitswrite(void *arg)
{
	for(int i = 1; i <= ROUNDS; i++) {
		await(&gone, 2 * i - 1);
		int64_t t = now();
		tell(&wants, i);
		SAME(pthread_rwlock_wrlock(&reread), 0); /* site: waitswrite */
		waited += now() - t;
		SAME(pthread_rwlock_unlock(&reread), 0);
		tell(&done, i);
	}
	return arg;
}

static Lock
play(const pthread_rwlock_t *l, void *(*const part[])(void *), int n, Pair p)
{
	Thread t[3];
	waited = 0;
	tell(&held, 0);
	tell(&wants, 0);
	tell(&done, 0);
	tell(&gone, 0);
	for(int i = 0; i < n; i++)
		start(&t[i], part[i], NULL);
	for(int i = 0; i < n; i++)
		join(&t[i]);
	p.end = "acquired";
	p.waits = ROUNDS;
	p.ns = waited;
	return (Lock){.address = l,
	    .kind = "rwlock",
	    .waitslow = ROUNDS,
	    .waitshigh = ROUNDS,
	    .acquired = -1,
	    .npair = 1,
	    .pair = {p}};
}

int
main(void)
{
	static void *(*const one[])(void *) = {writes, waitsread},
					 *(*const two[])(void *) = {stays, visits, waitswrite};
	Lock l[2];
	l[0] = play(&written, one, 2,
	    (Pair){.op = "rdlock",
		.waiter = "readers.c:waitsread",
		.holder = "readers.c:writes",
		.waker = "readers.c:written"});
	l[1] = play(
	    &reread, two, 3, (Pair){.op = "wrlock", .waiter = "readers.c:waitswrite", .waker = "readers.c:leaves"});
	print(l, 2);
	return 0;
}
