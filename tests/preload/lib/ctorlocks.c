/*
 * A library whose constructor and destructor, run with the loader's lock held, lock what other threads contend for: a mutex
 * of its own, for which a thread of its own waits, and the program's, if that has one; the constructor forks too.  For dlsymlocks.c.
 */
#include "../t.h"
#include <dlfcn.h>

static pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t met = PTHREAD_COND_INITIALIZER;
static int here;
extern pthread_mutex_t wanted __attribute__((weak));

static void *
contends(void *arg)
{
	SAME(pthread_mutex_lock(&own), 0);
	here++;
	SAME(pthread_cond_signal(&met), 0);
	SAME(pthread_mutex_unlock(&own), 0);
	return arg;
}

static void
touch(int forks)
{
	pid_t pid = -1;

	if(&wanted == NULL)
		return;
	SAME(pthread_mutex_lock(&wanted), 0);
	if(forks)
		MUST((pid = fork()) >= 0);
	else
		napus(50);
	if(pid == 0) {
		alarm(60);
		MUST(dlsym(RTLD_DEFAULT, "pthread_mutex_lock") != NULL);
	}
	SAME(pthread_mutex_unlock(&wanted), 0);
	if(pid == 0) {
		SAME(pthread_mutex_lock(&own), 0);
		SAME(pthread_mutex_unlock(&own), 0);
		_exit(0);
	}
	if(pid > 0)
		SAME(childstatus(pid), 0);
}

/* The thread comes while the constructor holds the mutex, and is met in a wait. */
static void __attribute__((constructor)) constructed(void)
{
	Thread t;

	SAME(pthread_mutex_lock(&own), 0);
	start(&t, contends, NULL);
	napus(300);
	while(here == 0)
		SAME(pthread_cond_wait(&met, &own), 0);
	SAME(pthread_mutex_unlock(&own), 0);
	join(&t);
	touch(1);
}

static void __attribute__((destructor)) destructed(void)
{
	touch(0);
}

int
ctorran(void)
{
	return here;
}
