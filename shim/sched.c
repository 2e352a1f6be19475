/*
 * Who changes a thread's real-time priority: libc's calls, told to compat/rank.h.
 *
 * Threads of real-time policies are chosen by priority in every queue of waitq.h; words that processes
 * share are the kernel's to order, and Plan 9's locks are by age.  Nobody asks the kernel for a thread's rank
 * until one of these calls has named such a policy, or the process began with one; then a thread asks once, and again
 * after one of these.  A thread can come by another rank in no other way, but by a raw system call, from another process, or by a
 * mutex with a ceiling (foreign.c).
 */
#define _GNU_SOURCE
#include "export.h"
#include "posix.h"
#include "real.h"

#include "../compat/rank.h"

/* A call that is about to change the rank of the calling thread or of another. */
typedef struct Change {
	int mine;
	uint32_t age;
} Change;

static void
wanted(int policy)
{
	if(realtime(policy))
		rankspossible();
}

static Change
changing(int mine)
{
	return (Change){mine, ranked() ? rankchanging(mine) : 0};
}

/* It returned r; rank: what rankmine takes. */
static int
changed(Change c, int r, int rank)
{
	if(ranked()) {
		if(c.mine)
			rankmine(c.age, r == 0 ? rank : -1);
		else if(r == 0)
			rankschanged();
	}
	return r;
}

/* Of a call that may not have looked at p. */
static int
rankby(int r, int policy, const struct sched_param *p)
{
	return r == 0 && realtime(policy) ? p->sched_priority : 0;
}

/* Whether it is the calling thread that is meant, as far as is known without asking. */
static int
isme(pid_t pid)
{
	Proc *p = up;

	return pid == 0 ||
	       (p != nil && p->thread == threadself() && atomic_load_explicit(&p->tid, memory_order_relaxed) == pid);
}

EXPORT(pthread_setschedparam);
int
rz_pthread_setschedparam(pthread_t t, int policy, const struct sched_param *p)
{
	Change c;
	int r;

	wanted(policy);
	c = changing(t == threadself());
	r = real.pthread_setschedparam(t, policy, p);
	return changed(c, r, rankby(r, policy, p));
}

EXPORT(pthread_setschedprio);
int
rz_pthread_setschedprio(pthread_t t, int prio)
{
	Change c = changing(t == threadself());

	return changed(c, real.pthread_setschedprio(t, prio), -1);
}

EXPORT(sched_setscheduler);
int
rz_sched_setscheduler(pid_t pid, int policy, const struct sched_param *p)
{
	Change c;
	int r;

	wanted(policy);
	c = changing(isme(pid));
	r = real.sched_setscheduler(pid, policy, p);
	return changed(c, r, rankby(r, policy, p));
}

EXPORT(sched_setparam);
int
rz_sched_setparam(pid_t pid, const struct sched_param *p)
{
	Change c = changing(isme(pid));

	return changed(c, real.sched_setparam(pid, p), -1);
}

/* For threads of pthread_create, of libc's own, and for the attributes that libc starts from. */
EXPORT(pthread_attr_setschedpolicy);
int
rz_pthread_attr_setschedpolicy(pthread_attr_t *a, int policy)
{
	wanted(policy);
	return real.pthread_attr_setschedpolicy(a, policy);
}
