/*
 * A cancellation strikes at any instruction of a thread that is in one of libc's blocking calls, also within a handler that
 * interrupted the call.  Here the handler unlocks a mutex for which another waits, and the thread is stopped (compat/stop.h) when it has
 * taken that one off the queue and has not woken it.
 *
 * strikes.sh runs it under librendez-stop.so.
 *
 * link: -rdynamic
 */
#include "t.h"

void rendezstop(const char *point);

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static sem_t none;
static int bysem, nothing[2];
static _Thread_local int victims;
static _Atomic int locked, stopped;

/* Called by the library. */
void
rendezstop(const char *point)
{
	if(!victims || strcmp(point, "mutexwake.chosen") != 0)
		return;
	victims = 0;
	atomic_store_explicit(&stopped, 1, memory_order_release);
	napus(100000);
}

static void
unlocks(int sig)
{
	(void)sig;
	pthread_mutex_unlock(&m);
}

static void *
victim(void *arg)
{
	char byte;
	SAME(pthread_mutex_lock(&m), 0);
	victims = 1;
	atomic_store_explicit(&locked, 1, memory_order_release);
	for(;;)
		if(bysem)
			sem_wait(&none);
		else if(read(nothing[0], &byte, 1) == 1)
			return arg;
}

static void *
waiter(void *arg)
{
	struct timespec at = in(CLOCK_REALTIME, 20000);
	SAME(pthread_mutex_timedlock(&m, &at), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	return arg;
}

int
main(void)
{
	Thread v, w;

	SAME(pipe(nothing), 0);
	SAME(sem_init(&none, 0, 0), 0);
	SAME(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = unlocks}, NULL), 0);
	/* In a child each: a process masks signals once it has cancelled a thread. */
	for(bysem = 0; bysem < 2; bysem++) {
		pid_t pid = fork();
		if(pid != 0) {
			SAME(childstatus(pid), 0);
			continue;
		}
		start(&v, victim, NULL);
		UNTIL(atomic_load_explicit(&locked, memory_order_acquire));
		start(&w, waiter, NULL);
		asleep(&w);
		napus(20000);
		SAME(pthread_kill(v.id, SIGUSR1), 0);
		UNTIL(atomic_load_explicit(&stopped, memory_order_acquire));
		SAME(pthread_cancel(v.id), 0);
		MUST(join(&v) == PTHREAD_CANCELED);
		join(&w);
		_exit(0);
	}
	return ok();
}
