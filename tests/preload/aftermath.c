/*
 * Locks at the end: in atexit handlers, destructors, destructors of
 * thread-specific data (all rounds of them) and of thread_local objects, while
 * other threads go on contending until the process is gone.
 */
#include "t.h"

extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);
extern void *__dso_handle;

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static pthread_key_t key;
static _Atomic long ops, ends;

/* Contend with the threads that run still; wait a little on the condition. */
static void
use(int times)
{
	for(int i = 0; i < times; i++) {
		struct timespec d = in(CLOCK_REALTIME, 1);
		SAME(pthread_mutex_lock(&m), 0);
		int r = pthread_cond_timedwait(&c, &m, &d);
		MUST(r == 0 || r == ETIMEDOUT);
		SAME(pthread_cond_broadcast(&c), 0);
		SAME(pthread_mutex_unlock(&m), 0);
		SAME(sem_post(&s), 0);
		while(sem_wait(&s) != 0)
			;
	}
}

static void
ended(void *arg)
{
	(void)arg;
	use(2);
	atomic_fetch_add_explicit(&ends, 1, memory_order_release);
}

/* As long as it sets its value again it is called again, PTHREAD_DESTRUCTOR_ITERATIONS times. */
static void
ofkey(void *v)
{
	ended(v);
	pthread_setspecific(key, v);
}

static void *
shortlived(void *arg)
{
	SAME(pthread_setspecific(key, &key), 0);
	SAME(__cxa_thread_atexit_impl(ended, NULL, &__dso_handle), 0);
	use(1);
	return arg;
}

static void *
forever(void *arg)
{
	(void)arg;
	for(;;) {
		SAME(pthread_mutex_lock(&m), 0);
		sched_yield();
		SAME(pthread_mutex_unlock(&m), 0);
		SAME(pthread_cond_signal(&c), 0);
		atomic_fetch_add_explicit(&ops, 1, memory_order_relaxed);
	}
	return NULL;
}

static void
atend(void)
{
	long before = atomic_load_explicit(&ops, memory_order_relaxed);
	use(5);
	UNTIL(atomic_load_explicit(&ops, memory_order_relaxed) > before);
}

__attribute__((destructor)) static void
verylast(void)
{
	atend();
	ok();
}

int
main(void)
{
	static Thread f[4]; /* they outlive main */
	Thread t[8];

	SAME(sem_init(&s, 0, 1), 0);
	SAME(pthread_key_create(&key, ofkey), 0);
	for(int i = 0; i < 4; i++)
		start(&f[i], forever, NULL);
	for(int i = 0; i < 8; i++)
		start(&t[i], shortlived, NULL);
	for(int i = 0; i < 8; i++)
		join(&t[i]);
	MUST(atomic_load_explicit(&ends, memory_order_acquire) >= 16);
	SAME(__cxa_thread_atexit_impl(ended, NULL, &__dso_handle), 0);
	SAME(atexit(atend), 0);
	SAME(on_exit((void (*)(int, void *))(void (*)(void))atend, NULL), 0);
	return 0;
}
