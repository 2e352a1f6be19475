/*
 * once, barriers and spin locks: an initialiser that is cancelled, or interrupted by a fork; a barrier that is destroyed by
 * the first to return; spinners that outnumber the processors.
 */
#include "t.h"

enum { THREADS = 8, ROUNDS = 500, SPINS = 20000 };

static _Atomic int started;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
first(void)
{
	if(atomic_fetch_add_explicit(&started, 1, memory_order_acq_rel) == 0)
		for(;;)
			pause();
}

static void *
runsonce(void *arg)
{
	(void)arg;
	SAME(pthread_once(&once, first), 0);
	return NULL;
}

static void
cancelled(void)
{
	Thread a, b;

	start(&a, runsonce, NULL);
	UNTIL(atomic_load_explicit(&started, memory_order_acquire) == 1);
	start(&b, runsonce, NULL);
	asleep(&b);
	SAME(pthread_cancel(a.id), 0);
	MUST(join(&a) == PTHREAD_CANCELED);
	join(&b);
	SAME(atomic_load_explicit(&started, memory_order_acquire), 2);
	SAME(pthread_once(&once, first), 0);
	SAME(atomic_load_explicit(&started, memory_order_acquire), 2);
}

/* Forked while another thread runs the initialiser: the child runs it anew. */
static pthread_once_t forkonce = PTHREAD_ONCE_INIT;
static _Atomic int inside, leave_, runs;

static void
slow(void)
{
	atomic_fetch_add_explicit(&runs, 1, memory_order_relaxed);
	atomic_store_explicit(&inside, 1, memory_order_release);
	UNTIL(atomic_load_explicit(&leave_, memory_order_acquire));
}

static void *
runsslow(void *arg)
{
	(void)arg;
	SAME(pthread_once(&forkonce, slow), 0);
	return NULL;
}

static void
forks(void)
{
	Thread t;
	int status;

	start(&t, runsslow, NULL);
	UNTIL(atomic_load_explicit(&inside, memory_order_acquire));
	pid_t pid = fork();
	if(pid == 0) {
		atomic_store_explicit(&leave_, 1, memory_order_release);
		SAME(pthread_once(&forkonce, slow), 0);
		_exit(atomic_load_explicit(&runs, memory_order_relaxed) == 2 ? 0 : 1);
	}
	SAME(waitpid(pid, &status, 0), pid);
	SAME(status, 0);
	atomic_store_explicit(&leave_, 1, memory_order_release);
	join(&t);
	SAME(atomic_load_explicit(&runs, memory_order_relaxed), 1);
}

/*
 * The same where the child has its parent's number, each in a namespace of its own.  1: not so; 77: this user may make no namespaces.
 */
static void
late(int sig)
{
	(void)sig;
	_exit(1);
}

static int
namesake(void)
{
	Thread t;

	if(unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
		return 77;
	pid_t pid = fork();
	if(pid != 0)
		return pid < 0 ? 77 : childstatus(pid);
	SAME(getpid(), 1);
	start(&t, runsslow, NULL);
	UNTIL(atomic_load_explicit(&inside, memory_order_acquire));
	if(unshare(CLONE_NEWPID) != 0)
		return 77;
	pid = fork();
	if(pid == 0) {
		SAME(getpid(), 1);
		signal(SIGALRM, late); /* the first of a namespace dies of no signal that it does not handle */
		alarm(10);
		atomic_store_explicit(&leave_, 1, memory_order_release);
		SAME(pthread_once(&forkonce, slow), 0);
		_exit(atomic_load_explicit(&runs, memory_order_relaxed) == 2 ? 0 : 1);
	}
	_exit(pid < 0 ? 77 : childstatus(pid) == 0 ? 0 : 1);
}

static void
samenumber(void)
{
	pid_t pid = fork();

	if(pid == 0)
		_exit(namesake());
	int st = childstatus(pid);
	if(st != 77)
		SAME(st, 0);
}

typedef struct Meeting {
	pthread_barrier_t b;
} Meeting;

static Meeting *meeting[ROUNDS];

static void *
meets(void *arg)
{
	(void)arg;
	for(int i = 0; i < ROUNDS; i++) {
		Meeting *m = meeting[i];
		int r = pthread_barrier_wait(&m->b);
		MUST(r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD);
		if(r == PTHREAD_BARRIER_SERIAL_THREAD) {
			SAME(pthread_barrier_destroy(&m->b), 0);
			SAME(mprotect(m, sizeof *m, PROT_NONE), 0);
		}
	}
	return NULL;
}

static pthread_spinlock_t spin;
static long n;

static void *
spins(void *arg)
{
	(void)arg;
	for(int i = 0; i < SPINS; i++) {
		SAME(pthread_spin_lock(&spin), 0);
		n++;
		SAME(pthread_spin_unlock(&spin), 0);
	}
	return NULL;
}

static void
all(void *(*f)(void *))
{
	Thread t[THREADS];

	for(int i = 0; i < THREADS; i++)
		start(&t[i], f, NULL);
	for(int i = 0; i < THREADS; i++)
		join(&t[i]);
}

int
main(void)
{
	cancelled();
	samenumber();
	forks();
	for(int i = 0; i < ROUNDS; i++) {
		Meeting *m = meeting[i] = mmap(
		    NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		MUST(m != MAP_FAILED);
		SAME(pthread_barrier_init(&m->b, NULL, THREADS), 0);
	}
	all(meets);
	SAME(pthread_spin_init(&spin, 0), 0);
	SAME(pthread_spin_lock(&spin), 0);
	SAME(pthread_spin_trylock(&spin), EBUSY);
	SAME(pthread_spin_unlock(&spin), 0);
	all(spins);
	SAME(n, (long)THREADS * SPINS);
	return ok();
}
