/*
 * How a process can end, or go on, that the command did not start itself: for ends.sh.
 *
 *	ends waits		two threads take turns at a lock for a second; the first thread has ended before
 *	ends dead		two threads wait for each other's lock for ever
 *	ends later		the same as waits, in a daemon that has outlived its parent
 *	ends exec PROGRAM...	the program, after a thread has waited 0.45 s for another
 *	ends again		a lock that is made anew ten times, with a wait each
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MS = 1000, TURNS = 10 };

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;

static void
hold(pthread_mutex_t *m, int ms)
{
	pthread_mutex_lock(m);
	usleep((unsigned)ms * MS);
	pthread_mutex_unlock(m);
}

static void *
turns(void *name)
{
	pthread_setname_np(pthread_self(), name);
	for(int i = 0; i < TURNS / 2; i++)
		hold(&a, 100);
	return NULL;
}

static void *
dead(void *first)
{
	pthread_mutex_t *other = first == &a ? &b : &a;

	pthread_mutex_lock(first);
	pthread_barrier_wait(&both);
	pthread_mutex_lock(other);
	return NULL;
}

static void *
holds(void *arg)
{
	hold(&a, 1000);
	return arg;
}

static void *
waits(void *arg)
{
	hold(&a, 0);
	return arg;
}

static void *
shorthold(void *arg)
{
	pthread_mutex_lock(&b);
	pthread_barrier_wait(&both);
	usleep(5 * MS);
	pthread_mutex_unlock(&b);
	return arg;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	pthread_t t[2];

	pthread_barrier_init(&both, NULL, 2);
	if(strcmp(what, "later") == 0 && daemon(1, 1) == 0) {
		usleep(700 * MS);
		what = "waits";
	}
	if(strcmp(what, "waits") == 0) {
		pthread_create(&t[0], NULL, turns, "one");
		pthread_create(&t[1], NULL, turns, "two");
		pthread_exit(NULL);
	} else if(strcmp(what, "dead") == 0) {
		pthread_create(&t[0], NULL, dead, &a);
		pthread_create(&t[1], NULL, dead, &b);
		pause();
	} else if(strcmp(what, "exec") == 0 && argc > 2) {
		pthread_create(&t[0], NULL, holds, NULL);
		usleep(50 * MS);
		pthread_create(&t[1], NULL, waits, NULL);
		usleep(450 * MS);
		execvp(argv[2], argv + 2);
	} else if(strcmp(what, "again") == 0) {
		for(int i = 0; i < TURNS; i++) {
			pthread_create(&t[0], NULL, shorthold, NULL);
			pthread_barrier_wait(&both);
			hold(&b, 0);
			pthread_join(t[0], NULL);
			pthread_mutex_destroy(&b);
			pthread_mutex_init(&b, NULL);
		}
		return 0;
	}
	return 1;
}
