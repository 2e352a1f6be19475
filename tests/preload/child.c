/*
 * A small program of threads and locks that is built in many ways, for children that inherit the preload: by musl,
 * statically, with sanitizers.
 */
#include "t.h"

enum { ROUNDS = 2000 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_barrier_t b;
static sem_t s;
static int n, turn, onces;

static void
init(void)
{
	onces++;
}

static void *
alternate(void *arg)
{
	int me = arg != NULL;

	SAME(pthread_once(&once, init), 0);
	pthread_barrier_wait(&b);
	for(int i = 0; i < ROUNDS; i++) {
		SAME(pthread_mutex_lock(&m), 0);
		while(turn != me)
			SAME(pthread_cond_wait(&c, &m), 0);
		turn = !me;
		n++;
		SAME(pthread_cond_signal(&c), 0);
		SAME(pthread_mutex_unlock(&m), 0);
		SAME(pthread_rwlock_rdlock(&l), 0);
		SAME(pthread_rwlock_unlock(&l), 0);
	}
	SAME(sem_post(&s), 0);
	return NULL;
}

int
main(void)
{
	Thread t[2];

	SAME(pthread_barrier_init(&b, NULL, 2), 0);
	SAME(sem_init(&s, 0, 0), 0);
	start(&t[0], alternate, NULL);
	start(&t[1], alternate, t);
	SAME(sem_wait(&s), 0);
	SAME(sem_wait(&s), 0);
	join(&t[0]);
	join(&t[1]);
	SAME(n, 2 * ROUNDS);
	SAME(onces, 1);
	return ok();
}
