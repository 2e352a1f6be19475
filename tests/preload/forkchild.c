/*
 * fork while other threads hold, wait and time out: the child's own locks work,
 * those that the forking thread held are its to release, and the child can make
 * threads and fork again.
 */
#include "t.h"

enum { FORKS = 150, BUSY = 4 };

static pthread_mutex_t mine = PTHREAD_MUTEX_INITIALIZER; /* held by the forking thread */
static pthread_mutex_t rec = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t check = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_mutex_t theirs = PTHREAD_MUTEX_INITIALIZER; /* contended by the others */
static pthread_mutex_t cm = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static _Atomic int stop;
static long n, k; /* in the child: counted under childm, under mine */

static void *
busy(void *arg)
{
	long me = (long)arg;
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		struct timespec d = in(CLOCK_REALTIME, 1);
		if(me % 4 < 2) {
			SAME(pthread_mutex_lock(&theirs), 0);
			sched_yield();
			SAME(pthread_mutex_unlock(&theirs), 0);
		} else if(me % 4 == 2) {
			SAME(pthread_mutex_lock(&cm), 0);
			pthread_cond_timedwait(&c, &cm, &d);
			SAME(pthread_mutex_unlock(&cm), 0);
		} else
			sem_timedwait(&s, &d);
	}
	return NULL;
}

/* They sleep for the whole test on what the forking thread holds. */
static void *
waits(void *arg)
{
	SAME(pthread_mutex_lock(arg), 0);
	SAME(pthread_mutex_unlock(arg), 0);
	return NULL;
}

static pthread_mutex_t childm = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t childc = PTHREAD_COND_INITIALIZER;
static sem_t childs;
static int turn;

static void *
childthread(void *arg)
{
	int me = arg != NULL;
	for(int i = 0; i < 50; i++) {
		SAME(pthread_mutex_lock(&childm), 0);
		while(turn != me)
			SAME(pthread_cond_wait(&childc, &childm), 0);
		turn = !me;
		n++;
		SAME(pthread_cond_broadcast(&childc), 0);
		SAME(pthread_mutex_unlock(&childm), 0);
		SAME(pthread_mutex_lock(&mine), 0);
		k++;
		SAME(pthread_mutex_unlock(&mine), 0);
		SAME(sem_post(&childs), 0);
		SAME(sem_wait(&childs), 0);
	}
	return NULL;
}

/*
 * glibc takes the child for another owner (EPERM), POSIX does not; programs that
 * care make the mutex anew.
 */
static void
remade(pthread_mutex_t *m, int type)
{
	pthread_mutexattr_t a;
	int r = pthread_mutex_unlock(m);
	MUST(r == 0 || r == EPERM);
	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, type);
	SAME(pthread_mutex_init(m, &a), 0);
}

/* The child, or the child's child: it held mine, rec twice and check across the fork.  Its exit status tells how deep it is. */
static int
child(int depth)
{
	Thread a, b;

	SAME(pthread_mutex_trylock(&mine), EBUSY);
	SAME(pthread_mutex_unlock(&mine), 0);
	SAME(pthread_mutex_trylock(&mine), 0);
	SAME(pthread_mutex_unlock(&mine), 0);
	remade(&rec, PTHREAD_MUTEX_RECURSIVE);
	remade(&check, PTHREAD_MUTEX_ERRORCHECK);
	n = k = 0;
	SAME(sem_init(&childs, 0, 0), 0);
	start(&a, childthread, NULL);
	start(&b, childthread, &b);
	join(&a);
	join(&b);
	SAME(n, 100);
	SAME(k, 100);
	SAME(pthread_mutex_lock(&mine), 0);
	SAME(pthread_mutex_lock(&rec), 0);
	SAME(pthread_mutex_lock(&rec), 0);
	SAME(pthread_mutex_lock(&check), 0);
	if(depth > 0) {
		pid_t pid = fork();
		MUST(pid >= 0);
		if(pid == 0)
			_exit(child(depth - 1));
		SAME(childstatus(pid), 40 + depth - 1);
	}
	return 40 + depth;
}

int
main(void)
{
	Thread t[BUSY], w[3];

	SAME(sem_init(&s, 0, 0), 0);
	SAME(pthread_mutex_lock(&mine), 0);
	SAME(pthread_mutex_lock(&rec), 0);
	SAME(pthread_mutex_lock(&rec), 0);
	SAME(pthread_mutex_lock(&check), 0);
	for(long i = 0; i < BUSY; i++)
		start(&t[i], busy, (void *)i);
	start(&w[0], waits, &mine);
	start(&w[1], waits, &rec);
	start(&w[2], waits, &check);
	for(int i = 0; i < 3; i++)
		asleep(&w[i]);
	for(int i = 0; i < FORKS; i++) {
		pid_t pid = fork();
		MUST(pid >= 0);
		if(pid == 0)
			_exit(child(i % 50 == 0 ? 2 : 0));
		SAME(childstatus(pid), i % 50 == 0 ? 42 : 40);
	}
	/* the parent goes on as if nothing had been */
	SAME(pthread_mutex_unlock(&mine), 0);
	SAME(pthread_mutex_unlock(&rec), 0);
	SAME(pthread_mutex_unlock(&rec), 0);
	SAME(pthread_mutex_unlock(&check), 0);
	for(int i = 0; i < 3; i++)
		join(&w[i]);
	atomic_store_explicit(&stop, 1, memory_order_release);
	for(int i = 0; i < BUSY; i++)
		join(&t[i]);
	return ok();
}
