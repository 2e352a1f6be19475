/*
 * A thread that sleeps in a wait leaves it from a handler: by longjmp and its kin, setcontext, pthread_exit, thrd_exit; on its own stack
 * and on the alternate one.  Who waits behind it gets what was meant for one of them, the thread goes on with
 * other waits, and a condition's mutex is locked again just where libc does that.  A handler that swaps to
 * another context and back resumes the wait.  At the end: thousands of short threads that leave their waits so, and
 * the memory of the process does not grow.
 */
#include "t.h"
#include <setjmp.h>
#include <threads.h>
#include <ucontext.h>

extern void __longjmp_chk(sigjmp_buf, int) __attribute__((noreturn));

enum { SHORT = 10000 };
enum { MUTEX, RDLOCK, WRLOCK, COND, SEM, BARRIER, ONCE, NWAIT };
enum { SIGLONGJMP, LONGJMP, LONGJMPCHK, SETCONTEXT, EXIT, C11EXIT, NWAY };

static pthread_mutex_t m, cm, mine = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rw;
static pthread_cond_t c;
static sem_t s;
static pthread_barrier_t b;
static pthread_once_t once;
static _Atomic int inits, tokens, got, leave_;
static int wait_, way;
static _Thread_local sigjmp_buf out;
static _Thread_local ucontext_t context, elsewhere;
static _Thread_local volatile int inside;

static void
init(void)
{
	if(atomic_fetch_add_explicit(&inits, 1, memory_order_acq_rel) == 0)
		UNTIL(atomic_load_explicit(&leave_, memory_order_acquire));
}

static void
waits(void)
{
	switch(wait_) {
	case MUTEX:
		SAME(pthread_mutex_lock(&m), 0);
		SAME(pthread_mutex_unlock(&m), 0);
		break;
	case RDLOCK:
		SAME(pthread_rwlock_rdlock(&rw), 0);
		SAME(pthread_rwlock_unlock(&rw), 0);
		break;
	case WRLOCK:
		SAME(pthread_rwlock_wrlock(&rw), 0);
		SAME(pthread_rwlock_unlock(&rw), 0);
		break;
	case COND:
		SAME(pthread_mutex_lock(&cm), 0);
		while(tokens == 0)
			SAME(pthread_cond_wait(&c, &cm), 0);
		tokens--;
		SAME(pthread_mutex_unlock(&cm), 0);
		break;
	case SEM:
		while(sem_wait(&s) != 0)
			SAME(errno, EINTR);
		break;
	case BARRIER:
		pthread_barrier_wait(&b);
		break;
	case ONCE:
		SAME(pthread_once(&once, init), 0);
	}
}

static void
handler(int sig)
{
	(void)sig;
	if(!inside)
		return;
	inside = 0;
	switch(way) {
	case SIGLONGJMP:
		siglongjmp(out, 1);
	case LONGJMP:
		longjmp(out, 1);
	case LONGJMPCHK:
		__longjmp_chk(out, 1);
	case SETCONTEXT:
		setcontext(&context);
		break;
	case EXIT:
		pthread_exit(NULL);
	case C11EXIT:
		thrd_exit(0);
	}
}

/* Locked again by libc's wait if it is left by a jump or by the end of the thread, not by setcontext. */
static void
left(void *arg)
{
	/* From the alternate stack libc may take the list of cleanups for one of frames that stay: either answer, then. */
	if(wait_ == COND) {
		int r = pthread_mutex_unlock(&cm);
		MUST(r == (way == SETCONTEXT ? EPERM : 0) || (r == EPERM && arg != NULL));
	}
	/* Other waits, as ever. */
	struct timespec d = in(CLOCK_REALTIME, 1);
	static pthread_cond_t quiet = PTHREAD_COND_INITIALIZER;
	SAME(pthread_mutex_lock(&mine), 0);
	SAME(pthread_cond_timedwait(&quiet, &mine, &d), ETIMEDOUT);
	SAME(pthread_mutex_unlock(&mine), 0);
}

static void *
victim(void *alt)
{
	static _Thread_local char stack[65536];
	volatile int entered = 0;

	if(alt != NULL)
		SAME(sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL), 0);
	pthread_cleanup_push(left, alt);
	if(way == SETCONTEXT) {
		getcontext(&context);
		if(!entered) {
			entered = inside = 1;
			waits();
			no("%s:%d: the victim got it", __FILE__, __LINE__);
		}
	} else if(sigsetjmp(out, 1) == 0) {
		inside = 1;
		waits();
		no("%s:%d: the victim got it", __FILE__, __LINE__);
	}
	pthread_cleanup_pop(1);
	return NULL;
}

static void *
other(void *arg)
{
	waits();
	atomic_fetch_add_explicit(&got, 1, memory_order_release);
	return arg;
}

/* Whoever holds what the others wait for. */
static void
hold(void)
{
	m = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	cm = (pthread_mutex_t)PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	c = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	rw = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
	once = PTHREAD_ONCE_INIT;
	tokens = inits = leave_ = 0;
	SAME(sem_init(&s, 0, 0), 0);
	SAME(pthread_barrier_init(&b, NULL, 2), 0);
	if(wait_ == MUTEX)
		SAME(pthread_mutex_lock(&m), 0);
	if(wait_ == RDLOCK)
		SAME(pthread_rwlock_wrlock(&rw), 0);
	if(wait_ == WRLOCK)
		SAME(pthread_rwlock_rdlock(&rw), 0);
}

static void
give(void)
{
	switch(wait_) {
	case MUTEX:
		SAME(pthread_mutex_unlock(&m), 0);
		break;
	case RDLOCK:
	case WRLOCK:
		SAME(pthread_rwlock_unlock(&rw), 0);
		break;
	case COND:
		SAME(pthread_mutex_lock(&cm), 0);
		tokens++;
		SAME(pthread_cond_signal(&c), 0);
		SAME(pthread_mutex_unlock(&cm), 0);
		break;
	case SEM:
		SAME(sem_post(&s), 0);
		break;
	case BARRIER:
		pthread_barrier_wait(&b);
		break;
	case ONCE:
		atomic_store_explicit(&leave_, 1, memory_order_release);
	}
}

static void
one(int alt, int first)
{
	Thread v, o, runner;

	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler, .sa_flags = alt ? SA_ONSTACK : 0}, NULL);
	hold();
	got = 0;
	if(wait_ == ONCE) {
		start(&runner, other, NULL);
		UNTIL(atomic_load_explicit(&inits, memory_order_acquire));
	}
	if(first && wait_ != BARRIER) {
		start(&o, other, NULL);
		asleep(&o);
	}
	start(&v, victim, alt ? &v : NULL);
	asleep(&v);
	if(!first && wait_ != BARRIER) {
		start(&o, other, NULL);
		asleep(&o);
	}
	SAME(pthread_kill(v.id, SIGUSR1), 0);
	join(&v);
	if(wait_ == BARRIER) {
		start(&o, other, NULL);
		asleep(&o);
	}
	give();
	join(&o);
	if(wait_ == ONCE)
		join(&runner);
	SAME(got, wait_ == ONCE ? 2 : 1);
	SAME(pthread_mutex_trylock(&m), 0);
	SAME(pthread_mutex_trylock(&cm), 0);
	SAME(pthread_rwlock_trywrlock(&rw), 0);
}

static char otherstack[65536];
static _Atomic int swapped;

static void
visit(void)
{
	atomic_fetch_add_explicit(&swapped, 1, memory_order_relaxed);
	SAME(pthread_mutex_lock(&mine), 0);
	SAME(pthread_mutex_unlock(&mine), 0);
}

static void
swaps(int sig)
{
	ucontext_t here;

	(void)sig;
	getcontext(&elsewhere);
	elsewhere.uc_stack.ss_sp = otherstack;
	elsewhere.uc_stack.ss_size = sizeof otherstack;
	elsewhere.uc_link = &here;
	makecontext(&elsewhere, visit, 0);
	SAME(swapcontext(&here, &elsewhere), 0);
}

static void
thereandback(void)
{
	Thread t;

	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = swaps}, NULL);
	hold();
	got = 0;
	swapped = 0;
	start(&t, other, NULL);
	asleep(&t);
	for(int i = 1; i <= 5; i++) {
		SAME(pthread_kill(t.id, SIGUSR1), 0);
		UNTIL(atomic_load_explicit(&swapped, memory_order_acquire) == i);
		asleep(&t);
	}
	give();
	join(&t);
	SAME(got, 1);
}

static void
nowhere(int sig)
{
	(void)sig;
	FAILS(setcontext(NULL), EFAULT);
	FAILS(setcontext((ucontext_t *)(uintptr_t)4096), EFAULT);
	atomic_fetch_add_explicit(&swapped, 1, memory_order_relaxed);
}

/* A context that cannot be read is one error; a wait goes on. */
static void
tonowhere(void)
{
	Thread t;

	swapped = 0;
	nowhere(0);
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = nowhere}, NULL);
	hold();
	got = 0;
	start(&t, other, NULL);
	asleep(&t);
	SAME(pthread_kill(t.id, SIGUSR1), 0);
	UNTIL(atomic_load_explicit(&swapped, memory_order_acquire) == 2);
	asleep(&t);
	give();
	join(&t);
	SAME(got, 1);
}

/* It waits a moment, unless a handler makes it end before. */
static void *
shortlived(void *arg)
{
	struct timespec d = in(CLOCK_REALTIME, 1);
	static pthread_mutex_t sm = PTHREAD_MUTEX_INITIALIZER;

	inside = 1;
	sem_timedwait(&s, &d);
	inside = 0;
	SAME(pthread_mutex_lock(&sm), 0);
	sched_yield();
	SAME(pthread_mutex_unlock(&sm), 0);
	return arg;
}

static long
resident(void)
{
	long ignored, pages;
	FILE *f = fopen("/proc/self/statm", "r");

	MUST(f != NULL && fscanf(f, "%ld %ld", &ignored, &pages) == 2);
	fclose(f);
	return pages;
}

int
main(void)
{
	static const int kinds[] = {MUTEX, COND, SEM, RDLOCK};
	long before = 0;
	Thread t[8];

	for(int alt = 0; alt < 2; alt++)
		for(wait_ = 0; wait_ < NWAIT; wait_++)
			for(way = 0; way < NWAY; way++) {
				/* libc's barriers and rwlocks go on counting who has gone, its condition may wake it */
				if(!preloaded() && (wait_ == BARRIER || wait_ == RDLOCK || wait_ == WRLOCK ||
						       (wait_ == COND && way == SETCONTEXT)))
					continue;
				one(alt, 0);
				one(alt, 1);
			}
	for(wait_ = 0; wait_ <= SEM; wait_++) {
		thereandback();
		tonowhere();
	}
	for(int i = 0; i < 100; i++) {
		wait_ = kinds[i % (preloaded() ? 4 : 3)];
		way = i / 4 % 2 ? EXIT : SIGLONGJMP;
		one(0, i & 1);
	}
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler}, NULL);
	way = EXIT;
	for(int i = 0; i < SHORT; i++) {
		if(i == SHORT / 10)
			before = resident();
		start(&t[i % 8], shortlived, NULL);
		if(i % 2)
			pthread_kill(t[i % 8].id, SIGUSR1);
		if(i % 8 == 7)
			for(int k = 0; k < 8; k++)
				join(&t[k]);
	}
	MUST(resident() < before + 500);
	return ok();
}
