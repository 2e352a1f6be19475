/*
 * OpenMP's locks: simple and nested ones, critical sections, barriers, ordered and single regions, tasks that depend on
 * each other, reductions; teams begun from several threads of pthread's at once.  Built with gcc's runtime and with
 * clang's.
 *
 *	omp N		N rounds a team
 */
#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { NTEAM = 2, NTHREAD = 4 };

typedef struct Team {
	pthread_t thread;
	omp_lock_t lock;
	omp_nest_lock_t nest;
	long locked, nested, critical, tasks, ordered, singles, sum, wrong;
} Team;

static int rounds;
static long named;

static long
fib(int n)
{
	long a, b;

	if(n < 2)
		return n;
#pragma omp task shared(a)
	a = fib(n - 1);
#pragma omp task shared(b)
	b = fib(n - 2);
#pragma omp taskwait
	return a + b;
}

static void
chain(Team *t)
{
	long x = 0;

	for(int i = 0; i < 16; i++) {
#pragma omp task depend(inout : x) shared(x) firstprivate(i)
		{
			t->wrong += x != i;
			x++;
		}
	}
#pragma omp taskwait
	t->tasks += x;
}

static void *
team(void *arg)
{
	Team *t = arg;
	long sum = 0;

#pragma omp parallel num_threads(NTHREAD) reduction(+ : sum)
	for(int i = 0; i < rounds; i++) {
		omp_set_lock(&t->lock);
		t->locked++;
		omp_unset_lock(&t->lock);
		omp_set_nest_lock(&t->nest);
		omp_set_nest_lock(&t->nest);
		t->nested++;
		omp_unset_nest_lock(&t->nest);
		omp_unset_nest_lock(&t->nest);
#pragma omp critical(all)
		{
			t->critical++;
			named++;
		}
		if(i % 8 == 0) {
#pragma omp single
			t->singles++;
#pragma omp barrier
			t->wrong += t->singles != i / 8 + 1;
#pragma omp barrier
		}
		if(i % 16 == 1) {
#pragma omp for ordered schedule(dynamic, 1)
			for(int j = 0; j < 8; j++) {
#pragma omp ordered
				t->ordered++;
			}
#pragma omp single
			{
				t->tasks += fib(8);
				chain(t);
			}
		}
		sum += i;
	}
	t->sum = sum;
	return NULL;
}

int
main(int argc, char **argv)
{
	static Team t[NTEAM];

	rounds = argc > 1 ? atoi(argv[1]) : 1000;
	for(int i = 0; i < NTEAM; i++) {
		omp_init_lock(&t[i].lock);
		omp_init_nest_lock(&t[i].nest);
		pthread_create(&t[i].thread, NULL, team, &t[i]);
	}
	for(int i = 0; i < NTEAM; i++) {
		pthread_join(t[i].thread, NULL);
		omp_destroy_lock(&t[i].lock);
		omp_destroy_nest_lock(&t[i].nest);
		printf("locked %ld nested %ld critical %ld ordered %ld singles %ld tasks %ld sum %ld wrong %ld\n",
		    t[i].locked, t[i].nested, t[i].critical, t[i].ordered, t[i].singles, t[i].tasks, t[i].sum,
		    t[i].wrong);
	}
	printf("named %ld\n", named);
	return 0;
}
