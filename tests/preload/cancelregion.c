/*
 * The regions of pthread_cleanup_push_defer_np, in which cancellation is deferred whatever the type was, and what programs
 * built before 2003 call for them.  A lock that is waited for in one does not end it; afterwards the type is what it was,
 * and a lock that is waited for then is left by a cancellation if that is asynchronous.
 */
#include "t.h"

__asm__(".symver pushdefer,_pthread_cleanup_push_defer@GLIBC_2.2.5");
__asm__(".symver poprestore,_pthread_cleanup_pop_restore@GLIBC_2.2.5");
extern void pushdefer(struct _pthread_cleanup_buffer *, void (*)(void *), void *);
extern void poprestore(struct _pthread_cleanup_buffer *, int);

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, again = PTHREAD_MUTEX_INITIALIZER;
static int old, type;
static _Atomic int inside, after, popped;

static void
pop(void *arg)
{
	(void)arg;
	atomic_fetch_add_explicit(&popped, 1, memory_order_relaxed);
}

/* The lock is main's until the cancellation has been asked for. */
static void
region(void)
{
	int was;

	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &was), 0);
	SAME(was, PTHREAD_CANCEL_DEFERRED);
	SAME(pthread_mutex_unlock(&m), 0);
	atomic_store_explicit(&inside, 1, memory_order_release);
}

static void *
victim(void *arg)
{
	struct _pthread_cleanup_buffer b;
	int was;

	SAME(pthread_setcanceltype(type, NULL), 0);
	if(old) {
		pushdefer(&b, pop, NULL);
		region();
		poprestore(&b, 1);
	} else {
		pthread_cleanup_push_defer_np(pop, NULL);
		region();
		pthread_cleanup_pop_restore_np(1);
	}
	if(arg != NULL)
		no("%s:%d: survived the end of its region", __FILE__, __LINE__);
	SAME(pthread_setcanceltype(type, &was), 0);
	SAME(was, type);
	atomic_store_explicit(&after, 1, memory_order_release);
	SAME(pthread_mutex_lock(&again), 0);
	SAME(pthread_mutex_unlock(&again), 0);
	pthread_testcancel();
	no("%s:%d: was not cancelled", __FILE__, __LINE__);
}

/* Asked for while it waits in the region: acted on where that ends. */
static void
cancelledinside(void)
{
	Thread t;

	popped = 0;
	SAME(pthread_mutex_lock(&m), 0);
	start(&t, victim, &t);
	asleep(&t);
	SAME(pthread_cancel(t.id), 0);
	napus(2000);
	SAME(pthread_mutex_unlock(&m), 0);
	MUST(join(&t) == PTHREAD_CANCELED);
	SAME(inside, 1);
	SAME(pthread_mutex_trylock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	inside = 0;
}

/* Asked for while it waits behind the region: only who is cancelled asynchronously leaves the lock. */
static void
cancelledafter(void)
{
	Thread t;
	int strikes = type == PTHREAD_CANCEL_ASYNCHRONOUS;

	after = 0;
	SAME(pthread_mutex_lock(&again), 0);
	start(&t, victim, NULL);
	UNTIL(atomic_load_explicit(&after, memory_order_acquire));
	asleep(&t);
	SAME(pthread_cancel(t.id), 0);
	if(strikes)
		MUST(join(&t) == PTHREAD_CANCELED);
	else
		napus(2000);
	SAME(pthread_mutex_unlock(&again), 0);
	if(!strikes)
		MUST(join(&t) == PTHREAD_CANCELED);
	SAME(pthread_mutex_lock(&again), 0);
	SAME(pthread_mutex_unlock(&again), 0);
	inside = 0;
}

int
main(void)
{
	for(int i = 0; i < 20; i++) {
		old = i % 2;
		type = PTHREAD_CANCEL_ASYNCHRONOUS;
		cancelledinside();
		cancelledafter();
		type = PTHREAD_CANCEL_DEFERRED;
		cancelledafter();
	}
	return ok();
}
