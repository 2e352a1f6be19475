/*
 * The lock benchmark's harness: threads that start together, work of a known length, a period, and what is said.
 *
 * A benchmark prints lines, "NAME <tab> VALUE <tab> UNIT".  Each one checks what its lock must protect, so a figure is
 * never that of a lock that does not lock.
 */
#ifndef RENDEZ_BENCH_LAB_H
#define RENDEZ_BENCH_LAB_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024, LINE = 64 };

typedef struct Worker {
	_Alignas(LINE) int id;
	uint64_t ops;
	uint64_t sink;	  /* what the work came to: it must be kept, or the compiler leaves it out */
	uint64_t longest; /* wait, ns; counted only if timing */
	pthread_t thread;
} Worker;

extern Worker worker[MOST];
extern int workers;	 /* of the run */
extern int timing;	 /* each wait is to be timed, which costs throughput */
extern _Atomic int over; /* the period is */
extern double period;	 /* s; LAB_MS says otherwise */

double now(void);
void nap(double s);
void die(const char *why) __attribute__((noreturn));
void say(const char *name, double value, const char *unit);

/* n threads that begin body together; and their end: how many operations they did. */
void start(int n, void *(*body)(void *));
uint64_t finish(void);
/* Both, with the period between: operations a second. */
double rate(int n, void *(*body)(void *));
/* Threads that only exist are made with this stack too: a thousand fit. */
void make(pthread_t *, void *(*body)(void *), void *arg);

/* One turn is a multiplication and an addition that wait for the turn before: some 4 cycles. */
static inline uint64_t
work(uint64_t x, int turns)
{
	while(turns-- > 0) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		__asm__ volatile("" : "+r"(x));
	}
	return x;
}

static inline int
isover(void)
{
	return atomic_load_explicit(&over, memory_order_relaxed);
}

/* What a lock protects: two counters on two lines. */
typedef struct Guarded {
	_Alignas(LINE) uint64_t a;
	_Alignas(LINE) uint64_t b;
} Guarded;
extern Guarded guarded;

/* A critical section of so many turns. */
static inline uint64_t
section(uint64_t x, int turns)
{
	guarded.a++;
	x = work(x, turns);
	guarded.b++;
	return x;
}

/* The benchmarks, by file. */
void pairs(char **arg);					/* pairs.c */
void contended(char **arg), oversubscribed(char **arg); /* crowd.c */
void apart(char **arg), rwmixed(char **arg), barrier(char **arg);
void condpingpong(char **arg), sempingpong(char **arg); /* handoff.c */
void broadcast(char **arg), queue(char **arg);
void memory(char **arg); /* memory.c */

#endif
