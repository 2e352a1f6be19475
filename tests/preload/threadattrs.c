/* As attrs.c, of threads: their attributes, and the clocks of waits. */
#include "attrs.h"

int setaffinity3(pthread_attr_t *, const cpu_set_t *);
int setaffinity4(pthread_attr_t *, size_t, const cpu_set_t *);
__asm__(".symver setaffinity3, pthread_attr_setaffinity_np@GLIBC_2.3.3\n"
	".symver setaffinity4, pthread_attr_setaffinity_np@GLIBC_2.3.4\n");

static const size_t sizes[] = {0, 1, 4095, 4096, 16383, 16384, 16385, 65536, 1 << 20, SIZE_MAX};
#define EACHSIZE(v) for(size_t i_ = 0; i_ < sizeof sizes / sizeof sizes[0] && (v = sizes[i_], 1); i_++)

static sem_t go, done; /* one of the two prints at a time */

static void *
nothing(void *arg)
{
	pthread_attr_t a;
	size_t n;

	sem_wait(&go);
	SHOW(pthread_getattr_np(pthread_self(), &a));
	SHOW(pthread_attr_getstacksize(&a, &n));
	SHOW(n);
	SHOW(pthread_attr_getguardsize(&a, &n));
	SHOW(n);
	pthread_attr_destroy(&a);
	sem_post(&done);
	return arg;
}

/* The attribute made a thread, or did not. */
static void
thread(const pthread_attr_t *a)
{
	pthread_t t;
	int detached = 0, r = pthread_create(&t, a, nothing, NULL);

	SHOW(r);
	if(r != 0)
		return;
	sem_post(&go);
	sem_wait(&done);
	if(a != NULL)
		pthread_attr_getdetachstate(a, &detached);
	if(!detached)
		SHOW(pthread_join(t, NULL));
}

static void
settings(void)
{
	struct sched_param p = {0};
	pthread_attr_t a;
	int v, got;
	size_t n, size;

	SHOW(pthread_attr_init(&a));
#define ATTR(set, get) \
	EACH(v) \
	{ \
		got = -7; \
		say(#set "(%d)", v); \
		SHOW(set(&a, v)); \
		SHOW(get(&a, &got)); \
		SHOW(got); \
	}
	ATTR(pthread_attr_setinheritsched, pthread_attr_getinheritsched)
	ATTR(pthread_attr_setschedpolicy, pthread_attr_getschedpolicy)
	ATTR(pthread_attr_setscope, pthread_attr_getscope)
	EACH(v)
	{
		p.sched_priority = v;
		say("priority %d", v);
		for(int policy = SCHED_OTHER; policy <= SCHED_RR; policy++) {
			SHOW(pthread_attr_setschedpolicy(&a, policy));
			SHOW(pthread_attr_setschedparam(&a, &p));
		}
		SHOW(pthread_attr_getschedparam(&a, &p));
		SHOW(p.sched_priority);
	}
	pthread_attr_destroy(&a);

	SHOW(pthread_attr_init(&a));
	thread(&a);
	ATTR(pthread_attr_setdetachstate, pthread_attr_getdetachstate)
	SHOW(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED));
	thread(&a);
	SHOW(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_JOINABLE));
	EACHSIZE(size)
	{
		say("sizes %zu", size);
		SHOW(pthread_attr_setstacksize(&a, size));
		SHOW(pthread_attr_getstacksize(&a, &n));
		SHOW(n);
		SHOW(pthread_attr_setstack(&a, (void *)64, size));
		SHOW(pthread_attr_setstack(&a, (void *)65, size));
	}
	pthread_attr_destroy(&a);
	SHOW(pthread_attr_init(&a));
	EACHSIZE(size)
	{
		say("guard %zu", size);
		SHOW(pthread_attr_setguardsize(&a, size));
		SHOW(pthread_attr_getguardsize(&a, &n));
		SHOW(n);
		if(size <= 65536)
			thread(&a);
	}
	pthread_attr_destroy(&a);
}

static void
stacksandmasks(void)
{
	static _Alignas(16) char stack[1 << 18];
	cpu_set_t set, back;
	pthread_attr_t a;
	sigset_t mask;
	void *addr;
	size_t n;

	SHOW(pthread_attr_init(&a));
	SHOW(pthread_attr_setstack(&a, stack, sizeof stack));
	SHOW(pthread_attr_getstack(&a, &addr, &n));
	SHOW(addr == stack && n == sizeof stack);
	thread(&a);
	SHOW(pthread_attr_getsigmask_np(&a, &mask));
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	SHOW(pthread_attr_setsigmask_np(&a, &mask));
	SHOW(pthread_attr_getsigmask_np(&a, &mask));
	SHOW(sigismember(&mask, SIGUSR1));
	thread(&a);
	SHOW(pthread_attr_setsigmask_np(&a, NULL));
	SHOW(pthread_attr_getsigmask_np(&a, &mask));
	CPU_ZERO(&set);
	SHOW(pthread_attr_setaffinity_np(&a, sizeof set, &set));
	thread(&a);
	CPU_SET(0, &set);
	SHOW(pthread_attr_setaffinity_np(&a, sizeof set, &set));
	SHOW(pthread_attr_setaffinity_np(&a, 1, &set));
	SHOW(setaffinity3(&a, &set));
	SHOW(setaffinity4(&a, sizeof set, &set));
	for(n = 0; n < 32; n = n * 2 + 1)
		SHOW(pthread_attr_getaffinity_np(&a, n, &back));
	SHOW(pthread_attr_getaffinity_np(&a, sizeof back, &back));
	SHOW(CPU_EQUAL(&set, &back));
	SHOW(pthread_attr_setaffinity_np(&a, 0, &set));
	pthread_attr_destroy(&a);

	SHOW(pthread_getattr_default_np(&a));
	SHOW(pthread_attr_getstacksize(&a, &n));
	SHOW(n);
	SHOW(pthread_attr_setstacksize(&a, 1 << 17));
	SHOW(pthread_setattr_default_np(&a));
	thread(NULL);
	SHOW(pthread_attr_setstack(&a, stack, sizeof stack));
	SHOW(pthread_setattr_default_np(&a));
	pthread_attr_destroy(&a);
}

/* A clock or a deadline that is none, and the object free or not: which is looked at first? */
static void
clocks(void)
{
	static const clockid_t clock[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
	    CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_TAI, 77, -1, INT_MIN};
	static const struct timespec at[] = {{0, 0}, {-1, 0}, {1, -1}, {1, 1000000000}, {LONG_MIN, 0}, {1, LONG_MAX}};
	pthread_mutex_t m = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP, normal = PTHREAD_MUTEX_INITIALIZER;
	pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;
	sem_t s;

	sem_init(&s, 0, 0);
	for(size_t i = 0; i < sizeof clock / sizeof clock[0]; i++)
		for(size_t j = 0; j < sizeof at / sizeof at[0]; j++)
			for(int held = 0; held < 2; held++) {
				say("clock %d at %ld.%ld held %d", (int)clock[i], (long)at[j].tv_sec,
				    (long)at[j].tv_nsec, held);
				if(held) {
					pthread_mutex_lock(&m);
					pthread_mutex_lock(&normal);
				} else
					sem_post(&s);
				SHOW(pthread_mutex_clocklock(&m, clock[i], &at[j]));
				SHOW(pthread_mutex_unlock(&m));
				SHOW(pthread_mutex_clocklock(&normal, clock[i], &at[j]));
				SHOW(pthread_mutex_timedlock(&normal, &at[j]));
				pthread_mutex_unlock(&normal);
				pthread_mutex_lock(&normal);
				SHOW(pthread_cond_clockwait(&c, &normal, clock[i], &at[j]));
				SHOW(pthread_cond_timedwait(&c, &normal, &at[j]));
				SHOW(pthread_mutex_trylock(&normal));
				pthread_mutex_unlock(&normal);
				SHOW(pthread_cond_clockwait(&c, &m, clock[i], &at[j]));
				ERRNO(sem_clockwait(&s, clock[i], &at[j]));
				ERRNO(sem_timedwait(&s, &at[j]));
				while(sem_trywait(&s) == 0)
					;
				if(held)
					pthread_rwlock_wrlock(&l);
				SHOW(pthread_rwlock_clockrdlock(&l, clock[i], &at[j]));
				SHOW(pthread_rwlock_timedrdlock(&l, &at[j]));
				SHOW(pthread_rwlock_clockwrlock(&l, clock[i], &at[j]));
				SHOW(pthread_rwlock_timedwrlock(&l, &at[j]));
				SHOW(pthread_rwlock_trywrlock(&l));
				memset(&l, 0, sizeof l);
			}
}

int
main(void)
{
	settings();
	stacksandmasks();
	clocks();
	return 0;
}
