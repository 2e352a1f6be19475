/*
 * For programs that know the truth: who waited where, for whom, how often, how
 * long.  They measure it themselves and print it as JSON for check.py.  A site
 * is FILE.c:NAME, a line that bears the comment "site: NAME".  A process is a line of output.
 */
#ifndef RENDEZ_TRUTH_H
#define RENDEZ_TRUTH_H

#include "../preload/t.h"

UNUSED static int64_t
now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Busy until the clock says so. */
UNUSED static void
busyuntil(int64_t t)
{
	while(now() < t)
		;
}

/* Thread to thread, without any lock of the library's. */
UNUSED static void
await(_Atomic int *v, int want)
{
	while(atomic_load_explicit(v, memory_order_acquire) != want)
		napus(50);
}

UNUSED static void
tell(_Atomic int *v, int is)
{
	atomic_store_explicit(v, is, memory_order_release);
}

/* What is true of waits of one waiter's site for one holder, ended by one waker.  nil: there is none to name. */
typedef struct Pair {
	const char *op, *waiter, *holder, *waker, *end;
	long waits; /* -1: not to be compared */
	int64_t ns;
} Pair;

typedef struct Lock {
	const void *address;
	const char *kind, *init;		      /* init: site, nil none */
	long waitslow, waitshigh, acquired, timeouts; /* acquired: -1 unknown */
	long changes;				      /* of owner; 0: not to be compared */
	int others;				      /* there may be waits of other pairs too */
	long holds;				      /* 0: not to be compared */
	/* The mean of all holds; the mean square of those that the scheduler stretched beyond the limit; the mean of the others. */
	double holdmean, holdnoise, holdlimit, holdcalm;
	int npair;
	Pair pair[4];
	/* Until just before the pair's waiters were woken; 0: not known.  A wait ends between that and what the waiter measures. */
	int64_t least[4];
} Lock;

static void
field(const char *name, const char *s)
{
	if(s == NULL)
		printf("\"%s\":null,", name);
	else
		printf("\"%s\":\"%s\",", name, s);
}

UNUSED static void
print(const Lock *l, int n)
{
	printf("{\"pid\":%d,\"locks\":[", (int)getpid());
	for(int i = 0; i < n; i++, l++) {
		printf("%s{\"address\":\"%p\",", i ? "," : "", l->address);
		field("kind", l->kind);
		field("init", l->init);
		printf("\"waits\":[%ld,%ld],\"acquired\":%ld,\"changes\":%ld,\"timeouts\":%ld,\"others\":%s,",
		    l->waitslow, l->waitshigh, l->acquired, l->changes, l->timeouts, l->others ? "true" : "false");
		printf("\"holds\":%ld,\"hold_mean\":%.1f,\"hold_noise\":%.1f,\"hold_limit\":%.1f,\"hold_calm\":%.1f,"
		       "\"pairs\":[",
		    l->holds, l->holdmean, l->holdnoise, l->holdlimit, l->holdcalm);
		for(int j = 0; j < l->npair; j++) {
			const Pair *p = &l->pair[j];
			printf("%s{", j ? "," : "");
			field("op", p->op);
			field("waiter", p->waiter);
			field("holder", p->holder);
			field("waker", p->waker);
			field("end", p->end);
			printf("\"waits\":%ld,\"wait_ns\":%lld,\"least_ns\":%lld}", p->waits, (long long)p->ns,
			    (long long)(l->least[j] != 0 ? l->least[j] : p->ns));
		}
		printf("]}");
	}
	printf("]}\n");
	fflush(stdout);
}

#endif
