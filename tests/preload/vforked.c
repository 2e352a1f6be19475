/*
 * A child of vfork has its parent's memory and thread, but is another process: what it does before it executes a program
 * must not change what the library knows of the parent.  It installs handlers, locks and waits, and changes its priority.
 */
#include "t.h"

static volatile sig_atomic_t got;
static pthread_mutex_t robust, m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;

static void
one(int sig)
{
	got = sig;
}

static void
two(int sig)
{
	got = 100 + sig;
}

/* In the child, nothing is left on the stack: all is static. */
static void
childs(void)
{
	static struct sigaction a, old;
	static struct timespec at;
	static struct sched_param p;

	a.sa_handler = two;
	if(sigaction(SIGUSR1, &a, &old) != 0 || old.sa_handler != one)
		_exit(1);
	if(signal(SIGUSR2, two) != one || signal(SIGUSR2, two) != two || signal(SIGTERM, SIG_DFL) != one)
		_exit(2);
	raise(SIGUSR1);
	if(got != 100 + SIGUSR1)
		_exit(3);
	got = 0;
	if(pthread_mutex_lock(&m) != 0)
		_exit(4);
	clock_gettime(CLOCK_REALTIME, &at);
	if(pthread_cond_timedwait(&c, &m, &at) != ETIMEDOUT || pthread_mutex_unlock(&m) != 0)
		_exit(5);
	sched_setscheduler(0, SCHED_BATCH, &p);
	_exit(0);
}

static void *
inthread(void *arg)
{
	pthread_mutexattr_t a;
	pid_t pid;

	SAME(signal(SIGUSR1, one) != SIG_ERR, 1);
	SAME(signal(SIGUSR2, one) != SIG_ERR, 1);
	SAME(signal(SIGTERM, one) != SIG_ERR, 1);
	pid = vfork();
	if(pid == 0)
		childs();
	SAME(childstatus(pid), 0);
	for(int sig = 0; sig < 3; sig++) {
		int which[] = {SIGUSR1, SIGUSR2, SIGTERM};
		got = 0;
		SAME(raise(which[sig]), 0);
		SAME(got, which[sig]);
	}
	/* Its word has the thread's own number, by which the kernel knows whose it is. */
	SAME(pthread_mutexattr_init(&a), 0);
	SAME(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST), 0);
	SAME(pthread_mutex_init(&robust, &a), 0);
	SAME(pthread_mutex_lock(&robust), 0);
	SAME(robust.__data.__lock & 0x3fffffff, (pid_t)syscall(SYS_gettid));
	return arg;
}

static void *
locks(void *arg)
{
	SAME(pthread_mutex_lock(&robust), EOWNERDEAD);
	SAME(pthread_mutex_consistent(&robust), 0);
	SAME(pthread_mutex_unlock(&robust), 0);
	return arg;
}

/* Many wait at once, so that Procs of dead threads are looked for: the parent's thread must keep its own. */
enum { CROWD = 200 };
static Thread crowd[CROWD];

static void *
waits(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_cond_wait(&c, &m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	return arg;
}

int
main(void)
{
	Thread t;
	struct timespec at;
	void *self = NULL;

	/* Neither the thread that forks nor any other has locked anything. */
	inthread(self);
	SAME(pthread_mutex_unlock(&robust), 0);
	start(&t, inthread, NULL);
	join(&t);
	start(&t, locks, NULL);
	join(&t);
	for(int i = 0; i < CROWD; i++) {
		start(&crowd[i], waits, NULL);
		asleep(&crowd[i]);
	}
	SAME(pthread_mutex_lock(&m), 0);
	at = in(CLOCK_REALTIME, 20);
	SAME(pthread_cond_timedwait(&c, &m, &at), ETIMEDOUT);
	SAME(pthread_cond_broadcast(&c), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	for(int i = 0; i < CROWD; i++)
		join(&crowd[i]);
	return ok();
}
