/*
 * Workers choose at random among mutexes of all kinds (each with a counter that
 * only it guards), a semaphore of few tokens, and objects whose last user
 * destroys and frees them right after its unlock.  Signals come at any
 * instruction; the handler posts a semaphore that one thread drains.
 * Laws: each counter is the sum of what its users did; never more users of the
 * semaphore than tokens; as many posts as were taken.
 */
#include "stress.h"

enum { MUTEXES = 8, SEMTOKENS = 3, SLOTS = 4 };

typedef struct Counted {
	pthread_mutex_t m;
	long n;
} Counted;

typedef struct Object {
	pthread_mutex_t m;
	int users;
	long mark;
} Object;

typedef struct Worker {
	_Atomic long ops;
	long did[MUTEXES];
	char pad[64];
} Worker;

static Counted counted[MUTEXES];
static sem_t few, posts;
static _Atomic int users;
static _Atomic long posted, drained, made, freed;
static Object *_Atomic slot[SLOTS];
static Worker *work;
static int nwork;

_Atomic long handled;

void
workersinit(int threads)
{
	nwork = threads;
	work = calloc((size_t)threads, sizeof *work);
	for(int i = 0; i < MUTEXES; i++)
		makemutex(&counted[i].m, i);
	LAW(sem_init(&few, 0, SEMTOKENS) == 0);
	LAW(sem_init(&posts, 0, 0) == 0);
}

/* Async-signal-safe, errno kept; sometimes its thread stands still here, wherever it was. */
void
onsignal(int sig)
{
	int keep = errno;
	long k = atomic_fetch_add_explicit(&handled, 1, memory_order_relaxed);
	(void)sig;
	if(sem_post(&posts) == 0)
		atomic_fetch_add_explicit(&posted, 1, memory_order_relaxed);
	if(k % 4 == 0)
		nap(k * 7 % 60);
	errno = keep;
}

/* Lock by one of the five ways; 0 if it was not got, which only some may say. */
static int
get(pthread_mutex_t *m, unsigned *seed)
{
	struct timespec d;
	int r;
	switch(rnd(seed) % 8) {
	case 0:
		r = pthread_mutex_trylock(m);
		LAW(r == 0 || r == EBUSY);
		return r == 0;
	case 1:
		d = in(CLOCK_REALTIME, rnd(seed) % 300);
		r = pthread_mutex_timedlock(m, &d);
		LAW(r == 0 || r == ETIMEDOUT);
		return r == 0;
	case 2:
		d = in(CLOCK_MONOTONIC, rnd(seed) % 300);
		r = pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &d);
		LAW(r == 0 || r == ETIMEDOUT);
		return r == 0;
	default:
		LAW(pthread_mutex_lock(m) == 0);
		return 1;
	}
}

static void
count(Worker *w, unsigned *seed)
{
	int i = (int)(rnd(seed) % MUTEXES), twice = i % 4 == 1 && (*seed & 256);
	if(!get(&counted[i].m, seed))
		return;
	if(twice)
		LAW(pthread_mutex_lock(&counted[i].m) == 0);
	counted[i].n++;
	w->did[i]++;
	if(rnd(seed) % 64 == 0)
		sched_yield();
	if(twice)
		LAW(pthread_mutex_unlock(&counted[i].m) == 0);
	LAW(pthread_mutex_unlock(&counted[i].m) == 0);
}

/* A token of the semaphore; interrupted waits are begun again, timed-out ones given up. */
static void
token(unsigned *seed)
{
	struct timespec d;
	int r;
	switch(rnd(seed) % 4) {
	case 0:
		r = sem_trywait(&few);
		LAW(r == 0 || errno == EAGAIN);
		break;
	case 1:
		d = in(CLOCK_REALTIME, rnd(seed) % 300);
		r = sem_timedwait(&few, &d);
		LAW(r == 0 || errno == ETIMEDOUT || errno == EINTR);
		break;
	default:
		while((r = sem_wait(&few)) != 0)
			LAW(errno == EINTR);
	}
	if(r != 0)
		return;
	LAW(atomic_fetch_add_explicit(&users, 1, memory_order_acq_rel) < SEMTOKENS);
	if(rnd(seed) % 32 == 0)
		sched_yield();
	atomic_fetch_sub_explicit(&users, 1, memory_order_acq_rel);
	LAW(sem_post(&few) == 0);
}

/* Whoever is last destroys and frees it, while the one before may be in its unlock still. */
static void
leave(Object *o)
{
	LAW(pthread_mutex_lock(&o->m) == 0);
	LAW(o->mark == (long)o);
	int last = --o->users == 0;
	LAW(pthread_mutex_unlock(&o->m) == 0);
	if(!last)
		return;
	LAW(pthread_mutex_destroy(&o->m) == 0);
	memset(o, 0xa5, sizeof *o);
	free(o);
	atomic_fetch_add_explicit(&freed, 1, memory_order_relaxed);
}

static void
object(unsigned *seed)
{
	Object *_Atomic *at = &slot[rnd(seed) % SLOTS];
	Object *o = atomic_exchange_explicit(at, NULL, memory_order_acq_rel), *none = NULL;
	if(o == NULL) {
		o = malloc(sizeof *o);
		makemutex(&o->m, (int)(rnd(seed) % 4));
		o->users = 2;
		o->mark = (long)o;
		atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
		if(!atomic_compare_exchange_strong_explicit(at, &none, o, memory_order_acq_rel, memory_order_relaxed))
			leave(o);
	}
	leave(o);
}

void *
worker(void *arg)
{
	Worker *w = &work[(long)arg];
	unsigned seed = seedof((int)(long)arg);
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		unsigned what = rnd(&seed) % 8;
		if(what < 5)
			count(w, &seed);
		else if(what < 7)
			token(&seed);
		else
			object(&seed);
		atomic_fetch_add_explicit(&w->ops, 1, memory_order_relaxed);
	}
	return NULL;
}

long
workerops(int i)
{
	return atomic_load_explicit(&work[i].ops, memory_order_relaxed);
}

long
allops(void)
{
	long n = 0;
	for(int i = 0; i < nwork; i++)
		n += workerops(i);
	return n + atomic_load_explicit(&trips.done, memory_order_relaxed);
}

void *
handlertaker(void *arg)
{
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		if(sem_wait(&posts) == 0)
			atomic_fetch_add_explicit(&drained, 1, memory_order_relaxed);
		else
			LAW(errno == EINTR);
	}
	return arg;
}

void
postlast(void)
{
	LAW(sem_post(&posts) == 0);
	atomic_fetch_add_explicit(&posted, 1, memory_order_relaxed);
}

void
workerscheck(void)
{
	int v;
	for(int i = 0; i < SLOTS; i++)
		if(slot[i] != NULL)
			leave(slot[i]);
	LAW(made == freed);
	for(int i = 0; i < MUTEXES; i++) {
		long n = 0;
		for(int j = 0; j < nwork; j++)
			n += work[j].did[i];
		LAW(n == counted[i].n);
		LAW(pthread_mutex_destroy(&counted[i].m) == 0);
	}
	while(sem_trywait(&posts) == 0)
		drained++;
	LAW(drained == posted);
	LAW(sem_getvalue(&few, &v) == 0 && v == SEMTOKENS);
	LAW(users == 0);
}
