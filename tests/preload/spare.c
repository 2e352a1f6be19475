/*
 * Garbage in every word that a lock of ours borrows from glibc's object, before, between and during its uses:
 * nothing is decided by it.  Threads count under the lock while one writes garbage; each object is then
 * used up and destroyed as if it were new.
 */
#include "t.h"

enum { NT = 3, ROUNDS = 60, EACH = 200 };

typedef struct Words {
	size_t size;
	unsigned char spare[16]; /* which 32-bit words */
} Words;

/* Those that glibc itself does not read in a private object, or that say nothing: see the layouts in shim/. */
static const Words ofmutex = {sizeof(pthread_mutex_t), {[3] = 1, [5] = 1, [6] = 1, [7] = 1, [8] = 1, [9] = 1}},
		   ofcond = {sizeof(pthread_cond_t),
		       {[1] = 1, [2] = 1, [3] = 1, [4] = 1, [5] = 1, [6] = 1, [7] = 1, [8] = 1, [10] = 1, [11] = 1}},
		   ofrwlock = {sizeof(pthread_rwlock_t),
		       {[2] = 1, [3] = 1, [4] = 1, [5] = 1, [8] = 1, [9] = 1, [10] = 1, [11] = 1, [13] = 1}},
		   ofsem = {sizeof(sem_t), {[3] = 1, [4] = 1, [5] = 1, [6] = 1, [7] = 1}},
		   ofbarrier = {sizeof(pthread_barrier_t), {[1] = 1, [4] = 1, [5] = 1, [6] = 1, [7] = 1}};

static pthread_mutex_t m;
static pthread_cond_t c;
static pthread_rwlock_t rw;
static pthread_barrier_t bar;
static sem_t sem;
static long n, want;
static int readers, turn;
static _Atomic int stop;
static unsigned seed;

/* Natively nothing is spare. */
static void
spoil(void *object, const Words *w, unsigned *sd)
{
	_Atomic uint32_t *p = object;
	unsigned how = rnd(sd) % 4;

	if(!preloaded())
		return;
	for(size_t i = 0; i < w->size / 4; i++)
		if(w->spare[i] && rnd(sd) % 3)
			atomic_store_explicit(&p[i],
			    how == 0   ? 0
			    : how == 1 ? UINT32_MAX
			    : how == 2 ? rnd(sd) % 5000
				       : rnd(sd),
			    memory_order_relaxed);
}

typedef struct Job {
	void *object;
	const Words *w;
	unsigned seed;
} Job;

static void *
spoils(void *arg)
{
	Job *j = arg;
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		spoil(j->object, j->w, &j->seed);
		napus(rnd(&j->seed) % 200);
	}
	return NULL;
}

static void *
locks(void *arg)
{
	unsigned sd = (unsigned)(uintptr_t)arg;
	for(int i = 0; i < EACH; i++) {
		struct timespec d = in(CLOCK_REALTIME, 60000);
		SAME(rnd(&sd) % 2 ? pthread_mutex_lock(&m) : pthread_mutex_timedlock(&m, &d), 0);
		n++;
		if(rnd(&sd) % 16 == 0)
			sched_yield();
		SAME(pthread_mutex_unlock(&m), 0);
	}
	return NULL;
}

/* Each in turn: nobody goes on but by another's signal. */
static void *
turns(void *arg)
{
	int me = (int)(uintptr_t)arg % NT;
	for(int i = 0; i < EACH / 4; i++) {
		struct timespec d = in(CLOCK_REALTIME, 60000);
		SAME(pthread_mutex_lock(&m), 0);
		while(turn != me)
			SAME(i % 2 ? pthread_cond_wait(&c, &m) : pthread_cond_timedwait(&c, &m, &d), 0);
		turn = (turn + 1) % NT;
		n++;
		SAME(pthread_cond_broadcast(&c), 0);
		SAME(pthread_mutex_unlock(&m), 0);
	}
	return NULL;
}

static void *
rwlocks(void *arg)
{
	unsigned sd = (unsigned)(uintptr_t)arg;
	for(int i = 0; i < EACH; i++) {
		SAME(pthread_rwlock_rdlock(&rw), 0);
		atomic_fetch_add_explicit((_Atomic int *)&readers, 1, memory_order_relaxed);
		if(rnd(&sd) % 16 == 0)
			sched_yield();
		atomic_fetch_sub_explicit((_Atomic int *)&readers, 1, memory_order_relaxed);
		SAME(pthread_rwlock_unlock(&rw), 0);
		SAME(pthread_rwlock_wrlock(&rw), 0);
		SAME(atomic_load_explicit((_Atomic int *)&readers, memory_order_relaxed), 0);
		n++;
		SAME(pthread_rwlock_unlock(&rw), 0);
	}
	return NULL;
}

static void *
sems(void *arg)
{
	(void)arg;
	for(int i = 0; i < EACH; i++) {
		SAME(sem_wait(&sem), 0);
		n++;
		SAME(sem_post(&sem), 0);
	}
	return NULL;
}

static void *
barriers(void *arg)
{
	(void)arg;
	for(int i = 0; i < EACH / 4; i++) {
		int r = pthread_barrier_wait(&bar);
		MUST(r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD);
		if(r != 0)
			n++;
	}
	return NULL;
}

static void
bout(void *(*f)(void *), void *object, const Words *w, long counts)
{
	Thread t[NT], spoiler;
	Job j = {object, w, rnd(&seed)};

	n = turn = 0;
	want = counts;
	atomic_store_explicit(&stop, 0, memory_order_relaxed);
	spoil(object, w, &seed);
	if(rnd(&seed) % 2)
		atomic_store_explicit(&stop, 1, memory_order_relaxed);
	start(&spoiler, spoils, &j);
	for(int i = 0; i < NT; i++)
		start(&t[i], f, (void *)(uintptr_t)(3 * (1 + rnd(&seed) % 1000) + (unsigned)i));
	for(int i = 0; i < NT; i++)
		join(&t[i]);
	atomic_store_explicit(&stop, 1, memory_order_release);
	join(&spoiler);
	SAME(n, want);
}

int
main(int argc, char **argv)
{
	static const int types[] = {
	    PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP};
	int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
	pthread_mutexattr_t a;
	pthread_condattr_t ca;
	pthread_rwlockattr_t ra;

	seed = argc > 2 ? (unsigned)atoi(argv[2]) : 12345;
	for(int i = 0; i < rounds; i++) {
		pthread_mutexattr_init(&a);
		pthread_mutexattr_settype(&a, types[i % 4]);
		SAME(pthread_mutex_init(&m, &a), 0);
		bout(locks, &m, &ofmutex, NT * EACH);
		SAME(pthread_mutex_destroy(&m), 0);
		SAME(pthread_mutex_init(&m, &a), 0);
		pthread_condattr_init(&ca);
		SAME(pthread_cond_init(&c, &ca), 0);
		bout(turns, i % 8 < 4 ? (void *)&c : (void *)&m, i % 8 < 4 ? &ofcond : &ofmutex, NT * (EACH / 4));
		SAME(pthread_cond_destroy(&c), 0);
		SAME(pthread_mutex_destroy(&m), 0);
		pthread_rwlockattr_init(&ra);
		pthread_rwlockattr_setkind_np(&ra, i % 3);
		SAME(pthread_rwlock_init(&rw, &ra), 0);
		bout(rwlocks, &rw, &ofrwlock, NT * EACH);
		SAME(pthread_rwlock_destroy(&rw), 0);
		SAME(sem_init(&sem, 0, 1), 0);
		bout(sems, &sem, &ofsem, NT * EACH);
		SAME(sem_destroy(&sem), 0);
		SAME(pthread_barrier_init(&bar, NULL, NT), 0);
		bout(barriers, &bar, &ofbarrier, EACH / 4);
		SAME(pthread_barrier_destroy(&bar), 0);
	}
	return ok();
}
