/*
 * A thread that has waited before, and whose priority then changes, is woken by the priority that it has now: by each call that
 * changes one, made by the thread itself and by another, and by a mutex with a ceiling.
 *
 * Two threads wait for a mutex.  The one that comes first was the more urgent when both waited the time before, and is
 * the less urgent now.  All run on one processor, and the one that lets them go above them all.
 */
#include "t.h"

enum { FIRST = 90 };
static const int before[2] = {20, 10}, now[2] = {25, 30};

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, high[2];
static sem_t go[2];
static _Atomic int going, came;
static int who[2];
static const struct How *how;

typedef struct How {
	const char *name;
	void (*change)(Thread *t, long i); /* gives thread t the priority now[i] */
	int byitself, ceiling, zero;	   /* zero: it calls itself 0 */
} How;

static struct sched_param
wanted(long i)
{
	return (struct sched_param){now[i]};
}

static void
param(Thread *t, long i)
{
	struct sched_param p = wanted(i);
	SAME(pthread_setschedparam(t->id, SCHED_RR, &p), 0);
}

static void
prio(Thread *t, long i)
{
	SAME(pthread_setschedprio(t->id, now[i]), 0);
}

static pid_t
number(const Thread *t)
{
	return how->zero ? 0 : t->tid;
}

static void
scheduler(Thread *t, long i)
{
	struct sched_param p = wanted(i);
	SAME(sched_setscheduler(number(t), SCHED_FIFO | SCHED_RESET_ON_FORK, &p), 0);
}

static void
setparam(Thread *t, long i)
{
	struct sched_param p = wanted(i);
	SAME(sched_setparam(number(t), &p), 0);
}

static void
ceiling(Thread *t, long i)
{
	(void)t;
	SAME(pthread_mutex_lock(&high[i]), 0);
}

static const How hows[] = {
    {"pthread_setschedparam, its own", param, 1, 0, 0},
    {"pthread_setschedparam, another's", param, 0, 0, 0},
    {"pthread_setschedprio, its own", prio, 1, 0, 0},
    {"pthread_setschedprio, another's", prio, 0, 0, 0},
    {"sched_setscheduler, 0", scheduler, 1, 0, 1},
    {"sched_setscheduler, its own number", scheduler, 1, 0, 0},
    {"sched_setscheduler, another's", scheduler, 0, 0, 0},
    {"sched_setparam, 0", setparam, 1, 0, 1},
    {"sched_setparam, its own number", setparam, 1, 0, 0},
    {"sched_setparam, another's", setparam, 0, 0, 0},
    /* The last, for from the first on every wait asks; twice, for the first is known to be one. */
    {"a mutex with a ceiling", ceiling, 1, 1, 0},
    {"a mutex with a ceiling, again", ceiling, 1, 1, 0},
};

static Thread t[2];

static void *
twice(void *arg)
{
	long i = (long)arg;
	struct sched_param p = {before[i]};

	SAME(pthread_setschedparam(pthread_self(), SCHED_FIFO, &p), 0);
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(sem_wait(&go[i]), 0);
	if(how->byitself)
		how->change(&t[i], i);
	atomic_fetch_add_explicit(&going, 1, memory_order_relaxed);
	SAME(pthread_mutex_lock(&m), 0);
	who[atomic_fetch_add_explicit(&came, 1, memory_order_relaxed)] = (int)i;
	SAME(pthread_mutex_unlock(&m), 0);
	if(how->ceiling)
		SAME(pthread_mutex_unlock(&high[i]), 0);
	return NULL;
}

static void
try(void)
{
	atomic_store_explicit(&going, 0, memory_order_relaxed);
	atomic_store_explicit(&came, 0, memory_order_relaxed);
	SAME(pthread_mutex_lock(&m), 0);
	for(long i = 0; i < 2; i++) {
		start(&t[i], twice, (void *)i);
		asleep(&t[i]);
	}
	SAME(pthread_mutex_unlock(&m), 0);
	/* Both have had it, and wait for the word. */
	for(int i = 0; i < 2; i++)
		asleep(&t[i]);
	SAME(pthread_mutex_lock(&m), 0);
	for(int i = 0; i < 2; i++) {
		if(!how->byitself)
			how->change(&t[i], i);
		SAME(sem_post(&go[i]), 0);
		UNTIL(atomic_load_explicit(&going, memory_order_relaxed) == i + 1);
		asleep(&t[i]);
	}
	SAME(pthread_mutex_unlock(&m), 0);
	for(int i = 0; i < 2; i++)
		join(&t[i]);
	if(who[0] != 1)
		no("%s: the less urgent was woken first", how->name);
}

int
main(void)
{
	pthread_mutexattr_t a;

	if(sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){FIRST}) != 0)
		return skipped("no real-time policy is permitted");
	onecpu();
	SAME(pthread_mutexattr_init(&a), 0);
	SAME(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_PROTECT), 0);
	for(int i = 0; i < 2; i++) {
		SAME(sem_init(&go[i], 0, 0), 0);
		SAME(pthread_mutexattr_setprioceiling(&a, now[i]), 0);
		SAME(pthread_mutex_init(&high[i], &a), 0);
	}
	for(unsigned i = 0; i < sizeof hows / sizeof *hows; i++) {
		how = &hows[i];
		try();
	}
	return ok();
}
