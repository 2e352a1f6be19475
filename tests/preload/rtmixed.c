/*
 * Threads that change their policies and priorities all the time, between SCHED_OTHER and real-time ones, at mutexes of each kind,
 * with and without deadlines, and at a condition, while some of those that wait there are cancelled: nobody is in a mutex with
 * another, no token is lost, and everybody comes to an end.  LOOPS in the environment: how often each goes round.
 */
#include "t.h"

enum { THREADS = 8, MUTEXES = 3, TOKENS = 3, HIGHEST = 5 };

typedef struct Guarded {
	pthread_mutex_t m;
	_Atomic int inside;
	long count; /* guarded by m */
} Guarded;

static Guarded g[MUTEXES];
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int tokens = TOKENS;
static long loops = 4000;
static _Atomic long counted;
static _Atomic int over;

static void
changes(unsigned *s)
{
	int prio = (int)(rnd(s) % (HIGHEST + 1));

	SAME(pthread_setschedparam(pthread_self(),
		 prio == 0    ? SCHED_OTHER
		 : rnd(s) % 2 ? SCHED_FIFO
			      : SCHED_RR,
		 &(struct sched_param){prio}),
	    0);
}

static void
counts(Guarded *a, unsigned *s)
{
	struct timespec t;
	int r;

	switch(rnd(s) % 4) {
	case 0:
		r = pthread_mutex_trylock(&a->m);
		break;
	case 1:
		t = in(CLOCK_REALTIME, (long)(rnd(s) % 2));
		r = pthread_mutex_timedlock(&a->m, &t);
		break;
	default:
		r = pthread_mutex_lock(&a->m);
	}
	if(r != 0) {
		MUST(r == EBUSY || r == ETIMEDOUT);
		return;
	}
	SAME(atomic_fetch_add_explicit(&a->inside, 1, memory_order_relaxed), 0);
	a->count++;
	if(rnd(s) % 8 == 0)
		changes(s);
	if(rnd(s) % 16 == 0)
		sched_yield();
	atomic_fetch_sub_explicit(&a->inside, 1, memory_order_relaxed);
	SAME(pthread_mutex_unlock(&a->m), 0);
	atomic_fetch_add_explicit(&counted, 1, memory_order_relaxed);
}

static void
gives(void *all)
{
	SAME(pthread_mutex_lock(&m), 0);
	tokens++;
	SAME(all != NULL ? pthread_cond_broadcast(&c) : pthread_cond_signal(&c), 0);
	SAME(pthread_mutex_unlock(&m), 0);
}

static void
unlocks(void *arg)
{
	SAME(pthread_mutex_unlock(arg), 0);
}

static void
takes(void)
{
	SAME(pthread_mutex_lock(&m), 0);
	pthread_cleanup_push(unlocks, &m);
	while(tokens == 0)
		SAME(pthread_cond_wait(&c, &m), 0);
	tokens--;
	pthread_cleanup_pop(1);
}

static void *
mixed(void *arg)
{
	unsigned s = 2654435761u * (unsigned)((long)arg + 1);

	for(long i = 0; i < loops; i++) {
		if(rnd(&s) % 2)
			changes(&s);
		if(rnd(&s) % 4 == 0) {
			takes();
			if(rnd(&s) % 2)
				counts(&g[rnd(&s) % MUTEXES], &s);
			gives(rnd(&s) % 4 == 0 ? &c : NULL);
		} else {
			counts(&g[rnd(&s) % MUTEXES], &s);
		}
	}
	return NULL;
}

/* Waits for a token with a priority of its own until it is cancelled; one that it took comes back. */
static void *
victim(void *arg)
{
	int prio = (int)(long)arg, ignored;

	SAME(pthread_setschedparam(pthread_self(), prio ? SCHED_FIFO : SCHED_OTHER, &(struct sched_param){prio}), 0);
	for(;;) {
		takes();
		SAME(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &ignored), 0);
		gives(NULL);
		SAME(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &ignored), 0);
		pthread_testcancel();
	}
	return NULL;
}

static void *
cancels(void *arg)
{
	Thread v;

	for(long n = 0; !atomic_load_explicit(&over, memory_order_acquire); n++) {
		start(&v, victim, (void *)(n % (HIGHEST + 1)));
		napus(n % 7 * 100);
		SAME(pthread_cancel(v.id), 0);
		SAME((long)join(&v), (long)PTHREAD_CANCELED);
	}
	return arg;
}

int
main(void)
{
	static const int kinds[MUTEXES] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK};
	Thread t[THREADS], canceller;
	long sum = 0;

	if(pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){HIGHEST}) != 0)
		return skipped("no real-time policy is permitted");
	SAME(pthread_setschedparam(pthread_self(), SCHED_OTHER, &(struct sched_param){0}), 0);
	if(getenv("LOOPS") != NULL)
		loops = atol(getenv("LOOPS"));
	for(int i = 0; i < MUTEXES; i++) {
		pthread_mutexattr_t a;
		SAME(pthread_mutexattr_init(&a), 0);
		SAME(pthread_mutexattr_settype(&a, kinds[i]), 0);
		SAME(pthread_mutex_init(&g[i].m, &a), 0);
		SAME(pthread_mutexattr_destroy(&a), 0);
	}
	start(&canceller, cancels, NULL);
	for(long i = 0; i < THREADS; i++)
		start(&t[i], mixed, (void *)i);
	for(int i = 0; i < THREADS; i++)
		join(&t[i]);
	atomic_store_explicit(&over, 1, memory_order_release);
	join(&canceller);
	for(int i = 0; i < MUTEXES; i++)
		sum += g[i].count;
	SAME(sum, atomic_load_explicit(&counted, memory_order_relaxed));
	SAME(tokens, TOKENS);
	return ok();
}
