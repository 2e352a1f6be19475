/*
 * Conditions in memory whose writes the program watches, as collectors and checkpointers do: a write faults, its handler lifts the
 * protection.  A signal or a broadcast reaches its waiter through the fault, whether handlers are put off or masked;
 * and the handler may lock a mutex that is held, the condition's own.
 */
#include "t.h"

#include <sys/mman.h>

enum { PAGE = 4096 };

static char *page;
static _Atomic int faults, go;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static int locks; /* the handler does */

static void
unprotect(int sig, siginfo_t *i, void *context)
{
	(void)context;
	if(sig != SIGSEGV || (uintptr_t)i->si_addr - (uintptr_t)page >= PAGE)
		_exit(99);
	faults++;
	if(locks) {
		SAME(pthread_mutex_lock(&m), 0);
		SAME(pthread_mutex_unlock(&m), 0);
	}
	SAME(mprotect(page, PAGE, PROT_READ | PROT_WRITE), 0);
}

static void *
waits(void *c)
{
	SAME(pthread_mutex_lock(&m), 0);
	while(!atomic_load_explicit(&go, memory_order_relaxed))
		SAME(pthread_cond_wait(c, &m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	return NULL;
}

static void *
holds(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	atomic_store_explicit((_Atomic int *)arg, 1, memory_order_release);
	napus(20000);
	SAME(pthread_mutex_unlock(&m), 0);
	return NULL;
}

static void
reach(int all)
{
	pthread_cond_t *c = (pthread_cond_t *)(page + PAGE / 2);
	_Atomic int held = 0;
	Thread t, holder;

	atomic_store_explicit(&go, 0, memory_order_relaxed);
	SAME(pthread_cond_init(c, NULL), 0);
	start(&t, waits, c);
	asleep(&t);
	SAME(pthread_mutex_lock(&m), 0);
	atomic_store_explicit(&go, 1, memory_order_relaxed);
	SAME(pthread_mutex_unlock(&m), 0);
	if(locks) {
		start(&holder, holds, &held);
		UNTIL(atomic_load_explicit(&held, memory_order_acquire));
	}
	SAME(mprotect(page, PAGE, PROT_READ), 0);
	SAME(all ? pthread_cond_broadcast(c) : pthread_cond_signal(c), 0);
	join(&t);
	if(locks)
		join(&holder);
	SAME(pthread_cond_destroy(c), 0);
}

static void
both(void)
{
	for(locks = 0; locks < 2; locks++)
		for(int all = 0; all < 2; all++)
			reach(all);
}

static void
nothing(int sig)
{
	(void)sig;
}

static void *
paused(void *arg)
{
	for(;;)
		pause();
	return arg;
}

int
main(void)
{
	struct sigaction sa = {.sa_sigaction = unprotect, .sa_flags = SA_SIGINFO};
	Thread t;

	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(page != MAP_FAILED);
	SAME(sigaction(SIGSEGV, &sa, NULL), 0);
	both();
	MUST(faults > 0);
	/* From here on sections mask signals; and from there on for good. */
	start(&t, paused, NULL);
	SAME(pthread_cancel(t.id), 0);
	MUST(join(&t) == PTHREAD_CANCELED);
	both();
	MUST(signal(SIGRTMIN + 1, nothing) == SIG_DFL);
	both();
	return ok();
}
