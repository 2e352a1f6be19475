/*
 * What the parts of the mixed stress share.  Each part is threads of one role
 * with its own law of conservation, checked when all have ended; each says how
 * far it has come, for the watchdog.
 */
#ifndef RENDEZ_STRESS_H
#define RENDEZ_STRESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern unsigned seed0;	     /* of the run */
extern _Atomic int stop;     /* all roles come to an end */
extern _Atomic long handled; /* signals handled */

/* xorshift32: seed is never 0 */
unsigned rnd(unsigned *seed);
unsigned seedof(int thread);

/* CLOCK now plus us. */
struct timespec in(clockid_t clock, long us);
void nap(long us);

/* A broken law: say so, with every stack, and abort. */
void broken(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Every stack of process pid on standard error: by gdb, or what the kernel says. */
void dumpstacks(pid_t pid);
void eachtask(pid_t pid, void (*f)(pid_t pid, const char *tid));
/* One file of a thread's directory, as much as fits; 0 if there is nothing in it. */
int readtask(char *text, size_t size, pid_t pid, const char *tid, const char *name);

#define LAW(e) \
	do { \
		if(!(e)) \
			broken("%s:%d: %s", __FILE__, __LINE__, #e); \
	} while(0)

/* A mutex of the kind i % 4: normal, recursive, errorcheck, adaptive. */
void makemutex(pthread_mutex_t *, int i);

/* How far a role has come; it moves within the watchdog's time or the run is broken. */
typedef struct Role {
	const char *name;
	_Atomic long done;
} Role;

/* Whether it has not yet done more than its share of the run so far (mixed.c). */
int due(const Role *);

/* stations.c: tokens go round stations, each a mutex and a condition; takers that never leave, and visitors. */
extern Role trips;
enum { STATIONS = 4, TAKERS = 3, TOKENS = 5 };
void stationsinit(void);
void *taker(void *station); /* (void *)(long)number */
void visit(int station);    /* cancellable for ever in a condition wait; holds no token when it is cancelled */
void stationsstop(void);
void stationscheck(void);

/* workers.c: mutexes with counters, semaphores, objects freed on the last unlock. */
void workersinit(int threads);
void *worker(void *number);
long workerops(int number);
long allops(void); /* and the trips of tokens */
void workerscheck(void);
void *handlertaker(void *); /* takes what the signal handler posts */
void onsignal(int sig);
void postlast(void); /* from main: lets handlertaker see the end */

/* victims.c: threads that are cancelled and made anew. */
extern Role cancels;
void *canceller(void *);

/* children.c: forks. */
extern Role forks;
void *forker(void *);
void eachchild(void (*f)(pid_t)); /* that has not ended */

/* starved.c: the watchdog's time, and what it remembers of each thing that must move. */
typedef struct Moves {
	long last;
	int still;
} Moves;
/* One step of 10 ms; now and then with a look at who of this process, and of its children if they can be named, is not let run.  One caller at a time. */
void step(void (*eachchild)(void (*f)(pid_t)));
/* Called every step: has it stood still for so long?  Steps in which somebody starves do not count. */
int standsfor(Moves *, long now, int seconds);

#endif
