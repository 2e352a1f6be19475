/*
 * A cancellation is acted on within a handler that has interrupted one of our calls, so that libc unwinds out of the
 * midst of it: of a signal to a process-shared condition that has a gate locked, and of a condition's wait that is over and has not
 * got its mutex yet.  Here the point where a thread is stopped (compat/stop.h) is the handler.
 *
 * acts.sh runs it under librendez-stop.so.
 *
 * link: -rdynamic
 */
#include "t.h"

void rendezstop(const char *point);

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t shared, own = PTHREAD_COND_INITIALIZER;
static _Thread_local const char *where;
static _Atomic int waiting, acted;
static int turn;

/* Called by the library. */
void
rendezstop(const char *point)
{
	if(where == NULL || strcmp(point, where) != 0)
		return;
	where = NULL;
	atomic_store_explicit(&acted, 1, memory_order_release);
	pthread_cancel(pthread_self());
	pthread_testcancel();
}

static void *
waiter(void *cond)
{
	SAME(pthread_mutex_lock(&m), 0);
	atomic_store_explicit(&waiting, 1, memory_order_release);
	while(!turn)
		SAME(pthread_cond_wait(cond, &m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	return NULL;
}

/* A lock of the gate that the thread itself left locked would not end. */
static void
again(void *cond)
{
	SAME(pthread_cond_broadcast(cond), 0);
}

static void *
signaller(void *arg)
{
	pthread_cleanup_push(again, &shared);
	where = "sharedsignal.gate";
	SAME(pthread_cond_signal(&shared), 0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *
leaver(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	where = "condwait.relock";
	atomic_store_explicit(&waiting, 1, memory_order_release);
	pthread_cond_wait(&own, &m);
	return arg;
}

int
main(void)
{
	pthread_condattr_t a;
	struct timespec at;
	Thread w, v;

	SAME(pthread_condattr_init(&a), 0);
	SAME(pthread_condattr_setpshared(&a, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_cond_init(&shared, &a), 0);
	alarm(60);
	for(int i = 0; i < 20; i++) {
		turn = 0;
		waiting = acted = 0;
		start(&w, waiter, &shared);
		UNTIL(waiting);
		SAME(pthread_mutex_lock(&m), 0);
		turn = 1;
		SAME(pthread_mutex_unlock(&m), 0);
		start(&v, signaller, NULL);
		SAME((intptr_t)join(&v), (intptr_t)PTHREAD_CANCELED);
		SAME(acted, 1);
		SAME(pthread_cond_broadcast(&shared), 0);
		join(&w);

		waiting = acted = 0;
		start(&v, leaver, NULL);
		UNTIL(waiting);
		while(!acted) {
			SAME(pthread_mutex_lock(&m), 0);
			SAME(pthread_cond_signal(&own), 0);
			SAME(pthread_mutex_unlock(&m), 0);
			napus(100);
		}
		SAME((intptr_t)join(&v), (intptr_t)PTHREAD_CANCELED);
		at = in(CLOCK_REALTIME, 10000);
		SAME(pthread_mutex_timedlock(&m, &at), 0);
		SAME(pthread_mutex_unlock(&m), 0);
	}
	return ok();
}
