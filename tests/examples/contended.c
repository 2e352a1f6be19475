/*
 * A small workshop with locks worth a report: workers take orders from a queue,
 * book them in one ledger (held long by the auditor), and count them in a
 * tally that is held for an instant.  Runs for about a second.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { NWORKER = 4, NORDER = 8000, NSLOT = 16 };

static pthread_mutex_t queuelock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t notempty = PTHREAD_COND_INITIALIZER;
static pthread_cond_t notfull = PTHREAD_COND_INITIALIZER;
static int slot[NSLOT];
static unsigned head, tail;

static pthread_mutex_t ledgerlock = PTHREAD_MUTEX_INITIALIZER;
static long ledger;
static int closing;

static pthread_mutex_t tallylock = PTHREAD_MUTEX_INITIALIZER;
static long tally;

/* Something to do for about so many microseconds of processor time. */
static void
work(int us)
{
	struct timespec t;
	long end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	end = t.tv_sec * 1000000 + t.tv_nsec / 1000 + us;
	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	while(t.tv_sec * 1000000 + t.tv_nsec / 1000 < end);
}

static void
put(int order)
{
	pthread_mutex_lock(&queuelock);
	while(tail - head == NSLOT)
		pthread_cond_wait(&notfull, &queuelock);
	slot[tail++ % NSLOT] = order;
	pthread_cond_signal(&notempty);
	pthread_mutex_unlock(&queuelock);
}

static int
get(void)
{
	int order;

	pthread_mutex_lock(&queuelock);
	while(tail == head)
		pthread_cond_wait(&notempty, &queuelock);
	order = slot[head++ % NSLOT];
	pthread_cond_signal(&notfull);
	pthread_mutex_unlock(&queuelock);
	return order;
}

static void
book(int order)
{
	pthread_mutex_lock(&ledgerlock);
	ledger += order;
	work(10);
	pthread_mutex_unlock(&ledgerlock);
}

static void *
worker(void *arg)
{
	int order;

	(void)arg;
	while((order = get()) != 0) {
		work(20);
		book(order);
		pthread_mutex_lock(&tallylock);
		tally++;
		pthread_mutex_unlock(&tallylock);
	}
	return NULL;
}

/* Now and then it keeps everybody from the ledger, asleep. */
static void *
auditor(void *arg)
{
	struct timespec pause = {0, 30000000}, look = {0, 5000000};
	int done;

	(void)arg;
	do {
		nanosleep(&pause, NULL);
		pthread_mutex_lock(&ledgerlock);
		nanosleep(&look, NULL);
		done = closing;
		pthread_mutex_unlock(&ledgerlock);
	} while(!done);
	return NULL;
}

static void
start(pthread_t *t, void *(*f)(void *))
{
	if(pthread_create(t, NULL, f, NULL) != 0) {
		fprintf(stderr, "contended: no thread\n");
		exit(1);
	}
}

int
main(void)
{
	pthread_t t[NWORKER], audit;
	int i;

	start(&audit, auditor);
	for(i = 0; i < NWORKER; i++)
		start(&t[i], worker);
	for(i = 1; i <= NORDER; i++)
		put(i);
	for(i = 0; i < NWORKER; i++)
		put(0);
	for(i = 0; i < NWORKER; i++)
		pthread_join(t[i], NULL);
	pthread_mutex_lock(&ledgerlock);
	closing = 1;
	pthread_mutex_unlock(&ledgerlock);
	pthread_join(audit, NULL);
	printf("%ld orders, %ld in the ledger\n", tally, ledger);
	return 0;
}
