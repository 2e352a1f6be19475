/*
 * Tokens round a closed ring of places: one lost wakeup and they rest for ever.
 *
 *	ring [-p PLACES] [-k TAKERS] [-t TOKENS] [-n TRIPS] [-T SECONDS] [-o in|out|mixed] [-x NAP_US,GAP_US]
 *		[-w] [-b] [-c] [-i IDLE] [-l TRIPS] [-s SEED]
 *
 * TAKERS threads at each place take a token, put it into the next place and
 * signal there: with the mutex held (in), after its release (out), or either.
 * -x: a tormentor stops a random thread for NAP_US at most, every GAP_US at most.
 * -w: the first taker of each place waits with a deadline far off, and a visitor
 * comes that waits a moment only.  -c: a visitor comes that is cancelled again
 * and again, and replaced.  -b: one put in eight broadcasts.
 *
 * It ends when TRIPS trips are made or SECONDS have passed.  If none is made for IDLE
 * seconds (30), in which nobody starved who could have run, it says so: "hang", how many tokens rest at each place beside how many
 * waiters, and every stack.  glibc 2.36 itself comes to that now and then (its bug 25847).
 *
 * Nothing here may make up for a lost wakeup.  So a visitor takes a token only if a
 * signal or broadcast ended its wait: not when it comes and finds one there, and not when it
 * has timed out, which in glibc and here never uses up a signal (POSIX would let it).
 * -l proves that: it loses every signal after so many trips, and the ring must hang.
 */
#include "stress.h"

enum { MAXPLACES = 16, MAXTHREADS = 256, FAR = 3600 * 1000000L };

typedef struct Place {
	pthread_mutex_t m;
	pthread_cond_t c;
	_Atomic int tokens, waiting; /* changed with m held; the watchdog looks without */
} Place;

typedef struct Taker {
	pthread_t id;
	int at;
	int visitor;
	long patience; /* how long a wait takes at most, us; 0: for ever */
	unsigned seed;
} Taker;

unsigned seed0 = 1;
_Atomic int stop;
static Place place[MAXPLACES];
static Taker taker1[MAXTHREADS], visitor[2 * MAXPLACES];
static int places = 2, takers = 4, tokens = 1, ntaker, nvisitor, timeouts, broadcasts, cancelled, idle = 30, seconds;
static long napmost, gapmost, lose = -1;
static enum { IN, OUT, MIXED } order = OUT;
static _Atomic long made;

static int
load(_Atomic int *p)
{
	return atomic_load_explicit(p, memory_order_relaxed);
}

static void
add(_Atomic int *p, int n)
{
	atomic_fetch_add_explicit(p, n, memory_order_relaxed);
}

static int
stopped(void)
{
	return atomic_load_explicit(&stop, memory_order_acquire);
}

static void
leave(void *v)
{
	Place *p = v;
	add(&p->waiting, -1);
	LAW(pthread_mutex_unlock(&p->m) == 0);
}

/* Waits once, with m held; 0 if it timed out. */
static int
await(Place *p, Taker *t)
{
	struct timespec d;
	int r;
	add(&p->waiting, 1);
	pthread_cleanup_push(leave, p);
	if(t->patience == 0) {
		r = pthread_cond_wait(&p->c, &p->m);
	} else {
		d = in(CLOCK_REALTIME, t->patience == FAR ? FAR : rnd(&t->seed) % t->patience);
		r = pthread_cond_timedwait(&p->c, &p->m, &d);
	}
	pthread_cleanup_pop(0);
	add(&p->waiting, -1);
	LAW(r == 0 || (t->patience != 0 && r == ETIMEDOUT));
	return r == 0;
}

/* A token is taken; 0: the visitor has none, or the end has come. */
static int
take(Place *p, Taker *t)
{
	int may = !t->visitor, got;
	LAW(pthread_mutex_lock(&p->m) == 0);
	while(load(&p->tokens) == 0 && !stopped()) {
		may = await(p, t) || !t->visitor;
		if(!may)
			break;
	}
	got = may && load(&p->tokens) > 0;
	if(got)
		add(&p->tokens, -1);
	LAW(pthread_mutex_unlock(&p->m) == 0);
	return got;
}

static void
put(Place *p, Taker *t)
{
	int inside = order == IN || (order == MIXED && rnd(&t->seed) & 1);
	int all = broadcasts && rnd(&t->seed) % 8 == 0;
	LAW(pthread_mutex_lock(&p->m) == 0);
	add(&p->tokens, 1);
	if(!inside)
		LAW(pthread_mutex_unlock(&p->m) == 0);
	if(lose < 0 || atomic_load_explicit(&made, memory_order_relaxed) < lose)
		LAW((all ? pthread_cond_broadcast(&p->c) : pthread_cond_signal(&p->c)) == 0);
	if(inside)
		LAW(pthread_mutex_unlock(&p->m) == 0);
	atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
}

static void *
carry(void *arg)
{
	Taker *t = arg;
	while(!stopped())
		if(take(&place[t->at], t))
			put(&place[(t->at + 1) % places], t);
		else
			nap((long)(rnd(&t->seed) % 100));
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
	while(!stopped()) {
		pthread_kill(taker1[rnd(&seed) % (unsigned)ntaker].id, SIGUSR1);
		nap((long)(rnd(&seed) % (unsigned)gapmost));
	}
	return arg;
}

/* A visitor that is cancelled may have been signalled: the takers of its place must not miss that. */
static void *
cancel(void *arg)
{
	unsigned seed = seedof(2);
	while(!stopped()) {
		Taker *v = &visitor[rnd(&seed) % (unsigned)places];
		nap((long)(rnd(&seed) % 100));
		LAW(pthread_cancel(v->id) == 0);
		LAW(pthread_join(v->id, NULL) == 0);
		LAW(pthread_create(&v->id, NULL, carry, v) == 0);
	}
	return arg;
}

static void
make(Taker *t, int i, int visits, long patience)
{
	*t = (Taker){.at = i % places, .visitor = visits, .patience = patience, .seed = seedof(10 + i)};
	LAW(pthread_create(&t->id, NULL, carry, t) == 0);
}

static void
hung(long trips)
{
	char text[24 * MAXPLACES], *p = text;
	for(int i = 0; i < places; i++)
		p += snprintf(p, (size_t)(text + sizeof text - p), "%s%d/%d", i ? " " : "", load(&place[i].tokens),
		    load(&place[i].waiting));
	if(lose >= 0) {
		printf("not ok ring: hang: as it must, after %ld; tokens/waiters at each place: %s\n", trips, text);
		exit(3);
	}
	broken("hang: no trip for %d s, after %ld; tokens/waiters at each place: %s", idle, trips, text);
}

static long
secondsnow(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Until as many trips are made, or the time is over; how many were made. */
static long
watch(long want)
{
	Moves trip = {-1, 0};
	long now, begun = secondsnow();
	while((now = atomic_load_explicit(&made, memory_order_relaxed)) < want) {
		if(seconds > 0 && secondsnow() - begun >= seconds)
			break;
		if(standsfor(&trip, now, idle))
			hung(now);
		step(NULL);
	}
	return now;
}

int
main(int argc, char **argv)
{
	long want = 200000;
	pthread_t tormentor, canceller;
	int opt, left = 0;

	while((opt = getopt(argc, argv, "p:k:t:n:T:o:x:wbci:l:s:")) != -1)
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
		case 'T':
			seconds = atoi(optarg);
			break;
		case 'i':
			idle = atoi(optarg);
			break;
		case 'l':
			lose = atol(optarg);
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
			cancelled = 1;
			break;
		case 's':
			seed0 = (unsigned)strtoul(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	ntaker = places * takers;
	if(places < 2 || places > MAXPLACES || takers < 1 || ntaker > MAXTHREADS || tokens < 1 || idle < 1 ||
	    (napmost > 0) != (gapmost > 0))
		return 2;
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = doze, .sa_flags = SA_RESTART}, NULL);
	for(int i = 0; i < places; i++) {
		makemutex(&place[i].m, 0);
		LAW(pthread_cond_init(&place[i].c, NULL) == 0);
	}
	add(&place[0].tokens, tokens);
	for(int i = 0; i < ntaker; i++)
		make(&taker1[i], i, 0, timeouts && i < places ? FAR : 0);
	for(int i = 0; cancelled && i < places; i++)
		make(&visitor[nvisitor++], i, 1, 0);
	for(int i = 0; timeouts && i < places; i++)
		make(&visitor[nvisitor++], i, 1, 200);
	if(cancelled)
		LAW(pthread_create(&canceller, NULL, cancel, NULL) == 0);
	if(napmost)
		LAW(pthread_create(&tormentor, NULL, torment, NULL) == 0);
	want = watch(want);
	atomic_store_explicit(&stop, 1, memory_order_release);
	if(napmost)
		LAW(pthread_join(tormentor, NULL) == 0);
	if(cancelled)
		LAW(pthread_join(canceller, NULL) == 0);
	for(int i = 0; i < places; i++) {
		LAW(pthread_mutex_lock(&place[i].m) == 0);
		LAW(pthread_cond_broadcast(&place[i].c) == 0);
		LAW(pthread_mutex_unlock(&place[i].m) == 0);
	}
	for(int i = 0; i < ntaker; i++)
		LAW(pthread_join(taker1[i].id, NULL) == 0);
	for(int i = 0; i < nvisitor; i++)
		LAW(pthread_join(visitor[i].id, NULL) == 0);
	for(int i = 0; i < places; i++)
		left += load(&place[i].tokens);
	LAW(left == tokens);
	printf("ok ring: %ld trips\n", want);
	return 0;
}
