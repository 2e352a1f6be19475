/*
 * Tokens round a closed ring of places: one lost wakeup and they rest for ever.
 *
 *	ring [-p PLACES] [-k TAKERS] [-t TOKENS] [-n TRIPS] [-o in|out|mixed] [-x NAP_US,GAP_US] [-w] [-b] [-c] [-s SEED]
 *
 * TAKERS threads at each place take a token, put it into the next place and
 * signal there: with the mutex held (in), after its release (out), or either.
 * -x: a tormentor stops a random thread for NAP_US at most, every GAP_US at most.
 * -w: the first taker of each place waits with timeouts.  -b: one put in eight
 * broadcasts.  -c: one more taker a place, which is cancelled again and again.
 * It ends when TRIPS trips are made; if none is made for STILL seconds, every
 * stack is shown.  glibc 2.36 itself stops here now and then (its bug 25847).
 */
#include "stress.h"

enum { MAXPLACES = 16, MAXTHREADS = 256, STILL = 30 };

typedef struct Place {
	pthread_mutex_t m;
	pthread_cond_t c;
	int tokens;
} Place;

typedef struct Taker {
	pthread_t id;
	int at, timed;
	unsigned seed;
} Taker;

unsigned seed0 = 1;
_Atomic int stop;
static Place place[MAXPLACES];
static Taker taker1[MAXTHREADS], guest[MAXPLACES];
static int places = 2, takers = 4, tokens = 1, ntaker, timeouts, broadcasts, guests;
static long napmost, gapmost;
static enum { IN, OUT, MIXED } order = OUT;
static _Atomic long made;

static void
unlock(void *m)
{
	LAW(pthread_mutex_unlock(m) == 0);
}

/* A token is taken, or the end has come: 0. */
static int
take(Place *p, Taker *t)
{
	volatile int got = 0; /* lives in the frame of the cleanup handler */
	LAW(pthread_mutex_lock(&p->m) == 0);
	pthread_cleanup_push(unlock, &p->m);
	while(p->tokens == 0 && !atomic_load_explicit(&stop, memory_order_acquire)) {
		struct timespec d = in(CLOCK_REALTIME, t->timed ? rnd(&t->seed) % 200 : 0);
		int r = t->timed ? pthread_cond_timedwait(&p->c, &p->m, &d) : pthread_cond_wait(&p->c, &p->m);
		LAW(r == 0 || (t->timed && r == ETIMEDOUT));
	}
	if(p->tokens > 0) {
		p->tokens--;
		got = 1;
	}
	pthread_cleanup_pop(1);
	return got;
}

static void
put(Place *p, Taker *t)
{
	int inside = order == IN || (order == MIXED && rnd(&t->seed) & 1);
	int all = broadcasts && rnd(&t->seed) % 8 == 0;
	LAW(pthread_mutex_lock(&p->m) == 0);
	p->tokens++;
	if(!inside)
		LAW(pthread_mutex_unlock(&p->m) == 0);
	LAW((all ? pthread_cond_broadcast(&p->c) : pthread_cond_signal(&p->c)) == 0);
	if(inside)
		LAW(pthread_mutex_unlock(&p->m) == 0);
	atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
}

static void *
carry(void *arg)
{
	Taker *t = arg;
	while(!atomic_load_explicit(&stop, memory_order_acquire) && take(&place[t->at], t))
		put(&place[(t->at + 1) % places], t);
	return NULL;
}

static void
doze(int sig)
{
	int keep = errno;
	static _Atomic unsigned calls;
	unsigned s = atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed) * 2654435761u + 1;
	(void)sig;
	nap((long)(s >> 8) % napmost);
	errno = keep;
}

static void *
torment(void *arg)
{
	unsigned seed = seedof(1);
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		pthread_kill(taker1[rnd(&seed) % (unsigned)ntaker].id, SIGUSR1);
		nap((long)(rnd(&seed) % (unsigned)gapmost));
	}
	return arg;
}

/* A guest that is cancelled may have been signalled: the takers of its place must not miss that. */
static void *
cancel(void *arg)
{
	unsigned seed = seedof(2);
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		Taker *g = &guest[rnd(&seed) % (unsigned)places];
		nap((long)(rnd(&seed) % 100));
		LAW(pthread_cancel(g->id) == 0);
		LAW(pthread_join(g->id, NULL) == 0);
		LAW(pthread_create(&g->id, NULL, carry, g) == 0);
	}
	return arg;
}

static void
make(Taker *t, int i)
{
	*t = (Taker){.at = i % places, .timed = timeouts && i < places, .seed = seedof(10 + i)};
	LAW(pthread_create(&t->id, NULL, carry, t) == 0);
}

static void
watch(long want)
{
	long last = -1, now;
	for(int still = 0; (now = atomic_load_explicit(&made, memory_order_relaxed)) < want; nap(10000)) {
		still = now == last ? still + 1 : 0;
		last = now;
		if(still == STILL * 100)
			broken("no trip for %d s, after %ld", STILL, now);
	}
}

int
main(int argc, char **argv)
{
	long want = 200000;
	pthread_t tormentor, canceller;
	int opt, left = 0;

	while((opt = getopt(argc, argv, "p:k:t:n:o:x:wbcs:")) != -1)
		switch(opt) {
		case 'p':
			places = atoi(optarg);
			break;
		case 'k':
			takers = atoi(optarg);
			break;
		case 't':
			tokens = atoi(optarg);
			break;
		case 'n':
			want = atol(optarg);
			break;
		case 'o':
			order = optarg[0] == 'i' ? IN : optarg[0] == 'o' ? OUT : MIXED;
			break;
		case 'x':
			if(sscanf(optarg, "%ld,%ld", &napmost, &gapmost) != 2)
				return 2;
			break;
		case 'w':
			timeouts = 1;
			break;
		case 'b':
			broadcasts = 1;
			break;
		case 'c':
			guests = 1;
			break;
		case 's':
			seed0 = (unsigned)strtoul(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	ntaker = places * takers;
	if(places < 2 || places > MAXPLACES || takers < 1 || ntaker > MAXTHREADS || tokens < 1 ||
	    (napmost > 0) != (gapmost > 0))
		return 2;
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = doze, .sa_flags = SA_RESTART}, NULL);
	for(int i = 0; i < places; i++) {
		makemutex(&place[i].m, 0);
		LAW(pthread_cond_init(&place[i].c, NULL) == 0);
	}
	place[0].tokens = tokens;
	for(int i = 0; i < ntaker; i++)
		make(&taker1[i], i);
	for(int i = 0; guests && i < places; i++)
		make(&guest[i], i + ntaker);
	if(guests)
		LAW(pthread_create(&canceller, NULL, cancel, NULL) == 0);
	if(napmost)
		LAW(pthread_create(&tormentor, NULL, torment, NULL) == 0);
	watch(want);
	atomic_store_explicit(&stop, 1, memory_order_release);
	if(napmost)
		LAW(pthread_join(tormentor, NULL) == 0);
	if(guests)
		LAW(pthread_join(canceller, NULL) == 0);
	for(int i = 0; i < places; i++) {
		LAW(pthread_mutex_lock(&place[i].m) == 0);
		LAW(pthread_cond_broadcast(&place[i].c) == 0);
		LAW(pthread_mutex_unlock(&place[i].m) == 0);
	}
	for(int i = 0; i < ntaker; i++)
		LAW(pthread_join(taker1[i].id, NULL) == 0);
	for(int i = 0; guests && i < places; i++)
		LAW(pthread_join(guest[i].id, NULL) == 0);
	for(int i = 0; i < places; i++)
		left += place[i].tokens;
	LAW(left == tokens);
	printf("ok ring\n");
	return 0;
}
