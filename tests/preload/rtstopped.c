/*
 * Threads of real-time policies, and one of none, wait for a mutex, and some of them are stopped there by a signal's handler, as a
 * collector stops them: whoever is not stopped gets the mutex all the same.
 */
#include "t.h"

enum { WAITERS = 6, HIGHEST = 20, LAPS = 3 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int resume, stopped, over;
static _Atomic long laps[WAITERS];
static _Thread_local volatile int holding;
static int rounds = 100;

/* While it has the mutex it is not stopped, as far as it knows. */
static void
stophere(int sig)
{
	int keep = errno, until = atomic_load_explicit(&resume, memory_order_acquire) + 1;

	(void)sig;
	atomic_fetch_add_explicit(&stopped, 1, memory_order_release);
	while(!holding && atomic_load_explicit(&resume, memory_order_acquire) != until)
		napus(100);
	errno = keep;
}

static void
starts(Thread *t, int i, void *(*f)(void *))
{
	start(t, f, (void *)(long)i);
	SAME(pthread_setschedparam(t->id,
		 i == 0	 ? SCHED_OTHER
		 : i % 2 ? SCHED_FIFO
			 : SCHED_RR,
		 &(struct sched_param){i / 2 + (i != 0)}),
	    0);
}

static void
stop(Thread *t, int n)
{
	atomic_store_explicit(&stopped, 0, memory_order_relaxed);
	for(int i = 0; i < n; i++)
		SAME(pthread_kill(t[i].id, SIGUSR1), 0);
	UNTIL(atomic_load_explicit(&stopped, memory_order_acquire) == n);
}

static void
use(void)
{
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
}

static void *
once(void *arg)
{
	use();
	return arg;
}

/* The first to be chosen, the last, or those between, sleep and are stopped before they are chosen. */
static void
asleepandstopped(int from, int n)
{
	Thread t[WAITERS];

	SAME(pthread_mutex_lock(&m), 0);
	for(int i = 0; i < WAITERS; i++) {
		starts(&t[i], i, once);
		asleep(&t[i]);
	}
	stop(&t[from], n);
	SAME(pthread_mutex_unlock(&m), 0);
	use();
	for(int i = 0; i < WAITERS; i++)
		if(i < from || i >= from + n)
			join(&t[i]);
	use();
	atomic_fetch_add_explicit(&resume, 1, memory_order_release);
	for(int i = from; i < from + n; i++)
		join(&t[i]);
}

static void *
again(void *arg)
{
	long i = (long)arg;

	for(unsigned s = (unsigned)i + 1; !atomic_load_explicit(&over, memory_order_acquire);) {
		SAME(pthread_mutex_lock(&m), 0);
		holding = 1;
		if(rnd(&s) % 4 == 0)
			napus(rnd(&s) % 100);
		holding = 0;
		SAME(pthread_mutex_unlock(&m), 0);
		atomic_fetch_add_explicit(&laps[i], 1, memory_order_release);
		napus(rnd(&s) % 100);
	}
	return NULL;
}

/*
 * Until those that are not stopped, all but n from there, have each had the mutex some more times; 0 if one was stopped that has it:
 * then nobody has come by it for a second, and its word (ours, shim/mutex.h) says that it is held.  If it is free for ten
 * that is a failure.
 */
static int
goon(int from, int n)
{
	long was[WAITERS], sum, before = -1;
	int behind, idle = 0;

	for(int i = 0; i < WAITERS; i++)
		was[i] = atomic_load_explicit(&laps[i], memory_order_acquire);
	for(;;) {
		behind = 0;
		sum = 0;
		for(int i = 0; i < WAITERS; i++) {
			long now = atomic_load_explicit(&laps[i], memory_order_acquire);

			behind |= (i < from || i >= from + n) && now < was[i] + LAPS;
			sum += now;
		}
		if(!behind)
			return 1;
		idle = sum == before ? idle + 1 : 0;
		before = sum;
		if(idle > 5000 && (*(volatile int *)&m & 1))
			return 0;
		MUST(idle < 50000);
		napus(200);
	}
}

/* Wherever they are.  (Under libc one that was woken and is stopped before it has the mutex keeps the others waiting.) */
static void
anywhere(void)
{
	Thread t[WAITERS];
	unsigned s = 1;

	for(int i = 0; i < WAITERS; i++)
		starts(&t[i], i, again);
	for(int k = 0; k < rounds; k++) {
		int n = 1 + (int)(rnd(&s) % (WAITERS - 1)), from = (int)(rnd(&s) % (unsigned)(WAITERS - n + 1));

		stop(&t[from], n);
		if(goon(from, n))
			use();
		atomic_fetch_add_explicit(&resume, 1, memory_order_release);
		napus(1000);
	}
	atomic_store_explicit(&over, 1, memory_order_release);
	for(int i = 0; i < WAITERS; i++)
		join(&t[i]);
}

int
main(void)
{
	if(pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){HIGHEST}) != 0)
		return skipped("no real-time policy is permitted");
	if(getenv("ROUNDS") != NULL)
		rounds = atoi(getenv("ROUNDS"));
	SAME(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = stophere, .sa_flags = SA_RESTART}, NULL), 0);
	for(int from = 0; from < WAITERS; from++)
		for(int n = 1; n < WAITERS && from + n <= WAITERS; n++)
			asleepandstopped(from, n);
	if(preloaded())
		anywhere();
	return ok();
}
