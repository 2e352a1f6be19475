/*
 * Every system call of the library, but for those about signals (linuxsig.c) and shared memory (linuxshm.c).  They are made by the machine's own
 * instruction, so that errno is never touched and no cancellation point of libc
 * is passed.
 */
#define _GNU_SOURCE
#include "linuxsys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

int tickscounter;

long
sys6(long n, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	long r;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
#else
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
#endif
}

static void
badfutex(const char *op, long r)
{
	char num[16];
	int i = sizeof num - 1;

	num[i] = 0;
	for(r = -r; i > 0 && (r > 0 || num[i] == 0); r /= 10)
		num[--i] = (char)('0' + r % 10);
	panic("futex ", op, " failed with errno ", &num[i], nil);
}

int
futexwaitbits(Word *w, uint32_t v, uint32_t bits, const Deadline *d, int shared)
{
	int op = FUTEX_WAIT_BITSET | (shared ? 0 : FUTEX_PRIVATE_FLAG);
	const struct timespec *at = nil;
	long r;

	if(d != nil) {
		at = &d->at;
		/* Before the epoch of either clock, or no time at all: the kernel would say EINVAL. */
		if(at->tv_sec < 0)
			return ETIMEDOUT;
		if(d->clock == CLOCK_REALTIME)
			op |= FUTEX_CLOCK_REALTIME;
	}
	r = SYS(futex, w, op, v, at, nil, bits);
	switch(r) {
	case 0:
	case -EAGAIN:
	case -EINTR:
	case -ETIMEDOUT:
		return (int)-r;
	case -EINVAL:
		/* A word that is not aligned, a semaphore's in a packed structure: nobody can sleep there, in libc neither. */
		sysyield();
		return EAGAIN;
	}
	badfutex("wait", r);
	return 0;
}

int
futexwait(Word *w, uint32_t v, const Deadline *d, int shared)
{
	return futexwaitbits(w, v, FUTEX_BITSET_MATCH_ANY, d, shared);
}

/*
 * The kernel's second futex interface, of Linux 5.16: it takes several words, each with its own size and sharing.  A
 * deadline is absolute here too.  Asleep on both words, the caller counts as one waiter on each.
 */
int
futexwait2(Word *shared, uint32_t v, Word *own, uint32_t w, const Deadline *d)
{
	struct futex_waitv on[2] = {
	    {.val = v, .uaddr = (uintptr_t)shared, .flags = FUTEX_32},
	    {.val = w, .uaddr = (uintptr_t)own, .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG},
	};
	long r;

	if(d != nil && d->at.tv_sec < 0)
		return ETIMEDOUT;
	r = SYS(futex_waitv, on, 2, 0, d != nil ? &d->at : nil, d != nil ? d->clock : 0);
	switch(r) {
	case -EAGAIN:
	case -EINTR:
	case -ETIMEDOUT:
	case -ENOSYS:
	case -EPERM:
		return (int)-r;
	}
	if(r < 0)
		badfutex("waitv", r);
	return 0;
}

int
futexwake(const void *w, int n, int shared)
{
	long r = SYS(futex, w, FUTEX_WAKE | (shared ? 0 : FUTEX_PRIVATE_FLAG), n);

	/*
	 * The word may be somebody else's by now, who let its last user go: a shared wake looks the page up, and it may be
	 * gone (EFAULT); a lock with priority inheritance may be waited for there (EINVAL, as of a word that is not aligned).
	 */
	if(r < 0 && r != -EFAULT && r != -EINVAL)
		badfutex("wake", r);
	return r < 0 ? 0 : (int)r;
}

void
futexwakebits(const void *w, uint32_t bits)
{
	/* A sandbox may not know the call. */
	if(SYS(futex, w, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, INT_MAX, nil, nil, bits) < 0)
		futexwake(w, INT_MAX, 0);
}

void
sysyield(void)
{
	SYS(sched_yield, 0);
}

void
sysnap(uint64_t ns)
{
	struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};

	SYS(nanosleep, &t, nil);
}

int
systid(void)
{
	return (int)SYS(gettid, 0);
}

struct robust_list_head *
sysrobustlist(void)
{
	struct robust_list_head *h = nil;
	size_t n = 0;

	return SYS(get_robust_list, 0, &h, &n) == 0 && n == sizeof *h ? h : nil;
}

int
syspid(void)
{
	return (int)SYS(getpid, 0);
}

int
realtime(int policy)
{
	policy &= ~SCHED_RESET_ON_FORK;
	return policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_DEADLINE;
}

int
sysrank(void)
{
	struct sched_param p;
	long policy = SYS(sched_getscheduler, 0);

	if(policy < 0 || !realtime((int)policy) || SYS(sched_getparam, 0, &p) != 0)
		return 0;
	return (policy & ~SCHED_RESET_ON_FORK) == SCHED_DEADLINE ? RANKDEADLINE : p.sched_priority;
}

int
systidalive(int pid, int tid)
{
	return SYS(tgkill, pid, tid, 0) != -ESRCH;
}

int
syswipeonfork(void *p, size_t n)
{
	return (int)-SYS(madvise, p, n, MADV_WIPEONFORK);
}

void
sysexec(const char *path, char **argv, char **env)
{
	SYS(execve, path, argv, env);
}

uint64_t
sysfileid(int fd)
{
	struct stat st;

	return SYS(fstat, fd, &st) == 0 ? st.st_ino ^ (uint64_t)st.st_dev << 40 : 0;
}

void *
sysmap(size_t n, int wipe)
{
	long r = SYS(mmap, nil, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if(r < 0 && r > -4096)
		return nil;
	if(wipe)
		syswipeonfork((void *)r, n);
	return (void *)r;
}

void
sysunmap(void *p, size_t n)
{
	SYS(munmap, p, n);
}

void
syswrite(int fd, const void *p, size_t n)
{
	SYS(write, fd, p, n);
}

void
clockinit(void)
{
#if defined(__x86_64__)
	unsigned a, b, c, d;

	/* "Invariant TSC": constant rate in every power state, and Linux keeps the processors' counters together. */
	if(__get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1 << 8))
		tickscounter = 1;
#else
	tickscounter = 1;
#endif
}

int
sysppid(void)
{
	return (int)SYS(getppid, 0);
}

int
sysopen(const char *path, int flags, int mode)
{
	return (int)SYS(openat, AT_FDCWD, path, flags, mode);
}

void
sysclose(int fd)
{
	SYS(close, fd);
}

int
sysispipe(int a, int b)
{
	struct stat x, y;

	return SYS(fstat, a, &x) == 0 && SYS(fstat, b, &y) == 0 && S_ISFIFO(x.st_mode) && S_ISFIFO(y.st_mode) &&
	       x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

long
sysread(int fd, void *buf, size_t n)
{
	return SYS(read, fd, buf, n);
}

int
sysunlink(const char *path)
{
	return (int)-SYS(unlinkat, AT_FDCWD, path, 0);
}

long
sysreadlink(const char *path, char *buf, size_t n)
{
	return SYS(readlinkat, AT_FDCWD, path, buf, n);
}

long
sysgetcwd(char *buf, size_t n)
{
	return SYS(getcwd, buf, n);
}

uint64_t
sysfilelimit(void)
{
	struct rlimit64 lim;

	if(SYS(prlimit64, 0, RLIMIT_FSIZE, nil, &lim) != 0)
		return UINT64_MAX;
	return lim.rlim_cur;
}

void
systhreadname(char *name)
{
	SYS(prctl, PR_GET_NAME, name);
}

int
sysreserve(int fd, size_t n)
{
	static const char zero[4096];
	size_t done;
	long r;

	/* A signal that is put off (sigoff.c) interrupts it once. */
	do
		r = SYS(fallocate, fd, 0, 0, n);
	while(r == -EINTR);
	if(r != -EOPNOTSUPP && r != -ENOSYS && r != -EPERM)
		return (int)-r;
	for(done = 0; done < n; done += (size_t)r) {
		r = SYS(write, fd, zero, n - done < sizeof zero ? n - done : sizeof zero);
		if(r == -EINTR)
			r = 0;
		else if(r < 0)
			return (int)-r;
		else if(r == 0)
			return ENOSPC;
	}
	return 0;
}
