/*
 * One wait over HOLDS holders of two lines.  The holder releases and takes the
 * mutex again at once, at two lines in turn, and then sleeps with it; the waiter
 * has the same processor and a policy that does not preempt, so each time that
 * it is woken it finds the mutex held again.  How many holders one wait sees is
 * the lock's own affair (one that hands over ends the wait earlier): the waiter
 * waits again until all holds are made, and the truth is laid side by side from
 * the times of each hold and each wait.
 */
#include "truth.h"

enum { HOLDS = 100, SHORT = 4, LONG = 8 };

typedef struct Span {
	int64_t begin, end;
} Span;

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static Span held[HOLDS], waited[HOLDS + 1];
static _Atomic int holding, over; /* the number of the hold, 0 none */
static int nwait;

static void
hold(int i)
{
	held[i].begin = now();
	tell(&holding, i + 1);
	napus((i & 1 ? LONG : SHORT) * 1000);
	tell(&holding, 0);
	held[i].end = now();
}

static void *
holder(void *arg)
{
	for(int i = 0; i < HOLDS; i += 2) {
		SAME(pthread_mutex_lock(&m), 0); /* site: short */
		hold(i);
		SAME(pthread_mutex_unlock(&m), 0); /* site: letshort */
		SAME(pthread_mutex_lock(&m), 0);   /* site: long */
		hold(i + 1);
		SAME(pthread_mutex_unlock(&m), 0); /* site: letlong */
	}
	tell(&over, 1);
	return arg;
}

/* It begins to wait only while the holder sleeps with the mutex, so that each of its locks is a wait. */
static void *
waiter(void *arg)
{
	while(!atomic_load_explicit(&over, memory_order_acquire)) {
		if(atomic_load_explicit(&holding, memory_order_acquire) == 0) {
			sched_yield();
			continue;
		}
		waited[nwait].begin = now();
		SAME(pthread_mutex_lock(&m), 0); /* site: wait */
		waited[nwait].end = now();
		nwait++;
		SAME(pthread_mutex_unlock(&m), 0); /* site: letwait */
	}
	return arg;
}

/* The part of the wait w that passed from the beginning of hold i to the beginning of the next. */
static int64_t
part(const Span *w, int i)
{
	int64_t from = held[i].begin > w->begin ? held[i].begin : w->begin;
	int64_t to = i + 1 < HOLDS && held[i + 1].begin < w->end ? held[i + 1].begin : w->end;
	if(i == 0 || held[i].begin <= w->begin)
		from = w->begin;
	return to > from && (i == 0 || held[i].begin < w->end) ? to - from : 0;
}

int
main(void)
{
	Thread h, w;
	cpu_set_t one;
	int64_t by[2] = {0, 0}, total = 0;
	int longest = 0;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	SAME(sched_setaffinity(0, sizeof one, &one), 0);
	SAME(pthread_mutex_lock(&m), 0);
	start(&w, waiter, NULL);
	UNTIL(atomic_load_explicit(&w.tid, memory_order_acquire) != 0);
	SAME(sched_setscheduler(w.tid, SCHED_BATCH, &(struct sched_param){0}), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	start(&h, holder, NULL);
	join(&h);
	join(&w);
	for(int k = 0; k < nwait; k++) {
		int seen = 0;
		for(int i = 0; i < HOLDS; i++) {
			int64_t ns = part(&waited[k], i);
			by[i & 1] += ns;
			total += ns;
			seen += ns > 0;
		}
		if(seen > longest)
			longest = seen;
	}
	int64_t all = 0;
	for(int k = 0; k < nwait; k++)
		all += waited[k].end - waited[k].begin;
	SAME(total, all);
	fprintf(stderr, "overtaken: %d waits, the longest over %d holders\n", nwait, longest);
	Lock l = {.address = &m,
	    .kind = "mutex",
	    .waitslow = nwait,
	    .waitshigh = nwait + HOLDS,
	    .acquired = -1,
	    .others = 1,
	    .npair = 2};
	l.pair[0] = (Pair){"lock", "overtaken.c:wait", "overtaken.c:short", NULL, "acquired", -1, by[0]};
	l.pair[1] = (Pair){"lock", "overtaken.c:wait", "overtaken.c:long", NULL, "acquired", -1, by[1]};
	print(&l, 1);
	return 0;
}
