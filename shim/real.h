/*
 * libc's own versions of what we replace, for the objects that are libc's.
 * Each pointer starts at a function that finds them all and calls on, so they
 * work before any constructor has run.
 */
#ifndef RENDEZ_REAL_H
#define RENDEZ_REAL_H

#include "shim.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <threads.h>
#include <ucontext.h>

#pragma weak dladdr1
#pragma weak dlvsym

/* F(return type, name, oldest version whose meaning is today's, parameters, arguments) */
#define REALS(F) \
	F(int, pthread_mutex_lock, "GLIBC_2.2.5", (pthread_mutex_t * m), (m)) \
	F(int, pthread_mutex_trylock, "GLIBC_2.2.5", (pthread_mutex_t * m), (m)) \
	F(int, pthread_mutex_timedlock, "GLIBC_2.2.5", (pthread_mutex_t * m, const struct timespec *t), (m, t)) \
	F(int, pthread_mutex_clocklock, "GLIBC_2.30", (pthread_mutex_t * m, clockid_t c, const struct timespec *t), \
	    (m, c, t)) \
	F(int, pthread_mutex_unlock, "GLIBC_2.2.5", (pthread_mutex_t * m), (m)) \
	F(int, pthread_mutex_init, "GLIBC_2.2.5", (pthread_mutex_t * m, const pthread_mutexattr_t *a), (m, a)) \
	F(int, pthread_mutex_destroy, "GLIBC_2.2.5", (pthread_mutex_t * m), (m)) \
	F(int, pthread_cond_init, "GLIBC_2.3.2", (pthread_cond_t * c, const pthread_condattr_t *a), (c, a)) \
	F(int, pthread_cond_destroy, "GLIBC_2.3.2", (pthread_cond_t * c), (c)) \
	F(int, pthread_cond_signal, "GLIBC_2.3.2", (pthread_cond_t * c), (c)) \
	F(int, pthread_cond_broadcast, "GLIBC_2.3.2", (pthread_cond_t * c), (c)) \
	F(int, pthread_cond_wait, "GLIBC_2.3.2", (pthread_cond_t * c, pthread_mutex_t * m), (c, m)) \
	F(int, pthread_cond_timedwait, "GLIBC_2.3.2", \
	    (pthread_cond_t * c, pthread_mutex_t * m, const struct timespec *t), (c, m, t)) \
	F(int, pthread_cond_clockwait, "GLIBC_2.30", \
	    (pthread_cond_t * c, pthread_mutex_t * m, clockid_t k, const struct timespec *t), (c, m, k, t)) \
	F(int, pthread_rwlock_rdlock, "GLIBC_2.2.5", (pthread_rwlock_t * l), (l)) \
	F(int, pthread_rwlock_wrlock, "GLIBC_2.2.5", (pthread_rwlock_t * l), (l)) \
	F(int, pthread_rwlock_tryrdlock, "GLIBC_2.2.5", (pthread_rwlock_t * l), (l)) \
	F(int, pthread_rwlock_trywrlock, "GLIBC_2.2.5", (pthread_rwlock_t * l), (l)) \
	F(int, pthread_rwlock_timedrdlock, "GLIBC_2.2.5", (pthread_rwlock_t * l, const struct timespec *t), (l, t)) \
	F(int, pthread_rwlock_timedwrlock, "GLIBC_2.2.5", (pthread_rwlock_t * l, const struct timespec *t), (l, t)) \
	F(int, pthread_rwlock_clockrdlock, "GLIBC_2.30", \
	    (pthread_rwlock_t * l, clockid_t c, const struct timespec *t), (l, c, t)) \
	F(int, pthread_rwlock_clockwrlock, "GLIBC_2.30", \
	    (pthread_rwlock_t * l, clockid_t c, const struct timespec *t), (l, c, t)) \
	F(int, pthread_rwlock_unlock, "GLIBC_2.2.5", (pthread_rwlock_t * l), (l)) \
	F(int, pthread_rwlock_init, "GLIBC_2.2.5", (pthread_rwlock_t * l, const pthread_rwlockattr_t *a), (l, a)) \
	F(int, pthread_rwlock_destroy, "GLIBC_2.2.5", (pthread_rwlock_t * l), (l)) \
	F(int, pthread_barrier_wait, "GLIBC_2.2.5", (pthread_barrier_t * b), (b)) \
	F(int, pthread_barrier_init, "GLIBC_2.2.5", \
	    (pthread_barrier_t * b, const pthread_barrierattr_t *a, unsigned n), (b, a, n)) \
	F(int, pthread_barrier_destroy, "GLIBC_2.2.5", (pthread_barrier_t * b), (b)) \
	F(int, sem_init, "GLIBC_2.2.5", (sem_t * s, int shared, unsigned v), (s, shared, v)) \
	F(int, pthread_create, "GLIBC_2.2.5", (pthread_t * t, const pthread_attr_t *a, void *(*f)(void *), void *arg), \
	    (t, a, f, arg)) \
	F(int, thrd_create, "GLIBC_2.28", (thrd_t * t, thrd_start_t f, void *arg), (t, f, arg)) \
	F(int, pthread_cancel, "GLIBC_2.2.5", (pthread_t t), (t)) \
	F(int, pthread_setcanceltype, "GLIBC_2.2.5", (int type, int *old), (type, old)) \
	F(void, __pthread_register_cancel_defer, "GLIBC_2.3.3", (__pthread_unwind_buf_t * b), (b)) \
	F(void, __pthread_unregister_cancel_restore, "GLIBC_2.3.3", (__pthread_unwind_buf_t * b), (b)) \
	F(void, _pthread_cleanup_push_defer, "GLIBC_2.2.5", \
	    (struct _pthread_cleanup_buffer * b, void (*f)(void *), void *arg), (b, f, arg)) \
	F(void, _pthread_cleanup_pop_restore, "GLIBC_2.2.5", (struct _pthread_cleanup_buffer * b, int execute), \
	    (b, execute)) \
	F(int, pthread_setschedparam, "GLIBC_2.2.5", (pthread_t t, int policy, const struct sched_param *p), \
	    (t, policy, p)) \
	F(int, pthread_setschedprio, "GLIBC_2.3.4", (pthread_t t, int prio), (t, prio)) \
	F(int, sched_setscheduler, "GLIBC_2.2.5", (pid_t pid, int policy, const struct sched_param *p), \
	    (pid, policy, p)) \
	F(int, sched_setparam, "GLIBC_2.2.5", (pid_t pid, const struct sched_param *p), (pid, p)) \
	F(int, pthread_attr_setschedpolicy, "GLIBC_2.2.5", (pthread_attr_t * a, int policy), (a, policy)) \
	F(void, pthread_exit, "GLIBC_2.2.5", (void *v), (v)) \
	F(void, thrd_exit, "GLIBC_2.28", (int v), (v)) \
	F(pid_t, fork, "GLIBC_2.2.5", (void), ()) \
	F(pid_t, _Fork, "GLIBC_2.34", (void), ()) \
	F(int, __register_atfork, "GLIBC_2.3.2", \
	    (void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso), \
	    (prepare, parent, child, dso)) \
	F(void *, dlopen, "GLIBC_2.2.5", (const char *file, int mode), (file, mode)) \
	F(void *, dlmopen, "GLIBC_2.3.4", (Lmid_t space, const char *file, int mode), (space, file, mode)) \
	F(void, longjmp, "GLIBC_2.2.5", (struct __jmp_buf_tag * e, int v), (e, v)) \
	F(void, siglongjmp, "GLIBC_2.2.5", (struct __jmp_buf_tag * e, int v), (e, v)) \
	F(void, __longjmp_chk, "GLIBC_2.11", (struct __jmp_buf_tag * e, int v), (e, v)) \
	F(int, sigaction, "GLIBC_2.2.5", (int sig, const struct sigaction *a, struct sigaction *old), (sig, a, old)) \
	F(sighandler_t, signal, "GLIBC_2.2.5", (int sig, sighandler_t h), (sig, h)) \
	F(sighandler_t, sysv_signal, "GLIBC_2.2.5", (int sig, sighandler_t h), (sig, h)) \
	F(sighandler_t, sigset, "GLIBC_2.2.5", (int sig, sighandler_t h), (sig, h)) \
	F(int, setcontext, "GLIBC_2.2.5", (const ucontext_t *c), (c))

typedef struct Real {
#define F(type, name, version, params, args) type(*name) params;
	REALS(F)
#undef F
	int (*oldcond_signal)(Oldcond *); /* pthread_cond_signal of GLIBC_2.2.5 */
} Real;

extern Real real HIDDEN;

/* Find them all now. */
void realinit(void) HIDDEN;

#endif
