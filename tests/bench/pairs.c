/*
 * What a pair of calls costs that nobody contends: the median of slices, for a slice in which the thread lost its
 * processor says nothing.  Once with the process single-threaded, where libc leaves its atomics out, and once with a second thread.
 */
#include "lab.h"

enum { REPEAT = 4096, SLICES = 256 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_spinlock_t spin;
static sem_t sem;

/* Called as a lock is, and of one instruction. */
int libcall(int) __asm__("toascii");

/* What none can do without, however it is made: a call of a library, or two with an atomic each. */
static atomic_int word;

static void
lockfloor(void)
{
	int free = 0;

	libcall(0);
	atomic_compare_exchange_strong_explicit(&word, &free, 1, memory_order_acquire, memory_order_relaxed);
}

static void
unlockfloor(void)
{
	libcall(0);
	atomic_fetch_and_explicit(&word, 0, memory_order_release);
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The calls themselves must stand in the loop: a function for each would cost what is measured. */
#define PAIR(name, ...) \
	do { \
		double slice[SLICES], end = now() + period / 4, begun; \
		int n = 0; \
		do { \
			begun = now(); \
			for(int i = 0; i < REPEAT; i++) { \
				__VA_ARGS__; \
			} \
			slice[n++] = (now() - begun) / REPEAT * 1e9; \
		} while(n < SLICES && now() < end); \
		qsort(slice, (size_t)n, sizeof *slice, ascending); \
		say(name, slice[n / 2], "ns"); \
	} while(0)

static void
kind(const char *name, int type)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t m;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, type);
	pthread_mutex_init(&m, &attr);
	PAIR(name, pthread_mutex_lock(&m); pthread_mutex_unlock(&m));
	pthread_mutex_destroy(&m);
}

static void
nothing(void)
{
}

static void *
idle(void *arg)
{
	for(;;)
		pause();
	return arg;
}

void
pairs(char **arg)
{
	pthread_t t;

	if(atoi(arg[0]) > 1)
		make(&t, idle, NULL);
	sem_init(&sem, 0, 0);
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	PAIR("mutex", pthread_mutex_lock(&mutex); pthread_mutex_unlock(&mutex));
	kind("recursive", PTHREAD_MUTEX_RECURSIVE);
	kind("errorcheck", PTHREAD_MUTEX_ERRORCHECK);
	kind("adaptive", PTHREAD_MUTEX_ADAPTIVE_NP);
	PAIR("trylock", pthread_mutex_trylock(&mutex); pthread_mutex_unlock(&mutex));
	PAIR("rdlock", pthread_rwlock_rdlock(&rwlock); pthread_rwlock_unlock(&rwlock));
	PAIR("wrlock", pthread_rwlock_wrlock(&rwlock); pthread_rwlock_unlock(&rwlock));
	PAIR("sem", sem_post(&sem); sem_wait(&sem));
	PAIR("once", pthread_once(&once, nothing));
	PAIR("signal", pthread_cond_signal(&cond));
	PAIR("broadcast", pthread_cond_broadcast(&cond));
	PAIR("spin", pthread_spin_lock(&spin); pthread_spin_unlock(&spin));
	PAIR("floor", lockfloor(); unlockfloor());
	PAIR("call", libcall(0));
}
