/*
 * A process that forks while its threads hold and wait for every kind of lock: its children use malloc, stdio and the
 * locks that fork handlers keep sound, with threads of their own; or exec; or are made by vfork and posix_spawn.
 *
 *	forks N		N children, from two threads
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NTHREAD = 4, NFORKER = 2, NKIND = 6 };

extern char **environ;
static char *self;
static int children;
static volatile int over;

/* Held by the fork handlers, so sound in the child (for reading: glibc lets no child unlock what its parent wrote). */
static pthread_mutex_t kept = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t keptrw = PTHREAD_RWLOCK_INITIALIZER;
static long pair[2];

/* Not held: the child leaves them alone, whatever the parent's threads do with them. */
static pthread_mutex_t wild = PTHREAD_MUTEX_INITIALIZER, again = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_rwlock_t wildrw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static sem_t permits;
static long turns;
static FILE *null;

static void
prepare(void)
{
	pthread_mutex_lock(&kept);
	pthread_rwlock_rdlock(&keptrw);
}

static void
after(void)
{
	pthread_rwlock_unlock(&keptrw);
	pthread_mutex_unlock(&kept);
}

static void
add(void)
{
	pthread_mutex_lock(&kept);
	pthread_rwlock_wrlock(&keptrw);
	pair[0]++;
	pair[1]++;
	pthread_rwlock_unlock(&keptrw);
	pthread_mutex_unlock(&kept);
}

static int
same(void)
{
	int eq;

	pthread_mutex_lock(&kept);
	eq = pair[0] == pair[1];
	pthread_mutex_unlock(&kept);
	return eq;
}

static void *
load(void *arg)
{
	size_t me = (size_t)arg;
	struct timespec ts;

	for(size_t i = 0; !over; i++) {
		free(malloc(i % 3000));
		add();
		pthread_mutex_lock(&again);
		pthread_mutex_lock(&again);
		pthread_mutex_unlock(&again);
		pthread_mutex_unlock(&again);
		sem_wait(&permits);
		fprintf(null, "%zu of %zu\n", i, me);
		sem_post(&permits);
		if(i % 8 == me)
			pthread_rwlock_wrlock(&wildrw);
		else
			pthread_rwlock_rdlock(&wildrw);
		pthread_rwlock_unlock(&wildrw);
		pthread_mutex_lock(&wild);
		turns++;
		pthread_cond_signal(&turned);
		if(i % 4 == me) {
			clock_gettime(CLOCK_REALTIME, &ts);
			ts.tv_nsec += 1000000;
			if(ts.tv_nsec >= 1000000000) {
				ts.tv_sec++;
				ts.tv_nsec -= 1000000000;
			}
			pthread_cond_timedwait(&turned, &wild, &ts);
		}
		pthread_mutex_unlock(&wild);
	}
	return NULL;
}

/* In a child: wait for each other in objects of its own. */
typedef struct Own {
	pthread_mutex_t m;
	pthread_cond_t c;
	pthread_barrier_t b;
	sem_t s;
	int turn;
} Own;

static void *
taketurns(void *arg)
{
	Own *o = arg;

	pthread_barrier_wait(&o->b);
	pthread_mutex_lock(&o->m);
	while(o->turn % 2 == 0)
		pthread_cond_wait(&o->c, &o->m);
	o->turn++;
	pthread_cond_signal(&o->c);
	pthread_mutex_unlock(&o->m);
	add();
	sem_post(&o->s);
	return NULL;
}

static int
threads(void)
{
	pthread_t t;
	Own o = {.m = PTHREAD_MUTEX_INITIALIZER, .c = PTHREAD_COND_INITIALIZER};

	pthread_barrier_init(&o.b, NULL, 2);
	sem_init(&o.s, 0, 0);
	if(pthread_create(&t, NULL, taketurns, &o) != 0)
		return 0;
	pthread_barrier_wait(&o.b);
	pthread_mutex_lock(&o.m);
	o.turn++;
	pthread_cond_signal(&o.c);
	while(o.turn % 2 == 1)
		pthread_cond_wait(&o.c, &o.m);
	pthread_mutex_unlock(&o.m);
	sem_wait(&o.s);
	return pthread_join(t, NULL) == 0 && o.turn == 2;
}

static int
memory(void)
{
	char *p[100], *s;
	int n = 0;
	size_t len;
	FILE *f;

	for(size_t i = 0; i < 100; i++) {
		p[i] = malloc(i * 50 + 1);
		memset(p[i], (int)i, i * 50 + 1);
	}
	f = open_memstream(&s, &len);
	for(int i = 0; i < 100; i++) {
		n += fprintf(f, "%d ", p[i][0]);
		free(p[i]);
	}
	fclose(f);
	free(s);
	return (size_t)n == len;
}

static pid_t
child(int kind)
{
	char *argv[] = {self, "child", NULL};
	pid_t pid;
	int well;

	switch(kind) {
	case 4:
		return posix_spawn(&pid, self, NULL, NULL, argv, environ) == 0 ? pid : -1;
	case 5:
		pid = vfork();
		if(pid == 0) {
			execv(self, argv);
			_exit(127);
		}
		return pid;
	}
	pid = fork();
	if(pid != 0)
		return pid;
	alarm(60);
	well = same() && memory();
	switch(kind) {
	case 1:
		well = well && threads();
		break;
	case 2:
		execv(self, argv);
		_exit(127);
	case 3:
		/* And a child of its own. */
		pid = fork();
		if(pid == 0)
			_exit(!(memory() && threads()));
		well = well && waitpid(pid, &kind, 0) == pid && kind == 0;
	}
	_exit(!(well && same()));
}

static void *
forker(void *arg)
{
	long well = 0;
	int status;
	pid_t pid;

	for(int i = 0; i < children / NFORKER; i++) {
		pid = child(i % NKIND);
		if(waitpid(pid, &status, 0) != pid)
			status = -1;
		if(status != 0)
			fprintf(stderr, "forks: child %d of kind %d: status %#x\n", i, i % NKIND, (unsigned)status);
		well += status == 0;
	}
	(void)arg;
	return (void *)well;
}

int
main(int argc, char **argv)
{
	pthread_t t[NTHREAD], f[NFORKER];
	long well = 0;
	void *v;

	self = "/proc/self/exe";
	if(argc > 1 && strcmp(argv[1], "child") == 0)
		return !(memory() && threads());
	children = argc > 1 ? atoi(argv[1]) : 100;
	null = fopen("/dev/null", "w");
	pthread_atfork(prepare, after, after);
	sem_init(&permits, 0, 2);
	for(size_t i = 0; i < NTHREAD; i++)
		pthread_create(&t[i], NULL, load, (void *)i);
	for(int i = 0; i < NFORKER; i++)
		pthread_create(&f[i], NULL, forker, NULL);
	for(int i = 0; i < NFORKER; i++) {
		pthread_join(f[i], &v);
		well += (long)v;
	}
	over = 1;
	for(int i = 0; i < NTHREAD; i++)
		pthread_join(t[i], NULL);
	printf("%ld of %d children well, pair %s\n", well, children / NFORKER * NFORKER, same() ? "equal" : "torn");
	return 0;
}
