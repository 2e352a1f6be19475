/*
 * What mutexes of every foreign kind answer: free, busy, locked again, unlocked by another or twice, destroyed while held,
 * with deadlines that are past or none; and what stands in the words of a process-shared one, which others read.
 */
#include "t.h"
#include <setjmp.h>

typedef struct Kind {
	const char *name;
	int shared, robust, protocol;
} Kind;

static const Kind kinds[] = {{"shared", 1, 0, PTHREAD_PRIO_NONE}, {"robust", 0, 1, PTHREAD_PRIO_NONE},
    {"shared robust", 1, 1, PTHREAD_PRIO_NONE}, {"inheriting", 0, 0, PTHREAD_PRIO_INHERIT},
    {"shared inheriting", 1, 0, PTHREAD_PRIO_INHERIT}, {"robust inheriting", 0, 1, PTHREAD_PRIO_INHERIT}};
static const int types[] = {
    PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP};

static const struct timespec none = {1, 1000000000}, past = {-1, 0};
static pthread_mutex_t m;
static int robust, checked, protected;

static void *
another(void *arg)
{
	struct timespec soon = in(CLOCK_MONOTONIC, 3), later = in(CLOCK_REALTIME, 3);
	int unlock = checked || robust || protected ? EPERM : 0;
	(void)arg;
	SAME(pthread_mutex_trylock(&m), EBUSY);
	SAME(pthread_mutex_timedlock(&m, &none), EINVAL);
	SAME(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &none), EINVAL);
	SAME(pthread_mutex_clocklock(&m, CLOCK_BOOTTIME, &none), EINVAL);
	SAME(pthread_mutex_timedlock(&m, &past), protected ? EINVAL : ETIMEDOUT);
	SAME(pthread_mutex_timedlock(&m, &later), ETIMEDOUT);
	SAME(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &soon), ETIMEDOUT);
	if(!robust) /* libc lets a held robust one be destroyed */
		SAME(pthread_mutex_destroy(&m), EBUSY);
	SAME(pthread_mutex_unlock(&m), unlock);
	return NULL;
}

static void *
comes(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	*(int *)arg += 1;
	SAME(pthread_mutex_unlock(&m), 0);
	return NULL;
}

static void
words(int lock, int owner, unsigned users)
{
	SAME(m.__data.__lock, lock);
	SAME(m.__data.__owner, owner);
	SAME(m.__data.__nusers, users);
}

static void
init(const Kind *k, int type)
{
	pthread_mutexattr_t a;
	SAME(pthread_mutexattr_init(&a), 0);
	SAME(pthread_mutexattr_settype(&a, type), 0);
	SAME(pthread_mutexattr_setpshared(&a, k->shared), 0);
	SAME(pthread_mutexattr_setrobust(&a, k->robust), 0);
	SAME(pthread_mutexattr_setprotocol(&a, k->protocol), 0);
	memset(&m, 0xff, sizeof m);
	SAME(pthread_mutex_init(&m, &a), 0);
	robust = k->robust;
	protected = k->protocol != PTHREAD_PRIO_NONE;
	checked = type == PTHREAD_MUTEX_RECURSIVE || type == PTHREAD_MUTEX_ERRORCHECK;
}

static void
laws(const Kind *k, int type)
{
	int recursive = type == PTHREAD_MUTEX_RECURSIVE, self = (int)syscall(SYS_gettid), n = 0;
	Thread t;

	init(k, type);
	SAME(pthread_mutex_trylock(&m), 0);
	if(!robust && !protected)
		words(1, self, 1);
	SAME(pthread_mutex_unlock(&m), 0);
	words(0, 0, 0);
	/* whether a deadline is one is looked at only by who waits; the clock always */
	SAME(pthread_mutex_timedlock(&m, &none), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &none), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_clocklock(&m, CLOCK_BOOTTIME, &none), EINVAL);
	if(checked || robust || protected)
		SAME(pthread_mutex_unlock(&m), EPERM);

	SAME(pthread_mutex_lock(&m), 0);
	if(checked) {
		int again = recursive ? 0 : EDEADLK;
		SAME(pthread_mutex_lock(&m), again);
		SAME(pthread_mutex_timedlock(&m, &none), again);
		SAME(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &past), again);
		SAME(pthread_mutex_trylock(&m), recursive ? 0 : robust || protected ? EDEADLK : EBUSY);
		for(int i = 0; recursive && i < 4; i++)
			SAME(pthread_mutex_unlock(&m), 0);
	}
	start(&t, comes, &n);
	asleep(&t);
	SAME(n, 0);
	SAME(pthread_mutex_unlock(&m), 0);
	join(&t);
	SAME(n, 1);
	words(0, 0, 0);
	SAME(pthread_mutex_destroy(&m), 0);
	SAME(m.__data.__kind, -1);
	SAME(pthread_mutex_lock(&m), EINVAL);

	init(k, type);
	SAME(pthread_mutex_lock(&m), 0);
	start(&t, another, NULL);
	join(&t);
	if(checked || robust || protected)
		SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_destroy(&m), 0);
}

/* The count of a recursive one has an end. */
static void
overflow(void)
{
	init(&kinds[0], PTHREAD_MUTEX_RECURSIVE);
	SAME(pthread_mutex_lock(&m), 0);
	m.__data.__count = ~0u;
	SAME(pthread_mutex_lock(&m), EAGAIN);
	SAME(pthread_mutex_trylock(&m), EAGAIN);
	m.__data.__count = 1;
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_destroy(&m), 0);
}

static sigjmp_buf env;

static void
jump(int sig)
{
	siglongjmp(env, sig);
}

static void *
jumper(void *arg)
{
	(void)arg;
	if(sigsetjmp(env, 1) == 0) {
		pthread_mutex_lock(&m);
		no("the wait was not left");
	}
	SAME(pthread_mutex_trylock(&m), EBUSY);
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	return NULL;
}

static void *
victim(void *arg)
{
	int old;
	(void)arg;
	SAME(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old), 0);
	pthread_mutex_lock(&m);
	no("the wait was not cancelled");
	return NULL;
}

/* A wait that a jump or a cancellation tears leaves the mutex as good as it was. */
static void
torn(void)
{
	struct sigaction sa = {.sa_handler = jump};
	Thread t;
	int n = 0;

	SAME(sigaction(SIGUSR1, &sa, NULL), 0);
	init(&kinds[0], PTHREAD_MUTEX_NORMAL);
	SAME(pthread_mutex_lock(&m), 0);
	start(&t, jumper, NULL);
	asleep(&t);
	SAME(pthread_kill(t.id, SIGUSR1), 0);
	napus(2000);
	asleep(&t);
	SAME(pthread_mutex_unlock(&m), 0);
	join(&t);
	SAME(pthread_mutex_lock(&m), 0);
	start(&t, victim, NULL);
	asleep(&t);
	SAME(pthread_cancel(t.id), 0);
	MUST(join(&t) == PTHREAD_CANCELED);
	start(&t, comes, &n);
	asleep(&t);
	SAME(pthread_mutex_unlock(&m), 0);
	join(&t);
	SAME(n, 1);
	words(0, 0, 0);
	SAME(pthread_mutex_destroy(&m), 0);
}

int
main(void)
{
	for(size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		for(size_t j = 0; j < sizeof types / sizeof types[0]; j++)
			laws(&kinds[i], types[j]);
	overflow();
	torn();
	return ok();
}
