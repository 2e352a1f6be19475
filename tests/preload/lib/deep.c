/* A library with a lock, a condition and a thread of its own, for those who open and close it. */
#include "../t.h"
#include <dlfcn.h>

static pthread_mutex_t deeplock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t deepcond = PTHREAD_COND_INITIALIZER;
static int here;

static void *
other(void *arg)
{
	SAME(pthread_mutex_lock(&deeplock), 0);
	here = 1;
	SAME(pthread_cond_signal(&deepcond), 0);
	napus(2000);
	SAME(pthread_mutex_unlock(&deeplock), 0);
	return arg;
}

/* Waits for the condition, then for the lock; whose functions it called for that. */
const char *
deepwork(void)
{
	Dl_info d;
	Thread t;

	here = 0;
	SAME(pthread_mutex_lock(&deeplock), 0);
	start(&t, other, NULL);
	while(!here)
		SAME(pthread_cond_wait(&deepcond, &deeplock), 0);
	SAME(pthread_mutex_unlock(&deeplock), 0);
	join(&t);
	MUST(dladdr((void *)pthread_mutex_lock, &d) != 0);
	return d.dli_fname;
}
