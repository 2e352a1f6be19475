/*
 * Waits from unusual stacks: the least that a thread may have, a signal stack, a
 * coroutine's, one at the end of its mapping, and code without unwind tables.
 * Nobody reads beyond a stack or needs much of it.
 */
#include "t.h"
#include <limits.h>
#include <ucontext.h>

enum { THREADS = 4, ROUNDS = 300 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static long n;

static void
use(int rounds)
{
	for(int i = 0; i < rounds; i++) {
		struct timespec d = in(CLOCK_REALTIME, 1);
		SAME(pthread_mutex_lock(&m), 0);
		n++;
		if(i % 64 == 0) {
			int r = pthread_cond_timedwait(&c, &m, &d);
			MUST(r == 0 || r == ETIMEDOUT);
		}
		sched_yield();
		SAME(pthread_cond_signal(&c), 0);
		SAME(pthread_mutex_unlock(&m), 0);
		while(sem_wait(&s) != 0)
			;
		SAME(sem_post(&s), 0);
	}
}

static void *
small(void *arg)
{
	use(ROUNDS);
	return arg;
}

static void
smallest(void)
{
	pthread_t t[THREADS];
	pthread_attr_t a;
	pthread_attr_init(&a);
	SAME(pthread_attr_setstacksize(&a, (size_t)sysconf(_SC_THREAD_STACK_MIN)), 0);
	for(int i = 0; i < THREADS; i++)
		SAME(pthread_create(&t[i], &a, small, NULL), 0);
	for(int i = 0; i < THREADS; i++)
		SAME(pthread_join(t[i], NULL), 0);
}

/* A stack between two guard pages, its top at the very end. */
static char *
guarded(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(p != MAP_FAILED);
	SAME(mprotect(p + page, size, PROT_READ | PROT_WRITE), 0);
	return p + page;
}

static _Thread_local ucontext_t back, co;
static _Thread_local int finished;

static void
coroutine(void)
{
	for(int i = 0; i < 20; i++) {
		use(5);
		swapcontext(&co, &back);
	}
	finished = 1;
	swapcontext(&co, &back);
}

static void *
coroutines(void *arg)
{
	getcontext(&co);
	co.uc_stack.ss_size = 64 * 1024;
	co.uc_stack.ss_sp = guarded(co.uc_stack.ss_size);
	co.uc_link = NULL;
	makecontext(&co, coroutine, 0);
	while(!finished) {
		swapcontext(&back, &co);
		use(1);
	}
	return arg;
}

static void
handler(int sig)
{
	(void)sig;
	SAME(sem_post(&s), 0);
	while(sem_wait(&s) != 0)
		;
}

/* The handler waits on a stack of its own, as small as the system allows and a little. */
static void *
onsigstack(void *arg)
{
	size_t size = (size_t)sysconf(_SC_MINSIGSTKSZ) + 8192;
	size = (size + 4095) & ~(size_t)4095;
	stack_t st = {.ss_sp = guarded(size), .ss_size = size};
	SAME(sigaltstack(&st, NULL), 0);
	for(int i = 0; i < 50; i++) {
		SAME(raise(SIGUSR1), 0);
		use(1);
	}
	return arg;
}

/* Machine code that calls its second argument with its first: no frame pointer, no unwind table, no symbol. */
#if defined(__x86_64__)
static const unsigned char code[] = {
    0x55, /* push %rbp */
    0x31,
    0xed, /* xor %ebp, %ebp: a frame chain ends here */
    0xff,
    0xd6, /* call *%rsi */
    0x5d, /* pop %rbp */
    0xc3,
};
#else
static const uint32_t code[] = {
    0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
    0xd63f0020, /* blr x1 */
    0xa8c17bfd, /* ldp x29, x30, [sp], #16 */
    0xd65f03c0, /* ret */
};
#endif

typedef long Jit(long, void *);

static long
fromjit(long rounds)
{
	use((int)rounds);
	return rounds;
}

static long
locked(long v)
{
	return v;
}

static void *
jitted(void *arg)
{
	Jit *f = (Jit *)arg;
	for(int i = 0; i < 20; i++)
		SAME(f(3, (void *)fromjit), 3);
	for(int i = 0; i < 200; i++) {
		SAME(f((long)&m, (void *)pthread_mutex_lock), 0); /* called by nothing known */
		sched_yield();
		SAME(f((long)&m, (void *)pthread_mutex_unlock), 0);
	}
	SAME(f(9, (void *)locked), 9);
	return NULL;
}

static void
all(void *(*f)(void *), void *arg)
{
	Thread t[THREADS];
	for(int i = 0; i < THREADS; i++)
		start(&t[i], f, arg);
	for(int i = 0; i < THREADS; i++)
		join(&t[i]);
}

int
main(void)
{
	SAME(sem_init(&s, 0, 1), 0);
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART}, NULL);
	void *jit = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(jit != MAP_FAILED);
	memcpy(jit, code, sizeof code);
	SAME(mprotect(jit, 4096, PROT_READ | PROT_EXEC), 0);
	smallest();
	all(coroutines, NULL);
	all(onsigstack, NULL);
	all(jitted, jit);
	return ok();
}
