/*
 * What is locked in a child's handler of pthread_atfork, which was registered before the library under test began, is the
 * child's: in mutexes that know their owner, and in those that processes share.
 *
 * link: -Wl,-rpath,$ORIGIN/../lib -L$LIB -l:beforeus.so
 */
#include "t.h"

extern void (*inchild)(void);

typedef struct Shared {
	pthread_mutex_t recursive, robust, errorcheck;
} Shared;

static Shared *s;
static pthread_mutex_t own[2], prepared;

static void
make(pthread_mutex_t *m, int type, int robust, int shared)
{
	pthread_mutexattr_t a;
	SAME(pthread_mutexattr_init(&a), 0);
	SAME(pthread_mutexattr_settype(&a, type), 0);
	SAME(pthread_mutexattr_setrobust(&a, robust), 0);
	SAME(pthread_mutexattr_setpshared(&a, shared), 0);
	SAME(pthread_mutex_init(m, &a), 0);
	SAME(pthread_mutexattr_destroy(&a), 0);
}

static void
locks(void)
{
	SAME(pthread_mutex_lock(&s->recursive), 0);
	SAME(pthread_mutex_lock(&s->robust), 0);
	SAME(pthread_mutex_lock(&own[0]), 0);
	SAME(pthread_mutex_lock(&own[1]), 0);
	/* Locked by the parent's thread, which is none of this process. */
	SAME(pthread_mutex_unlock(&prepared), EPERM);
}

static void
prepare(void)
{
	SAME(pthread_mutex_lock(&prepared), 0);
}

static void
parent(void)
{
	SAME(pthread_mutex_unlock(&prepared), 0);
}

static int
child(int goon)
{
	char byte;

	SAME(pthread_mutex_lock(&own[0]), 0);
	SAME(pthread_mutex_unlock(&own[0]), 0);
	SAME(pthread_mutex_unlock(&own[0]), 0);
	SAME(pthread_mutex_lock(&own[1]), EDEADLK);
	SAME(pthread_mutex_unlock(&own[1]), 0);
	SAME(pthread_mutex_trylock(&s->recursive), 0);
	SAME(pthread_mutex_unlock(&s->recursive), 0);
	SAME(read(goon, &byte, 1), 1);
	SAME(pthread_mutex_unlock(&s->recursive), 0);
	/* With the robust one locked. */
	return 0;
}

int
main(void)
{
	int goon[2];
	pid_t pid;

	s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(s != MAP_FAILED);
	make(&s->recursive, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_SHARED);
	make(&s->robust, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_SHARED);
	make(&own[0], PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	make(&own[1], PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	make(&prepared, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	SAME(pthread_mutex_lock(&s->recursive), 0);
	SAME(pthread_mutex_unlock(&s->recursive), 0);
	SAME(pthread_atfork(prepare, parent, NULL), 0);
	inchild = locks;
	SAME(pipe(goon), 0);
	pid = fork();
	if(pid == 0)
		_exit(child(goon[0]));
	napus(20000);
	SAME(pthread_mutex_trylock(&s->recursive), EBUSY);
	SAME(pthread_mutex_trylock(&s->robust), EBUSY);
	SAME(write(goon[1], "x", 1), 1);
	SAME(childstatus(pid), 0);
	SAME(pthread_mutex_lock(&s->robust), EOWNERDEAD);
	SAME(pthread_mutex_trylock(&s->recursive), 0);
	return ok();
}
