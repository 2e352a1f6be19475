/*
 * glibc puts a bit into a mutex's kind, 256, where it elides locks: in a static initialiser and in a copy of one it is as a
 * normal mutex to the library that reads it.  Natively such a mutex is an illegal instruction where the processor has no
 * transactions, so only ours is asked.
 */
#include "t.h"

enum { ELISION = 256 };

static pthread_mutex_t still = {{.__kind = ELISION}}, copied;
static long n;

static void *
count(void *arg)
{
	for(int i = 0; i < 5000; i++) {
		SAME(pthread_mutex_lock(arg), 0);
		n++;
		SAME(pthread_mutex_unlock(arg), 0);
	}
	return NULL;
}

static void
excludes(pthread_mutex_t *m)
{
	struct timespec d = in(CLOCK_REALTIME, 1);
	Thread t[2];

	SAME(pthread_mutex_lock(m), 0);
	SAME(pthread_mutex_trylock(m), EBUSY);
	SAME(pthread_mutex_timedlock(m, &d), ETIMEDOUT);
	n = 0;
	for(int i = 0; i < 2; i++)
		start(&t[i], count, m);
	asleep(&t[0]);
	asleep(&t[1]);
	SAME(n, 0);
	SAME(pthread_mutex_unlock(m), 0);
	for(int i = 0; i < 2; i++)
		join(&t[i]);
	SAME(n, 10000);
	SAME(pthread_mutex_destroy(m), 0);
}

int
main(void)
{
	static const pthread_mutex_t pattern = {{.__kind = ELISION}};

	if(!preloaded())
		return ok();
	excludes(&still);
	memcpy(&copied, &pattern, sizeof copied);
	excludes(&copied);
	return ok();
}
