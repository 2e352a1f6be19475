/*
 * Words at which the kernel refuses to wait or to wake (EINVAL), in programs that natively go on: a semaphore's memory
 * that has become a lock with priority inheritance by the time of a late wake, and a semaphore in a packed structure.
 */
#include "t.h"
#include <linux/futex.h>

static union {
	sem_t s;
	_Atomic unsigned w[8];
} u;

static void *
inherits(void *arg)
{
	syscall(SYS_futex, &u.w[0], FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
	return arg;
}

/* As a post meets it that was stopped before its wake, when the semaphore is gone and a lock there is waited for. */
static void
reused(void)
{
	pthread_t t;

	SAME(sem_init(&u.s, 0, 0), 0);
	u.w[0] = (unsigned)gettid();
	u.w[1] = 1; /* one waits: the post has to wake */
	SAME(pthread_create(&t, NULL, inherits, NULL), 0);
	UNTIL(atomic_load_explicit(&u.w[0], memory_order_relaxed) & FUTEX_WAITERS);
	napus(50000);
	errno = ENOTNAM;
	SAME(sem_post(&u.s), 0);
	SAME(errno, ENOTNAM);
}

#pragma pack(push, 1)
static struct {
	char tag;
	sem_t s;
} packed;
#pragma pack(pop)

static void *
takes(void *arg)
{
	sem_t *s = (sem_t *)((char *)&packed + 1);
	while(sem_wait(s) != 0)
		;
	return arg;
}

static void
misaligned(void)
{
	sem_t *s = (sem_t *)((char *)&packed + 1);
	Thread t;

	SAME(sem_init(s, 0, 0), 0);
	start(&t, takes, NULL);
	napus(20000);
	SAME(sem_post(s), 0);
	join(&t);
}

int
main(void)
{
	misaligned();
	reused();
	ok();
	_exit(0); /* the other thread's lock is never given */
}
