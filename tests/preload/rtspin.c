/*
 * A spin lock between a thread of a real-time policy and one that shares time, on one processor: the first spins while the
 * second, which has the lock, does not run.  It gets through: a spinner that finds the lock taken for long sleeps.
 * libc's spins for ever, or until the kernel's limit on real-time threads lets the other run.
 */
#include "t.h"

enum { ROUNDS = 20 };

static pthread_spinlock_t l;
static _Atomic int holds, spins;

static void *
holder(void *arg)
{
	SAME(pthread_spin_lock(&l), 0);
	atomic_store_explicit(&holds, 1, memory_order_release);
	while(!atomic_load_explicit(&spins, memory_order_acquire))
		;
	SAME(pthread_spin_unlock(&l), 0);
	return arg;
}

static void *
spinner(void *arg)
{
	SAME(pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){10}), 0);
	atomic_store_explicit(&spins, 1, memory_order_release);
	SAME(pthread_spin_lock(&l), 0);
	SAME(pthread_spin_unlock(&l), 0);
	return arg;
}

int
main(void)
{
	if(pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){10}) != 0)
		return skipped("no real-time policy is permitted");
	SAME(pthread_setschedparam(pthread_self(), SCHED_OTHER, &(struct sched_param){0}), 0);
	if(!preloaded())
		return skipped("libc's spinner keeps the processor");
	onecpu();
	SAME(pthread_spin_init(&l, PTHREAD_PROCESS_PRIVATE), 0);
	for(int i = 0; i < ROUNDS; i++) {
		Thread h, s;
		holds = spins = 0;
		start(&h, holder, NULL);
		UNTIL(atomic_load_explicit(&holds, memory_order_acquire));
		start(&s, spinner, NULL);
		join(&s);
		join(&h);
	}
	return ok();
}
