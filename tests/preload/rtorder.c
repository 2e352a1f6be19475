/*
 * Threads of real-time policies are woken by priority, equals by age, everybody else after them: at a mutex, a condition,
 * signalled and broadcast, with the mutex held and not, a semaphore, and a readers-writer lock that writers wait for.
 *
 * All run on one processor, the one that lets them go above them all: so who is chosen first comes first.
 */
#include "t.h"

enum { FIRST = 90, N = 8 };
/* In the order in which they begin to wait; and the order in which they must come. */
static const int prio[N] = {0, 10, 30, 20, 30, 5, 10, 0}, order[N] = {2, 4, 3, 1, 6, 5, 0, 7};

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rw, pw;
static sem_t s;
static _Atomic int came;
static int who[N];

static void
here(long i)
{
	int n = atomic_load_explicit(&came, memory_order_relaxed);
	who[n] = (int)i;
	atomic_store_explicit(&came, n + 1, memory_order_release);
}

static void *
lock(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	here((long)arg);
	SAME(pthread_mutex_unlock(&m), 0);
	return NULL;
}

static void *
await(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_cond_wait(&c, &m), 0);
	here((long)arg);
	SAME(pthread_mutex_unlock(&m), 0);
	return NULL;
}

static void *
take(void *arg)
{
	SAME(sem_wait(&s), 0);
	here((long)arg);
	return NULL;
}

static void *
writerw(void *arg)
{
	SAME(pthread_rwlock_wrlock(&rw), 0);
	here((long)arg);
	SAME(pthread_rwlock_unlock(&rw), 0);
	return NULL;
}

static void *
writepw(void *arg)
{
	SAME(pthread_rwlock_wrlock(&pw), 0);
	here((long)arg);
	SAME(pthread_rwlock_unlock(&pw), 0);
	return NULL;
}

static Thread t[N];

/* Every other gets its priority from its attributes, the rest when they run. */
static void *
self(void *arg)
{
	Thread *me = arg;
	long i = me - t;
	if(i % 2)
		SAME(pthread_setschedparam(
			 pthread_self(), prio[i] ? SCHED_RR : SCHED_OTHER, &(struct sched_param){prio[i]}),
		    0);
	return begin(arg);
}

static void
waiters(void *(*f)(void *))
{
	atomic_store_explicit(&came, 0, memory_order_relaxed);
	for(long i = 0; i < N; i++) {
		pthread_attr_t a;
		SAME(pthread_attr_init(&a), 0);
		SAME(pthread_attr_setinheritsched(&a, PTHREAD_EXPLICIT_SCHED), 0);
		if(i % 2 == 0) {
			SAME(pthread_attr_setschedpolicy(&a, prio[i] ? SCHED_FIFO : SCHED_OTHER), 0);
			SAME(pthread_attr_setschedparam(&a, &(struct sched_param){prio[i]}), 0);
		}
		t[i].f = f;
		t[i].arg = (void *)i;
		atomic_store_explicit(&t[i].tid, 0, memory_order_relaxed);
		SAME(pthread_create(&t[i].id, &a, self, &t[i]), 0);
		asleep(&t[i]);
		SAME(pthread_attr_destroy(&a), 0);
	}
}

static void
check(const char *what, int onebyone)
{
	for(int i = 0; i < N; i++)
		join(&t[i]);
	for(int i = 0; i < N; i++) {
		/* Those two may run in any order once both can. */
		if(!onebyone && prio[who[i]] == 0 && prio[order[i]] == 0)
			continue;
		if(who[i] != order[i])
			no("%s: number %d is thread %d of priority %d, should be %d of %d", what, i, who[i],
			    prio[who[i]], order[i], prio[order[i]]);
	}
}

static void
conds(void)
{
	for(int held = 0; held < 2; held++) {
		waiters(await);
		for(int i = 0; i < N; i++) {
			if(held)
				SAME(pthread_mutex_lock(&m), 0);
			SAME(pthread_cond_signal(&c), 0);
			if(held)
				SAME(pthread_mutex_unlock(&m), 0);
			UNTIL(atomic_load_explicit(&came, memory_order_acquire) == i + 1);
		}
		check(held ? "signal, held" : "signal", 1);
		waiters(await);
		if(held)
			SAME(pthread_mutex_lock(&m), 0);
		SAME(pthread_cond_broadcast(&c), 0);
		if(held)
			SAME(pthread_mutex_unlock(&m), 0);
		check(held ? "broadcast, held" : "broadcast", 0);
	}
	/* Signalled one by one, and then all let go: it is the mutex that orders them. */
	waiters(await);
	SAME(pthread_mutex_lock(&m), 0);
	for(int i = 0; i < N; i++)
		SAME(pthread_cond_signal(&c), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	check("signals, held", 0);
}

int
main(void)
{
	pthread_rwlockattr_t a;
	if(sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){FIRST}) != 0)
		return skipped("no real-time policy is permitted");
	onecpu();
	SAME(pthread_rwlock_init(&rw, NULL), 0);
	SAME(pthread_rwlockattr_init(&a), 0);
	SAME(pthread_rwlockattr_setkind_np(&a, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP), 0);
	SAME(pthread_rwlock_init(&pw, &a), 0);
	SAME(sem_init(&s, 0, 0), 0);

	SAME(pthread_mutex_lock(&m), 0);
	waiters(lock);
	SAME(pthread_mutex_unlock(&m), 0);
	check("mutex", 1);
	conds();
	waiters(take);
	for(int i = 0; i < N; i++) {
		SAME(sem_post(&s), 0);
		UNTIL(atomic_load_explicit(&came, memory_order_acquire) == i + 1);
	}
	check("semaphore", 1);
	/* libc gives the first writer that waits for readers its place for good. */
	for(int readers = 0; readers < 1 + preloaded(); readers++) {
		SAME(readers ? pthread_rwlock_rdlock(&rw) : pthread_rwlock_wrlock(&rw), 0);
		waiters(writerw);
		SAME(pthread_rwlock_unlock(&rw), 0);
		check("rwlock", 1);
		SAME(readers ? pthread_rwlock_rdlock(&pw) : pthread_rwlock_wrlock(&pw), 0);
		waiters(writepw);
		SAME(pthread_rwlock_unlock(&pw), 0);
		check("rwlock that prefers writers", 1);
	}
	return ok();
}
