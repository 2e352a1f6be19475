/*
 * Children that no atfork handler runs for: _Fork, the bare system call, vfork.
 * Others hold and wait in the parent; the child's locks work.
 */
#include "t.h"

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER, m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static int turn;
static long n;

static void *
waits(void *arg)
{
	SAME(pthread_mutex_lock(&held), 0);
	SAME(pthread_mutex_unlock(&held), 0);
	return arg;
}

static void *
condwaits(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	while(turn != 9)
		SAME(pthread_cond_wait(&c, &m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	return arg;
}

static void *
alternate(void *arg)
{
	int me = arg != NULL;
	for(int i = 0; i < 100; i++) {
		SAME(pthread_mutex_lock(&m), 0);
		while(turn != me)
			SAME(pthread_cond_wait(&c, &m), 0);
		turn = !me;
		n++;
		SAME(pthread_cond_signal(&c), 0);
		SAME(pthread_mutex_unlock(&m), 0);
	}
	return NULL;
}

/* The thread waits for its parent's word: the bare clone leaves a stale thread id behind, but locks need none. */
static void
child(void)
{
	struct timespec d = in(CLOCK_REALTIME, 5);
	Thread a, b;

	SAME(pthread_mutex_trylock(&held), EBUSY);
	SAME(pthread_mutex_timedlock(&held, &d), ETIMEDOUT);
	SAME(pthread_mutex_unlock(&held), 0);
	SAME(pthread_mutex_lock(&held), 0);
	SAME(pthread_mutex_unlock(&held), 0);
	FAILS(sem_timedwait(&s, &d), ETIMEDOUT);
	SAME(sem_post(&s), 0);
	SAME(sem_wait(&s), 0);
	SAME(pthread_cond_init(&c, NULL), 0);
	turn = 0;
	n = 0;
	start(&a, alternate, NULL);
	start(&b, alternate, &b);
	join(&a);
	join(&b);
	SAME(n, 200);
	_exit(43);
}

/* A vfork child shares the memory while its parent stands still: what it does must leave the parent's locks whole. */
static void
vforked(void)
{
	for(int i = 0; i < 20; i++) {
		pid_t pid = vfork();
		MUST(pid >= 0);
		if(pid == 0) {
			if(sem_post(&s) != 0 || sem_trywait(&s) != 0 || pthread_mutex_trylock(&held) != EBUSY ||
			    pthread_mutex_lock(&m) != 0 || pthread_mutex_unlock(&m) != 0)
				_exit(1);
			execl("/bin/true", "true", (char *)NULL);
			_exit(127);
		}
		SAME(childstatus(pid), 0);
	}
}

int
main(void)
{
	Thread w, cw;

	SAME(sem_init(&s, 0, 0), 0);
	SAME(pthread_mutex_lock(&held), 0);
	start(&w, waits, NULL);
	start(&cw, condwaits, NULL);
	asleep(&w);
	asleep(&cw);
	for(int i = 0; i < 40; i++) {
		pid_t pid = i & 1 ? (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : _Fork();
		MUST(pid >= 0);
		if(pid == 0)
			child();
		SAME(childstatus(pid), 43);
	}
	vforked();
	SAME(pthread_mutex_lock(&m), 0);
	turn = 9;
	SAME(pthread_cond_signal(&c), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_unlock(&held), 0);
	join(&w);
	join(&cw);
	return ok();
}
