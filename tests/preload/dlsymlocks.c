/*
 * The loader between the locks.  Some threads open and close a library, whose constructor and destructor lock, wait, start a thread
 * and fork, all that with the loader's lock held; some look names up, which takes the loader's lock too, while they hold
 * locks for which others contend; some contend for those, and for the mutex that the constructor wants; and in between children are
 * forked, which look names up, lock and open the library too.
 *
 * The order, natively as here: loading, the loader's own lock, wanted; recursive, rw, plain, the loader's.  Who forks has
 * them all: the loader is at rest then, but for lookups.
 *
 * link: -rdynamic
 */
#include "t.h"
#include <dlfcn.h>

enum { OPENERS = 2, SEEKERS = 3, CONTENDERS = 2, OPENS = 40, SEEKS = 400, FORKS = 8 };

typedef int Ran(void);

pthread_mutex_t wanted = PTHREAD_MUTEX_INITIALIZER; /* by the constructor too */
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER, plain = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char path[4096];
static _Atomic int working = OPENERS + SEEKERS;
static long inside, sum;

static void
opens(void)
{
	SAME(pthread_mutex_lock(&loading), 0);
	void *h = dlopen(path, RTLD_NOW);
	if(h == NULL)
		no("%s", dlerror());
	Ran *ran = (Ran *)dlsym(h, "ctorran");
	MUST(ran != NULL);
	SAME(ran(), 1);
	MUST(dlsym(h, "nosuchname") == NULL);
	MUST(dlerror() != NULL);
	SAME(dlclose(h), 0);
	SAME(pthread_mutex_unlock(&loading), 0);
}

static void *
opener(void *arg)
{
	for(int i = 0; i < OPENS; i++)
		opens();
	atomic_fetch_sub_explicit(&working, 1, memory_order_relaxed);
	return arg;
}

/* With the locks of ours held. */
static void
finds(int i)
{
	static const char *const names[] = {"pthread_mutex_lock", "pthread_cond_wait", "sem_post", "main", "malloc"};
	const char *name = names[i % 5];

	MUST(dlsym(i % 2 ? RTLD_DEFAULT : RTLD_NEXT, name) != NULL || strcmp(name, "main") == 0);
	MUST(dlvsym(RTLD_DEFAULT, "pthread_mutex_unlock", "GLIBC_2.2.5") != NULL);
	MUST(dlvsym(RTLD_DEFAULT, "pthread_mutex_unlock", "GLIBC_0.0") == NULL);
	MUST(dlsym(RTLD_DEFAULT, "nosuchname") == NULL);
	MUST(dlerror() != NULL);
}

static void
seeks(int i)
{
	SAME(pthread_mutex_lock(&recursive), 0);
	SAME(i % 3 ? pthread_rwlock_rdlock(&rw) : pthread_rwlock_wrlock(&rw), 0);
	SAME(pthread_mutex_lock(&plain), 0);
	SAME(inside++, 0);
	finds(i);
	inside--;
	sum++;
	SAME(pthread_cond_signal(&changed), 0);
	SAME(pthread_mutex_unlock(&plain), 0);
	SAME(pthread_rwlock_unlock(&rw), 0);
	SAME(pthread_mutex_unlock(&recursive), 0);
}

static void *
seeker(void *arg)
{
	for(int i = 0; i < SEEKS; i++) {
		seeks(i);
		if(i % 8 == 0)
			sched_yield();
	}
	atomic_fetch_sub_explicit(&working, 1, memory_order_relaxed);
	return arg;
}

static void *
contender(void *arg)
{
	while(atomic_load_explicit(&working, memory_order_relaxed) != 0) {
		struct timespec d = in(CLOCK_REALTIME, 2);

		SAME(pthread_mutex_lock(&wanted), 0);
		napus(20);
		SAME(pthread_mutex_unlock(&wanted), 0);
		SAME(pthread_mutex_lock(&plain), 0);
		int r = pthread_cond_timedwait(&changed, &plain, &d);
		MUST(r == 0 || r == ETIMEDOUT);
		inside++;
		napus(20);
		SAME(--inside, 0);
		SAME(pthread_mutex_unlock(&plain), 0);
		SAME(pthread_rwlock_wrlock(&rw), 0);
		SAME(pthread_rwlock_unlock(&rw), 0);
	}
	return arg;
}

static void
forks(void)
{
	pid_t pid;

	SAME(pthread_mutex_lock(&loading), 0);
	SAME(pthread_mutex_lock(&recursive), 0);
	SAME(pthread_rwlock_wrlock(&rw), 0);
	SAME(pthread_mutex_lock(&plain), 0);
	SAME(pthread_mutex_lock(&wanted), 0);
	MUST((pid = fork()) >= 0);
	if(pid == 0) {
		alarm(60);
		finds(1);
	}
	SAME(pthread_mutex_unlock(&wanted), 0);
	SAME(pthread_mutex_unlock(&plain), 0);
	SAME(pthread_rwlock_unlock(&rw), 0);
	SAME(pthread_mutex_unlock(&loading), 0);
	if(pid == 0) {
		/* Its owner is a thread of the parent; and natively who waits there counts in the child too. */
		recursive = (pthread_mutex_t)PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
		rw = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
		changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
		for(int i = 0; i < 20; i++)
			seeks(i);
		opens();
		_exit(0);
	}
	SAME(pthread_mutex_unlock(&recursive), 0);
	SAME(childstatus(pid), 0);
}

int
main(void)
{
	Thread t[OPENERS + SEEKERS + CONTENDERS];
	int n = 0;

	snprintf(path, sizeof path, "%s/ctorlocks.so", getenv("LIB"));
	for(int i = 0; i < OPENERS; i++)
		start(&t[n++], opener, NULL);
	for(int i = 0; i < SEEKERS; i++)
		start(&t[n++], seeker, NULL);
	for(int i = 0; i < CONTENDERS; i++)
		start(&t[n++], contender, NULL);
	for(int i = 0; i < FORKS; i++) {
		forks();
		napus(1000);
	}
	for(int i = 0; i < n; i++)
		join(&t[i]);
	SAME(sum, SEEKERS * SEEKS);
	opens();
	return ok();
}
