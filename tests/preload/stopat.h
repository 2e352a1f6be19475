/* For stopat.c: how a thread is stopped, and the operations that it is stopped in. */
#include "t.h"
#include <setjmp.h>

enum { DEADLINE = 8 }; /* ms: of the victim's timed waits */

/* Where a thread is to stop, once. */
typedef enum State { Running, Stopped, Going } State;
typedef struct At {
	const char *_Atomic point;
	_Atomic int state;
} At;

static At vat, kat;
static _Thread_local At *myat;
static _Atomic int progress, holds, go;
static char doing[300];
static const char *vwhere; /* the victim's point, in this case */

static void
stopme(At *a)
{
	myat = a;
}

/* Sets where; nil: nowhere, and who is stopped goes on. */
static void
stopat(At *a, const char *point)
{
	atomic_store_explicit(&a->point, point, memory_order_release);
	atomic_store_explicit(&a->state, point != NULL ? Running : Going, memory_order_release);
}

static int
stopping(const char *point)
{
	At *a = myat;
	const char *where;
	int e = errno, running = Running;

	if(a == NULL || (where = atomic_load_explicit(&a->point, memory_order_acquire)) == NULL ||
	    strcmp(where, point) != 0 ||
	    !atomic_compare_exchange_strong_explicit(
		&a->state, &running, Stopped, memory_order_acq_rel, memory_order_relaxed))
		return 0;
	while(atomic_load_explicit(&a->state, memory_order_acquire) == Stopped)
		napus(50);
	errno = e;
	return 1;
}

/* The partner does what it holds back. */
static void
letgo(void)
{
	atomic_store_explicit(&go, 1, memory_order_release);
}

static void
holding(void)
{
	atomic_store_explicit(&holds, 1, memory_order_release);
	UNTIL(atomic_load_explicit(&go, memory_order_acquire));
}

typedef struct Op {
	const char *name;
	int timed;
	const char *points; /* beginnings of the points on its way */
	void (*make)(void);
	void (*hold)(void);	     /* the partner: holding() in its midst */
	void (*wait)(int victim);    /* the victim, who has a deadline if this is timed; and the other */
	void (*got)(void);	     /* both, when they have returned */
	void (*left)(int cancelled); /* the victim, when it has not */
	void (*finish)(_Atomic int *vdone, _Atomic int *left, _Atomic int *wdone);
	void (*check)(void);
	void (*child)(void); /* in a forked child, where nobody else is */
} Op;

static int
begins(const char *point, const char *with)
{
	return strncmp(point, with, strlen(with)) == 0;
}

/* Where who gets there may have what it waits for, and would take it along. */
static int
takes(const char *point)
{
	return begins(point, "rwwake") || begins(point, "sharedlock.back") || begins(point, "foreignlock.back") ||
	       begins(point, "foreignrwlock.back") || begins(point, "sharedunlock") || begins(point, "robustunlock") ||
	       begins(point, "robustlet");
}

/*
 * On a word that processes share nobody is queued whom a leaver's wake could go to: who leaves at any instruction and has just
 * been woken takes the wake along, as natively.  So it leaves before anybody is woken, if at all.
 */
static int
wakes(const char *point)
{
	return begins(point, "sharedlock.woken") || begins(point, "robustlock.woken");
}

/* So here, but the kernel tells of it when the thread ends. */
static int
takesrobust(const char *point)
{
	return point != NULL && begins(point, "robustlock.back");
}

/* In a wait that libc does by itself: reached while something is recorded. */
static int
theirs(const char *point)
{
	return begins(point, "libcwait") || begins(point, "foreign");
}

static int
concerns(const Op *op, const char *point)
{
	char list[200], *save, *p;

	strcpy(list, op->points);
	for(p = strtok_r(list, " ", &save); p != NULL; p = strtok_r(NULL, " ", &save))
		if(begins(point, p))
			return 1;
	return 0;
}

static int
onshared(const char *point)
{
	return begins(point, "sharedlock") || begins(point, "robustlock");
}

/* Whether it is such a word that it waits for, and nothing else: then it is left at once. */
static int
leavesshared(const Op *op)
{
	return onshared(op->points);
}

#include "stopops.h"
