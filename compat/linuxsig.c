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

void
sigsoff(Sigs *old)
{
	Sigs all = ~(Sigs)0;

	SYS(rt_sigprocmask, SIG_SETMASK, &all, old, sizeof(Sigs));
}

void
sigsback(const Sigs *old)
{
	SYS(rt_sigprocmask, SIG_SETMASK, old, nil, sizeof(Sigs));
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
	Sigs mask;
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

int
sighandler(void (*f)(int))
{
	Kact old, new = {f, RESTORER, 0};
	int sig;

	for(sig = NSIG - 1; sig >= SIGRTMIN; sig--) {
		if(SYS(rt_sigaction, sig, nil, &old, sizeof(Sigs)) != 0)
			continue;
		/* Another thread was here first; or nobody uses it. */
		if(old.handler == f || (old.handler == SIG_DFL && SYS(rt_sigaction, sig, &new, nil, sizeof(Sigs)) == 0))
			return sig;
	}
	return 0;
}

int
sigopen(int sig)
{
	Sigs one = (Sigs)1 << (sig - 1), old = 0;

	SYS(rt_sigprocmask, SIG_UNBLOCK, &one, &old, sizeof(Sigs));
	return (old & one) != 0;
}

void
sigshut(int sig)
{
	Sigs one = (Sigs)1 << (sig - 1);

	SYS(rt_sigprocmask, SIG_BLOCK, &one, nil, sizeof(Sigs));
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
