/*
 * A process-shared condition variable, with a private mutex in one process and
 * with a shared one between processes; waiters time out and
 * are signalled.
 */
#include "t.h"

enum { WAITERS = 3, ROUNDS = 200 };

typedef struct Shared {
	pthread_mutex_t m;
	pthread_cond_t c;
	int ready, done;
} Shared;

static pthread_mutex_t private = PTHREAD_MUTEX_INITIALIZER;
static Shared *s;

static void
take(pthread_mutex_t *m, int timed)
{
	for(int i = 0; i < ROUNDS; i++) {
		SAME(pthread_mutex_lock(m), 0);
		while(s->ready == 0) {
			struct timespec d = in(CLOCK_MONOTONIC, 1);
			int r = timed ? pthread_cond_clockwait(&s->c, m, CLOCK_MONOTONIC, &d)
				      : pthread_cond_wait(&s->c, m);
			MUST(r == 0 || (timed && r == ETIMEDOUT));
		}
		s->ready--;
		s->done++;
		SAME(pthread_mutex_unlock(m), 0);
	}
}

static void
give(pthread_mutex_t *m)
{
	unsigned seed = 5;
	for(int sent = 0; sent < WAITERS * ROUNDS; sent++) {
		SAME(pthread_mutex_lock(m), 0);
		s->ready++;
		int inside = rnd(&seed) % 2;
		if(!inside)
			SAME(pthread_mutex_unlock(m), 0);
		SAME(rnd(&seed) % 4 ? pthread_cond_signal(&s->c) : pthread_cond_broadcast(&s->c), 0);
		if(inside)
			SAME(pthread_mutex_unlock(m), 0);
	}
}

static void *
threadtake(void *arg)
{
	take(&private, arg != NULL);
	return NULL;
}

static void
check(void)
{
	SAME(s->done, WAITERS * ROUNDS);
	SAME(s->ready, 0);
	s->done = 0;
}

static void
processes(void)
{
	pid_t pid[WAITERS];
	for(int i = 0; i < WAITERS; i++)
		if((pid[i] = fork()) == 0) {
			take(&s->m, i == 1);
			_exit(0);
		}
	give(&s->m);
	for(int i = 0; i < WAITERS; i++)
		SAME(childstatus(pid[i]), 0);
	check();
}

int
main(void)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	Thread t[WAITERS];

	s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(s != MAP_FAILED);
	pthread_mutexattr_init(&ma);
	SAME(pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_mutex_init(&s->m, &ma), 0);
	pthread_condattr_init(&ca);
	SAME(pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_cond_init(&s->c, &ca), 0);

	for(int i = 0; i < WAITERS; i++)
		start(&t[i], threadtake, i == 1 ? &t : NULL);
	give(&private);
	for(int i = 0; i < WAITERS; i++)
		join(&t[i]);
	check();
	processes();
	return ok();
}
