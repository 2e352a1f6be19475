/*
 * What a caught signal does to every wait, with SA_RESTART and without: one line each, the same natively and under the
 * library (caught.sh compares).  A thread waits; it is sent signals until handlers have run, each when it sleeps; then the
 * wait is ended as it should be, unless a signal has ended it.
 */
#include "t.h"

enum { SIGNALS = 4 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, rec = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP,
		       cm = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t bar;
static sem_t sem;
static int go;
static _Atomic int caught, over;

static void catch(int sig)
{
	(void)sig;
	atomic_fetch_add_explicit(&caught, 1, memory_order_release);
}

/* Each returns what its wait said; its object is taken by main until the signals have come. */
#define FAR(clock) \
	&(struct timespec) \
	{ \
		in(clock, 100000).tv_sec, 0 \
	}
static int
mutex(void)
{
	return pthread_mutex_lock(&m);
}
static int
mutextimed(void)
{
	return pthread_mutex_timedlock(&m, FAR(CLOCK_REALTIME));
}
static int
mutexclock(void)
{
	return pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, FAR(CLOCK_MONOTONIC));
}
static int
recursive(void)
{
	return pthread_mutex_lock(&rec);
}
static int
rd(void)
{
	return pthread_rwlock_rdlock(&rw);
}
static int
rdtimed(void)
{
	return pthread_rwlock_timedrdlock(&rw, FAR(CLOCK_REALTIME));
}
static int
rdclock(void)
{
	return pthread_rwlock_clockrdlock(&rw, CLOCK_MONOTONIC, FAR(CLOCK_MONOTONIC));
}
static int
wr(void)
{
	return pthread_rwlock_wrlock(&rw);
}
static int
wrtimed(void)
{
	return pthread_rwlock_timedwrlock(&rw, FAR(CLOCK_REALTIME));
}
static int
wrclock(void)
{
	return pthread_rwlock_clockwrlock(&rw, CLOCK_MONOTONIC, FAR(CLOCK_MONOTONIC));
}
static int
barrier(void)
{
	return pthread_barrier_wait(&bar) > 0;
}
static int
semwait(void)
{
	return sem_wait(&sem) == 0 ? 0 : errno;
}
static int
semtimed(void)
{
	return sem_timedwait(&sem, FAR(CLOCK_REALTIME)) == 0 ? 0 : errno;
}
static int
semclock(void)
{
	return sem_clockwait(&sem, CLOCK_MONOTONIC, FAR(CLOCK_MONOTONIC)) == 0 ? 0 : errno;
}
static int
semclockreal(void)
{
	return sem_clockwait(&sem, CLOCK_REALTIME, FAR(CLOCK_REALTIME)) == 0 ? 0 : errno;
}

/* Ends early, that is with nothing to go on for, only if a signal ended it. */
static int
condends(int how)
{
	int r = 0, early = 0;
	SAME(pthread_mutex_lock(&cm), 0);
	while(!go && r == 0) {
		r = how == 0   ? pthread_cond_wait(&c, &cm)
		    : how == 1 ? pthread_cond_timedwait(&c, &cm, FAR(CLOCK_REALTIME))
			       : pthread_cond_clockwait(&c, &cm, CLOCK_MONOTONIC, FAR(CLOCK_MONOTONIC));
		early += !go;
	}
	SAME(pthread_mutex_unlock(&cm), 0);
	return r + 1000 * early;
}
static int
cond(void)
{
	return condends(0);
}
static int
condtimed(void)
{
	return condends(1);
}
static int
condclock(void)
{
	return condends(2);
}

static const struct Sort {
	const char *name;
	int (*wait)(void);
	int object; /* what is released for it: m, rec, rw, c, bar or sem */
} sorts[] = {
    {"pthread_mutex_lock", mutex, 'm'},
    {"pthread_mutex_timedlock", mutextimed, 'm'},
    {"pthread_mutex_clocklock", mutexclock, 'm'},
    {"pthread_mutex_lock, recursive", recursive, 'r'},
    {"pthread_rwlock_rdlock", rd, 'w'},
    {"pthread_rwlock_timedrdlock", rdtimed, 'w'},
    {"pthread_rwlock_clockrdlock", rdclock, 'w'},
    {"pthread_rwlock_wrlock", wr, 'w'},
    {"pthread_rwlock_timedwrlock", wrtimed, 'w'},
    {"pthread_rwlock_clockwrlock", wrclock, 'w'},
    {"pthread_cond_wait", cond, 'c'},
    {"pthread_cond_timedwait", condtimed, 'c'},
    {"pthread_cond_clockwait", condclock, 'c'},
    {"pthread_barrier_wait", barrier, 'b'},
    {"sem_wait", semwait, 's'},
    {"sem_timedwait", semtimed, 's'},
    {"sem_clockwait, monotonic", semclock, 's'},
    {"sem_clockwait, realtime", semclockreal, 's'},
};

static void *
waits(void *arg)
{
	const struct Sort *s = arg;
	int r = s->wait();
	atomic_store_explicit(&over, 1, memory_order_release);
	if(r == 0 && s->object == 'm')
		SAME(pthread_mutex_unlock(&m), 0);
	if(r == 0 && s->object == 'r')
		SAME(pthread_mutex_unlock(&rec), 0);
	if(r == 0 && s->object == 'w')
		SAME(pthread_rwlock_unlock(&rw), 0);
	return (void *)(long)r;
}

static void
release(int object)
{
	switch(object) {
	case 'm':
		SAME(pthread_mutex_unlock(&m), 0);
		break;
	case 'r':
		SAME(pthread_mutex_unlock(&rec), 0);
		break;
	case 'w':
		SAME(pthread_rwlock_unlock(&rw), 0);
		break;
	case 'c':
		SAME(pthread_mutex_lock(&cm), 0);
		go = 1;
		SAME(pthread_cond_signal(&c), 0);
		SAME(pthread_mutex_unlock(&cm), 0);
		break;
	case 'b':
		pthread_barrier_wait(&bar);
		break;
	case 's':
		SAME(sem_post(&sem), 0);
		break;
	}
}

/* Asleep, or through with its wait. */
static int
sleeps(Thread *t)
{
	char path[64], now[200];
	int same = 0;

	snprintf(
	    path, sizeof path, "/proc/self/task/%d/syscall", (int)atomic_load_explicit(&t->tid, memory_order_acquire));
	while(same < 5 && !atomic_load_explicit(&over, memory_order_acquire)) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, now, sizeof now - 1);
		if(fd >= 0)
			close(fd);
		now[n < 0 ? 0 : n] = 0;
		same = atoi(now) == SYS_futex && strchr(now, ' ') ? same + 1 : 0;
		napus(200);
	}
	return !atomic_load_explicit(&over, memory_order_acquire);
}

static void
one(const struct Sort *s, int flags)
{
	Thread t;
	int n, r;

	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = catch, .sa_flags = flags}, NULL);
	go = 0;
	atomic_store_explicit(&over, 0, memory_order_relaxed);
	atomic_store_explicit(&caught, 0, memory_order_relaxed);
	if(s->object == 'm')
		SAME(pthread_mutex_lock(&m), 0);
	if(s->object == 'r')
		SAME(pthread_mutex_lock(&rec), 0);
	if(s->object == 'w')
		SAME(pthread_rwlock_wrlock(&rw), 0);
	start(&t, waits, (void *)(uintptr_t)s);
	UNTIL(atomic_load_explicit(&t.tid, memory_order_acquire) != 0);
	for(n = 0; n < SIGNALS && sleeps(&t); n++) {
		SAME(pthread_kill(t.id, SIGUSR1), 0);
		UNTIL(atomic_load_explicit(&caught, memory_order_acquire) == n + 1);
	}
	n -= !sleeps(&t); /* that one ended it */
	if(!atomic_load_explicit(&over, memory_order_acquire) || s->object != 's')
		release(s->object);
	r = (int)(long)join(&t);
	printf("%s%s: %s%s, %s\n", s->name, flags ? ", SA_RESTART" : "", n == SIGNALS ? "goes on" : "is ended",
	    r >= 1000 ? " with spurious returns" : "", r == 0 || r >= 1000 ? "0" : strerrorname_np(r));
}

int
main(void)
{
	SAME(sem_init(&sem, 0, 0), 0);
	SAME(pthread_barrier_init(&bar, NULL, 2), 0);
	for(size_t i = 0; i < sizeof sorts / sizeof sorts[0]; i++) {
		one(&sorts[i], 0);
		one(&sorts[i], SA_RESTART);
	}
	return 0;
}
