/*
 * A thread waits for a semaphore, over a stack that is full of other things, since before the library under test began, and is posted
 * after: recording has begun meanwhile, and does not know that wait.
 *
 * link: -Wl,--no-as-needed -Wl,-rpath,$ORIGIN/../lib -L$LIB -l:beforeus.so
 */
#include "t.h"

static sem_t s;
static Thread t;

static __attribute__((noinline)) void
dirty(void)
{
	volatile uint64_t a[1000];

	for(int i = 0; i < 1000; i++)
		a[i] = 0x0000000100ffff01u;
	(void)a[0];
}

static void *
waits(void *arg)
{
	dirty();
	SAME(sem_wait(&s), 0);
	return arg;
}

static void
early(void)
{
	start(&t, waits, NULL);
	asleep(&t);
}

void (*inconstructor)(void) = early;

int
main(void)
{
	SAME(atomic_load_explicit(&t.tid, memory_order_acquire) != 0, 1);
	SAME(sem_post(&s), 0);
	join(&t);
	return ok();
}
