/*
 * Spin locks, in glibc's values, so that a process without us can share one.
 *
 * A spinner cannot know whether the holder runs.  If it does, the lock is free in a moment; if it does not (it
 * lost the processor, perhaps to the spinner), spinning keeps it from running.  So: a bounded spin, then
 * yields, then short sleeps; a yield alone does not let a holder of lower priority run.
 */
#define _GNU_SOURCE
#include "export.h"
#include "posix.h"
#include "shim.h"

#include <errno.h>

enum {
	SPIN = 1000, /* turns: some 30 us, longer than anybody should hold one */
	YIELDS = 16,
	NAPNS = 50000,
};

typedef _Atomic(int) Spin;

static int
try(Spin *s)
{
	return atomic_exchange_explicit(s, SPINHELD, memory_order_acquire) == SPINFREE;
}

static void
spinslow(Spin *s, uintptr_t pc)
{
	Wait w;
	int i;

	w.on = 0;
	if(probeon) {
		w.object = (void *)s;
		w.idword = nil;
		w.kind = Kspin;
		w.op = Olock;
		w.counted = 0;
		w.pc = pc;
		waitbegin(&w, 0, 0);
	}
	for(i = 0;; i++) {
		if(atomic_load_explicit(s, memory_order_relaxed) == SPINFREE && try(s))
			break;
		if(i < SPIN)
			relax();
		else if(i < SPIN + YIELDS)
			sysyield();
		else
			sysnap(NAPNS);
	}
	if(probeon)
		waitend(&w, Eacquired, 0, 0);
}

EXPORT(pthread_spin_lock);
int
rz_pthread_spin_lock(pthread_spinlock_t *p)
{
	if(unlikely(!try((Spin *)p)))
		spinslow((Spin *)p, CALLER);
	return 0;
}

EXPORT(pthread_spin_trylock);
int
rz_pthread_spin_trylock(pthread_spinlock_t *p)
{
	return try((Spin *)p) ? 0 : EBUSY;
}

EXPORT(pthread_spin_unlock);
int
rz_pthread_spin_unlock(pthread_spinlock_t *p)
{
	atomic_store_explicit((Spin *)p, SPINFREE, memory_order_release);
	return 0;
}

EXPORT(pthread_spin_init);
int
rz_pthread_spin_init(pthread_spinlock_t *p, int shared)
{
	(void)shared;
	atomic_store_explicit((Spin *)p, SPINFREE, memory_order_relaxed);
	if(probeon)
		objectgone((void *)p);
	return 0;
}

EXPORT(pthread_spin_destroy);
int
rz_pthread_spin_destroy(pthread_spinlock_t *p)
{
	if(probeon)
		objectgone((void *)p);
	return 0;
}
