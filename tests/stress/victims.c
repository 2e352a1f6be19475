/*
 * Threads that are cancelled, joined and made anew: in condition waits, as
 * visitors of the stations; in semaphore waits; asynchronously, where POSIX
 * allows it (computing) and where glibc copes (asleep in pthread_mutex_lock
 * while another holds it).
 * Laws: a cancelled thread ran its cleanup handlers and left neither a mutex
 * locked nor a wakeup unused; a token is taken and counted, or neither.
 */
#include "stress.h"

enum { VICTIMS = 6, SORTS = 4 };

typedef struct Victim {
	pthread_t id;
	int sort, station;
	_Atomic int cleaned, begun;
} Victim;

static Victim victim[VICTIMS];
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static sem_t sem;
static _Atomic long given, taken;
Role cancels = {.name = "cancellations"};

static void
cleaned(void *v)
{
	atomic_fetch_add_explicit(&((Victim *)v)->cleaned, 1, memory_order_release);
}

/* Between a token's taking and its counting there is no cancellation point. */
static void
semwaits(void)
{
	for(unsigned i = 0;; i++) {
		struct timespec d = in(CLOCK_REALTIME, 500);
		if((i & 3 ? sem_wait(&sem) : sem_timedwait(&sem, &d)) == 0)
			atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
	}
}

static void
computes(void)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for(volatile unsigned i = 0;; i++)
		;
}

static void *
victims(void *arg)
{
	Victim *v = arg;
	pthread_cleanup_push(cleaned, v);
	atomic_store_explicit(&v->begun, 1, memory_order_release);
	switch(v->sort) {
	case 0:
		visit(v->station);
		break;
	case 1:
		semwaits();
		break;
	case 2:
		computes();
		break;
	case 3:
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
		pthread_mutex_lock(&held);
		pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
		broken("a victim got the mutex that is held");
	}
	pthread_cleanup_pop(1);
	return NULL;
}

static void
spawn(Victim *v, unsigned *seed)
{
	v->sort = rnd(seed) % 8 < 5 ? 0 : 1 + (int)(rnd(seed) % (SORTS - 1));
	v->station = (int)(rnd(seed) % STATIONS);
	atomic_store_explicit(&v->cleaned, 0, memory_order_relaxed);
	atomic_store_explicit(&v->begun, 0, memory_order_relaxed);
	LAW(pthread_create(&v->id, NULL, victims, v) == 0);
}

static void
reap(Victim *v)
{
	void *r;
	LAW(pthread_cancel(v->id) == 0);
	LAW(pthread_join(v->id, &r) == 0);
	/* a visitor may have come to the end by itself; cancelled before it began, it has nothing to clean */
	LAW(r == PTHREAD_CANCELED || (v->sort == 0 && r == NULL));
	LAW(atomic_load_explicit(&v->cleaned, memory_order_acquire) == 1 ||
	    !atomic_load_explicit(&v->begun, memory_order_acquire));
}

/* glibc may act on a request in a handler that interrupts a wait: this one does nothing that counts. */
static void
interrupt(int sig)
{
	int keep = errno;
	nap(sig);
	errno = keep;
}

void *
canceller(void *arg)
{
	unsigned seed = seedof(3000);
	sigaction(SIGWINCH, &(struct sigaction){.sa_handler = interrupt, .sa_flags = SA_RESTART}, NULL);
	LAW(sem_init(&sem, 0, 0) == 0);
	LAW(pthread_mutex_lock(&held) == 0);
	for(int i = 0; i < VICTIMS; i++)
		spawn(&victim[i], &seed);
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		Victim *v = &victim[rnd(&seed) % VICTIMS];
		if(v->sort < 2 && rnd(&seed) % 2)
			pthread_kill(v->id, SIGWINCH);
		for(int i = (int)(rnd(&seed) % 4); i > 0; i--) {
			LAW(sem_post(&sem) == 0);
			atomic_fetch_add_explicit(&given, 1, memory_order_relaxed);
		}
		nap(rnd(&seed) % 300);
		reap(v);
		atomic_fetch_add_explicit(&cancels.done, 1, memory_order_relaxed);
		spawn(v, &seed);
	}
	for(int i = 0; i < VICTIMS; i++)
		reap(&victim[i]);
	LAW(pthread_mutex_unlock(&held) == 0);
	while(sem_trywait(&sem) == 0)
		taken++;
	LAW(taken == given);
	LAW(sem_destroy(&sem) == 0);
	return arg;
}
