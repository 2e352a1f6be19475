/*
 * A process that is killed for any system call but those that threads and their
 * locks make natively: waits of every kind, of old threads and of new ones.
 */
#include "t.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

enum { THREADS = 4, ROUNDS = 500 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static long n;

/* A browser's renderer allows more; nothing of it is ours to need.  PR_GET_NAME names a new thread. */
static const int allowed[] = {SYS_futex, SYS_exit, SYS_exit_group, SYS_write, SYS_clock_nanosleep, SYS_sched_yield,
    SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_tgkill, SYS_gettid, SYS_getpid, SYS_mmap, SYS_mprotect, SYS_munmap,
    SYS_madvise, SYS_brk, SYS_clone, SYS_clone3, SYS_set_robust_list, SYS_rseq, SYS_clock_gettime, SYS_prctl,
    SYS_restart_syscall};

static void
lockdown(void)
{
	enum { N = sizeof allowed / sizeof allowed[0] };
	struct sock_filter f[2 * N + 2];
	int k = 0;
	f[k++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for(int i = 0; i < N; i++) {
		f[k++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)allowed[i], 0, 1);
		f[k++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	f[k++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	struct sock_fprog p = {(unsigned short)k, f};
	SAME(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	SAME(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &p), 0);
}

static _Atomic int locked;

static void *
use(void *arg)
{
	if(arg != NULL)
		while(!atomic_load_explicit(&locked, memory_order_acquire))
			sched_yield();
	for(int i = 0; i < ROUNDS; i++) {
		struct timespec d = in(CLOCK_REALTIME, 1);
		SAME(pthread_mutex_lock(&m), 0);
		n++;
		if(i % 64 == 0) {
			int r = pthread_cond_timedwait(&c, &m, &d);
			MUST(r == 0 || r == ETIMEDOUT);
		}
		sched_yield();
		SAME(pthread_cond_broadcast(&c), 0);
		SAME(pthread_mutex_unlock(&m), 0);
		SAME(sem_wait(&s), 0);
		SAME(sem_post(&s), 0);
	}
	return NULL;
}

static void
run(void)
{
	Thread old[THREADS], new[THREADS];
	SAME(sem_init(&s, 0, 1), 0);
	use(NULL); /* the first thread is known */
	for(int i = 0; i < THREADS; i++)
		start(&old[i], use, &old[i]);
	lockdown();
	atomic_store_explicit(&locked, 1, memory_order_release);
	for(int i = 0; i < THREADS; i++)
		join(&old[i]);
	for(int i = 0; i < THREADS; i++)
		start(&new[i], use, NULL);
	for(int i = 0; i < THREADS; i++)
		join(&new[i]);
	SAME(n, (1 + 2 * THREADS) * ROUNDS);
}

int
main(void)
{
	pid_t pid = fork();
	MUST(pid >= 0);
	if(pid == 0) {
		run();
		exit(0); /* destructors run inside the sandbox */
	}
	SAME(childstatus(pid), 0);
	return ok();
}
