/*
 * fork, _Fork and a bare clone while other threads wait in every kind of object and come and go there.  fork's handlers
 * take two locks in prepare and release them in the parent and in the child; the others run none.  The child uses objects of every
 * kind, those that nobody held or that the forking thread held, and makes threads.
 */
#include "t.h"

enum { FORKS = 60 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, a1 = PTHREAD_MUTEX_INITIALIZER, mine = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER, a2 = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t b;
static pthread_once_t running = PTHREAD_ONCE_INIT;
static sem_t s;
static _Atomic int over, begun, prepared;
static int done;

static void
prepare(void)
{
	SAME(pthread_mutex_lock(&a1), 0);
	if(preloaded())
		SAME(pthread_rwlock_wrlock(&a2), 0);
	prepared++;
}

static void
release(void)
{
	if(preloaded())
		SAME(pthread_rwlock_unlock(&a2), 0);
	SAME(pthread_mutex_unlock(&a1), 0);
}

static void
init(void)
{
	atomic_store_explicit(&begun, 1, memory_order_release);
	UNTIL(atomic_load_explicit(&over, memory_order_acquire));
}

static void *
waits(void *arg)
{
	switch((int)(long)arg) {
	case 0:
		SAME(pthread_mutex_lock(&mine), 0);
		SAME(pthread_mutex_unlock(&mine), 0);
		break;
	case 1:
		SAME(pthread_rwlock_rdlock(&rw), 0);
		SAME(pthread_rwlock_unlock(&rw), 0);
		break;
	case 2:
		SAME(pthread_rwlock_wrlock(&rw), 0);
		SAME(pthread_rwlock_unlock(&rw), 0);
		break;
	case 3:
		SAME(pthread_mutex_lock(&m), 0);
		while(!done)
			SAME(pthread_cond_wait(&c, &m), 0);
		SAME(pthread_mutex_unlock(&m), 0);
		break;
	case 4:
		pthread_barrier_wait(&b);
		break;
	case 5:
		SAME(sem_wait(&s), 0);
		break;
	default:
		SAME(pthread_once(&running, init), 0);
	}
	return NULL;
}

/* Load: they take and give up what the handlers want. */
static void *
busy(void *arg)
{
	while(!atomic_load_explicit(&over, memory_order_acquire)) {
		struct timespec d = in(CLOCK_REALTIME, 1);
		SAME(pthread_mutex_lock(&a1), 0);
		SAME(arg ? pthread_rwlock_rdlock(&a2) : pthread_rwlock_wrlock(&a2), 0);
		sched_yield();
		SAME(pthread_rwlock_unlock(&a2), 0);
		SAME(pthread_mutex_unlock(&a1), 0);
		sem_timedwait(&s, &d);
	}
	return NULL;
}

static pthread_barrier_t cb;
static pthread_once_t conce = PTHREAD_ONCE_INIT;
static int inits, turns;

static void
cinit(void)
{
	inits++;
}

static void *
inchild(void *handlers)
{
	for(int i = 0; i < 10; i++) {
		SAME(pthread_mutex_lock(&mine), 0);
		turns++;
		SAME(pthread_cond_broadcast(&c), 0);
		while(turns % 2)
			SAME(pthread_cond_wait(&c, &mine), 0);
		SAME(pthread_mutex_unlock(&mine), 0);
		if(handlers) {
			SAME(pthread_mutex_lock(&a1), 0);
			SAME(pthread_mutex_unlock(&a1), 0);
		}
		/* libc's rwlock lets a writer have its turn who waits in the parent alone. */
		if(preloaded()) {
			if(handlers) {
				SAME(pthread_rwlock_wrlock(&a2), 0);
				SAME(pthread_rwlock_unlock(&a2), 0);
			}
			SAME(i % 2 ? pthread_rwlock_rdlock(&rw) : pthread_rwlock_wrlock(&rw), 0);
			SAME(pthread_rwlock_unlock(&rw), 0);
		}
		SAME(pthread_once(&conce, cinit), 0);
		pthread_barrier_wait(&cb);
	}
	return NULL;
}

static void
child(int handlers)
{
	struct timespec d;
	Thread t[2];

	alarm(60);
	SAME(pthread_mutex_trylock(&mine), EBUSY);
	SAME(pthread_mutex_unlock(&mine), 0);
	SAME(pthread_rwlock_unlock(&rw), 0);
	/* The condition has a waiter in the parent, who is none here. */
	SAME(pthread_mutex_lock(&mine), 0);
	if(preloaded()) {
		d = in(CLOCK_REALTIME, 2);
		SAME(pthread_cond_timedwait(&c, &mine, &d), ETIMEDOUT);
	} else {
		c = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	}
	SAME(pthread_mutex_unlock(&mine), 0);
	d = in(CLOCK_REALTIME, 2);
	FAILS(sem_timedwait(&s, &d), ETIMEDOUT);
	SAME(pthread_barrier_init(&cb, NULL, 2), 0);
	turns = 0;
	for(int i = 0; i < 2; i++)
		start(&t[i], inchild, handlers ? &t : NULL);
	for(int i = 0; i < 2; i++)
		join(&t[i]);
	SAME(turns, 20);
	SAME(inits, 1);
	atomic_store_explicit(&over, 1, memory_order_release);
	/* libc's hangs in children that fork() did not make. */
	if(handlers || preloaded())
		SAME(pthread_once(&running, init), 0);
	_exit(44);
}

int
main(void)
{
	Thread w[8], l[3];

	SAME(sem_init(&s, 0, 0), 0);
	SAME(pthread_barrier_init(&b, NULL, 2), 0);
	SAME(pthread_atfork(prepare, release, release), 0);
	SAME(pthread_mutex_lock(&mine), 0);
	SAME(pthread_rwlock_wrlock(&rw), 0);
	for(long i = 0; i < 8; i++) {
		start(&w[i], waits, (void *)i);
		if(i != 6)
			asleep(&w[i]);
		else
			UNTIL(atomic_load_explicit(&begun, memory_order_acquire));
	}
	for(long i = 0; i < 3; i++)
		start(&l[i], busy, (void *)i);
	for(int i = 0; i < FORKS; i++) {
		pid_t pid = i % 3 == 0 ? fork() : i % 3 == 1 ? _Fork() : (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		MUST(pid >= 0);
		if(pid == 0)
			child(i % 3 == 0);
		SAME(childstatus(pid), 44);
	}
	SAME(prepared, FORKS / 3);
	atomic_store_explicit(&over, 1, memory_order_release);
	for(int i = 0; i < 3; i++)
		join(&l[i]);
	SAME(pthread_mutex_lock(&m), 0);
	done = 1;
	SAME(pthread_cond_broadcast(&c), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_unlock(&mine), 0);
	SAME(pthread_rwlock_unlock(&rw), 0);
	pthread_barrier_wait(&b);
	SAME(sem_post(&s), 0);
	for(int i = 0; i < 8; i++)
		join(&w[i]);
	return ok();
}
