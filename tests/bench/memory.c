/*
 * What locks and threads cost in memory: how much more of it is in use after the first use of many locks that nobody contends, and with
 * many threads that have waited.  The difference to the native figure is the library's.
 */
#include "lab.h"

enum { LOCKS = 100000, THREADS = 256 };

static pthread_mutex_t locks[LOCKS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int waiting, done;

/* Resident bytes: private ones and those of mapped files. */
static double
resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long size, pages;

	if(f == NULL || fscanf(f, "%ld %ld", &size, &pages) != 2)
		die("no /proc/self/statm");
	fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void *
waitonce(void *arg)
{
	pthread_mutex_lock(&mutex);
	waiting++;
	while(!done)
		pthread_cond_wait(&cond, &mutex);
	pthread_mutex_unlock(&mutex);
	return arg;
}

void
memory(char **arg)
{
	static pthread_t t[THREADS];
	double before;

	(void)arg;
	memset(locks, 1, sizeof locks);
	memset(locks, 0, sizeof locks);
	resident();
	before = resident();
	for(int i = 0; i < LOCKS; i++) {
		pthread_mutex_init(&locks[i], NULL);
		pthread_mutex_lock(&locks[i]);
		pthread_mutex_unlock(&locks[i]);
	}
	say("lock", (resident() - before) / LOCKS, "bytes");
	before = resident();
	for(int i = 0; i < THREADS; i++)
		make(&t[i], waitonce, NULL);
	for(int n = 0; n < THREADS;) {
		nap(1e-3);
		pthread_mutex_lock(&mutex);
		n = waiting;
		pthread_mutex_unlock(&mutex);
	}
	nap(0.02);
	say("thread", (resident() - before) / THREADS, "bytes");
	pthread_mutex_lock(&mutex);
	done = 1;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mutex);
	for(int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
}
