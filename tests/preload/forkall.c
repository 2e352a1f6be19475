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

/* In shared memory, of the kinds that processes share, that inherit priority and that outlive their owners. */
typedef struct Shared {
	pthread_mutex_t m, cm, pi, robust;
	pthread_cond_t c;
	pthread_rwlock_t rw;
	pthread_barrier_t b;
} Shared;
static Shared *sh;
static pthread_mutex_t sharedpi = PTHREAD_MUTEX_INITIALIZER, gated = PTHREAD_MUTEX_INITIALIZER;

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
	case 6:
		SAME(pthread_once(&running, init), 0);
		break;
	case 7:
		SAME(pthread_mutex_lock(&sh->m), 0);
		SAME(pthread_mutex_unlock(&sh->m), 0);
		break;
	case 8:
		SAME(pthread_mutex_lock(&sh->pi), 0);
		SAME(pthread_mutex_unlock(&sh->pi), 0);
		break;
	case 9:
		SAME(pthread_mutex_lock(&sh->robust), 0);
		SAME(pthread_mutex_unlock(&sh->robust), 0);
		break;
	case 10:
	case 11: {
		/* With a mutex of this process, and with one that is shared. */
		pthread_mutex_t *with = arg == (void *)10 ? &gated : &sh->cm;
		SAME(pthread_mutex_lock(with), 0);
		while(!done)
			SAME(pthread_cond_wait(&sh->c, with), 0);
		SAME(pthread_mutex_unlock(with), 0);
		break;
	}
	case 12:
		SAME(pthread_rwlock_rdlock(&sh->rw), 0);
		SAME(pthread_rwlock_unlock(&sh->rw), 0);
		break;
	case 13:
		pthread_barrier_wait(&sh->b);
		break;
	default:
		SAME(pthread_mutex_lock(&sharedpi), 0);
		SAME(pthread_mutex_unlock(&sharedpi), 0);
	}
	return NULL;
}

enum { WAITERS = 15 };

static void
makeshared(void)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_rwlockattr_t ra;
	pthread_barrierattr_t ba;

	sh = mmap(NULL, sizeof *sh, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(sh != MAP_FAILED);
	pthread_mutexattr_init(&ma);
	SAME(pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_INHERIT), 0);
	SAME(pthread_mutex_init(&sharedpi, &ma), 0);
	SAME(pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_mutex_init(&sh->pi, &ma), 0);
	SAME(pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_NONE), 0);
	SAME(pthread_mutex_init(&sh->m, &ma), 0);
	SAME(pthread_mutex_init(&sh->cm, &ma), 0);
	SAME(pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST), 0);
	SAME(pthread_mutex_init(&sh->robust, &ma), 0);
	pthread_condattr_init(&ca);
	SAME(pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_cond_init(&sh->c, &ca), 0);
	pthread_rwlockattr_init(&ra);
	SAME(pthread_rwlockattr_setpshared(&ra, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_rwlock_init(&sh->rw, &ra), 0);
	pthread_barrierattr_init(&ba);
	SAME(pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_barrier_init(&sh->b, &ba, 2), 0);
	SAME(pthread_mutex_lock(&sh->m), 0);
	SAME(pthread_mutex_lock(&sh->pi), 0);
	SAME(pthread_mutex_lock(&sh->robust), 0);
	SAME(pthread_mutex_lock(&sharedpi), 0);
	SAME(pthread_rwlock_wrlock(&sh->rw), 0);
}

/* libc takes the child of a bare clone for the thread that it was. */
static void
theirs(int r)
{
	MUST(r == ETIMEDOUT || r == EDEADLK);
}

/* What is shared is the parent's to hold and to wait for; a child that looks finds it so, and waits there too. */
static void
sharedinchild(void)
{
	struct timespec d = in(CLOCK_REALTIME, 2);

	SAME(pthread_mutex_trylock(&sh->m), EBUSY);
	theirs(pthread_mutex_timedlock(&sh->m, &d));
	theirs(pthread_mutex_timedlock(&sh->pi, &d));
	theirs(pthread_mutex_timedlock(&sh->robust, &d));
	theirs(pthread_rwlock_timedrdlock(&sh->rw, &d));
	SAME(pthread_mutex_lock(&sh->cm), 0);
	d = in(CLOCK_REALTIME, 2);
	SAME(pthread_cond_timedwait(&sh->c, &sh->cm, &d), ETIMEDOUT);
	SAME(pthread_mutex_unlock(&sh->cm), 0);
	SAME(pthread_mutex_lock(&gated), 0);
	d = in(CLOCK_REALTIME, 2);
	SAME(pthread_cond_timedwait(&sh->c, &gated, &d), ETIMEDOUT);
	SAME(pthread_mutex_unlock(&gated), 0);
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
	sharedinchild();
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
	Thread w[WAITERS], l[3];

	SAME(sem_init(&s, 0, 0), 0);
	SAME(pthread_barrier_init(&b, NULL, 2), 0);
	SAME(pthread_atfork(prepare, release, release), 0);
	SAME(pthread_mutex_lock(&mine), 0);
	SAME(pthread_rwlock_wrlock(&rw), 0);
	makeshared();
	for(long i = 0; i < WAITERS; i++) {
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
	SAME(pthread_mutex_unlock(&sh->m), 0);
	SAME(pthread_mutex_unlock(&sh->pi), 0);
	SAME(pthread_mutex_unlock(&sh->robust), 0);
	SAME(pthread_mutex_unlock(&sharedpi), 0);
	SAME(pthread_rwlock_unlock(&sh->rw), 0);
	pthread_barrier_wait(&sh->b);
	for(int i = 0; i < 2; i++) {
		pthread_mutex_t *with = i ? &gated : &sh->cm;
		SAME(pthread_mutex_lock(with), 0);
		done = 1;
		SAME(pthread_cond_broadcast(&sh->c), 0);
		SAME(pthread_mutex_unlock(with), 0);
	}
	for(int i = 0; i < WAITERS; i++)
		join(&w[i]);
	return ok();
}
