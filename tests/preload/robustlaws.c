/*
 * Robust mutexes whose holders die: who is told what, on which call; several at once, in any order, with ones that inherit
 * priority among them; with conditions of either sort.
 */
#include "t.h"
#include <limits.h>

enum { MANY = 6, WAITERS = 5 };

static pthread_mutex_t m, many[MANY];
static pthread_cond_t c;
static int ready, lost;

static void
init(pthread_mutex_t *p, int type, int shared, int protocol)
{
	pthread_mutexattr_t a;
	SAME(pthread_mutexattr_init(&a), 0);
	SAME(pthread_mutexattr_settype(&a, type), 0);
	SAME(pthread_mutexattr_setpshared(&a, shared), 0);
	SAME(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST), 0);
	SAME(pthread_mutexattr_setprotocol(&a, protocol), 0);
	SAME(pthread_mutex_init(p, &a), 0);
}

static void *
holds(void *arg)
{
	(void)arg;
	SAME(pthread_mutex_lock(&m), 0);
	return NULL;
}

/* The mutex was held by a thread that is no more. */
static void
orphan(void)
{
	Thread t;
	start(&t, holds, NULL);
	join(&t);
}

static int
byhow(int how)
{
	struct timespec d = in(CLOCK_REALTIME, 100000), past = {1, 0};
	switch(how) {
	case 0:
		return pthread_mutex_lock(&m);
	case 1:
		return pthread_mutex_trylock(&m);
	case 2:
		return pthread_mutex_timedlock(&m, &d);
	}
	return pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &past);
}

static void
one(int type, int shared, int how)
{
	int recursive = type == PTHREAD_MUTEX_RECURSIVE, self = (int)syscall(SYS_gettid);

	init(&m, type, shared, PTHREAD_PRIO_NONE);
	SAME(pthread_mutex_consistent(&m), EINVAL);
	orphan();
	SAME(byhow(how), EOWNERDEAD);
	SAME(m.__data.__lock, self);
	SAME(m.__data.__owner, INT_MAX);
	SAME(m.__data.__nusers, 1);
	SAME(m.__data.__count, 1);
	if(recursive) {
		SAME(pthread_mutex_lock(&m), 0);
		SAME(pthread_mutex_unlock(&m), ENOTRECOVERABLE);
	} else if(type == PTHREAD_MUTEX_ERRORCHECK) {
		SAME(pthread_mutex_lock(&m), EDEADLK);
	}
	SAME(pthread_mutex_consistent(&m), 0);
	SAME(pthread_mutex_consistent(&m), EINVAL);
	SAME(m.__data.__owner, self);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(m.__data.__lock, 0);
	SAME(m.__data.__nusers, 0);
	MUST(m.__data.__list.__next == NULL && m.__data.__list.__prev == NULL);
	SAME(pthread_mutex_unlock(&m), EPERM);

	/* never made consistent, it is lost */
	orphan();
	SAME(byhow(how), EOWNERDEAD);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(m.__data.__owner, INT_MAX - 1);
	for(int i = 0; i < 4; i++)
		if(i != 1)
			SAME(byhow(i), ENOTRECOVERABLE);
	SAME(m.__data.__lock, 0);
	SAME(pthread_mutex_unlock(&m), EPERM);
	SAME(pthread_mutex_trylock(&m), ENOTRECOVERABLE); /* libc 2.36 leaves it locked then */
	if(preloaded())
		SAME(m.__data.__lock, 0);
	SAME(pthread_mutex_destroy(&m), 0);
}

static void *
finds(void *arg)
{
	int r = pthread_mutex_lock(&m);
	(void)arg;
	if(r == EOWNERDEAD) {
		SAME(pthread_mutex_unlock(&m), 0);
	} else {
		SAME(r, ENOTRECOVERABLE);
		__atomic_fetch_add(&lost, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* All who wait for one that is lost are told.  (libc 2.36 tells the first of them and leaves the others asleep.) */
static void
all(void)
{
	Thread t[WAITERS];
	int n = preloaded() ? WAITERS : 1;

	init(&m, PTHREAD_MUTEX_NORMAL, 0, PTHREAD_PRIO_NONE);
	orphan();
	SAME(pthread_mutex_lock(&m), EOWNERDEAD);
	for(int i = 0; i < n; i++)
		start(&t[i], finds, NULL);
	for(int i = 0; i < n; i++)
		asleep(&t[i]);
	SAME(pthread_mutex_unlock(&m), 0);
	for(int i = 0; i < n; i++)
		join(&t[i]);
	SAME(lost, n);
	SAME(pthread_mutex_destroy(&m), 0);
}

/* Locks all, gives some up in an order of its own, and ends. */
static void *
holdsmany(void *arg)
{
	unsigned seed = *(unsigned *)arg;
	for(int i = 0; i < MANY; i++)
		SAME(pthread_mutex_lock(&many[(i + seed) % MANY]), 0);
	for(int i = 0; i < MANY; i++)
		if(seed >> i & 1)
			SAME(pthread_mutex_unlock(&many[i * 5 % MANY]), 0);
	return NULL;
}

static void
several(void)
{
	Thread t;
	for(int i = 0; i < MANY; i++)
		init(&many[i], PTHREAD_MUTEX_NORMAL, i & 1, i % 3 == 2 ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
	for(unsigned seed = 0; seed < 1u << MANY; seed++) {
		start(&t, holdsmany, &seed);
		join(&t);
		for(int i = 0; i < MANY; i++) {
			pthread_mutex_t *p = &many[i * 5 % MANY];
			int dead = !(seed >> i & 1);
			SAME(pthread_mutex_lock(p), dead ? EOWNERDEAD : 0);
			if(dead)
				SAME(pthread_mutex_consistent(p), 0);
			if(i & 1)
				SAME(pthread_mutex_unlock(p), 0);
		}
		for(int i = 0; i < MANY; i += 2)
			SAME(pthread_mutex_unlock(&many[i * 5 % MANY]), 0);
	}
	for(int i = 0; i < MANY; i++)
		SAME(pthread_mutex_destroy(&many[i]), 0);
}

static void *
waits(void *arg)
{
	int r = 0;
	(void)arg;
	SAME(pthread_mutex_lock(&m), 0);
	while(!ready)
		r = pthread_cond_wait(&c, &m);
	SAME(r, EOWNERDEAD);
	SAME(pthread_mutex_consistent(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	return NULL;
}

static void *
signals(void *arg)
{
	(void)arg;
	SAME(pthread_mutex_lock(&m), 0);
	ready = 1;
	SAME(pthread_cond_signal(&c), 0);
	return NULL;
}

static void
condition(int type, int shared)
{
	pthread_condattr_t a;
	Thread t, u;
	pthread_condattr_init(&a);
	SAME(pthread_condattr_setpshared(&a, shared), 0);
	SAME(pthread_cond_init(&c, &a), 0);
	init(&m, type, 1, PTHREAD_PRIO_NONE);
	ready = 0;
	start(&t, waits, NULL);
	asleep(&t);
	start(&u, signals, NULL);
	join(&u);
	join(&t);
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_destroy(&m), 0);
	SAME(pthread_cond_destroy(&c), 0);
}

/* A child has none of its parent's mutexes, and its own when it dies. */
static void
forks(void)
{
	pthread_mutex_t *p = mmap(NULL, 2 * sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(p != MAP_FAILED);
	init(&p[0], PTHREAD_MUTEX_ERRORCHECK, 1, PTHREAD_PRIO_NONE);
	init(&p[1], PTHREAD_MUTEX_ERRORCHECK, 1, PTHREAD_PRIO_NONE);
	SAME(pthread_mutex_lock(&p[0]), 0);
	pid_t pid = fork();
	MUST(pid >= 0);
	if(pid == 0) {
		SAME(pthread_mutex_trylock(&p[0]), EBUSY);
		SAME(pthread_mutex_unlock(&p[0]), EPERM);
		SAME(pthread_mutex_lock(&p[1]), 0);
		kill(getpid(), SIGKILL);
	}
	SAME(childstatus(pid), -SIGKILL);
	SAME(pthread_mutex_lock(&p[1]), EOWNERDEAD);
	SAME(pthread_mutex_lock(&p[0]), EDEADLK);
	SAME(pthread_mutex_consistent(&p[1]), 0);
	SAME(pthread_mutex_unlock(&p[0]), 0);
	SAME(pthread_mutex_unlock(&p[1]), 0);
}

static void
lets(void *arg)
{
	(void)arg;
	SAME(pthread_mutex_unlock(&m), 0);
}

static void *
waitsforever(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	pthread_cleanup_push(lets, NULL);
	pthread_cond_wait(&c, &m);
	pthread_cleanup_pop(1);
	return arg;
}

/* The mutex of a wait that is cancelled is an orphan: the wait does not return to say so. */
static void
cancelled(int shared)
{
	Thread t;

	init(&m, PTHREAD_MUTEX_NORMAL, shared, PTHREAD_PRIO_NONE);
	start(&t, waitsforever, NULL);
	asleep(&t);
	orphan();
	SAME(pthread_cancel(t.id), 0);
	MUST(join(&t) == PTHREAD_CANCELED);
	SAME(pthread_mutex_trylock(&m), ENOTRECOVERABLE);
	SAME(pthread_mutex_destroy(&m), 0);
}

/* Of one that inherits priority the kernel is asked, which looks at the deadline before it says that the owner died. */
static void
baddeadlines(int shared)
{
	static const struct timespec bad[] = {{1, -1}, {1, 1000000000}, {-1, 0}};

	init(&m, PTHREAD_MUTEX_NORMAL, shared, PTHREAD_PRIO_INHERIT);
	orphan();
	for(int i = 0; i < 3; i++)
		SAME(pthread_mutex_timedlock(&m, &bad[i]), EINVAL);
	SAME(pthread_mutex_clocklock(&m, CLOCK_REALTIME, &bad[0]), EINVAL);
	SAME(pthread_mutex_timedlock(&m, &(struct timespec){1, 0}), EOWNERDEAD);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_destroy(&m), 0);
}

int
main(void)
{
	baddeadlines(0);
	baddeadlines(1);
	cancelled(0);
	cancelled(1);
	static const int types[] = {
	    PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP};

	for(int i = 0; i < 4; i++) {
		for(int shared = 0; shared < 2; shared++) {
			for(int how = 0; how < 4; how++)
				one(types[i], shared, how);
			condition(types[i], shared);
		}
	}
	all();
	several();
	forks();
	return ok();
}
