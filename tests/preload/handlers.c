/*
 * Handlers, as the program installs them and is asked about them: what each call returns and reads back, what fails, what a
 * fork and an exec leave of them, what a handler finds around it.  Then a flood: threads contend for everything while another sends them
 * signals; each comes once, with what it was sent with, in the order in which it was sent.
 */
#include "t.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <ucontext.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* Of the kernel's flags: libc's own; and one that means nothing, and that old kernels give back. */
enum { OTHERS = 0x04000000 | 0x20000000 };

typedef void (*Handler)(int);
extern Handler bsd_signal(int, Handler);

static _Atomic int caught;

static void
one(int sig)
{
	(void)sig;
	caught++;
}

static void
two(int sig)
{
	one(sig);
}

static void
eleven(int sig)
{
	one(sig);
	caught += 10;
}

static void
three(int sig, siginfo_t *info, void *context)
{
	MUST(info != NULL && context != NULL);
	SAME(info->si_signo, sig);
	one(sig);
}

static sigset_t
set(const int *sigs)
{
	sigset_t s;
	sigemptyset(&s);
	for(; *sigs != 0; sigs++)
		sigaddset(&s, *sigs);
	return s;
}
#define SET(...) set((int[]){__VA_ARGS__, 0})

/* The first 64 signals, all that there are. */
static long
bits(const sigset_t *s)
{
	long b;
	memcpy(&b, s, sizeof b);
	return b;
}

static long
maskednow(void)
{
	sigset_t s;
	SAME(pthread_sigmask(SIG_BLOCK, NULL, &s), 0);
	return bits(&s);
}

/* What is read back of sig. */
static void
reads(int sig, void *handler, int flags, sigset_t mask)
{
	struct sigaction sa;
	memset(&sa, 0x55, sizeof sa);
	SAME(sigaction(sig, NULL, &sa), 0);
	MUST((void *)sa.sa_handler == handler);
	SAME((unsigned)sa.sa_flags & ~(unsigned)OTHERS, (unsigned)flags);
	SAME(bits(&sa.sa_mask), bits(&mask));
}

static void
actions(void)
{
	static const unsigned flags[] = {0, SA_RESTART, SA_ONSTACK, SA_NODEFER, SA_RESETHAND, SA_NOCLDSTOP,
	    SA_RESTART | SA_ONSTACK | SA_NODEFER | SA_RESETHAND};
	const sigset_t masks[] = {SET(0), SET(SIGHUP), SET(SIGALRM, SIGRTMIN + 2, SIGRTMAX)};
	struct sigaction sa, old, *volatile same = &old;
	void *was = SIG_DFL;

	reads(SIGUSR1, SIG_DFL, 0, masks[0]);
	for(size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		for(int m = 0; m < 3; m++) {
			sa = (struct sigaction){.sa_flags = (int)flags[i], .sa_mask = masks[m]};
			sa.sa_handler = m & 1 ? one : two;
			SAME(sigaction(SIGUSR1, &sa, &old), 0);
			MUST((void *)old.sa_handler == was);
			reads(SIGUSR1, (void *)sa.sa_handler, (int)flags[i], masks[m]);
			sa.sa_sigaction = three;
			sa.sa_flags |= SA_SIGINFO;
			old = sa;
			/* One struct for both. */
			was = m & 1 ? (void *)one : (void *)two;
			SAME(sigaction(SIGUSR1, same, same), 0);
			MUST((void *)old.sa_handler == was);
			reads(SIGUSR1, (void *)three, (int)(flags[i] | SA_SIGINFO), masks[m]);
			was = (void *)three;
		}
	/* A mask without those that cannot be masked. */
	sa = (struct sigaction){.sa_handler = one, .sa_mask = SET(SIGKILL, SIGSTOP, SIGHUP)};
	SAME(sigaction(SIGUSR1, &sa, NULL), 0);
	reads(SIGUSR1, (void *)one, 0, SET(SIGHUP));
	/* None, ignored, and one again. */
	sa.sa_handler = SIG_DFL;
	SAME(sigaction(SIGUSR1, &sa, &old), 0);
	MUST(old.sa_handler == one);
	reads(SIGUSR1, SIG_DFL, 0, SET(SIGHUP));
	sa.sa_handler = SIG_IGN;
	SAME(sigaction(SIGUSR1, &sa, &old), 0);
	MUST(old.sa_handler == SIG_DFL);
	raise(SIGUSR1);
	sa.sa_handler = two;
	SAME(sigaction(SIGUSR1, &sa, &old), 0);
	MUST(old.sa_handler == SIG_IGN);
	caught = 0;
	raise(SIGUSR1);
	SAME(caught, 1);
	/* One signal's is not another's. */
	reads(SIGUSR2, SIG_DFL, 0, SET(0));
	SAME(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = SIG_DFL}, NULL), 0);
}

static void
olders(void)
{
	MUST(signal(SIGUSR1, one) == SIG_DFL);
	reads(SIGUSR1, (void *)one, SA_RESTART, SET(SIGUSR1));
	MUST(bsd_signal(SIGUSR1, two) == one);
	reads(SIGUSR1, (void *)two, SA_RESTART, SET(SIGUSR1));
	MUST(ssignal(SIGUSR1, one) == two);
	SAME(siginterrupt(SIGUSR1, 1), 0);
	reads(SIGUSR1, (void *)one, 0, SET(SIGUSR1));
	MUST(signal(SIGUSR1, two) == one);
	reads(SIGUSR1, (void *)two, 0, SET(SIGUSR1));
	SAME(siginterrupt(SIGUSR1, 0), 0);
	reads(SIGUSR1, (void *)two, SA_RESTART, SET(SIGUSR1));
	MUST(sysv_signal(SIGUSR1, one) == two);
	reads(SIGUSR1, (void *)one, (int)(SA_RESETHAND | SA_NODEFER), SET(0));
	caught = 0;
	raise(SIGUSR1);
	SAME(caught, 1);
	MUST(__sysv_signal(SIGUSR1, two) == SIG_DFL);
	MUST(signal(SIGUSR1, SIG_IGN) == two);
	MUST(signal(SIGUSR1, SIG_DFL) == SIG_IGN);

	MUST(sigset(SIGUSR1, one) == SIG_DFL);
	reads(SIGUSR1, (void *)one, 0, SET(0));
	MUST(sigset(SIGUSR1, SIG_HOLD) == one);
	caught = 0;
	raise(SIGUSR1);
	SAME(caught, 0);
	SAME(maskednow(), bits((sigset_t[]){SET(SIGUSR1)}));
	MUST(sigset(SIGUSR1, two) == SIG_HOLD);
	SAME(caught, 1);
	SAME(maskednow(), 0);
	MUST(sigset(SIGUSR1, SIG_HOLD) == two);
	MUST(sigset(SIGUSR1, SIG_HOLD) == SIG_HOLD);
	MUST(sigset(SIGUSR1, SIG_DFL) == SIG_HOLD);
	MUST(signal(SIGUSR1, SIG_DFL) == SIG_DFL);
}

static void
errors(void)
{
	static const int none[] = {-1, 0, 65, 1000, 32, 33}, kept[] = {SIGKILL, SIGSTOP};
	struct sigaction sa = {.sa_handler = one}, old;

	for(size_t i = 0; i < sizeof none / sizeof *none; i++) {
		FAILS(sigaction(none[i], &sa, NULL), EINVAL);
		FAILS(sigaction(none[i], NULL, &old), EINVAL);
		FAILS((long)signal(none[i], one), EINVAL);
		FAILS((long)signal(none[i], SIG_DFL), EINVAL);
		FAILS((long)sysv_signal(none[i], one), EINVAL);
		FAILS((long)sigset(none[i], one), EINVAL);
	}
	for(size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		FAILS(sigaction(kept[i], &sa, &old), EINVAL);
		FAILS((long)signal(kept[i], one), EINVAL);
		FAILS((long)sysv_signal(kept[i], one), EINVAL);
		reads(kept[i], SIG_DFL, 0, SET(0));
	}
	MUST(signal(SIGUSR1, two) == SIG_DFL);
	FAILS((long)signal(SIGUSR1, SIG_ERR), EINVAL);
	FAILS((long)sysv_signal(SIGUSR1, SIG_ERR), EINVAL);
	MUST(signal(SIGUSR1, SIG_DFL) == two);
	/* Nothing else is an error, and errno is left. */
	errno = 77;
	SAME(sigaction(SIGUSR1, &sa, NULL), 0);
	MUST(signal(SIGUSR1, SIG_DFL) == one);
	SAME(errno, 77);
}

static void *around, *restorer;

/* What the kernel made of the stack is what this function was called on: it returns to where the kernel said. */
static void
looks(int sig, siginfo_t *info, void *context)
{
	MUST(__builtin_return_address(0) == restorer);
#if defined(__x86_64__)
	/* The context lies behind the return address, and that behind the caller's frame pointer. */
	MUST((char *)__builtin_frame_address(0) + 16 == (char *)context);
#endif
	around = context;
	three(sig, info, context);
}

static void
looksold(int sig)
{
	MUST(__builtin_return_address(0) == restorer);
	one(sig);
}

static char stack[65536];

static void
frames(void)
{
	struct sigaction sa = {.sa_sigaction = looks, .sa_flags = SA_SIGINFO}, old;

	caught = 0;
	SAME(sigaction(SIGUSR1, &sa, NULL), 0);
	SAME(sigaction(SIGUSR1, NULL, &old), 0);
	restorer = (void *)old.sa_restorer;
	raise(SIGUSR1);
	SAME(caught, 1);
	MUST((char *)around < stack || (char *)around >= stack + sizeof stack);
	SAME(sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL), 0);
	sa.sa_flags |= SA_ONSTACK;
	SAME(sigaction(SIGUSR1, &sa, NULL), 0);
	raise(SIGUSR1);
	SAME(caught, 2);
	MUST((char *)around >= stack && (char *)around < stack + sizeof stack);
	SAME(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL), 0);
	sa = (struct sigaction){.sa_handler = looksold};
	SAME(sigaction(SIGUSR1, &sa, NULL), 0);
	raise(SIGUSR1);
	SAME(caught, 3);
	signal(SIGUSR1, SIG_DFL);
}

static void
once(int sig)
{
	struct sigaction sa;
	SAME(sigaction(sig, NULL, &sa), 0);
	MUST(sa.sa_handler == SIG_DFL);
	one(sig);
}

static void
again(int sig)
{
	if(++caught < 3)
		raise(sig);
}

static sigjmp_buf away;

static void
jumps(int sig)
{
	siglongjmp(away, sig);
}

static void
runs(void)
{
	struct sigaction sa = {.sa_handler = once, .sa_flags = (int)SA_RESETHAND};

	caught = 0;
	SAME(sigaction(SIGUSR1, &sa, NULL), 0);
	raise(SIGUSR1);
	SAME(caught, 1);
	reads(SIGUSR1, SIG_DFL, (int)SA_RESETHAND, SET(0));
	caught = 0;
	sa = (struct sigaction){.sa_handler = again, .sa_flags = SA_NODEFER};
	SAME(sigaction(SIGUSR1, &sa, NULL), 0);
	raise(SIGUSR1);
	SAME(caught, 3);
	MUST(signal(SIGUSR1, jumps) == again);
	if(sigsetjmp(away, 1) == 0) {
		raise(SIGUSR1);
		no("no jump");
	}
	SAME(maskednow(), 0);
	MUST(signal(SIGUSR1, SIG_DFL) == jumps);
}

/* system ignores two for a while; what its child finds is as the program's child would. */
static void
systems(void)
{
	SAME(sigaction(
		 SIGINT, &(struct sigaction){.sa_handler = one, .sa_flags = SA_RESTART, .sa_mask = SET(SIGHUP)}, NULL),
	    0);
	MUST(signal(SIGQUIT, SIG_IGN) == SIG_DFL);
	SAME(system("exit 3"), 3 << 8);
	SAME(WTERMSIG(system("kill -INT $$")), SIGINT);
	reads(SIGINT, (void *)one, SA_RESTART, SET(SIGHUP));
	MUST(signal(SIGQUIT, SIG_DFL) == SIG_IGN);
	caught = 0;
	raise(SIGINT);
	SAME(caught, 1);
	signal(SIGINT, SIG_DFL);
}

static int
execed(void)
{
	reads(SIGUSR1, SIG_DFL, 0, SET(0));
	reads(SIGUSR2, SIG_IGN, 0, SET(0));
	MUST(signal(SIGUSR1, two) == SIG_DFL);
	MUST(signal(SIGUSR2, two) == SIG_IGN);
	caught = 0;
	raise(SIGUSR1);
	raise(SIGUSR2);
	SAME(caught, 2);
	return 0;
}

static void
children(void)
{
	pid_t pid;

	SAME(sigaction(
		 SIGUSR1, &(struct sigaction){.sa_handler = one, .sa_flags = SA_RESTART, .sa_mask = SET(SIGHUP)}, NULL),
	    0);
	MUST(signal(SIGUSR2, SIG_IGN) == SIG_DFL);
	pid = fork();
	if(pid == 0) {
		reads(SIGUSR1, (void *)one, SA_RESTART, SET(SIGHUP));
		caught = 0;
		raise(SIGUSR1);
		SAME(caught, 1);
		MUST(signal(SIGUSR1, two) == one);
		_exit(0);
	}
	SAME(childstatus(pid), 0);
	reads(SIGUSR1, (void *)one, SA_RESTART, SET(SIGHUP));
	pid = fork();
	if(pid == 0) {
		execl("/proc/self/exe", program_invocation_name, "execed", NULL);
		_exit(127);
	}
	SAME(childstatus(pid), 0);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
}

/*
 * The flood.  To each thread: two numbers, one of them on the alternate stack; one that is one-shot and
 * installed again; one that restarts calls; each sent when the last has come.  The second time the first two are of real-time signals, as many
 * as may be queued.  And one that nobody counts.
 */
enum { THREADS = 4, MS = 1200, QUEUED = 24, Plain = 0, OnStack, Oneshot, Classic, Kinds };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, cm = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t bar;
static _Atomic int got[THREADS][Kinds], uncounted, stop;
static int sent[THREADS][Kinds];
static int turn, guarded, over, queueing;
static __thread int me;
static __thread char *mystack;

static int
number(int kind, int thread)
{
	switch(kind) {
	case Plain:
		return queueing ? SIGRTMIN + 1 : SIGUSR1;
	case OnStack:
		return queueing ? SIGRTMIN + 2 : SIGUSR2;
	case Oneshot:
		return (int[]){SIGWINCH, SIGIO, SIGPROF, SIGVTALRM}[thread];
	}
	return SIGHUP;
}

static void flooded(int, siginfo_t *, void *);

static void
install(int kind, int thread)
{
	static const unsigned flags[] = {0, SA_ONSTACK, SA_RESETHAND, SA_RESTART};
	struct sigaction sa = {.sa_sigaction = flooded, .sa_flags = (int)(SA_SIGINFO | flags[kind])};

	if(kind == OnStack)
		sa.sa_mask = SET(number(Plain, thread));
	SAME(sigaction(number(kind, thread), &sa, NULL), 0);
}

static void
flooded(int sig, siginfo_t *info, void *context)
{
	int kind = 0, keep = errno;
	sigset_t was = ((ucontext_t *)context)->uc_sigmask;

	while(number(kind, me) != sig)
		kind++;
	if(kind == OnStack)
		MUST((char *)&keep >= mystack && (char *)&keep < mystack + sizeof stack);
	/* No handler masks this one, so what it interrupts never has it masked. */
	MUST(!sigismember(&was, SIGURG));
	MUST(sigismember(&was, SIGALRM));
	SAME(info->si_code, SI_QUEUE);
	SAME(info->si_pid, getpid());
	SAME(info->si_value.sival_int, atomic_load_explicit(&got[me][kind], memory_order_relaxed) + 1);
	if(kind == Oneshot)
		install(kind, me);
	atomic_fetch_add_explicit(&got[me][kind], 1, memory_order_release);
	errno = keep;
}

static void
anyhow(int sig)
{
	(void)sig;
	atomic_fetch_add_explicit(&uncounted, 1, memory_order_relaxed);
}

/* All that can be contended for, once. */
static void
contend(void)
{
	for(int i = 0; i < 20; i++) {
		SAME(pthread_mutex_lock(&m), 0);
		guarded++;
		for(volatile int j = 0; j < 100; j++)
			;
		SAME(pthread_mutex_unlock(&m), 0);
		if((i + me) % 4 == 0) {
			SAME(pthread_rwlock_wrlock(&rw), 0);
			guarded++;
		} else
			SAME(pthread_rwlock_rdlock(&rw), 0);
		SAME(pthread_rwlock_unlock(&rw), 0);
	}
	SAME(pthread_mutex_lock(&cm), 0);
	while(turn != me)
		SAME(pthread_cond_wait(&c, &cm), 0);
	turn = (me + 1) % THREADS;
	SAME(pthread_cond_broadcast(&c), 0);
	SAME(pthread_mutex_unlock(&cm), 0);
	if(pthread_barrier_wait(&bar) == PTHREAD_BARRIER_SERIAL_THREAD)
		over = atomic_load_explicit(&stop, memory_order_acquire);
	pthread_barrier_wait(&bar);
}

static void *
worker(void *arg)
{
	sigset_t base = SET(SIGALRM, SIGRTMAX);

	me = (int)(long)arg;
	mystack = malloc(sizeof stack);
	SAME(sigaltstack(&(stack_t){.ss_sp = mystack, .ss_size = sizeof stack}, NULL), 0);
	SAME(pthread_sigmask(SIG_SETMASK, &base, NULL), 0);
	while(!over)
		contend();
	SAME(maskednow(), bits(&base));
	SAME(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL), 0);
	free(mystack);
	return NULL;
}

static void
sendone(Thread *t, int thread, int kind)
{
	int most = !queueing || kind == Oneshot || kind == Classic ? 1 : QUEUED;

	if(sent[thread][kind] - atomic_load_explicit(&got[thread][kind], memory_order_acquire) >= most)
		return;
	sent[thread][kind]++;
	SAME(pthread_sigqueue(t->id, number(kind, thread), (union sigval){.sival_int = sent[thread][kind]}), 0);
}

static void
flood(int queued)
{
	struct timespec end = in(CLOCK_MONOTONIC, MS), now;
	Thread t[THREADS];
	unsigned seed = 7;

	queueing = queued;
	stop = over = turn = 0;
	memset(got, 0, sizeof got);
	memset(sent, 0, sizeof sent);
	SAME(pthread_barrier_init(&bar, NULL, THREADS), 0);
	signal(SIGTERM, anyhow);
	for(int i = 0; i < THREADS; i++)
		for(int k = 0; k < Kinds; k++)
			install(k, i);
	/* Before these are unmasked there the worker knows who it is. */
	sigset_t all, none;
	sigfillset(&all);
	SAME(pthread_sigmask(SIG_SETMASK, &all, &none), 0);
	for(long i = 0; i < THREADS; i++)
		start(&t[i], worker, (void *)i);
	SAME(pthread_sigmask(SIG_SETMASK, &none, NULL), 0);
	do {
		int i = (int)(rnd(&seed) % THREADS);
		for(int n = (int)(rnd(&seed) % 6); n >= 0; n--)
			sendone(&t[i], i, (int)(rnd(&seed) % Kinds));
		if(seed % 4 == 0)
			SAME(pthread_kill(t[i].id, SIGTERM), 0);
		napus(rnd(&seed) % 50);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while(now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
	for(int i = 0; i < THREADS; i++)
		for(int k = 0; k < Kinds; k++) {
			UNTIL(atomic_load_explicit(&got[i][k], memory_order_acquire) == sent[i][k]);
			MUST(sent[i][k] > 0);
		}
	atomic_store_explicit(&stop, 1, memory_order_release);
	for(int i = 0; i < THREADS; i++)
		join(&t[i]);
	MUST(uncounted > 0);
	for(int i = 0; i < THREADS; i++)
		for(int k = 0; k < Kinds; k++)
			SAME(got[i][k], sent[i][k]);
	SAME(pthread_barrier_destroy(&bar), 0);
}

/* Where the system refuses a new handler, for a sandbox does, the one that was there stays. */
static void
refused(void)
{
	struct sock_filter f[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_rt_sigaction, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {.len = sizeof f / sizeof *f, .filter = f};
	pid_t pid = fork();

	if(pid == 0) {
		SAME(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = one}, NULL), 0);
		SAME(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
		SAME(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog), 0);
		FAILS(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = eleven}, NULL), EPERM);
		caught = 0;
		SAME(raise(SIGUSR1), 0);
		SAME(caught, 1);
		_exit(0);
	}
	SAME(childstatus(pid), 0);
}

int
main(int argc, char **argv)
{
	if(argc > 1 && strcmp(argv[1], "execed") == 0)
		return execed();
	flood(0);
	for(int sig = 1; sig < 32; sig++)
		sigaction(sig, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	actions();
	olders();
	errors();
	frames();
	runs();
	systems();
	children();
	refused();
	flood(1);
	return ok();
}
