/*
 * A thread that vanishes from pthread_mutex_lock, asynchronously cancelled or by
 * siglongjmp out of a handler: the others go on, and so does the one that jumped.  And one that is cancelled so in a
 * condition's wait.
 */
#include "t.h"
#include <setjmp.h>

enum { ROUNDS = 300 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, another = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static int counter;
static _Thread_local sigjmp_buf out;
static _Thread_local volatile sig_atomic_t inside;

static void *
blockasync(void *arg)
{
	(void)arg;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	pthread_mutex_lock(&m);
	no("%s:%d: a cancelled locker got the mutex", __FILE__, __LINE__);
}

static pthread_mutex_t waitsm = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_cond_t *waitsc;
static _Atomic int holdsit;

static void
cleancond(void *arg)
{
	(void)arg;
	SAME(pthread_mutex_unlock(&waitsm), 0);
	atomic_fetch_add_explicit(&holdsit, 1, memory_order_relaxed);
}

static void *
waitasync(void *timed)
{
	struct timespec d = in(CLOCK_REALTIME, 100000);

	SAME(pthread_mutex_lock(&waitsm), 0);
	pthread_cleanup_push(cleancond, NULL);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for(;;)
		SAME(timed ? pthread_cond_timedwait(waitsc, &waitsm, &d) : pthread_cond_wait(waitsc, &waitsm), 0);
	pthread_cleanup_pop(0);
	return NULL;
}

/*
 * Cancelled asleep in a condition's wait: its cleanup handlers have the mutex.  Also of one that was signalled a moment before,
 * with our conditions: libc's may not have it by then.
 */
static void
condcancelled(int shared)
{
	pthread_condattr_t ca;
	pthread_cond_t cond;

	pthread_condattr_init(&ca);
	SAME(pthread_condattr_setpshared(&ca, shared), 0);
	for(int i = 0; i < 40; i++) {
		Thread t;
		int signalled = preloaded() && i % 4 >= 2;
		SAME(pthread_cond_init(&cond, &ca), 0);
		waitsc = &cond;
		holdsit = 0;
		start(&t, waitasync, i % 2 ? &t : NULL);
		asleep(&t);
		if(signalled)
			SAME(pthread_cond_signal(&cond), 0);
		SAME(pthread_cancel(t.id), 0);
		MUST(join(&t) == PTHREAD_CANCELED);
		SAME(holdsit, 1);
		SAME(pthread_mutex_lock(&waitsm), 0);
		SAME(pthread_mutex_unlock(&waitsm), 0);
	}
}

static void *
count(void *arg)
{
	(void)arg;
	SAME(pthread_mutex_lock(&m), 0);
	counter++;
	SAME(pthread_mutex_unlock(&m), 0);
	return NULL;
}

/* Lockers sleep before and behind the one that is cancelled; all of them get the mutex. */
static void
cancelled(void)
{
	for(int i = 0; i < 30; i++) {
		Thread before, victim, behind;
		counter = 0;
		SAME(pthread_mutex_lock(&m), 0);
		start(&before, count, NULL);
		asleep(&before);
		start(&victim, blockasync, NULL);
		asleep(&victim);
		start(&behind, count, NULL);
		asleep(&behind);
		SAME(pthread_cancel(victim.id), 0);
		MUST(join(&victim) == PTHREAD_CANCELED);
		SAME(pthread_mutex_unlock(&m), 0);
		join(&before);
		join(&behind);
		SAME(counter, 2);
	}
}

static void
jump(int sig)
{
	(void)sig;
	if(inside)
		siglongjmp(out, 1);
}

/* After the jump the thread uses mutexes, conditions and semaphores as ever. */
static void
usual(void)
{
	struct timespec d = in(CLOCK_REALTIME, 1);
	SAME(pthread_mutex_lock(&another), 0);
	int r = pthread_cond_timedwait(&c, &another, &d);
	MUST(r == 0 || r == ETIMEDOUT);
	SAME(pthread_mutex_unlock(&another), 0);
	while(sem_trywait(&s) == 0)
		;
	SAME(sem_post(&s), 0);
	SAME(sem_wait(&s), 0);
}

static void *
jumper(void *arg)
{
	if(sigsetjmp(out, 1) == 0) {
		inside = 1;
		if(arg != NULL)
			while(sem_wait(&s) != 0)
				;
		else
			pthread_mutex_lock(&m);
		inside = 0;
		no("%s:%d: the jumper got it", __FILE__, __LINE__);
	}
	inside = 0;
	usual();
	return NULL;
}

static void
jumped(void)
{
	for(int i = 0; i < 30; i++) {
		Thread before, t, behind;
		counter = 0;
		SAME(pthread_mutex_lock(&m), 0);
		start(&before, count, NULL);
		asleep(&before);
		start(&t, jumper, NULL);
		asleep(&t);
		start(&behind, count, NULL);
		asleep(&behind);
		SAME(pthread_kill(t.id, SIGUSR1), 0);
		join(&t);
		SAME(pthread_mutex_unlock(&m), 0);
		join(&before);
		join(&behind);
		SAME(counter, 2);
	}
	for(int i = 0; i < 30; i++) {
		Thread t;
		start(&t, jumper, &s);
		asleep(&t);
		SAME(pthread_kill(t.id, SIGUSR1), 0);
		join(&t);
		SAME(sem_post(&s), 0);
		SAME(sem_wait(&s), 0);
	}
}

/* Only where no jump can leave the mutex owned does the handler jump: the mutex is held by main throughout the window. */
static _Atomic int arm;

static void *
racer(void *arg)
{
	(void)arg;
	for(;;) {
		if(sigsetjmp(out, 1) == 0) {
			inside = 1;
			atomic_store_explicit(&arm, 1, memory_order_release);
			pthread_mutex_lock(&m);
			inside = 0;
			no("%s:%d: the racer got the mutex", __FILE__, __LINE__);
		}
		inside = 0;
		usual();
		return NULL;
	}
}

/* The jump comes at any instruction of the slow path, not only in the sleep. */
static void
anywhere(void)
{
	unsigned seed = 3;
	for(int i = 0; i < ROUNDS; i++) {
		Thread t, w;
		atomic_store_explicit(&arm, 0, memory_order_relaxed);
		counter = 0;
		SAME(pthread_mutex_lock(&m), 0);
		start(&t, racer, NULL);
		start(&w, count, NULL);
		while(!atomic_load_explicit(&arm, memory_order_acquire))
			sched_yield();
		for(volatile unsigned j = rnd(&seed) % 4000; j > 0; j--)
			;
		SAME(pthread_kill(t.id, SIGUSR1), 0);
		join(&t);
		SAME(pthread_mutex_unlock(&m), 0);
		join(&w);
		SAME(counter, 1);
	}
}

int
main(void)
{
	SAME(sem_init(&s, 0, 0), 0);
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = jump}, NULL);
	cancelled();
	condcancelled(PTHREAD_PROCESS_PRIVATE);
	condcancelled(PTHREAD_PROCESS_SHARED);
	jumped();
	anywhere();
	return ok();
}
