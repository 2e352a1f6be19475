/*
 * What a hand-over costs: pingpong [--same | --split | --free] [ROUNDS [MS]]
 *
 * Two threads hand a turn to and fro, through a bare futex word and through each native primitive that waits; each hand-over is one wake
 * and one wait.  Each line has the nanoseconds of a round trip (two hand-overs) and its ratio to the bare futex's, medians of ROUNDS
 * rounds of MS milliseconds each, in which all take their turns.  What works between processes is held against a futex
 * that does: in memory that is shared, and not FUTEX_PRIVATE, for which the kernel looks up whose page it is; rendezvous against two who meet at one.
 * Then the uncontended pairs of lock and unlock against a pthread mutex's, the same way.
 * --same: both threads on one processor; --split: on two; --free: where the kernel puts them.  A benchmark: it fails for nothing.
 *
 * Linked with the core's test build, so the pthread mutex is libc's.
 */
#define _GNU_SOURCE
#define RENDEZ_NOPLAINNAMES
#include "../../compat/plan9.h"
#include "../../compat/sys/pw.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NROUND = 101 };

static _Atomic int stop;
static _Atomic unsigned turn; /* whose: 0 or 1 */

/* A turn: pass it to the other, and wait for one's own.  Both start by waiting, but for player 0's first. */
static _Atomic unsigned word[2];

static void
futexpass(int me)
{
	(void)me;
	atomic_store_explicit(&word[!me], 1, memory_order_release);
	syscall(SYS_futex, &word[!me], FUTEX_WAKE_PRIVATE, 1, NULL);
}

static void
futextake(int me)
{
	while(atomic_exchange_explicit(&word[me], 0, memory_order_acquire) == 0)
		syscall(SYS_futex, &word[me], FUTEX_WAIT_PRIVATE, 0, NULL);
}

static _Atomic unsigned *sharedword;

static void
sharedpass(int me)
{
	atomic_store_explicit(&sharedword[!me], 1, memory_order_release);
	syscall(SYS_futex, &sharedword[!me], FUTEX_WAKE, 1, NULL);
}

static void
sharedtake(int me)
{
	while(atomic_exchange_explicit(&sharedword[me], 0, memory_order_acquire) == 0)
		syscall(SYS_futex, &sharedword[me], FUTEX_WAIT, 0, NULL);
}

/*
 * Who comes first waits, also if that is who passes: what two must do who meet.  On one processor a wake often preempts the waker,
 * and then it is.  In the third and fourth word, who waits.
 */
static void
meet(int i)
{
	unsigned nobody = 0;

	if(atomic_compare_exchange_strong_explicit(
	       &sharedword[2 + i], &nobody, 1, memory_order_acq_rel, memory_order_acquire)) {
		sharedtake(i);
	} else {
		atomic_store_explicit(&sharedword[2 + i], 0, memory_order_relaxed);
		sharedpass(!i);
	}
}

static void
meetpass(int me)
{
	meet(!me);
}

static Rendez court[2];

static int
mine(void *me)
{
	return (int)atomic_load_explicit(&turn, memory_order_acquire) == (int)(intptr_t)me;
}

static void
sleeppass(int me)
{
	atomic_store_explicit(&turn, (unsigned)!me, memory_order_release);
	p9wakeup(&court[!me]);
}

static void
sleeptake(int me)
{
	while(!mine((void *)(intptr_t)me))
		p9sleep(&court[me], mine, (void *)(intptr_t)me);
}

static long sem[2];

static void
sempass(int me)
{
	p9semrelease(&sem[!me], 1);
}

static void
semtake(int me)
{
	p9semacquire(&sem[me], 1);
}

/* A tag for each direction. */
enum { TAG = 0x70696e67 };

static void
rendezvouspass(int me)
{
	p9rendezvous(TAG + (unsigned long)!me, 1);
}

static void
rendezvoustake(int me)
{
	p9rendezvous(TAG + (unsigned long)me, 1);
}

static ukid_t ukid[2];

/* The other is known when it has said who it is, which a game begins with. */
static void
postpass(int me)
{
	ukid_t to;

	while((to = __atomic_load_n(&ukid[!me], __ATOMIC_ACQUIRE)) == 0)
		sched_yield();
	pw_post(to);
}

static void
posttake(int me)
{
	(void)me;
	pw_wait(NULL);
}

static void
postinit(void)
{
	ukid[0] = ukid[1] = 0;
}

static void
postbegin(int me)
{
	ukid_t mine;

	pw_getukid(&mine);
	__atomic_store_n(&ukid[me], mine, __ATOMIC_RELEASE);
}

/* Each waits for a QLock that the other releases. */
static P9qlock gate[2];

static void
qlockinit(void)
{
	p9canqlock(&gate[0]);
	p9canqlock(&gate[1]);
}

static void
qlockpass(int me)
{
	p9qunlock(&gate[!me]);
}

static void
qlocktake(int me)
{
	p9qlock(&gate[me]);
}

/* Passing leaves the QLock held: rsleep in take releases it. */
static P9qlock guard;
static Rendez room[2] = {{NULL, &guard}, {NULL, &guard}};
static _Thread_local int inside;

static void
rsleeppass(int me)
{
	if(!inside)
		p9qlock(&guard);
	inside = 1;
	atomic_store_explicit(&turn, (unsigned)!me, memory_order_relaxed);
	p9rwakeup(&room[!me]);
}

static void
rsleeptake(int me)
{
	if(!inside)
		p9qlock(&guard);
	inside = 1;
	while(!mine((void *)(intptr_t)me))
		p9rsleep(&room[me]);
}

static void
rsleepdone(void)
{
	if(inside)
		p9qunlock(&guard);
	inside = 0;
}

typedef struct Game {
	const char *name;
	int against; /* the game that it is held against */
	void (*pass)(int me), (*take)(int me);
	/* Before a round; by each player before and after it.  NULL: nothing to do. */
	void (*init)(void), (*begin)(int me), (*done)(void);
} Game;

static const Game games[] = {
    {"futex, private", 0, futexpass, futextake, NULL, NULL, NULL},
    {"sleep/wakeup", 0, sleeppass, sleeptake, NULL, NULL, NULL},
    {"qlock/qunlock", 0, qlockpass, qlocktake, qlockinit, NULL, NULL},
    {"rsleep/rwakeup", 0, rsleeppass, rsleeptake, NULL, NULL, rsleepdone},
    {"futex, shared", 4, sharedpass, sharedtake, NULL, NULL, NULL},
    {"semacquire/semrelease", 4, sempass, semtake, NULL, NULL, NULL},
    {"pw_wait/pw_post", 4, postpass, posttake, postinit, postbegin, NULL},
    {"futex, met", 7, meetpass, meet, NULL, NULL, NULL},
    {"rendezvous", 7, rendezvouspass, rendezvoustake, NULL, NULL, NULL},
};
enum { NGAME = sizeof games / sizeof games[0] };

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static enum { Same, Split, Free } placed = Same;

static void
pin(int me)
{
	cpu_set_t all, one;
	int i, n = 0;

	if(placed == Free || sched_getaffinity(getpid(), sizeof all, &all) != 0)
		return;
	CPU_ZERO(&one);
	for(i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
		if(CPU_ISSET(i, &all) && (placed == Same || n++ == me))
			CPU_SET(i, &one);
	if(CPU_COUNT(&one) != 0)
		sched_setaffinity(0, sizeof one, &one);
}

static const Game *game;

static void *
other(void *arg)
{
	int last;

	(void)arg;
	pin(1);
	if(game->begin != NULL)
		game->begin(1);
	do {
		game->take(1);
		last = atomic_load_explicit(&stop, memory_order_relaxed);
		game->pass(1);
	} while(!last);
	if(game->done != NULL)
		game->done();
	return NULL;
}

/* The main thread, which may run anywhere, makes the players. */
static void *
one(void *arg)
{
	double from, end, t, *ns = arg, ms = *ns;
	pthread_t o;
	long n = 0;

	pin(0);
	atomic_store(&stop, 0);
	atomic_store(&turn, 0);
	if(game->init != NULL)
		game->init();
	if(game->begin != NULL)
		game->begin(0);
	pthread_create(&o, NULL, other, NULL);
	from = now();
	end = from + ms * 1e6;
	do {
		game->pass(0);
		game->take(0);
		n++;
	} while((t = now()) < end);
	atomic_store(&stop, 1);
	game->pass(0);
	game->take(0);
	if(game->done != NULL)
		game->done();
	pthread_join(o, NULL);
	*ns = (t - from) / (double)n;
	return NULL;
}

static double
roundtrip(const Game *g, int ms)
{
	double ns = ms;
	pthread_t t;

	game = g;
	pthread_create(&t, NULL, one, &ns);
	pthread_join(t, NULL);
	return ns;
}

/* Uncontended pairs. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static P9lock spin;
static P9rwlock rw;

static void
mutexpair(void)
{
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
}

static void
lockpair(void)
{
	p9lock(&spin);
	p9unlock(&spin);
}

static void
qlockpair(void)
{
	p9qlock(&guard);
	p9qunlock(&guard);
}

static void
rlockpair(void)
{
	p9rlock(&rw);
	p9runlock(&rw);
}

static void
wlockpair(void)
{
	p9wlock(&rw);
	p9wunlock(&rw);
}

static const struct {
	const char *name;
	void (*pair)(void);
} pairs[] = {
    {"pthread mutex", mutexpair},
    {"lock, unlock", lockpair},
    {"qlock, qunlock", qlockpair},
    {"rlock, runlock", rlockpair},
    {"wlock, wunlock", wlockpair},
};
enum { NPAIR = sizeof pairs / sizeof pairs[0] };

static double
pair(void (*f)(void), int ms)
{
	double from = now(), end = from + ms * 1e6, t;
	long n = 0;
	int i;

	do {
		for(i = 0; i < 1000; i++)
			f();
		n += i;
	} while((t = now()) < end);
	return (t - from) / (double)n;
}

static int
less(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof v[0], less);
	return v[n / 2];
}

static void *
nothing(void *arg)
{
	return arg;
}

int
main(int argc, char **argv)
{
	static double ns[NGAME][NROUND], alone[NPAIR][NROUND];
	int i, r, rounds, ms;
	pthread_t t;
	double at;

	for(; argc > 1 && strncmp(argv[1], "--", 2) == 0; argc--, argv++)
		placed = strcmp(argv[1], "--split") == 0 ? Split : strcmp(argv[1], "--free") == 0 ? Free : Same;
	rounds = argc > 1 ? atoi(argv[1]) : 15;
	ms = argc > 2 ? atoi(argv[2]) : 50;
	if(rounds < 1 || rounds > NROUND || ms < 1) {
		fprintf(stderr, "usage: pingpong [--same | --split | --free] [ROUNDS [MS]]\n");
		return 2;
	}
	sharedword = mmap(NULL, sizeof *sharedword * 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if(sharedword == MAP_FAILED)
		return 1;
	/* libc's mutex is cheaper in a process that never had two threads. */
	pthread_create(&t, NULL, nothing, NULL);
	pthread_join(t, NULL);
	for(r = 0; r < rounds; r++) {
		for(i = 0; i < NGAME; i++)
			ns[i][r] = roundtrip(&games[i], ms);
		for(i = 0; i < NPAIR; i++)
			alone[i][r] = pair(pairs[i].pair, ms / 5 + 1);
	}
	for(i = 0; i < NGAME; i++) {
		at = median(ns[i], rounds);
		printf(
		    "%-22s %8.0f ns a round trip  %5.2f\n", games[i].name, at, at / ns[games[i].against][rounds / 2]);
	}
	for(i = 0; i < NPAIR; i++) {
		at = median(alone[i], rounds);
		printf("%-22s %8.1f ns a pair        %5.2f\n", pairs[i].name, at, at / alone[0][rounds / 2]);
	}
	return 0;
}
