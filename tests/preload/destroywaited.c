/*
 * A mutex is destroyed while a thread waits for a condition with it: EBUSY, whosever the mutex and the condition are; but a
 * robust one is destroyed.
 */
#include "t.h"

enum { NTYPE = 4, NMUTEX = 8 * NTYPE };

typedef struct Pair {
	pthread_mutex_t m;
	pthread_cond_t c;
	Thread t;
	int robust;
} Pair;

static void *
waits(void *v)
{
	Pair *p = v;

	SAME(pthread_mutex_lock(&p->m), 0);
	SAME(pthread_cond_wait(&p->c, &p->m), 0);
	if(!p->robust)
		SAME(pthread_mutex_unlock(&p->m), 0);
	return NULL;
}

static void
destroy(int how, int sharedcond)
{
	static const int types[NTYPE] = {
	    PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP};
	Pair *p = calloc(1, sizeof *p);
	pthread_mutexattr_t a;
	pthread_condattr_t ca;

	p->robust = how / NTYPE & 1;
	SAME(pthread_mutexattr_init(&a), 0);
	SAME(pthread_mutexattr_settype(&a, types[how % NTYPE]), 0);
	SAME(pthread_mutexattr_setrobust(&a, p->robust ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED), 0);
	SAME(pthread_mutexattr_setprotocol(&a, how / NTYPE & 2 ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE), 0);
	SAME(pthread_mutexattr_setpshared(&a, how / NTYPE >> 2), 0);
	SAME(pthread_mutex_init(&p->m, &a), 0);
	SAME(pthread_condattr_init(&ca), 0);
	SAME(pthread_condattr_setpshared(&ca, sharedcond), 0);
	SAME(pthread_cond_init(&p->c, &ca), 0);
	start(&p->t, waits, p);
	asleep(&p->t);
	SAME(pthread_mutex_lock(&p->m), 0);
	SAME(pthread_mutex_unlock(&p->m), 0);
	SAME(pthread_mutex_destroy(&p->m), p->robust ? 0 : EBUSY);
	if(p->robust)
		return; /* and its waiter waits */
	SAME(pthread_mutex_lock(&p->m), 0);
	SAME(pthread_cond_signal(&p->c), 0);
	SAME(pthread_mutex_unlock(&p->m), 0);
	join(&p->t);
	SAME(pthread_mutex_destroy(&p->m), 0);
}

int
main(void)
{
	for(int i = 0; i < NMUTEX; i++)
		for(int shared = 0; shared < 2; shared++)
			destroy(i, shared);
	return ok();
}
