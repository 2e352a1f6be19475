/*
 * A cancellation that is pending when a condition's wait begins, and what else would end that wait at once: a deadline
 * before the epoch, and a mutex that is not the caller's to give up, come first; a deadline that is only past does not.
 */
#include "t.h"
#include <limits.h>

typedef struct Case {
	int type, robust, shared, protocol;
	int held;
	struct timespec at; /* tv_sec LONG_MAX: none */
	int result;	    /* INT_MAX: cancelled */
} Case;

#define NONE \
	{ \
		LONG_MAX, 0 \
	}
static const Case cases[] = {
    {.held = 1, .at = NONE, .result = INT_MAX},
    {.held = 1, .at = {1, 0}, .result = INT_MAX},
    {.held = 1, .at = {-1, 0}, .result = ETIMEDOUT},
    {.type = PTHREAD_MUTEX_RECURSIVE, .held = 1, .at = {-1, 0}, .result = ETIMEDOUT},
    {.robust = 1, .held = 1, .at = {-1, 0}, .result = ETIMEDOUT},
    {.type = PTHREAD_MUTEX_ERRORCHECK, .at = NONE, .result = EPERM},
    {.type = PTHREAD_MUTEX_RECURSIVE, .at = NONE, .result = EPERM},
    {.type = PTHREAD_MUTEX_ERRORCHECK, .shared = 1, .at = NONE, .result = EPERM},
    {.type = PTHREAD_MUTEX_RECURSIVE, .shared = 1, .at = NONE, .result = EPERM},
    {.robust = 1, .at = NONE, .result = EPERM},
    {.type = PTHREAD_MUTEX_RECURSIVE, .robust = 1, .at = NONE, .result = EPERM},
    {.type = PTHREAD_MUTEX_ERRORCHECK, .protocol = PTHREAD_PRIO_INHERIT, .at = NONE, .result = EPERM},
    {.type = PTHREAD_MUTEX_RECURSIVE, .protocol = PTHREAD_PRIO_INHERIT, .at = NONE, .result = EPERM},
    {.protocol = PTHREAD_PRIO_INHERIT, .at = NONE, .result = EPERM},
    {.shared = 1, .held = 1, .at = NONE, .result = INT_MAX},
    {.robust = 1, .held = 1, .at = NONE, .result = INT_MAX},
    {.type = PTHREAD_MUTEX_ERRORCHECK, .protocol = PTHREAD_PRIO_INHERIT, .held = 1, .at = NONE, .result = INT_MAX},
};

static pthread_mutex_t m;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int result, heldincleanup;

static void
cleanup(void *arg)
{
	result = INT_MAX;
	heldincleanup = pthread_mutex_trylock(&m) != 0;
	(void)arg;
}

static void *
waits(void *arg)
{
	const Case *k = arg;

	if(k->held)
		SAME(pthread_mutex_lock(&m), 0);
	pthread_cancel(pthread_self());
	pthread_cleanup_push(cleanup, NULL);
	result = k->at.tv_sec == LONG_MAX ? pthread_cond_wait(&c, &m) : pthread_cond_timedwait(&c, &m, &k->at);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cleanup_pop(0);
	return NULL;
}

int
main(void)
{
	for(size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const Case *k = &cases[i];
		pthread_mutexattr_t a;
		pthread_t t;

		SAME(pthread_mutexattr_init(&a), 0);
		SAME(pthread_mutexattr_settype(&a, k->type), 0);
		SAME(pthread_mutexattr_setrobust(&a, k->robust), 0);
		SAME(pthread_mutexattr_setpshared(&a, k->shared), 0);
		SAME(pthread_mutexattr_setprotocol(&a, k->protocol), 0);
		SAME(pthread_mutex_init(&m, &a), 0);
		SAME(pthread_create(&t, NULL, waits, (void *)(uintptr_t)k), 0);
		SAME(pthread_join(t, NULL), 0);
		if(result != k->result)
			no("case %zu: %d, should be %d", i, result, k->result);
		MUST(result != INT_MAX || heldincleanup);
	}
	return ok();
}
