/*
 * Tokens go round stations.  A taker waits at its station for a token and takes
 * it to another; one lost wakeup leaves a token alone, and as at half of the
 * stations nobody's wait has an end of its own, the tokens come to rest there.
 * Law: no token is lost or made.
 */
#include "stress.h"

typedef struct Station {
	pthread_mutex_t m;
	pthread_cond_t c;
	int tokens;
	long taken, put; /* under m */
	int monotonic;
} Station;

static Station station[STATIONS];
Role trips = {.name = "trips of tokens"};

void
stationsinit(void)
{
	pthread_condattr_t a;
	for(int i = 0; i < STATIONS; i++) {
		Station *s = &station[i];
		makemutex(&s->m, i);
		pthread_condattr_init(&a);
		s->monotonic = i & 1;
		if(s->monotonic)
			pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
		LAW(pthread_cond_init(&s->c, &a) == 0);
	}
	station[0].tokens = TOKENS;
}

static void
unlock(void *m)
{
	LAW(pthread_mutex_unlock(m) == 0); /* an errorcheck mutex proves that we hold it */
}

/* One wait, of any sort that this station allows; the mutex is held before and after, cancelled or not. */
static void
waitone(Station *s, unsigned *seed)
{
	struct timespec d;
	int r;
	if(s < &station[STATIONS / 2])
		r = pthread_cond_wait(&s->c, &s->m);
	else
		switch(rnd(seed) % 3) {
		case 0:
			d = in(s->monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME, rnd(seed) % 2000);
			r = pthread_cond_timedwait(&s->c, &s->m, &d);
			break;
		case 1:
			d = in(CLOCK_MONOTONIC, rnd(seed) % 2000);
			r = pthread_cond_clockwait(&s->c, &s->m, CLOCK_MONOTONIC, &d);
			break;
		default:
			r = pthread_cond_wait(&s->c, &s->m);
		}
	LAW(r == 0 || (r == ETIMEDOUT && s >= &station[STATIONS / 2]));
}

/* A token, or 0 at the end. */
static int
take(Station *s, unsigned *seed)
{
	volatile int got = 0; /* the cleanup handler's frame is left by a jump */
	LAW(pthread_mutex_lock(&s->m) == 0);
	pthread_cleanup_push(unlock, &s->m);
	while(s->tokens == 0 && !atomic_load_explicit(&stop, memory_order_acquire))
		waitone(s, seed);
	if(s->tokens > 0) {
		s->tokens--;
		s->taken++;
		got = 1;
	}
	pthread_cleanup_pop(1);
	return got;
}

static void
put(Station *s, unsigned *seed)
{
	int inside = rnd(seed) & 1, all = rnd(seed) % 16 == 0;
	LAW(pthread_mutex_lock(&s->m) == 0);
	s->tokens++;
	s->put++;
	if(!inside)
		LAW(pthread_mutex_unlock(&s->m) == 0);
	LAW((all ? pthread_cond_broadcast(&s->c) : pthread_cond_signal(&s->c)) == 0);
	if(inside)
		LAW(pthread_mutex_unlock(&s->m) == 0);
	atomic_fetch_add_explicit(&trips.done, 1, memory_order_relaxed);
}

/* From the token's taking to its putting there is no cancellation point. */
static void
tour(int at, unsigned *seed)
{
	while(take(&station[at], seed)) {
		put(&station[(at + 1 + rnd(seed) % (STATIONS - 1)) % STATIONS], seed);
		if(atomic_load_explicit(&stop, memory_order_acquire))
			break;
	}
}

void *
taker(void *arg)
{
	long i = (long)arg;
	unsigned seed = seedof(1000 + (int)i);
	tour((int)i % STATIONS, &seed);
	return NULL;
}

void
visit(int at)
{
	unsigned seed = seedof(2000 + at) ^ (unsigned)syscall(SYS_gettid) * 77;
	tour(at, seed ? &seed : &(unsigned){1});
}

void
stationsstop(void)
{
	for(int i = 0; i < STATIONS; i++) {
		LAW(pthread_mutex_lock(&station[i].m) == 0);
		LAW(pthread_cond_broadcast(&station[i].c) == 0);
		LAW(pthread_mutex_unlock(&station[i].m) == 0);
	}
}

void
stationscheck(void)
{
	int tokens = 0;
	long taken = 0, put = 0;
	for(int i = 0; i < STATIONS; i++) {
		tokens += station[i].tokens;
		taken += station[i].taken;
		put += station[i].put;
		LAW(pthread_cond_destroy(&station[i].c) == 0);
		LAW(pthread_mutex_destroy(&station[i].m) == 0);
	}
	LAW(tokens == TOKENS);
	LAW(taken == put);
	LAW(put == trips.done);
}
