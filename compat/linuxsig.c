/*
 * The system calls about signals, and the end of the process.
 *
 * A handler of ours is installed by the system call itself: what interposes sigaction, a sanitizer for one, may put off
 * handlers, and ours must have run when the interrupted call has returned.
 */
#define _GNU_SOURCE
#include "linuxsys.h"

#include <errno.h>
#include <signal.h>
#include <ucontext.h>

typedef uint64_t Sigset; /* as the kernel has it */

#define BIT(sig) ((Sigset)1 << ((sig)-1))
static const Sigset faults = BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGSYS);

void
sigsmask(uint64_t *old)
{
	Sigset most = ~faults;

	SYS(rt_sigprocmask, SIG_BLOCK, &most, old, sizeof(Sigset));
}

void
sigsmaskall(uint64_t *old)
{
	Sigset all = ~(Sigset)0;

	SYS(rt_sigprocmask, SIG_SETMASK, &all, old, sizeof(Sigset));
}

void
sigsunmask(const uint64_t *old)
{
	SYS(rt_sigprocmask, SIG_SETMASK, old, nil, sizeof(Sigset));
}

int
onaltstack(uintptr_t p)
{
	stack_t ss;

	if(SYS(sigaltstack, nil, &ss) != 0 || !(ss.ss_flags & SS_ONSTACK))
		return 0;
	return p - (uintptr_t)ss.ss_sp < ss.ss_size;
}

/* As the kernel has it. */
typedef struct Kact {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	Sigset mask;
} Kact;

#if defined(__x86_64__)
/* How a handler returns.  Debuggers and unwinders know a signal's frame by these very instructions. */
__asm__(".pushsection .text\n\t.type rendezrestore, @function\nrendezrestore:\n\tmovq $15, %rax\n\tsyscall\n"
	"\t.size rendezrestore, . - rendezrestore\n\t.popsection");
extern void rendezrestore(void) HIDDEN;
#define RESTORER 0x04000000, rendezrestore
#else
#define RESTORER 0, nil /* the kernel's own */
#endif

static void (*_Atomic own)(int); /* what sighandler has installed */

int
sighandler(void (*f)(int))
{
	Kact old, new = {f, RESTORER, 0};
	int sig;

	atomic_store_explicit(&own, f, memory_order_relaxed);
	for(sig = NSIG - 1; sig >= SIGRTMIN; sig--) {
		if(SYS(rt_sigaction, sig, nil, &old, sizeof(Sigset)) != 0)
			continue;
		/* Another thread was here first; or nobody uses it. */
		if(old.handler == f ||
		    (old.handler == SIG_DFL && SYS(rt_sigaction, sig, &new, nil, sizeof(Sigset)) == 0))
			return sig;
	}
	return 0;
}

static int
isfaults(int sig)
{
	return (faults & BIT(sig)) != 0;
}

int
sigsforeign(Sigwrapper *f, Sigwrapper *g)
{
	uintptr_t h;
	Kact old;
	int sig;

	/* Between the last classic one and the first that is free stand libc's own two. */
	for(sig = 1; sig < NSIG; sig++) {
		if((sig > 31 && sig < SIGRTMIN) || isfaults(sig) ||
		    SYS(rt_sigaction, sig, nil, &old, sizeof(Sigset)) != 0)
			continue;
		h = (uintptr_t)old.handler;
		if(h != (uintptr_t)SIG_DFL && h != (uintptr_t)SIG_IGN && h != (uintptr_t)f && h != (uintptr_t)g &&
		    h != (uintptr_t)atomic_load_explicit(&own, memory_order_relaxed))
			return 1;
	}
	return 0;
}

int
sigisfault(int sig, const void *info)
{
	return isfaults(sig) && (info == nil || ((const siginfo_t *)info)->si_code > 0);
}

/* What tgkill says too, which sandboxes know. */
static int
bypthread(const siginfo_t *i)
{
	return i->si_code == SI_TKILL && i->si_pid == syspid();
}

int
sigagain(int sig, const void *info, Sigwrapper *f)
{
	int r, oneshot;
	Kact act;

	/* The kernel has taken the handler out; the rest is still there. */
	oneshot = SYS(rt_sigaction, sig, nil, &act, sizeof(Sigset)) == 0 && (act.flags & SA_RESETHAND) &&
		  act.handler == SIG_DFL;
	if(oneshot) {
		act.handler = (void (*)(int))(uintptr_t)f;
		SYS(rt_sigaction, sig, &act, nil, sizeof(Sigset));
	}
	r = info == nil || bypthread(info) ? sigsend(systid(), sig)
					   : (int)-SYS(rt_tgsigqueueinfo, syspid(), systid(), sig, info);
	if(unlikely(r != 0 && oneshot)) {
		act.handler = SIG_DFL;
		SYS(rt_sigaction, sig, &act, nil, sizeof(Sigset));
	}
	return r;
}

int
sigqueues(int sig)
{
	return sig > 31;
}

/* Of libc's larger set the kernel writes and reads the first 64 alone. */
static Sigset *
contextmask(void *context)
{
	return (Sigset *)&((ucontext_t *)context)->uc_sigmask;
}

int
sigsmaskthere(void *context, int sig, uint64_t *old)
{
	/* Two the kernel never masks. */
	Sigset *m = contextmask(context), most = ~(faults | BIT(SIGKILL) | BIT(SIGSTOP));

	*old = *m;
	*m |= most | BIT(sig);
	return (*old & most) != most;
}

int
sigopen(int sig)
{
	Sigset one = BIT(sig), old = 0;

	SYS(rt_sigprocmask, SIG_UNBLOCK, &one, &old, sizeof(Sigset));
	return (old & one) != 0;
}

void
sigshut(int sig)
{
	Sigset one = BIT(sig);

	SYS(rt_sigprocmask, SIG_BLOCK, &one, nil, sizeof(Sigset));
}

int
sigsend(int tid, int sig)
{
	return (int)-SYS(tgkill, syspid(), tid, sig);
}

void
sysexit(int status)
{
	for(;;)
		SYS(exit_group, status);
}
