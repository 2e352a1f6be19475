/*
 * What two hot mutexes lose when they fall into one bucket of the wait table: bucket [THREADS [ROUNDS [MS]]]
 *
 * 64 threads, half of them at each of two mutexes, which share a bucket or do not, in turn; one line, with the median of
 * the rounds of both and the loss.  A benchmark: it fails for nothing.  The bucket of an address is found as compat/waitq.c
 * does.  Natively both are the same: that figure is the noise.
 */
#include "../preload/t.h"

static pthread_mutex_t m[8192];
static _Atomic int stop;
static _Atomic long count;

static unsigned
bucketof(const void *key)
{
	return (unsigned)((uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15u >> 54);
}

static void *
work(void *arg)
{
	long n = 0;
	while(!atomic_load_explicit(&stop, memory_order_relaxed)) {
		SAME(pthread_mutex_lock(arg), 0);
		for(volatile int i = 0; i < 50; i++)
			;
		SAME(pthread_mutex_unlock(arg), 0);
		for(volatile int i = 0; i < 50; i++)
			;
		n++;
	}
	atomic_fetch_add_explicit(&count, n, memory_order_relaxed);
	return NULL;
}

static double
run(pthread_mutex_t *a, pthread_mutex_t *b, int threads, int ms)
{
	static Thread t[1024];
	struct timespec from, to;

	atomic_store(&stop, 0);
	atomic_store(&count, 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for(int i = 0; i < threads; i++)
		start(&t[i], work, i % 2 ? a : b);
	napus(ms * 1000L);
	atomic_store(&stop, 1);
	for(int i = 0; i < threads; i++)
		join(&t[i]);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (double)count / ((double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
}

static int
less(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 64, rounds = argc > 2 ? atoi(argv[2]) : 9;
	int ms = argc > 3 ? atoi(argv[3]) : 300, same = 64, other = 64;
	double one[99], two[99];

	MUST(threads > 0 && threads <= 1024 && rounds > 0 && rounds < 100);
	/* Far enough from the first for its cache line. */
	while(bucketof(&m[same]) != bucketof(&m[0]))
		MUST(++same < 8192);
	while(bucketof(&m[other]) == bucketof(&m[0]))
		other++;
	for(int i = 0; i < rounds; i++) {
		one[i] = run(&m[0], &m[same], threads, ms);
		two[i] = run(&m[0], &m[other], threads, ms);
	}
	qsort(one, (size_t)rounds, sizeof one[0], less);
	qsort(two, (size_t)rounds, sizeof two[0], less);
	printf("%d threads: one bucket %.0f a second, two buckets %.0f, loss %.1f %%\n", threads, one[rounds / 2],
	    two[rounds / 2], 100 * (1 - one[rounds / 2] / two[rounds / 2]));
	return 0;
}
