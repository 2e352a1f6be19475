/*
 * The life of a thread as far as its waits are concerned: birth, cancellation,
 * fork, death.
 *
 * A thread made by pthread_create or thrd_create starts in a frame of ours, which gives
 * it its Proc and takes it back when the thread ends, however it ends. A thread made
 * otherwise (by libc itself, by a raw clone) gets a Proc at its first wait, and
 * the Proc is found free when the thread is gone (compat/proc.c).
 */
#define _GNU_SOURCE
#include "shim.h"
#include "check.h"
#include "deepbind.h"
#include "export.h"
#include "hook.h"
#include "posix.h"
#include "real.h"
#include "tsan.h"
#include "wrap.h"

#include "../compat/member.h"
#include "../compat/rank.h"
#include "../compat/self.h"
#include "../compat/sigoff.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>

int
metid(void)
{
	int tid;

	if(checking && me.watched != 0 && !me.forking)
		return me.watched;
	tid = systid();
	/* A vfork child writes in its parent's memory. */
	if(me.forking || procborrowed())
		return tid;
	if(checking)
		return me.watched = tid;
	return me.tid = tid;
}

/* After the program's own cleanup handlers; destructors of thread-specific data come later, and may wait again. */
static void
ended(void *arg)
{
	(void)arg;
	procexit();
	selfexit();
	memberexit();
	threadgone();
}

static Proc *
begun(Proc *p)
{
	procset(p);
	if(checking)
		checkborn();
	else
		me.tid = atomic_load_explicit(&p->tid, memory_order_relaxed);
	threadborn();
	return p;
}

static void *
started(void *arg)
{
	Proc *p = begun(arg);
	void *(*start)(void *) = p->start;
	void *startarg = p->arg, *r;

	pthread_cleanup_push(ended, nil);
	r = start(startarg);
	pthread_cleanup_pop(1);
	return r;
}

EXPORT(pthread_create);
int
rz_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	Proc *p = procalloc();
	int r;

	if(p == nil)
		return EAGAIN;
	/* A forked child's profile is there before its second thread. */
	threadborn();
	p->start = start;
	p->arg = arg;
	r = real.pthread_create(t, attr, started, p);
	if(r != 0)
		procfree(p);
	return r;
}

static int
startedc11(void *arg)
{
	Proc *p = begun(arg);
	thrd_start_t start = (thrd_start_t)(void *)p->start;
	void *startarg = p->arg;
	int r;

	pthread_cleanup_push(ended, nil);
	r = start(startarg);
	pthread_cleanup_pop(1);
	return r;
}

EXPORT(thrd_create);
int
rz_thrd_create(thrd_t *t, thrd_start_t start, void *arg)
{
	Proc *p = procalloc();
	int r;

	if(p == nil)
		return thrd_nomem;
	threadborn();
	p->start = (void *(*)(void *))(void *)start;
	p->arg = arg;
	r = real.thrd_create(t, startedc11, p);
	if(r != thrd_success)
		procfree(p);
	return r;
}

Word anycancel;

static int
notewaiter(Proc *p, void *thread)
{
	if(atomic_load_explicit(&p->cancel, memory_order_relaxed) == *(uintptr_t *)thread)
		note(p);
	return 0;
}

/*
 * Cancellation is a note.  libc marks the thread; if that thread waits here, or is about to,
 * it must look.  Mark, fence, look for Procs, against publish the Proc, fence, test
 * the mark (condwait): one of the two sees the other.
 */
EXPORT(pthread_cancel);
int
rz_pthread_cancel(pthread_t thread)
{
	uintptr_t t = (uintptr_t)thread;
	int r;

	atomic_store_explicit(&anycancel, 1, memory_order_relaxed);
	/* All threads have theirs at one distance from what libc calls the thread. */
	sigsbeforecancel((const Sigoff *)(t + ((uintptr_t)&sigoff - (uintptr_t)pthread_self())));
	r = real.pthread_cancel(thread);
	if(r == 0) {
		atomic_thread_fence(memory_order_seq_cst);
		procwalk(notewaiter, &t);
	}
	return r;
}

/* Kept for those waits which a cancellation may end but must not tear. */
EXPORT(pthread_setcanceltype);
int
rz_pthread_setcanceltype(int type, int *old)
{
	int r;

	if(type == PTHREAD_CANCEL_ASYNCHRONOUS)
		sigoff.async = 1;
	r = real.pthread_setcanceltype(type, old);
	if(r == 0)
		sigoff.async = type == PTHREAD_CANCEL_ASYNCHRONOUS;
	return r;
}

/*
 * The regions of pthread_cleanup_push_defer_np change the type within libc, and their ends give back what it was, which
 * libc keeps to itself.  It is asked afterwards; until then the thread counts as one where a cancellation may strike.
 */
static void
typegivenback(void)
{
	int type, ignored;

	real.pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
	if(type == PTHREAD_CANCEL_ASYNCHRONOUS)
		real.pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &ignored);
	else
		sigoff.async = 0;
}

EXPORT(__pthread_register_cancel_defer);
void
rz___pthread_register_cancel_defer(__pthread_unwind_buf_t *buf)
{
	real.__pthread_register_cancel_defer(buf);
	sigoff.async = 0;
}

EXPORT(__pthread_unregister_cancel_restore);
void
rz___pthread_unregister_cancel_restore(__pthread_unwind_buf_t *buf)
{
	sigoff.async = 1;
	real.__pthread_unregister_cancel_restore(buf);
	typegivenback();
}

/* The same in programs built before 2003. */
EXPORT(_pthread_cleanup_push_defer);
void
rz__pthread_cleanup_push_defer(struct _pthread_cleanup_buffer *buf, void (*f)(void *), void *arg)
{
	real._pthread_cleanup_push_defer(buf, f, arg);
	sigoff.async = 0;
}

EXPORT(_pthread_cleanup_pop_restore);
void
rz__pthread_cleanup_pop_restore(struct _pthread_cleanup_buffer *buf, int execute)
{
	sigoff.async = 1;
	real._pthread_cleanup_pop_restore(buf, 0);
	typegivenback();
	if(execute)
		buf->__routine(buf->__arg);
}

static void
forked(void)
{
	/* Before a vfork child can be the first to ask. */
	procpid();
	me.tid = 0;
	if(checking)
		checkforked();
	metid();
	me.timed = nil;
	recorderforked();
}

/*
 * The handlers of pthread_atfork run before it returns, in the child too, and those that were registered before ours find what the
 * parent had.  So for the time of the call the thread's number is asked for each time.  Afterwards it is known again as it was: the call may be a
 * handler's, that came between two looks at it.
 */
EXPORT(fork);
pid_t
rz_fork(void)
{
	int was = me.tid;
	pid_t pid;

	if(checking) {
		if(me.forking)
			checkforked();
		metid();
	}
	me.tid = 0;
	me.forking++;
	pid = real.fork();
	me.forking--;
	if(pid != 0)
		me.tid = was;
	else
		metid();
	return pid;
}

/* Runs no handlers of pthread_atfork: the thread's new number is learnt here. */
EXPORT(_Fork);
pid_t
rz__Fork(void)
{
	pid_t pid = real._Fork();

	if(pid == 0)
		forked();
	return pid;
}

#pragma weak on_exit

static void
exited(int status, void *arg)
{
	(void)arg;
	recorderexit(status);
}

/*
 * Nothing here is needed for locks to work: they are used before any
 * constructor runs, and after the last destructor.
 */
__attribute__((constructor)) static void
start(int argc, char **argv, char **env)
{
	int saved = errno;

	/* Not glibc: it does not see our names (scripts/genexports), and is left alone. */
	if(dlvsym == nil)
		return;
	realinit();
	/* While no vfork child can be the first to ask. */
	procpid();
	/* The first lock asks the kernel nothing: the program may by then have forbidden itself what it does not need. */
	metid();
	clockinit();
	deepbindstart();
	if(sysrank() != 0)
		rankspossible();
	/* pthread_atfork itself is a piece of libc's that would be linked in and import this as one that must be there. */
	real.__register_atfork(nil, nil, forked, nil);
	(void)argc;
	if(tsanbehind())
		tsanleave(argv, env);
	if(!behindus((void *)real.pthread_mutex_lock))
		say("opened after the program started: its locks stay libc's; preload it instead (LD_PRELOAD, or "
		    "rendez run)",
		    nil);
	else {
		signalstart();
		recorderstart();
		if(checkwanted())
			checkstart();
	}
	if(probeon) {
		hookstart();
		on_exit(exited, nil);
	}
	errno = saved;
}
