/*
 * Threads that pthread_create did not make for the program: of SIGEV_THREAD
 * timers, of asynchronous I/O, and a bare clone that borrows its parent's
 * thread-local memory while the parent stands still.
 */
#include "t.h"
#include <aio.h>
#include <linux/futex.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static int fired;
static long n;
static _Atomic int childgone, stop;

static void *
contend(void *arg)
{
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		SAME(pthread_mutex_lock(&m), 0);
		n++;
		sched_yield();
		SAME(pthread_mutex_unlock(&m), 0);
	}
	return arg;
}

static void
notified(union sigval v)
{
	SAME(pthread_mutex_lock(&m), 0);
	fired++;
	SAME(pthread_cond_signal(&c), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(sem_post(v.sival_ptr), 0);
}

static void
untilfired(int want)
{
	SAME(pthread_mutex_lock(&m), 0);
	while(fired < want)
		SAME(pthread_cond_wait(&c, &m), 0);
	fired = 0;
	SAME(pthread_mutex_unlock(&m), 0);
	for(int i = 0; i < want; i++)
		SAME(sem_wait(&s), 0);
}

static void
timers(void)
{
	struct sigevent e = {
	    .sigev_notify = SIGEV_THREAD, .sigev_notify_function = notified, .sigev_value.sival_ptr = &s};
	struct itimerspec often = {.it_interval = {0, 1000000}, .it_value = {0, 1000000}};
	timer_t t;
	SAME(timer_create(CLOCK_MONOTONIC, &e, &t), 0);
	SAME(timer_settime(t, 0, &often, NULL), 0);
	untilfired(30);
	SAME(timer_delete(t), 0);
}

static void
aio(void)
{
	char buf[8] = "";
	struct aiocb cb = {.aio_buf = buf,
	    .aio_nbytes = 4,
	    .aio_sigevent.sigev_notify = SIGEV_THREAD,
	    .aio_sigevent.sigev_notify_function = notified,
	    .aio_sigevent.sigev_value.sival_ptr = &s};
	const struct aiocb *list[] = {&cb};
	SAME(pthread_mutex_lock(&m), 0);
	fired = 0; /* of timer expiries that were on their way */
	SAME(pthread_mutex_unlock(&m), 0);
	while(sem_trywait(&s) == 0)
		;
	cb.aio_fildes = open("/dev/zero", O_RDONLY);
	for(int i = 0; i < 5; i++) {
		SAME(aio_read(&cb), 0);
		while(aio_suspend(list, 1, NULL) != 0)
			;
		SAME(aio_return(&cb), 4);
		untilfired(1);
	}
	close(cb.aio_fildes);
}

/* Runs on its own stack, with the parent's thread pointer; ends by the bare exit call. */
static int
bare(void *arg)
{
	(void)arg;
	for(int i = 0; i < 200; i++) {
		struct timespec d = in(CLOCK_REALTIME, 1);
		SAME(pthread_mutex_lock(&m), 0);
		n++;
		int r = i % 20 == 0 ? pthread_cond_timedwait(&c, &m, &d) : 0;
		MUST(r == 0 || r == ETIMEDOUT);
		SAME(pthread_mutex_unlock(&m), 0);
		SAME(sem_post(&s), 0);
		SAME(sem_wait(&s), 0);
	}
	return 0;
}

static void
clones(void)
{
	size_t size = 256 * 1024;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(stack != MAP_FAILED);
	for(int i = 0; i < 10; i++) {
		atomic_store_explicit(&childgone, 1, memory_order_relaxed);
		int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
			    CLONE_CHILD_CLEARTID;
		MUST(clone(bare, stack + size, flags, NULL, NULL, NULL, &childgone) > 0);
		while(atomic_load_explicit(&childgone, memory_order_acquire) != 0)
			syscall(SYS_futex, &childgone, FUTEX_WAIT, 1, NULL, NULL, 0);
	}
	munmap(stack, size);
}

int
main(void)
{
	Thread t[2];

	SAME(sem_init(&s, 0, 0), 0);
	for(int i = 0; i < 2; i++)
		start(&t[i], contend, NULL);
	timers();
	aio();
	clones();
	atomic_store_explicit(&stop, 1, memory_order_release);
	for(int i = 0; i < 2; i++)
		join(&t[i]);
	SAME(pthread_mutex_trylock(&m), 0);
	return ok();
}
