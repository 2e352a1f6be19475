/*
 * The names and versions of old programs that no other test calls (oldnames.c, oldcond.c, attrs.c and cancelregion.c call the
 * others): each gives what libc's gives, on objects that today's functions use too.
 */
#include "t.h"
#include <dlfcn.h>
#include <limits.h>
#include <setjmp.h>
#include <threads.h>

#define OLD(ret, name, symbol, ...) \
	ret name(__VA_ARGS__); \
	__asm__(".symver " #name ", " symbol)

/* Names that no header gives. */
int __sigaction(int, const struct sigaction *, struct sigaction *);
int __sched_setscheduler(pid_t, int, const struct sched_param *);
pid_t __fork(void);

typedef const struct timespec *Time;

OLD(int, oldtrylock, "pthread_mutex_trylock@GLIBC_2.2.5", pthread_mutex_t *);
OLD(int, oldconsistent, "pthread_mutex_consistent@GLIBC_2.12", pthread_mutex_t *);
OLD(int, oldgetceiling, "pthread_mutex_getprioceiling@GLIBC_2.4", const pthread_mutex_t *, int *);
OLD(int, oldsetceiling, "pthread_mutex_setprioceiling@GLIBC_2.4", pthread_mutex_t *, int, int *);
OLD(int, oldseminit, "sem_init@GLIBC_2.2.5", sem_t *, int, unsigned);
OLD(int, oldsemdestroy, "sem_destroy@GLIBC_2.2.5", sem_t *);
OLD(int, oldsemtry, "sem_trywait@GLIBC_2.2.5", sem_t *);
OLD(int, oldsemtimed, "sem_timedwait@GLIBC_2.2.5", sem_t *, Time);
OLD(int, oldsemclock, "sem_clockwait@GLIBC_2.30", sem_t *, clockid_t, Time);
OLD(int, oldsemvalue, "sem_getvalue@GLIBC_2.2.5", sem_t *, int *);
OLD(sem_t *, oldsemopen, "sem_open@GLIBC_2.2.5", const char *, int, ...);
OLD(int, oldsemclose, "sem_close@GLIBC_2.2.5", sem_t *);
OLD(int, oldsemunlink, "sem_unlink@GLIBC_2.2.5", const char *);
OLD(int, oldmtxinit, "mtx_init@GLIBC_2.28", mtx_t *, int);
OLD(void, oldmtxdestroy, "mtx_destroy@GLIBC_2.28", mtx_t *);
OLD(int, oldmtxtry, "mtx_trylock@GLIBC_2.28", mtx_t *);
OLD(int, oldmtxtimed, "mtx_timedlock@GLIBC_2.28", mtx_t *, Time);
OLD(int, oldcndinit, "cnd_init@GLIBC_2.28", cnd_t *);
OLD(void, oldcnddestroy, "cnd_destroy@GLIBC_2.28", cnd_t *);
OLD(int, oldcndwait, "cnd_wait@GLIBC_2.28", cnd_t *, mtx_t *);
OLD(int, oldcndtimed, "cnd_timedwait@GLIBC_2.28", cnd_t *, mtx_t *, Time);
OLD(int, oldcndsignal, "cnd_signal@GLIBC_2.28", cnd_t *);
OLD(int, oldcndbroadcast, "cnd_broadcast@GLIBC_2.28", cnd_t *);
OLD(int, oldthrdcreate, "thrd_create@GLIBC_2.28", thrd_t *, thrd_start_t, void *);
OLD(void, oldthrdexit, "thrd_exit@GLIBC_2.28", int);
OLD(int, oldcreate, "pthread_create@GLIBC_2.2.5", pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
OLD(int, oldcancel, "pthread_cancel@GLIBC_2.2.5", pthread_t);
OLD(void, olddefer, "__pthread_register_cancel_defer@GLIBC_2.3.3", __pthread_unwind_buf_t *);
OLD(void, oldrestore, "__pthread_unregister_cancel_restore@GLIBC_2.3.3", __pthread_unwind_buf_t *);
OLD(int, oldschedprio, "pthread_setschedprio@GLIBC_2.3.4", pthread_t, int);
OLD(int, oldoncep, "pthread_once@GLIBC_2.2.5", pthread_once_t *, void (*)(void));
OLD(int, oldbarrierinit, "pthread_barrier_init@GLIBC_2.2.5", pthread_barrier_t *, const pthread_barrierattr_t *,
    unsigned);
OLD(int, oldbarrierdestroy, "pthread_barrier_destroy@GLIBC_2.2.5", pthread_barrier_t *);
OLD(int, oldspininit, "pthread_spin_init@GLIBC_2.2.5", pthread_spinlock_t *, int);
OLD(int, oldspintry, "pthread_spin_trylock@GLIBC_2.2.5", pthread_spinlock_t *);
OLD(int, oldspindestroy, "pthread_spin_destroy@GLIBC_2.2.5", pthread_spinlock_t *);
OLD(int, oldrwinit, "pthread_rwlock_init@GLIBC_2.2.5", pthread_rwlock_t *, const pthread_rwlockattr_t *);
OLD(int, oldrwdestroy, "pthread_rwlock_destroy@GLIBC_2.2.5", pthread_rwlock_t *);
OLD(int, oldrd, "pthread_rwlock_rdlock@GLIBC_2.2.5", pthread_rwlock_t *);
OLD(int, oldwr, "pthread_rwlock_wrlock@GLIBC_2.2.5", pthread_rwlock_t *);
OLD(int, oldtryrd, "pthread_rwlock_tryrdlock@GLIBC_2.2.5", pthread_rwlock_t *);
OLD(int, oldtrywr, "pthread_rwlock_trywrlock@GLIBC_2.2.5", pthread_rwlock_t *);
OLD(int, oldtimedrd, "pthread_rwlock_timedrdlock@GLIBC_2.2.5", pthread_rwlock_t *, Time);
OLD(int, oldtimedwr, "pthread_rwlock_timedwrlock@GLIBC_2.2.5", pthread_rwlock_t *, Time);
OLD(int, oldclockrd, "pthread_rwlock_clockrdlock@GLIBC_2.30", pthread_rwlock_t *, clockid_t, Time);
OLD(int, oldclockwr, "pthread_rwlock_clockwrlock@GLIBC_2.30", pthread_rwlock_t *, clockid_t, Time);
OLD(int, oldrwunlock, "pthread_rwlock_unlock@GLIBC_2.2.5", pthread_rwlock_t *);
OLD(void *, olddlopen, "dlopen@GLIBC_2.2.5", const char *, int);
OLD(void *, olddlmopen, "dlmopen@GLIBC_2.3.4", Lmid_t, const char *, int);

static struct timespec past;

/* The caller has it. */
static void *
mutexbusy(void *m)
{
	SAME(oldtrylock(m), EBUSY);
	return m;
}

/* Ends with it. */
static void *
dies(void *m)
{
	SAME(oldtrylock(m), 0);
	return m;
}

static void
mutexes(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutexattr_t a;
	int was = -1;
	Thread t;

	SAME(oldtrylock(&m), 0);
	start(&t, mutexbusy, &m);
	join(&t);
	SAME(oldgetceiling(&m, &was), EINVAL);
	SAME(oldsetceiling(&m, 1, &was), EINVAL);
	SAME(oldconsistent(&m), EINVAL);
	SAME(pthread_mutex_unlock(&m), 0);

	SAME(pthread_mutexattr_init(&a), 0);
	SAME(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST), 0);
	SAME(pthread_mutex_init(&m, &a), 0);
	SAME(oldconsistent(&m), EINVAL);
	start(&t, dies, &m);
	join(&t);
	SAME(oldtrylock(&m), EOWNERDEAD);
	SAME(oldconsistent(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(pthread_mutex_destroy(&m), 0);

	SAME(pthread_mutexattr_init(&a), 0);
	SAME(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_PROTECT), 0);
	SAME(pthread_mutexattr_setprioceiling(&a, 3), 0);
	SAME(pthread_mutex_init(&m, &a), 0);
	SAME(oldgetceiling(&m, &was), 0);
	SAME(was, 3);
	SAME(oldsetceiling(&m, 1000, &was), EINVAL);
	SAME(pthread_mutex_destroy(&m), 0);
}

static void
semaphores(void)
{
	char name[40];
	int value;
	sem_t s, *named;

	SAME(oldseminit(&s, 0, 2), 0);
	SAME(oldsemtry(&s), 0);
	SAME(oldsemvalue(&s, &value), 0);
	SAME(value, 1);
	SAME(oldsemtimed(&s, &past), 0);
	FAILS(oldsemtimed(&s, &past), ETIMEDOUT);
	FAILS(oldsemclock(&s, CLOCK_MONOTONIC, &past), ETIMEDOUT);
	FAILS(oldsemclock(&s, CLOCK_BOOTTIME, &past), EINVAL);
	FAILS(oldsemtry(&s), EAGAIN);
	SAME(oldsemdestroy(&s), 0);
	FAILS(oldseminit(&s, 0, (unsigned)SEM_VALUE_MAX + 1), EINVAL);

	snprintf(name, sizeof name, "/oldcalls.%d", (int)getpid());
	MUST((named = oldsemopen(name, O_CREAT | O_EXCL, 0600, 1)) != SEM_FAILED);
	MUST(oldsemopen(name, 0) == named);
	SAME(oldsemtry(named), 0);
	FAILS(oldsemtry(named), EAGAIN);
	SAME(oldsemunlink(name), 0);
	FAILS(oldsemunlink(name), ENOENT);
	SAME(oldsemclose(named), 0);
	SAME(oldsemclose(named), 0);
	FAILS(oldsemclose(&s), EINVAL);
}

static mtx_t mtx;
static cnd_t cnd;
static int turns;

static int
waits(void *arg)
{
	SAME(mtx_lock(&mtx), thrd_success);
	SAME(oldmtxtry(&mtx), thrd_busy);
	SAME(oldmtxtimed(&mtx, &past), thrd_timedout);
	turns++;
	SAME(arg != NULL ? oldcndsignal(&cnd) : oldcndbroadcast(&cnd), thrd_success);
	while(turns % 2)
		SAME(oldcndwait(&cnd, &mtx), thrd_success);
	SAME(mtx_unlock(&mtx), thrd_success);
	oldthrdexit(7);
	return 0;
}

static void
c11(void)
{
	thrd_t t;
	int r;

	SAME(oldmtxinit(&mtx, mtx_timed), thrd_success);
	SAME(oldcndinit(&cnd), thrd_success);
	for(int i = 0; i < 2; i++) {
		SAME(oldmtxtry(&mtx), thrd_success);
		SAME(oldthrdcreate(&t, waits, i ? &t : NULL), thrd_success);
		while(turns % 2 == 0)
			SAME(oldcndwait(&cnd, &mtx), thrd_success);
		turns++;
		SAME(oldcndsignal(&cnd), thrd_success);
		SAME(oldcndtimed(&cnd, &mtx, &past), thrd_timedout);
		SAME(mtx_unlock(&mtx), thrd_success);
		SAME(thrd_join(t, &r), thrd_success);
		SAME(r, 7);
	}
	oldcnddestroy(&cnd);
	oldmtxdestroy(&mtx);
}

static sem_t never;

static void *
cancelled(void *arg)
{
	sem_wait(&never);
	return arg;
}

static void
threads(void)
{
	__pthread_unwind_buf_t buf;
	struct sched_param p;
	pthread_t t;
	void *r;
	int was;

	SAME(sem_init(&never, 0, 0), 0);
	SAME(oldcreate(&t, NULL, cancelled, NULL), 0);
	SAME(oldcancel(t), 0);
	SAME(pthread_join(t, &r), 0);
	MUST(r == PTHREAD_CANCELED);

	SAME(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &was), 0);
	olddefer(&buf);
	SAME(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &was), 0);
	SAME(was, PTHREAD_CANCEL_DEFERRED);
	oldrestore(&buf);
	SAME(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &was), 0);
	SAME(was, PTHREAD_CANCEL_ASYNCHRONOUS);

	SAME(pthread_getschedparam(pthread_self(), &was, &p), 0);
	SAME(oldschedprio(pthread_self(), p.sched_priority), 0);
	SAME(oldschedprio(pthread_self(), 1000), EINVAL);
}

static int onces;

static void
init(void)
{
	onces++;
}

static void *
writes(void *l)
{
	SAME(oldtrywr(l), EBUSY);
	SAME(oldtimedwr(l, &past), ETIMEDOUT);
	SAME(oldclockwr(l, CLOCK_MONOTONIC, &past), ETIMEDOUT);
	SAME(oldclockwr(l, CLOCK_BOOTTIME, &past), EINVAL);
	SAME(oldtryrd(l), 0);
	SAME(oldrwunlock(l), 0);
	return l;
}

static void *
reads(void *l)
{
	SAME(oldtryrd(l), EBUSY);
	SAME(oldtimedrd(l, &past), ETIMEDOUT);
	SAME(oldclockrd(l, CLOCK_MONOTONIC, &past), ETIMEDOUT);
	SAME(oldclockrd(l, CLOCK_BOOTTIME, &past), EINVAL);
	return l;
}

static void
others(void)
{
	pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_barrier_t b;
	pthread_spinlock_t spin;
	pthread_rwlock_t l;
	Thread t;

	SAME(oldoncep(&once, init), 0);
	SAME(oldoncep(&once, init), 0);
	SAME(onces, 1);
	SAME(oldbarrierinit(&b, NULL, 0), EINVAL);
	SAME(oldbarrierinit(&b, NULL, 1), 0);
	SAME(pthread_barrier_wait(&b), PTHREAD_BARRIER_SERIAL_THREAD);
	SAME(oldbarrierdestroy(&b), 0);
	SAME(oldspininit(&spin, PTHREAD_PROCESS_PRIVATE), 0);
	SAME(oldspintry(&spin), 0);
	SAME(oldspintry(&spin), EBUSY);
	SAME(pthread_spin_unlock(&spin), 0);
	SAME(oldspindestroy(&spin), 0);
	SAME(oldrwinit(&l, NULL), 0);
	SAME(oldrd(&l), 0);
	start(&t, writes, &l);
	join(&t);
	SAME(oldrwunlock(&l), 0);
	SAME(oldwr(&l), 0);
	SAME(oldrd(&l), EDEADLK);
	SAME(oldwr(&l), EDEADLK);
	start(&t, reads, &l);
	join(&t);
	SAME(oldrwunlock(&l), 0);
	SAME(oldrwdestroy(&l), 0);
}

static jmp_buf out;
static _Atomic int handled;

static void
handler(int sig)
{
	(void)sig;
	atomic_fetch_add_explicit(&handled, 1, memory_order_relaxed);
	_longjmp(out, 2);
}

static void
names(void)
{
	struct sched_param p = {0};
	struct sigaction a = {.sa_handler = handler, .sa_flags = SA_NODEFER}, was;
	pid_t pid;
	int r;

	SAME(__sigaction(SIGUSR1, &a, NULL), 0);
	SAME(sigaction(SIGUSR1, NULL, &was), 0);
	MUST(was.sa_handler == handler);
	FAILS(__sigaction(SIGKILL, &a, NULL), EINVAL);
	if((r = _setjmp(out)) == 0)
		raise(SIGUSR1);
	SAME(r, 2);
	SAME(handled, 1);
	SAME(__sched_setscheduler(0, SCHED_OTHER, &p), 0);
	FAILS(__sched_setscheduler(0, 1000, &p), EINVAL);
	MUST((pid = __fork()) >= 0);
	if(pid == 0) {
		mutexes();
		_exit(5);
	}
	SAME(childstatus(pid), 5);
}

int
main(void)
{
	void *self, *h;

	past = in(CLOCK_REALTIME, -1);
	past.tv_sec = 0; /* by each clock */
	mutexes();
	semaphores();
	c11();
	threads();
	others();
	names();
	MUST((self = dlopen(NULL, RTLD_NOW)) != NULL);
	MUST((h = olddlopen(NULL, RTLD_NOW)) == self);
	SAME(dlclose(h), 0);
	MUST((h = olddlmopen(LM_ID_BASE, NULL, RTLD_NOW)) == self);
	SAME(dlclose(h), 0);
	MUST(olddlopen("/nowhere/none.so", RTLD_NOW) == NULL);
	MUST(strstr(dlerror(), "/nowhere/none.so") != NULL);
	return ok();
}
