/*
 * Who asks for a real-time policy: libc's calls, after a look.
 *
 * Threads of such policies are chosen by priority everywhere (waitq.h).  A process that has none must not pay for it, so
 * nobody asks the kernel for a thread's rank until one of these calls has named such a policy, or the process
 * began with one.  A thread can come by one in no other way, but by a raw system call or from another process: those are not
 * seen, and such a thread waits as if it shared time.
 */
#define _GNU_SOURCE
#include "export.h"
#include "posix.h"
#include "real.h"

/* Before the call: the thread that it is for may wait the moment after. */
static void
wanted(int policy)
{
	if(realtime(policy))
		atomic_store_explicit(&anyrt, 1, memory_order_relaxed);
}

EXPORT(pthread_setschedparam);
int
rz_pthread_setschedparam(pthread_t t, int policy, const struct sched_param *p)
{
	wanted(policy);
	return real.pthread_setschedparam(t, policy, p);
}

EXPORT(sched_setscheduler);
int
rz_sched_setscheduler(pid_t pid, int policy, const struct sched_param *p)
{
	wanted(policy);
	return real.sched_setscheduler(pid, policy, p);
}

/* For threads of pthread_create, of libc's own, and for the attributes that libc starts from. */
EXPORT(pthread_attr_setschedpolicy);
int
rz_pthread_attr_setschedpolicy(pthread_attr_t *a, int policy)
{
	wanted(policy);
	return real.pthread_attr_setschedpolicy(a, policy);
}
