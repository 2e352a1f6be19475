/* The functions behind the exported names: rz_NAME is what NAME does, for all of its versions (see exports.tab). */
#ifndef RENDEZ_POSIX_H
#define RENDEZ_POSIX_H

#include "shim.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <threads.h>
#include <ucontext.h>

#define RZ(ret, name, ...) ret rz_##name(__VA_ARGS__) HIDDEN

RZ(int, pthread_mutex_lock, pthread_mutex_t *);
RZ(int, pthread_mutex_trylock, pthread_mutex_t *);
RZ(int, pthread_mutex_timedlock, pthread_mutex_t *, const struct timespec *);
RZ(int, pthread_mutex_clocklock, pthread_mutex_t *, clockid_t, const struct timespec *);
RZ(int, pthread_mutex_unlock, pthread_mutex_t *);
RZ(int, pthread_mutex_init, pthread_mutex_t *, const pthread_mutexattr_t *);
RZ(int, pthread_mutex_destroy, pthread_mutex_t *);

RZ(int, pthread_cond_wait, pthread_cond_t *, pthread_mutex_t *);
RZ(int, pthread_cond_timedwait, pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
RZ(int, pthread_cond_clockwait, pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
RZ(int, pthread_cond_signal, pthread_cond_t *);
RZ(int, pthread_cond_broadcast, pthread_cond_t *);
RZ(int, pthread_cond_init, pthread_cond_t *, const pthread_condattr_t *);
RZ(int, pthread_cond_destroy, pthread_cond_t *);

RZ(int, oldcond_wait, Oldcond *, pthread_mutex_t *);
RZ(int, oldcond_timedwait, Oldcond *, pthread_mutex_t *, const struct timespec *);
RZ(int, oldcond_signal, Oldcond *);
RZ(int, oldcond_broadcast, Oldcond *);

RZ(int, sem_init, sem_t *, int, unsigned);
RZ(int, sem_destroy, sem_t *);
RZ(int, sem_wait, sem_t *);
RZ(int, sem_trywait, sem_t *);
RZ(int, sem_timedwait, sem_t *, const struct timespec *);
RZ(int, sem_clockwait, sem_t *, clockid_t, const struct timespec *);
RZ(int, sem_post, sem_t *);

RZ(int, pthread_rwlock_rdlock, pthread_rwlock_t *);
RZ(int, pthread_rwlock_wrlock, pthread_rwlock_t *);
RZ(int, pthread_rwlock_tryrdlock, pthread_rwlock_t *);
RZ(int, pthread_rwlock_trywrlock, pthread_rwlock_t *);
RZ(int, pthread_rwlock_timedrdlock, pthread_rwlock_t *, const struct timespec *);
RZ(int, pthread_rwlock_timedwrlock, pthread_rwlock_t *, const struct timespec *);
RZ(int, pthread_rwlock_clockrdlock, pthread_rwlock_t *, clockid_t, const struct timespec *);
RZ(int, pthread_rwlock_clockwrlock, pthread_rwlock_t *, clockid_t, const struct timespec *);
RZ(int, pthread_rwlock_unlock, pthread_rwlock_t *);
RZ(int, pthread_rwlock_init, pthread_rwlock_t *, const pthread_rwlockattr_t *);
RZ(int, pthread_rwlock_destroy, pthread_rwlock_t *);

RZ(int, pthread_barrier_wait, pthread_barrier_t *);
RZ(int, pthread_barrier_init, pthread_barrier_t *, const pthread_barrierattr_t *, unsigned);
RZ(int, pthread_barrier_destroy, pthread_barrier_t *);

RZ(int, pthread_once, pthread_once_t *, void (*)(void));
RZ(void, call_once, once_flag *, void (*)(void));

RZ(int, pthread_spin_lock, pthread_spinlock_t *);
RZ(int, pthread_spin_trylock, pthread_spinlock_t *);
RZ(int, pthread_spin_unlock, pthread_spinlock_t *);
RZ(int, pthread_spin_init, pthread_spinlock_t *, int);
RZ(int, pthread_spin_destroy, pthread_spinlock_t *);

RZ(int, mtx_init, mtx_t *, int);
RZ(void, mtx_destroy, mtx_t *);
RZ(int, mtx_lock, mtx_t *);
RZ(int, mtx_trylock, mtx_t *);
RZ(int, mtx_timedlock, mtx_t *restrict, const struct timespec *restrict);
RZ(int, mtx_unlock, mtx_t *);
RZ(int, cnd_init, cnd_t *);
RZ(void, cnd_destroy, cnd_t *);
RZ(int, cnd_wait, cnd_t *, mtx_t *);
RZ(int, cnd_timedwait, cnd_t *restrict, mtx_t *restrict, const struct timespec *restrict);
RZ(int, cnd_signal, cnd_t *);
RZ(int, cnd_broadcast, cnd_t *);

RZ(int, pthread_create, pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
RZ(int, thrd_create, thrd_t *, thrd_start_t, void *);
RZ(int, pthread_cancel, pthread_t);
RZ(int, pthread_setcanceltype, int, int *);
RZ(void, __pthread_register_cancel_defer, __pthread_unwind_buf_t *);
RZ(void, __pthread_unregister_cancel_restore, __pthread_unwind_buf_t *);
RZ(void, _pthread_cleanup_push_defer, struct _pthread_cleanup_buffer *, void (*)(void *), void *);
RZ(void, _pthread_cleanup_pop_restore, struct _pthread_cleanup_buffer *, int);
RZ(pid_t, fork, void);
RZ(pid_t, _Fork, void);

RZ(void *, dlopen, const char *, int);
RZ(void *, dlmopen, Lmid_t, const char *, int);
RZ(int, pthread_setschedparam, pthread_t, int, const struct sched_param *);
RZ(int, pthread_setschedprio, pthread_t, int);
RZ(int, sched_setscheduler, pid_t, int, const struct sched_param *);
RZ(int, sched_setparam, pid_t, const struct sched_param *);
RZ(int, pthread_attr_setschedpolicy, pthread_attr_t *, int);

RZ(_Noreturn void, pthread_exit, void *);
RZ(_Noreturn void, thrd_exit, int);
RZ(_Noreturn void, longjmp, struct __jmp_buf_tag *, int);
RZ(_Noreturn void, siglongjmp, struct __jmp_buf_tag *, int);
RZ(_Noreturn void, __longjmp_chk, struct __jmp_buf_tag *, int);
RZ(int, setcontext, const ucontext_t *);

RZ(int, sigaction, int, const struct sigaction *, struct sigaction *);
RZ(sighandler_t, signal, int, sighandler_t);
RZ(sighandler_t, sysv_signal, int, sighandler_t);
RZ(sighandler_t, sigset, int, sighandler_t);

#endif
