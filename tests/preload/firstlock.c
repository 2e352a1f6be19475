/*
 * A process that gives up the system calls that it does not need before its first lock, which needs none.
 */
#include "t.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

int
main(void)
{
	struct sock_filter f[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 1, 0),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog p = {sizeof f / sizeof f[0], f};
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;

	SAME(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	SAME(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p), 0);
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_rwlock_wrlock(&l), 0);
	SAME(pthread_rwlock_unlock(&l), 0);
	static const char said[] = "ok firstlock\n"; /* printing asks for memory */
	SAME(write(1, said, sizeof said - 1), sizeof said - 1);
	_exit(0);
}
