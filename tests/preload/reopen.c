/*
 * A library with locks and waits of its own is opened and closed again and again, and mostly comes back at the same
 * address; and at the end handlers and destructors of all kinds lock and wait, with a thread still at work.
 */
#include "t.h"
#include <dlfcn.h>
#include <limits.h>

enum { TIMES = 50 };

typedef const char *Work(void);

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_key_t key;
static int again, ended;

static void
touch(void)
{
	struct timespec d = in(CLOCK_REALTIME, 1);

	SAME(pthread_mutex_lock(&m), 0);
	int r = pthread_cond_timedwait(&c, &m, &d);
	MUST(r == 0 || r == ETIMEDOUT);
	ended++;
	SAME(pthread_mutex_unlock(&m), 0);
}

/* Makes itself anew, as often as libc calls it. */
static void
destroy(void *arg)
{
	touch();
	if(++again < PTHREAD_DESTRUCTOR_ITERATIONS)
		SAME(pthread_setspecific(key, arg), 0);
}

static void *
withkey(void *arg)
{
	SAME(pthread_setspecific(key, &key), 0);
	return arg;
}

static void *
alive(void *arg)
{
	for(;;) {
		pthread_mutex_lock(&m);
		napus(100);
		pthread_mutex_unlock(&m);
		pthread_cond_signal(&c);
	}
	return arg;
}

static void
last(int status, void *arg)
{
	(void)arg;
	touch();
	if(status == 0 && ended == PTHREAD_DESTRUCTOR_ITERATIONS + 2)
		ok();
}

int
main(void)
{
	char path[4096];
	Thread t;

	snprintf(path, sizeof path, "%s/deep.so", getenv("LIB"));
	for(int i = 0; i < TIMES; i++) {
		void *h = dlopen(path, RTLD_NOW);
		if(h == NULL)
			no("%s", dlerror());
		((Work *)dlsym(h, "deepwork"))();
		SAME(dlclose(h), 0);
		MUST(dlopen(path, RTLD_NOW | RTLD_NOLOAD) == NULL);
	}
	SAME(pthread_key_create(&key, destroy), 0);
	start(&t, withkey, NULL);
	join(&t);
	SAME(again, PTHREAD_DESTRUCTOR_ITERATIONS);
	on_exit(last, NULL);
	atexit(touch);
	start(&t, alive, NULL);
	exit(0);
}
