/*
 * How often a mutex is acquired and changes hands, by the count of all: of one that is waited for first and then
 * never again, lies in a global, in the heap, or is destroyed; and after a fork, where each process counts its own, also
 * the first waits of a child, whose threads all come at once.  Each process prints its truth on a line.
 */
#include "truth.h"
#include <sys/wait.h>

enum { LONG = 1000000, SOME = 150, CROWD = 5 };

static pthread_mutex_t global = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t early = PTHREAD_MUTEX_INITIALIZER; /* the parent never waits for it */
static pthread_mutex_t gone;

static void *
want(void *m)
{
	SAME(pthread_mutex_lock(m), 0); /* site: want */
	SAME(pthread_mutex_unlock(m), 0);
	return NULL;
}

static void
alone(pthread_mutex_t *m, long n)
{
	for(long i = 0; i < n; i++)
		want(m);
}

/* n threads wait for the caller at the same time, then for each other. */
static void
contend(pthread_mutex_t *m, int n)
{
	Thread t[CROWD];
	SAME(pthread_mutex_lock(m), 0);
	for(int i = 0; i < n; i++)
		start(&t[i], want, m);
	for(int i = 0; i < n; i++)
		asleep(&t[i]);
	SAME(pthread_mutex_unlock(m), 0);
	for(int i = 0; i < n; i++)
		join(&t[i]);
}

static Lock
counted(const pthread_mutex_t *m, long waits, long acquired, long changes)
{
	return (Lock){.address = m,
	    .kind = "mutex",
	    .waitslow = waits,
	    .waitshigh = waits,
	    .acquired = acquired,
	    .changes = changes,
	    .others = 1};
}

/* In a child it works the same, and the child of that counts anew. */
static void
child(int deep)
{
	pthread_mutex_t made;
	Lock l[3];
	pid_t pid = fork();
	MUST(pid >= 0);
	if(pid != 0) {
		SAME(childstatus(pid), 0);
		return;
	}
	alone(&global, 10);
	contend(&global, CROWD);
	alone(&global, SOME);
	l[0] = counted(&global, CROWD, 10 + 1 + CROWD + SOME, 1 + CROWD + 1);
	contend(&early, 1);
	alone(&early, SOME);
	l[1] = counted(&early, 1, 2 + SOME, 3);
	SAME(pthread_mutex_init(&made, NULL), 0);
	alone(&made, SOME);
	contend(&made, 2);
	l[2] = counted(&made, 2, SOME + 3, 3);
	print(l, 3);
	if(deep)
		child(0);
	exit(0);
}

/* It waits for nothing, and so has no profile when it forks. */
static void
quietchild(void)
{
	pid_t pid = fork();
	MUST(pid >= 0);
	if(pid == 0) {
		alone(&global, 7);
		child(0);
		exit(0);
	}
	SAME(childstatus(pid), 0);
}

int
main(void)
{
	pthread_mutex_t *heap = malloc(sizeof *heap);
	Lock l[3];

	SAME(pthread_mutex_init(heap, NULL), 0);
	SAME(pthread_mutex_init(&gone, NULL), 0);
	contend(heap, 1);
	contend(&gone, 2);
	alone(heap, SOME);
	alone(&gone, SOME);
	l[0] = counted(heap, 1, 2 + SOME, 3);
	l[1] = counted(&gone, 2, 3 + SOME, 4);
	SAME(pthread_mutex_destroy(&gone), 0);
	memset(&gone, 0xff, sizeof gone);
	contend(&global, 1);
	alone(&early, LONG / 10);
	alone(&global, LONG);
	child(1);
	quietchild();
	alone(&global, 1);
	l[2] = counted(&global, 1, 2 + LONG + 1, 3);
	print(l, 3);
	return 0;
}
