/*
 * Wrong use, and use that only some kinds allow: each answer is glibc's.
 */
#include "t.h"

typedef struct Try {
	pthread_mutex_t *m;
	int (*f)(pthread_mutex_t *);
} Try;

static void *
run(void *arg)
{
	Try *t = arg;
	return (void *)(long)t->f(t->m);
}

/* f(m) by another thread. */
static long
other(int (*f)(pthread_mutex_t *), pthread_mutex_t *m)
{
	Try t = {m, f};
	Thread th;
	start(&th, run, &t);
	return (long)join(&th);
}

static pthread_mutex_t
make(int type)
{
	pthread_mutexattr_t a;
	pthread_mutex_t m;
	pthread_mutexattr_init(&a);
	SAME(pthread_mutexattr_settype(&a, type), 0);
	SAME(pthread_mutex_init(&m, &a), 0);
	return m;
}

static void
normal(int type)
{
	pthread_mutex_t m = make(type);
	struct timespec soon;

	SAME(pthread_mutex_unlock(&m), 0); /* unlocked already: accepted, and still good after it */
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_mutex_trylock(&m), EBUSY);
	SAME(other(pthread_mutex_trylock, &m), EBUSY);
	soon = in(CLOCK_REALTIME, 20);
	SAME(pthread_mutex_timedlock(&m, &soon), ETIMEDOUT); /* relock waits for itself */
	SAME(other(pthread_mutex_unlock, &m), 0);	     /* not the owner: accepted */
	SAME(pthread_mutex_trylock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_lock(&m), 0);
	SAME(other(pthread_mutex_trylock, &m), EBUSY);
	SAME(pthread_mutex_unlock(&m), 0);
}

static void
errorcheck(void)
{
	pthread_mutex_t m = make(PTHREAD_MUTEX_ERRORCHECK);
	struct timespec soon = in(CLOCK_REALTIME, 20);

	SAME(pthread_mutex_unlock(&m), EPERM);
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_mutex_lock(&m), EDEADLK);
	SAME(pthread_mutex_timedlock(&m, &soon), EDEADLK);
	SAME(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &soon), EDEADLK);
	SAME(pthread_mutex_trylock(&m), EBUSY);
	SAME(other(pthread_mutex_unlock, &m), EPERM);
	SAME(other(pthread_mutex_trylock, &m), EBUSY);
	SAME(pthread_mutex_destroy(&m), EBUSY);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_unlock(&m), EPERM);
	SAME(pthread_mutex_destroy(&m), 0);
}

static void
recursive(void)
{
	pthread_mutex_t m = make(PTHREAD_MUTEX_RECURSIVE);
	struct timespec soon = in(CLOCK_REALTIME, 20);

	SAME(pthread_mutex_unlock(&m), EPERM);
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_mutex_trylock(&m), 0);
	SAME(pthread_mutex_timedlock(&m, &soon), 0);
	SAME(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &soon), 0);
	SAME(other(pthread_mutex_unlock, &m), EPERM);
	for(int i = 0; i < 4; i++) {
		SAME(pthread_mutex_unlock(&m), 0);
		SAME(other(pthread_mutex_trylock, &m), EBUSY);
		SAME(pthread_mutex_destroy(&m), EBUSY);
	}
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_unlock(&m), EPERM);

	/* the count does not wrap: debuggers and we keep it where glibc does */
	SAME(pthread_mutex_lock(&m), 0);
	m.__data.__count = UINT32_MAX;
	SAME(pthread_mutex_lock(&m), EAGAIN);
	SAME(pthread_mutex_trylock(&m), EAGAIN);
	m.__data.__count = 1;
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(other(pthread_mutex_trylock, &m), 0);
}

/* What debuggers read while a mutex is held. */
static void
visible(void)
{
	static const int type[] = {
	    PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ADAPTIVE_NP};
	for(int i = 0; i < 4; i++) {
		pthread_mutex_t m = make(type[i]);
		SAME(m.__data.__lock, 0);
		SAME(pthread_mutex_lock(&m), 0);
		MUST(m.__data.__lock != 0);
		SAME(m.__data.__owner, syscall(SYS_gettid));
		SAME(pthread_mutex_unlock(&m), 0);
		SAME(m.__data.__lock, 0);
		SAME(m.__data.__owner, 0);
	}
}

int
main(void)
{
	pthread_mutexattr_t a;
	pthread_mutex_t m;

	normal(PTHREAD_MUTEX_NORMAL);
	normal(PTHREAD_MUTEX_ADAPTIVE_NP);
	errorcheck();
	recursive();
	visible();

	static const int type[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ADAPTIVE_NP};
	for(int i = 0; i < 2; i++) {
		m = make(type[i]);
		SAME(pthread_mutex_lock(&m), 0);
		SAME(pthread_mutex_destroy(&m), EBUSY);
		SAME(pthread_mutex_unlock(&m), 0); /* a refused destroy changed nothing */
		SAME(pthread_mutex_destroy(&m), 0);
		SAME(pthread_mutex_init(&m, NULL), 0); /* and it can be made again */
		SAME(pthread_mutex_lock(&m), 0);
		SAME(pthread_mutex_unlock(&m), 0);
	}

	pthread_mutexattr_init(&a);
	SAME(pthread_mutexattr_settype(&a, 99), EINVAL);
	SAME(pthread_mutexattr_setprotocol(&a, 99), EINVAL);
	SAME(pthread_mutexattr_setpshared(&a, 99), EINVAL);
	return ok();
}
