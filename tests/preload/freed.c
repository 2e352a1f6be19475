/*
 * Destroyed, and its page made inaccessible, right after the unlock, the post or
 * the broadcast that let the destroyer go: the one who let it go must not touch
 * the object any more.
 */
#include "t.h"

enum { ROUNDS = 2000 };

/* One page that holds one object; fresh after every round at the same or another address. */
typedef struct Page {
	pthread_mutex_t m;
	pthread_cond_t c;
	sem_t s;
	int flag, users;
} Page;

static Page *_Atomic page;
static _Atomic int round1, finished;
static size_t pagesize;

static Page *
fresh(int spread)
{
	Page *p = mmap(NULL, pagesize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(p != MAP_FAILED);
	p = (Page *)((char *)p + spread % 16 * 64);
	SAME(pthread_mutex_init(&p->m, NULL), 0);
	SAME(pthread_cond_init(&p->c, NULL), 0);
	SAME(sem_init(&p->s, 0, 0), 0);
	p->users = 2;
	return p;
}

static void *
pageof(Page *p)
{
	return (void *)((uintptr_t)p & ~(pagesize - 1));
}

/* The destroyer: any later touch of the page is a fault. */
static void
destroy(Page *p, int unmap)
{
	SAME(pthread_mutex_destroy(&p->m), 0);
	SAME(pthread_cond_destroy(&p->c), 0);
	SAME(sem_destroy(&p->s), 0);
	memset(p, 0x5a, sizeof *p);
	SAME(unmap ? munmap(pageof(p), pagesize) : mprotect(pageof(p), pagesize, PROT_NONE), 0);
}

/* Reference counting under the object's own mutex: the last one out destroys, while the other is still in unlock. */
static void
leave(Page *p, int i)
{
	SAME(pthread_mutex_lock(&p->m), 0);
	int last = --p->users == 0;
	SAME(pthread_mutex_unlock(&p->m), 0);
	if(last)
		destroy(p, i % 2);
}

static void
waitsem(Page *p, int i)
{
	while(sem_wait(&p->s) != 0)
		;
	destroy(p, i % 2);
}

/* The waiter destroys after the signal that it was told of under the mutex. */
static void
waitcond(Page *p, int i)
{
	SAME(pthread_mutex_lock(&p->m), 0);
	while(!p->flag)
		SAME(pthread_cond_wait(&p->c, &p->m), 0);
	SAME(pthread_mutex_unlock(&p->m), 0);
	destroy(p, i % 2);
}

static void
post(Page *p, int i)
{
	(void)i;
	SAME(sem_post(&p->s), 0);
}

static void
signalcond(Page *p, int i)
{
	SAME(pthread_mutex_lock(&p->m), 0);
	p->flag = 1;
	SAME(i & 2 ? pthread_cond_signal(&p->c) : pthread_cond_broadcast(&p->c), 0);
	SAME(pthread_mutex_unlock(&p->m), 0);
}

static void (*const mine[])(Page *, int) = {leave, waitsem, waitcond};
static void (*const theirs[])(Page *, int) = {leave, post, signalcond};

static void *
partner(void *arg)
{
	for(int i = 1; i <= 3 * ROUNDS; i++) {
		while(atomic_load_explicit(&round1, memory_order_acquire) != i)
			sched_yield();
		theirs[i % 3](atomic_load_explicit(&page, memory_order_acquire), i / 3);
		atomic_store_explicit(&finished, i, memory_order_release);
	}
	return arg;
}

/* Waiters sleep in the mutex first, so that unlock has somebody to wake. */
static void *
lastout(void *arg)
{
	leave(arg, 1);
	return NULL;
}

static void
woken(void)
{
	for(int i = 0; i < 200; i++) {
		Page *p = fresh(i);
		Thread t;
		SAME(pthread_mutex_lock(&p->m), 0);
		start(&t, lastout, p);
		asleep(&t);
		p->users--;
		SAME(pthread_mutex_unlock(&p->m), 0);
		join(&t);
	}
}

int
main(void)
{
	Thread t;
	unsigned seed = 17;

	pagesize = (size_t)sysconf(_SC_PAGESIZE);
	start(&t, partner, NULL);
	for(int i = 1; i <= 3 * ROUNDS; i++) {
		Page *p = fresh(i);
		atomic_store_explicit(&page, p, memory_order_release);
		atomic_store_explicit(&round1, i, memory_order_release);
		for(volatile unsigned j = rnd(&seed) % 500; j > 0; j--)
			;
		mine[i % 3](p, i / 3);
		while(atomic_load_explicit(&finished, memory_order_acquire) != i)
			sched_yield();
	}
	join(&t);
	woken();
	return ok();
}
