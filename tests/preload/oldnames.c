/*
 * The names and versions that only old programs are bound to exclude those who use today's, under contention:
 * half of the threads call the one, half the other, on the same objects.
 */
#include "t.h"
#include <threads.h>

enum { THREADS = 4, ROUNDS = 10000 };

#define OLD(ret, name, symbol, ...) \
	ret name(__VA_ARGS__); \
	__asm__(".symver " #name ", " symbol)

OLD(int, oldmutexinit, "__pthread_mutex_init@GLIBC_2.2.5", pthread_mutex_t *, const pthread_mutexattr_t *);
OLD(int, oldmutexdestroy, "__pthread_mutex_destroy@GLIBC_2.2.5", pthread_mutex_t *);
OLD(int, oldmutexlock, "__pthread_mutex_lock@GLIBC_2.2.5", pthread_mutex_t *);
OLD(int, oldmutextrylock, "__pthread_mutex_trylock@GLIBC_2.2.5", pthread_mutex_t *);
OLD(int, oldmutexunlock, "__pthread_mutex_unlock@GLIBC_2.2.5", pthread_mutex_t *);
OLD(int, oldtimedlock, "pthread_mutex_timedlock@GLIBC_2.2.5", pthread_mutex_t *, const struct timespec *);
OLD(int, oldclocklock, "pthread_mutex_clocklock@GLIBC_2.30", pthread_mutex_t *, clockid_t, const struct timespec *);
OLD(int, oldattrinit, "__pthread_mutexattr_init@GLIBC_2.2.5", pthread_mutexattr_t *);
OLD(int, oldsetkind, "pthread_mutexattr_setkind_np@GLIBC_2.2.5", pthread_mutexattr_t *, int);
OLD(int, oldclockwait, "pthread_cond_clockwait@GLIBC_2.30", pthread_cond_t *, pthread_mutex_t *, clockid_t,
    const struct timespec *);
OLD(int, oldrwinit, "__pthread_rwlock_init@GLIBC_2.2.5", pthread_rwlock_t *, const pthread_rwlockattr_t *);
OLD(int, oldrwdestroy, "__pthread_rwlock_destroy@GLIBC_2.2.5", pthread_rwlock_t *);
OLD(int, oldrdlock, "__pthread_rwlock_rdlock@GLIBC_2.2.5", pthread_rwlock_t *);
OLD(int, oldwrlock, "__pthread_rwlock_wrlock@GLIBC_2.2.5", pthread_rwlock_t *);
OLD(int, oldtryrdlock, "__pthread_rwlock_tryrdlock@GLIBC_2.2.5", pthread_rwlock_t *);
OLD(int, oldtrywrlock, "__pthread_rwlock_trywrlock@GLIBC_2.2.5", pthread_rwlock_t *);
OLD(int, oldrwunlock, "__pthread_rwlock_unlock@GLIBC_2.2.5", pthread_rwlock_t *);
OLD(int, oldonce, "__pthread_once@GLIBC_2.2.5", pthread_once_t *, void (*)(void));
OLD(int, oldbarrier, "pthread_barrier_wait@GLIBC_2.2.5", pthread_barrier_t *);
OLD(int, oldspinlock, "pthread_spin_lock@GLIBC_2.2.5", pthread_spinlock_t *);
OLD(int, oldspinunlock, "pthread_spin_unlock@GLIBC_2.2.5", pthread_spinlock_t *);
OLD(int, oldsemwait, "sem_wait@GLIBC_2.2.5", sem_t *);
OLD(int, oldsempost, "sem_post@GLIBC_2.2.5", sem_t *);
OLD(int, oldmtxlock, "mtx_lock@GLIBC_2.28", mtx_t *);
OLD(int, oldmtxunlock, "mtx_unlock@GLIBC_2.28", mtx_t *);
OLD(void, oldcallonce, "call_once@GLIBC_2.28", once_flag *, void (*)(void));
OLD(int, oldyield, "pthread_yield@GLIBC_2.2.5", void);

static pthread_mutex_t normal, recursive;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rw;
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static sem_t sem;
static mtx_t mtx;
static int turn;
static long n[8];
static int onces;
static pthread_once_t once[ROUNDS];
static once_flag flag[ROUNDS];

static void
initialise(void)
{
	onces++;
}

/* Not atomic: lost if another is inside too. */
static void
count(long *p)
{
	long was = *p;

	if(was % 97 == 0)
		oldyield();
	*(volatile long *)p = was + 1;
}

static void
old(int i)
{
	struct timespec d = in(CLOCK_MONOTONIC, 60000), rd = in(CLOCK_REALTIME, 60000);

	SAME(i % 3   ? oldmutexlock(&normal)
	     : i % 2 ? oldtimedlock(&normal, &rd)
		     : oldclocklock(&normal, CLOCK_MONOTONIC, &d),
	    0);
	count(&n[0]);
	SAME(oldmutexunlock(&normal), 0);
	while(oldmutextrylock(&recursive) != 0)
		oldyield();
	SAME(oldmutexlock(&recursive), 0);
	count(&n[1]);
	SAME(oldmutexunlock(&recursive), 0);
	SAME(oldmutexunlock(&recursive), 0);
	if(i % 4) {
		SAME(oldrdlock(&rw), 0);
		SAME(oldtrywrlock(&rw), EBUSY);
		SAME(oldrwunlock(&rw), 0);
	}
	SAME(oldwrlock(&rw), 0);
	SAME(oldtryrdlock(&rw), EBUSY);
	count(&n[2]);
	SAME(oldrwunlock(&rw), 0);
	SAME(oldspinlock(&spin), 0);
	*(volatile long *)&n[3] = n[3] + 1;
	SAME(oldspinunlock(&spin), 0);
	SAME(oldsemwait(&sem), 0);
	count(&n[4]);
	SAME(oldsempost(&sem), 0);
	SAME(oldmtxlock(&mtx), thrd_success);
	count(&n[5]);
	SAME(oldmtxunlock(&mtx), thrd_success);
	SAME(oldonce(&once[i], initialise), 0);
	oldcallonce(&flag[i], initialise);
}

static void
today(int i)
{
	SAME(pthread_mutex_lock(&normal), 0);
	count(&n[0]);
	SAME(pthread_mutex_unlock(&normal), 0);
	SAME(pthread_mutex_lock(&recursive), 0);
	count(&n[1]);
	SAME(pthread_mutex_unlock(&recursive), 0);
	SAME(pthread_rwlock_wrlock(&rw), 0);
	count(&n[2]);
	SAME(pthread_rwlock_unlock(&rw), 0);
	SAME(pthread_spin_lock(&spin), 0);
	*(volatile long *)&n[3] = n[3] + 1;
	SAME(pthread_spin_unlock(&spin), 0);
	SAME(sem_wait(&sem), 0);
	count(&n[4]);
	SAME(sem_post(&sem), 0);
	SAME(mtx_lock(&mtx), thrd_success);
	count(&n[5]);
	SAME(mtx_unlock(&mtx), thrd_success);
	SAME(pthread_once(&once[i], initialise), 0);
	call_once(&flag[i], initialise);
}

/* Each in turn: the condition passes it on. */
static void
takeover(int me, int isold)
{
	struct timespec d = in(CLOCK_MONOTONIC, 60000);

	SAME(pthread_mutex_lock(&normal), 0);
	while(turn != me)
		SAME(isold ? oldclockwait(&cond, &normal, CLOCK_MONOTONIC, &d) : pthread_cond_wait(&cond, &normal), 0);
	turn = (me + 1) % THREADS;
	n[6]++;
	SAME(pthread_cond_broadcast(&cond), 0);
	SAME(pthread_mutex_unlock(&normal), 0);
}

static void *
work(void *arg)
{
	int me = (int)(intptr_t)arg;

	for(int i = 0; i < ROUNDS; i++) {
		me % 2 ? old(i) : today(i);
		if(i % 10 == 0)
			takeover(me, me % 2);
		if(i % 100 == 0) {
			int r = me % 2 ? oldbarrier(&barrier) : pthread_barrier_wait(&barrier);
			MUST(r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD);
		}
	}
	return NULL;
}

int
main(void)
{
	pthread_mutexattr_t a;
	Thread t[THREADS];

	SAME(oldattrinit(&a), 0);
	SAME(oldmutexinit(&normal, &a), 0);
	SAME(oldsetkind(&a, PTHREAD_MUTEX_RECURSIVE_NP), 0);
	SAME(oldmutexinit(&recursive, &a), 0);
	SAME(oldrwinit(&rw, NULL), 0);
	SAME(pthread_barrier_init(&barrier, NULL, THREADS), 0);
	SAME(pthread_spin_init(&spin, 0), 0);
	SAME(sem_init(&sem, 0, 1), 0);
	SAME(mtx_init(&mtx, mtx_plain), thrd_success);
	for(int i = 0; i < THREADS; i++)
		start(&t[i], work, (void *)(intptr_t)i);
	for(int i = 0; i < THREADS; i++)
		join(&t[i]);
	for(int i = 0; i < 6; i++)
		if(n[i] != THREADS * ROUNDS)
			no("object %d: %ld of %d", i, n[i], THREADS * ROUNDS);
	SAME(n[6], THREADS * ROUNDS / 10);
	SAME(onces, 2 * ROUNDS);
	SAME(oldmutexdestroy(&normal), 0);
	SAME(oldmutexdestroy(&recursive), 0);
	SAME(oldrwdestroy(&rw), 0);
	return ok();
}
