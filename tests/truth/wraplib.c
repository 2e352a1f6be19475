/*
 * A wrapper library: the program locks through it, and its return address is
 * all that a lock call sees at once.
 */
#include <pthread.h>

int
wraplock(pthread_mutex_t *m)
{
	int r = pthread_mutex_lock(m); /* site: lock */
	return r + (m == NULL);
}

int
wrapunlock(pthread_mutex_t *m)
{
	int r = pthread_mutex_unlock(m); /* site: unlock */
	return r + (m == NULL);
}
