/*
 * How long a mutex is held: by two threads that contend, one hold in PERIOD long
 * (2: they alternate; 64: one in 64), by the count of all holds.  A sampler that
 * takes every n-th sees only one sort.  Where the system allows it the threads are
 * real-time ones, so that no hold is stretched by others; they pause in between.
 */
#include "truth.h"

enum { THREADS = 2, SHORT = 3000, LONG = 24000, OPS = 80000, BURST = 20000000, PAUSE = 5000 };

typedef struct Measured {
	pthread_mutex_t m;
	int period;
	/* under m */
	long n, stretched;
	double sum, noise, calm;
} Measured;

static Measured two = {.m = PTHREAD_MUTEX_INITIALIZER, .period = 2};
static Measured many = {.m = PTHREAD_MUTEX_INITIALIZER, .period = 64};

static void *
hold(void *arg)
{
	Measured *x = arg;
	int64_t pause = now() + BURST;
	sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){1});
	for(int over = 0; !over;) {
		SAME(pthread_mutex_lock(&x->m), 0);
		int64_t t = now();
		busyuntil(t + (x->n % x->period == 0 ? LONG : SHORT));
		double d = (double)(now() - t);
		x->n++;
		x->sum += d;
		if(d > 2 * LONG) {
			x->noise += d * d;
			x->stretched++;
		} else {
			x->calm += d;
		}
		over = x->n >= OPS * (x->period == 2 ? 1 : 3);
		SAME(pthread_mutex_unlock(&x->m), 0);
		busyuntil(now() + 1000);
		if(now() > pause) {
			napus(PAUSE);
			pause = now() + BURST;
		}
	}
	return NULL;
}

static Lock
measure(Measured *x)
{
	Thread t[THREADS];
	for(int i = 0; i < THREADS; i++)
		start(&t[i], hold, x);
	for(int i = 0; i < THREADS; i++)
		join(&t[i]);
	return (Lock){.address = &x->m,
	    .kind = "mutex",
	    .waitslow = 1,
	    .waitshigh = x->n,
	    .acquired = x->n,
	    .others = 1,
	    .holds = x->n,
	    .holdmean = x->sum / (double)x->n,
	    .holdnoise = x->noise / (double)x->n,
	    .holdlimit = 2 * LONG,
	    .holdcalm = x->calm / (double)(x->n - x->stretched)};
}

int
main(void)
{
	Lock l[2];
	l[0] = measure(&two);
	l[1] = measure(&many);
	print(l, 2);
	return 0;
}
