/*
 * A wait for a process-shared condition with a mutex of this process alone that a handler leaves by setcontext, by siglongjmp or by
 * pthread_exit: nothing of it stays behind.  The frame that is gone is not written to by who waits next, the
 * mutex may be destroyed, and other conditions, whichever they are, are waited for and signalled as ever.  At any instruction of
 * the wait, too.
 */
#include "t.h"
#include <setjmp.h>
#include <ucontext.h>

enum { SETCONTEXT, SIGLONGJMP, EXIT, NWAY, ROUNDS = 300, CONDS = 200, DEPTH = 1500 };

static pthread_mutex_t m;
static pthread_cond_t c, conds[CONDS];
static _Atomic int inside, left, changed, look;
static int way;
static _Thread_local ucontext_t context;
static _Thread_local sigjmp_buf out;
static _Thread_local volatile sig_atomic_t may;

static void
handler(int sig)
{
	(void)sig;
	if(!may)
		return;
	may = 0;
	if(way == SETCONTEXT)
		setcontext(&context);
	if(way == SIGLONGJMP)
		siglongjmp(out, 1);
	pthread_exit(NULL);
}

static __attribute__((noinline)) void
waits(void)
{
	SAME(pthread_mutex_lock(&m), 0);
	may = 1;
	atomic_store_explicit(&inside, 1, memory_order_release);
	for(;;)
		SAME(pthread_cond_wait(&c, &m), 0);
}

/* Where the frames of the wait were. */
static __attribute__((noinline)) void
watch(void)
{
	volatile unsigned char b[DEPTH];
	int n = 0;

	memset((void *)b, 0, sizeof b);
	atomic_store_explicit(&left, 1, memory_order_release);
	UNTIL(atomic_load_explicit(&look, memory_order_acquire));
	for(unsigned i = 0; i < sizeof b; i++)
		n += b[i] != 0;
	changed = n;
}

static void *
victim(void *arg)
{
	static _Thread_local char stack[65536];
	volatile int entered = 0;

	SAME(sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL), 0);
	if(way == SETCONTEXT) {
		getcontext(&context);
		if(!entered) {
			entered = 1;
			waits();
		}
	} else if(sigsetjmp(out, 1) == 0) {
		waits();
	}
	if(arg != NULL)
		watch();
	return NULL;
}

static void *
waitsshortly(void *arg)
{
	pthread_mutex_t *with = arg;
	struct timespec d = in(CLOCK_REALTIME, 2);

	SAME(pthread_mutex_lock(with), 0);
	int r = pthread_cond_timedwait(&c, with, &d);
	MUST(r == ETIMEDOUT || r == 0);
	SAME(pthread_mutex_unlock(with), 0);
	return NULL;
}

static void
make(void)
{
	pthread_condattr_t ca;

	pthread_condattr_init(&ca);
	SAME(pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_cond_init(&c, &ca), 0);
	SAME(pthread_mutex_init(&m, NULL), 0);
	inside = left = look = changed = 0;
}

/* Asleep in the wait.  Only setcontext leaves the mutex unlocked, and the others in a thread that is gone or done. */
static void
asleepthen(int onalt)
{
	static pthread_mutex_t another = PTHREAD_MUTEX_INITIALIZER;
	Thread t, next;

	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler, .sa_flags = onalt ? SA_ONSTACK : 0}, NULL);
	make();
	start(&t, victim, &t);
	asleep(&t);
	SAME(pthread_kill(t.id, SIGUSR1), 0);
	if(way != EXIT)
		UNTIL(atomic_load_explicit(&left, memory_order_acquire));
	else
		join(&t);
	start(&next, waitsshortly, &another);
	join(&next);
	atomic_store_explicit(&look, 1, memory_order_release);
	if(way != EXIT)
		join(&t);
	SAME(changed, 0);
	/* libc counts the user of the mutex who did not come back. */
	if(way == SETCONTEXT && preloaded())
		SAME(pthread_mutex_destroy(&m), 0);
}

/* All conditions, so that whatever several of them may have in common is met. */
static void
usual(void)
{
	static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;

	SAME(pthread_mutex_lock(&other), 0);
	for(int i = 0; i < CONDS; i++) {
		struct timespec d = {0, 0};
		SAME(pthread_cond_timedwait(&conds[i], &other, &d), ETIMEDOUT);
		SAME(pthread_cond_broadcast(&conds[i]), 0);
	}
	SAME(pthread_mutex_unlock(&other), 0);
}

static void
anywhere(void)
{
	unsigned seed = 7;

	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler, .sa_flags = SA_ONSTACK}, NULL);
	for(int i = 0; i < ROUNDS; i++) {
		Thread t;
		way = (int)(rnd(&seed) % NWAY);
		make();
		start(&t, victim, NULL);
		while(!atomic_load_explicit(&inside, memory_order_acquire))
			sched_yield();
		for(volatile unsigned j = rnd(&seed) % 4000; j > 0; j--)
			;
		SAME(pthread_kill(t.id, SIGUSR1), 0);
		join(&t);
		if(i % 10 == 0)
			usual();
	}
	usual();
}

int
main(void)
{
	pthread_condattr_t ca;

	pthread_condattr_init(&ca);
	SAME(pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED), 0);
	for(int i = 0; i < CONDS; i++)
		SAME(pthread_cond_init(&conds[i], &ca), 0);
	for(way = 0; way < NWAY; way++)
		for(int onalt = 0; onalt < 2; onalt++)
			asleepthen(onalt);
	anywhere();
	return ok();
}
