/*
 * Every system call that the library makes, and everything that depends on the
 * machine.  All leave errno as they found it; errors are returned as positive
 * errno values (or, where a value is returned, as negative ones).  All are
 * async-signal-safe.
 */
#ifndef RENDEZ_LINUX_H
#define RENDEZ_LINUX_H

/* The public headers' plain names are for programs. */
#ifndef RENDEZ_NOPLAINNAMES
#define RENDEZ_NOPLAINNAMES
#endif

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <ucontext.h>

#ifndef nil
#define nil ((void *)0)
#endif

#define HIDDEN __attribute__((visibility("hidden")))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

typedef _Atomic uint32_t Word;

/* An absolute deadline on CLOCK_REALTIME or CLOCK_MONOTONIC. */
typedef struct Deadline {
	struct timespec at;
	int clock;
} Deadline;

/* The deadline ns nanoseconds from now, on CLOCK_MONOTONIC. */
Deadline deadlinein(uint64_t ns) HIDDEN;

/* Whether a, made by deadlinein, comes before b, on whatever clock. */
int deadlinebefore(const Deadline *a, const Deadline *b) HIDDEN;

/*
 * Sleep while *w is v.  Returns 0 (woken, or for no reason), EAGAIN (it was not
 * v), EINTR (a handler ran), ETIMEDOUT.  Anything else is a bug of ours and
 * ends the process with one line.  The bits are for futexwakebits: all, or those given.
 */
int futexwait(Word *w, uint32_t v, const Deadline *d, int shared) HIDDEN;
int futexwaitbits(Word *w, uint32_t v, uint32_t bits, const Deadline *d, int shared) HIDDEN;

/*
 * The same on two words: *shared, in memory that processes may share, is v, and *own, in this process's, is w.  ENOSYS or EPERM
 * if the kernel, or a sandbox, has no such call.
 */
int futexwait2(Word *shared, uint32_t v, Word *own, uint32_t w, const Deadline *d) HIDDEN;

/* The half of a 64-bit word that a small value is in: what the kernel compares. */
static inline Word *
lowhalf(void *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return p;
#else
	return (Word *)p + 1;
#endif
}

/* Wake at most n sleepers on the address, which is never read: it may be unmapped by now. */
int futexwake(const void *w, int n, int shared) HIDDEN; /* how many were woken */

/* Wake all sleepers on the address, which is this process's, who have one of these bits. */
void futexwakebits(const void *w, uint32_t bits) HIDDEN;

/*
 * All signals masked, libc's own two included, but those of faults: masked, the kernel ends the process for one, and a
 * program may handle those of its memory that it watches.  All: where none of the program's memory is touched.  And back.
 */
void sigsmask(uint64_t *old) HIDDEN;
void sigsmaskall(uint64_t *old) HIDDEN;
void sigsunmask(const uint64_t *old) HIDDEN;

/*
 * For the wrappers of all handlers.  Whether there is a handler that is neither f nor g nor ours (of signals that are faults any may be).
 * Whether a signal is, or info nil may be, its thread's own fault.  To send it to this thread again, as it came, or info nil
 * without more; if its handler was to run only once, f is the handler again.  To mask, as sigsmask does, and this one whatever it is,
 * where the interrupted context goes on: 0 if it was so already.
 */
typedef void Sigwrapper(int sig, void *info, void *context);
int sigsforeign(Sigwrapper *f, Sigwrapper *g) HIDDEN;
int sigisfault(int sig, const void *info) HIDDEN;
int sigagain(int sig, const void *info, Sigwrapper *f) HIDDEN;
int sigsmaskthere(void *context, int sig, uint64_t *old) HIDDEN;

/* Whether signals of this number queue, and are handled in the order in which they were sent. */
int sigqueues(int sig) HIDDEN;

/*
 * f becomes the handler, without SA_RESTART, of the highest real-time signal that has none, unless it is one's already.
 * Returns which; 0 if all have others.  sigopen unblocks one for the calling thread and tells whether it was blocked;
 * sigshut blocks it.  sigsend sends it to a thread of this process: 0, ESRCH, EAGAIN (too many are queued).
 */
int sighandler(void (*f)(int)) HIDDEN;
int sigopen(int sig) HIDDEN;
void sigshut(int sig) HIDDEN;
int sigsend(int tid, int sig) HIDDEN;

/* End the process at once: no handler of exit() runs. */
void sysexit(int status) HIDDEN __attribute__((noreturn));

/* Let others run; sleep for a while. */
void sysyield(void) HIDDEN;
void sysnap(uint64_t ns) HIDDEN;

/* The list of robust futexes that libc registered with the kernel for this thread; nil if none. */
struct robust_list_head *sysrobustlist(void) HIDDEN;
/* Make this the list of a thread that has none; an error's number. */
int sysrobustregister(struct robust_list_head *) HIDDEN;

int systid(void) HIDDEN;
int syspid(void) HIDDEN;
/* The calling thread's place in the scheduler's order: 0 if it shares time, else its priority, 1 to 99, or that it has deadlines. */
enum { RANKDEADLINE = 100 };
int sysrank(void) HIDDEN;
/* Whether a policy is SCHED_FIFO, SCHED_RR or SCHED_DEADLINE. */
int realtime(int policy) HIDDEN;
/* Whether the thread tid of process pid lives (proc.h has that of this process); of any process. */
int systidalive(int pid, int tid) HIDDEN;
int anytidalive(int tid) HIDDEN;

/* Anonymous private memory; nil if there is none.  wipe: zeroed in every child that does not share our memory. */
void *sysmap(size_t n, int wipe) HIDDEN;
int syswipeonfork(void *p, size_t n) HIDDEN;
void sysunmap(void *p, size_t n) HIDDEN;

/* Anonymous memory that forked children share; nil if there is none. */
void *sysmapshared(size_t n) HIDDEN;

/* Bytes to a descriptor, once; how it went is not told. */
void syswrite(int fd, const void *p, size_t n) HIDDEN;

/* One line on standard error, built without stdio: "rendez: " and the parts up to nil. */
void say(const char *part, ...) HIDDEN __attribute__((sentinel));
/* The same, then abort. */
void panic(const char *part, ...) HIDDEN __attribute__((sentinel, noreturn));

/* CLOCK_MONOTONIC, ns. */
static inline uint64_t
nsnow(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Whether the processor's counter counts time alike on every processor; decided by clockinit, until then no. */
extern int tickscounter HIDDEN;
void clockinit(void) HIDDEN;

/* Whether p lies on the alternate signal stack of the calling thread, if it has one and runs on it. */
int onaltstack(uintptr_t p) HIDDEN;

/*
 * ThreadSanitizer does not see what caspair orders: who has read that it was done says pairacquire.  INHANDLER: may have
 * interrupted it, and would wait for it.  (Clang's no_sanitize leaves it the atomics.)
 */
#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define RENDEZ_TSAN no_sanitize("thread")
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RENDEZ_TSAN disable_sanitizer_instrumentation
#endif
#endif
#if defined(RENDEZ_TSAN)
void __tsan_acquire(void *), __tsan_release(void *);
#define pairacquire(p) __tsan_acquire(p)
#define pairrelease(p) __tsan_release(p)
#define INHANDLER __attribute__((RENDEZ_TSAN))
#else
#define pairacquire(p) ((void)(p))
#define pairrelease(p) ((void)(p))
#define INHANDLER
#endif

#if defined(__x86_64__)
/* What glibc keeps in a spin lock. */
enum { SPINFREE = 1, SPINHELD = 0 };

/* A word that no two living threads of this process share. */
static inline uintptr_t
threadself(void)
{
	uintptr_t self;

	__asm__("mov %%fs:0, %0" : "=r"(self));
	return self;
}

/* Where the stack pointer will be after a jump to env; 0 if that cannot be told. */
static inline uintptr_t
jumpsp(const void *env)
{
	uintptr_t sp = ((const uintptr_t *)env)[6];

	/* libc keeps it scrambled; the key is at a fixed place of the thread's block. */
	__asm__("ror $17, %0\n\txor %%fs:0x30, %0" : "+r"(sp));
	return sp;
}

static inline uintptr_t
contextsp(const ucontext_t *c)
{
	return (uintptr_t)c->uc_mcontext.gregs[15]; /* REG_RSP, which wants _GNU_SOURCE */
}

/* Tell the processor that this is a wait loop. */
static inline void
relax(void)
{
	__builtin_ia32_pause();
}

/*
 * Two words at once (p is a multiple of 16): if they are old, they become new, and 1; else old is what they are, and 0.  A full
 * barrier.  Each word may at the same time be read and changed alone.
 */
static inline int
caspair(void *p, uint64_t old[2], const uint64_t new[2])
{
	unsigned char done;

	pairrelease(p);
	__asm__ volatile("lock cmpxchg16b %1\n\tsete %0"
			 : "=q"(done), "+m"(*(uint64_t(*)[2])p), "+a"(old[0]), "+d"(old[1])
			 : "b"(new[0]), "c"(new[1])
			 : "cc", "memory");
	return done;
}

/* The cheapest clock: the time stamp counter where it can be trusted, else nanoseconds. */
static inline uint64_t
ticks(void)
{
	return likely(tickscounter) ? __builtin_ia32_rdtsc() : nsnow();
}
#elif defined(__aarch64__)
enum { SPINFREE = 0, SPINHELD = 1 };

static inline uintptr_t
threadself(void)
{
	return (uintptr_t)__builtin_thread_pointer();
}

static inline uintptr_t
jumpsp(const void *env)
{
	(void)env;
	return 0;
}

static inline uintptr_t
contextsp(const ucontext_t *c)
{
	return c->uc_mcontext.sp;
}

static inline void
relax(void)
{
	__asm__ volatile("isb" ::: "memory");
}

static inline int
caspair(void *p, uint64_t old[2], const uint64_t new[2])
{
	uint64_t a, b;
	uint32_t failed;

	pairrelease(p);
	do {
		__asm__ volatile("ldaxp %0, %1, [%2]" : "=&r"(a), "=&r"(b) : "r"(p) : "memory");
		if(a != old[0] || b != old[1]) {
			/* Only a pair that could be stored was read at once. */
			__asm__ volatile("stlxp %w0, %1, %2, [%3]" : "=&r"(failed) : "r"(a), "r"(b), "r"(p) : "memory");
			if(failed)
				continue;
			old[0] = a;
			old[1] = b;
			return 0;
		}
		__asm__ volatile("stlxp %w0, %1, %2, [%3]"
				 : "=&r"(failed)
				 : "r"(new[0]), "r"(new[1]), "r"(p)
				 : "memory");
	} while(failed);
	return 1;
}

static inline uint64_t
ticks(void)
{
	uint64_t t;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(t));
	return t;
}
#else
#error "rendez knows x86-64 and aarch64"
#endif

/*
 * What the recorder needs of the kernel, at its start and in a forked child.
 * Fds and counts as the system calls return them: negative errno values.
 */
int sysppid(void) HIDDEN;
int sysopen(const char *path, int flags, int mode) HIDDEN;
void sysclose(int fd) HIDDEN;
/* Whether the two are the ends of one pipe. */
int sysispipe(int a, int b) HIDDEN;
long sysread(int fd, void *buf, size_t n) HIDDEN;
int sysunlink(const char *path) HIDDEN;
long sysreadlink(const char *path, char *buf, size_t n) HIDDEN;
long sysgetcwd(char *buf, size_t n) HIDDEN;
/* The largest file that this process may write (RLIMIT_FSIZE). */
uint64_t sysfilelimit(void) HIDDEN;
/* The name of the calling thread, 16 bytes. */
void systhreadname(char *name) HIDDEN;
/* The first n bytes of the new file are on the disk, zero; EFBIG, ENOSPC... if they cannot be. */
int sysreserve(int fd, size_t n) HIDDEN;
/* The file's first n bytes, shared; nil if there is no room. */
void *sysmapfile(int fd, size_t n) HIDDEN;
/* What is mapped at from takes the place of what is mapped at to; and nothing, private and zero, does. */
int sysmapmove(void *from, void *to, size_t n) HIDDEN;
int sysmapblank(void *to, size_t n) HIDDEN;

/*
 * Whether the 8 bytes at p (aligned) can be read.  It asks by rt_sigprocmask,
 * which every sandbox allows and which changes nothing here: process_vm_readv
 * kills in some.  wordis: whether the word at p, which may be unmapped, is v (or a sandbox forbids to ask).
 */
int readable(const void *p) HIDDEN;
int wordis(const uint32_t *p, uint32_t v) HIDDEN;

/* Become another program; it returns only if it fails. */
void sysexec(const char *path, char **argv, char **env) HIDDEN;

/* Which file this is, as far as one word tells; 0: none. */
uint64_t sysfileid(int fd) HIDDEN;

/* Wait for the lock of the open file, and give it back: advisory, gone with the descriptor. */
void sysflock(int fd) HIDDEN;
void sysfunlock(int fd) HIDDEN;

/* The effective user; 64 random bits; fork as the program would call it: its pthread_atfork handlers run. */
unsigned sysuid(void) HIDDEN;
uint64_t sysrandom(void) HIDDEN;
int sysfork(void) HIDDEN;
/* The 16 random bytes that exec gave this program, in one word that does not give them away. */
uint64_t sysexecid(void) HIDDEN;

/* What must be true of a file before it is trusted, and its identity. */
typedef struct Fileinfo {
	uint64_t id; /* sysfileid */
	uint64_t size;
	unsigned owner;
	uint8_t regular, onlyowner; /* a regular file; no others may do anything with it */
	uint32_t links;
} Fileinfo;
int sysfileinfo(int fd, Fileinfo *) HIDDEN;

/*
 * TAILCALL f(...) in a function that is a THUNK: f is jumped to and finds the thunk's caller as its own.  A compiler that
 * cannot promise it does it even so, as it is told to optimise this function.
 */
#if defined(__clang__)
#define THUNK
#define TAILCALL __attribute__((musttail)) return
#else
#define THUNK __attribute__((optimize("O2")))
#define TAILCALL return
#endif

/* The registers that an unwinder starts from, of the function that this is expanded in. */
typedef struct Regs {
	uintptr_t pc, sp, fp;
} Regs;

static inline __attribute__((always_inline)) void
getregs(Regs *r)
{
#if defined(__x86_64__)
	__asm__ volatile("leaq 0(%%rip), %0\n\tmovq %%rsp, %1\n\tmovq %%rbp, %2"
			 : "=&r"(r->pc), "=&r"(r->sp), "=&r"(r->fp));
#else
	__asm__ volatile("adr %0, .\n\tmov %1, sp\n\tmov %2, x29" : "=&r"(r->pc), "=&r"(r->sp), "=&r"(r->fp));
#endif
}

#endif
