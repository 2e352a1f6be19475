/*
 * For dropped.sh: a thread jumps out of waits that have no Proc, and waits for nothing after that.  With an argument: two
 * semaphores that share an entry of posters (shim/sem.c) are posted at once, one of them stopped half way.
 *
 * link: -rdynamic
 */
#include "t.h"
#include <setjmp.h>

enum { JUMPS = 40 };

static pthread_spinlock_t spin;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static sigjmp_buf out;
static volatile sig_atomic_t inside;
static _Atomic int held, over;
static pthread_t waiter;

static void
handler(int sig)
{
	(void)sig;
	if(inside) {
		inside = 0;
		siglongjmp(out, 1);
	}
}

static void *
holder(void *arg)
{
	pthread_spin_lock(&spin);
	SAME(pthread_rwlock_wrlock(&rw), 0);
	atomic_store_explicit(&held, 1, memory_order_release);
	for(unsigned seed = 1; !atomic_load_explicit(&over, memory_order_acquire);) {
		pthread_kill(waiter, SIGUSR1);
		napus(rnd(&seed) % 200);
	}
	SAME(pthread_rwlock_unlock(&rw), 0);
	pthread_spin_unlock(&spin);
	return arg;
}

static void
jumps(void)
{
	volatile int n = 0;
	Thread t;

	pthread_spin_init(&spin, 0);
	signal(SIGUSR1, handler);
	waiter = pthread_self();
	start(&t, holder, NULL);
	UNTIL(atomic_load_explicit(&held, memory_order_acquire));
	while(n < JUMPS) {
		n = n + 1;
		if(sigsetjmp(out, 1) != 0)
			continue;
		inside = 1;
		if(n % 2 == 0 && n < JUMPS)
			pthread_rwlock_rdlock(&rw);
		else
			pthread_spin_lock(&spin);
		no("%s:%d: it got the lock", __FILE__, __LINE__);
	}
	atomic_store_explicit(&over, 1, memory_order_release);
	join(&t);
}

/* At one place of the table: the top eight bits of the product are the entry. */
static sem_t sems[8192];
static sem_t *first, *second;
static _Atomic int stopped, go;
static _Thread_local int stops;

__attribute__((visibility("default"))) void
rendezstop(const char *point)
{
	if(!stops || strcmp(point, "sem.posting") != 0)
		return;
	stops = 0;
	atomic_store_explicit(&stopped, 1, memory_order_release);
	UNTIL(atomic_load_explicit(&go, memory_order_acquire));
}

static void *
waits(void *s)
{
	SAME(sem_wait(s), 0);
	return NULL;
}

__attribute__((noinline)) static void *
posterone(void *s)
{
	stops = 1;
	SAME(sem_post(s), 0);
	return NULL;
}

__attribute__((noinline)) static void *
postertwo(void *s)
{
	SAME(sem_post(s), 0);
	return NULL;
}

static uintptr_t
entry(const sem_t *s)
{
	return ((uintptr_t)s * 0x9e3779b97f4a7c15u) >> 56;
}

static void
posts(void)
{
	Thread w[2], p[2];

	first = second = &sems[0];
	do
		second++;
	while(entry(first) != entry(second));
	start(&w[0], waits, first);
	start(&w[1], waits, second);
	asleep(&w[0]);
	asleep(&w[1]);
	start(&p[0], posterone, first);
	UNTIL(atomic_load_explicit(&stopped, memory_order_acquire));
	start(&p[1], postertwo, second);
	join(&p[1]);
	join(&w[1]);
	atomic_store_explicit(&go, 1, memory_order_release);
	join(&p[0]);
	join(&w[0]);
}

int
main(int argc, char **argv)
{
	(void)argv;
	if(argc > 1)
		posts();
	else
		jumps();
	return ok();
}
