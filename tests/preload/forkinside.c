/*
 * A handler forks while its thread is about to lock or unlock a mutex that knows its owner, a robust one too, or a readers-writer lock: the thread's
 * number stays its own, at whatever instruction the handler began.
 */
#include "t.h"

enum { FORKS = 300 };
static pthread_mutex_t recursive, errorcheck, robust;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static _Atomic int forked;

static void
forks(int sig)
{
	int keep = errno, st;
	pid_t pid = fork();
	(void)sig;
	if(pid == 0)
		_exit(0);
	while(waitpid(pid, &st, 0) != pid)
		;
	atomic_fetch_add_explicit(&forked, 1, memory_order_release);
	errno = keep;
}

static void
make(pthread_mutex_t *m, int type, int robustness)
{
	pthread_mutexattr_t a;
	SAME(pthread_mutexattr_init(&a), 0);
	SAME(pthread_mutexattr_settype(&a, type), 0);
	SAME(pthread_mutexattr_setrobust(&a, robustness), 0);
	SAME(pthread_mutex_init(m, &a), 0);
}

static void *
locks(void *arg)
{
	(void)arg;
	while(atomic_load_explicit(&forked, memory_order_acquire) < FORKS) {
		SAME(pthread_mutex_lock(&recursive), 0);
		SAME(pthread_mutex_lock(&recursive), 0);
		SAME(pthread_mutex_unlock(&recursive), 0);
		SAME(pthread_mutex_unlock(&recursive), 0);
		SAME(pthread_mutex_lock(&errorcheck), 0);
		SAME(pthread_mutex_unlock(&errorcheck), 0);
		SAME(pthread_mutex_lock(&robust), 0);
		SAME(robust.__data.__lock & 0x3fffffff, (pid_t)syscall(SYS_gettid));
		SAME(pthread_mutex_unlock(&robust), 0);
		SAME(pthread_rwlock_wrlock(&rw), 0);
		SAME(pthread_rwlock_rdlock(&rw), EDEADLK);
		SAME(pthread_rwlock_unlock(&rw), 0);
	}
	return NULL;
}

int
main(void)
{
	Thread t;

	make(&recursive, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
	make(&errorcheck, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
	make(&robust, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
	SAME(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = forks, .sa_flags = SA_RESTART}, NULL), 0);
	start(&t, locks, NULL);
	for(int n = 0; n < FORKS; n++) {
		SAME(pthread_kill(t.id, SIGUSR1), 0);
		UNTIL(atomic_load_explicit(&forked, memory_order_acquire) > n);
	}
	join(&t);
	return ok();
}
