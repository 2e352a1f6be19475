/*
 * Every attribute call, with valid and invalid values, today's names and those that only old programs are bound to:
 * what it returns, what it makes of the attribute, and what of the object, where others may look.  The script
 * compares what this prints natively and under the library.
 */
#include "attrs.h"

int consistent_np(pthread_mutex_t *);
int setkind_np(pthread_mutexattr_t *, int);
int getkind_np(const pthread_mutexattr_t *, int *);
int setrobust_np(pthread_mutexattr_t *, int);
int getrobust_np(const pthread_mutexattr_t *, int *);
int oldattrinit(pthread_mutexattr_t *);
int oldattrdestroy(pthread_mutexattr_t *);
int oldsettype(pthread_mutexattr_t *, int);
int oldseminit(sem_t *, int, unsigned);
__asm__(".symver consistent_np, pthread_mutex_consistent_np@GLIBC_2.4\n"
	".symver setkind_np, pthread_mutexattr_setkind_np@GLIBC_2.2.5\n"
	".symver getkind_np, pthread_mutexattr_getkind_np@GLIBC_2.2.5\n"
	".symver setrobust_np, pthread_mutexattr_setrobust_np@GLIBC_2.4\n"
	".symver getrobust_np, pthread_mutexattr_getrobust_np@GLIBC_2.4\n"
	".symver oldattrinit, __pthread_mutexattr_init@GLIBC_2.2.5\n"
	".symver oldattrdestroy, __pthread_mutexattr_destroy@GLIBC_2.2.5\n"
	".symver oldsettype, __pthread_mutexattr_settype@GLIBC_2.2.5\n"
	".symver oldseminit, sem_init@GLIBC_2.2.5\n");

static void
mutexobject(const char *how, const pthread_mutexattr_t *a)
{
	pthread_mutex_t m;
	int old = -7;

	memset(&m, 0xa5, sizeof m);
	say("%s: init", how);
	SHOW(pthread_mutex_init(&m, a));
	BYTES(&m, 20); /* the lock, the count, the owner, the users, the kind */
	SHOW(pthread_mutex_getprioceiling(&m, &old));
	SHOW(old);
	SHOW(pthread_mutex_setprioceiling(&m, 3, &old));
	SHOW(pthread_mutex_consistent(&m));
	SHOW(consistent_np(&m));
	if(old != -7)
		return; /* its ceiling may be above what this process may have */
	SHOW(pthread_mutex_trylock(&m));
	SHOW(pthread_mutex_trylock(&m));
	SHOW(pthread_mutex_unlock(&m));
	SHOW(m.__data.__kind);
	SHOW(pthread_mutex_destroy(&m));
	SHOW(m.__data.__kind);
}

static void
mutexes(void)
{
	pthread_mutexattr_t a, fresh;
	int v, got;

	SHOW(pthread_mutexattr_init(&fresh));
	BYTES(&fresh, sizeof fresh);
	SHOW(oldattrinit(&a));
	BYTES(&a, sizeof a);
#define MUTEXATTR(set, get, what) \
	EACH(v) \
	{ \
		a = fresh; \
		got = -7; \
		say(#set "(%d)", v); \
		SHOW(set(&a, v)); \
		BYTES(&a, sizeof a); \
		SHOW(get(&a, &got)); \
		SHOW(got); \
		if(what) \
			mutexobject(#set, &a); \
	}
	MUTEXATTR(pthread_mutexattr_settype, pthread_mutexattr_gettype, 1)
	MUTEXATTR(setkind_np, getkind_np, 1)
	MUTEXATTR(oldsettype, pthread_mutexattr_gettype, 1)
	MUTEXATTR(pthread_mutexattr_setpshared, pthread_mutexattr_getpshared, 1)
	MUTEXATTR(pthread_mutexattr_setrobust, pthread_mutexattr_getrobust, 1)
	MUTEXATTR(setrobust_np, getrobust_np, 1)
	MUTEXATTR(pthread_mutexattr_setprotocol, pthread_mutexattr_getprotocol, 1)
	MUTEXATTR(pthread_mutexattr_setprioceiling, pthread_mutexattr_getprioceiling, 1)

	/* all together, and whatever else the word may hold */
	for(int type = 0; type < 4; type++)
		for(int flags = 0; flags < 12; flags++) {
			a = fresh;
			pthread_mutexattr_settype(&a, type);
			pthread_mutexattr_setpshared(&a, flags & 1);
			pthread_mutexattr_setrobust(&a, flags >> 1 & 1);
			pthread_mutexattr_setprotocol(&a, flags >> 2);
			say("type %d flags %d", type, flags);
			BYTES(&a, sizeof a);
			mutexobject("combined", &a);
		}
	for(int bit = 0; bit < 32; bit++) {
		int word = (int)(1u << bit);
		if(word == 256)
			continue; /* lock elision: an illegal instruction where the processor has none */
		memcpy(&a, &word, sizeof a);
		say("bit %d", bit);
		mutexobject("bit", &a);
	}
	SHOW(oldattrdestroy(&fresh));
	SHOW(pthread_mutexattr_destroy(&a));
}

static void
conds(void)
{
	static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
	    CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_BOOTTIME, CLOCK_TAI, 77, -1, -6,
	    INT_MAX, INT_MIN};
	pthread_condattr_t a, fresh;
	pthread_cond_t c;
	int v, got;

	SHOW(pthread_condattr_init(&fresh));
	BYTES(&fresh, sizeof fresh);
	for(int shared = 0; shared < 2; shared++)
		for(size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
			clockid_t clock = -7;
			a = fresh;
			say("clock %d shared %d", (int)clocks[i], shared);
			SHOW(pthread_condattr_setpshared(&a, shared));
			SHOW(pthread_condattr_setclock(&a, clocks[i]));
			BYTES(&a, sizeof a);
			SHOW(pthread_condattr_getclock(&a, &clock));
			SHOW(clock);
			memset(&c, 0xa5, sizeof c);
			SHOW(pthread_cond_init(&c, &a));
			BYTES(&c, 40); /* up to the flags */
			SHOW(pthread_cond_signal(&c));
			SHOW(pthread_cond_broadcast(&c));
			BYTES(&c, 40);
			SHOW(pthread_cond_destroy(&c));
		}
	EACH(v)
	{
		a = fresh;
		say("condattr_setpshared(%d)", v);
		SHOW(pthread_condattr_setpshared(&a, v));
		SHOW(pthread_condattr_getpshared(&a, &got));
		SHOW(got);
		BYTES(&a, sizeof a);
	}
	memset(&c, 0xa5, sizeof c);
	SHOW(pthread_cond_init(&c, NULL));
	BYTES(&c, 40);
	SHOW(pthread_condattr_destroy(&a));
}

static void
rwlocks(void)
{
	pthread_rwlockattr_t a, fresh;
	pthread_rwlock_t l;
	int v, got;

	SHOW(pthread_rwlockattr_init(&fresh));
	BYTES(&fresh, sizeof fresh);
	for(int shared = 0; shared < 2; shared++)
		EACH(v)
		{
			a = fresh;
			got = -7;
			say("rwlockattr kind %d shared %d", v, shared);
			SHOW(pthread_rwlockattr_setpshared(&a, shared));
			SHOW(pthread_rwlockattr_setkind_np(&a, v));
			BYTES(&a, sizeof a);
			SHOW(pthread_rwlockattr_getkind_np(&a, &got));
			SHOW(got);
			memset(&l, 0xa5, sizeof l);
			SHOW(pthread_rwlock_init(&l, &a));
			SHOW(l.__data.__flags);
			SHOW(l.__data.__shared);
			SHOW(l.__data.__cur_writer);
			SHOW(pthread_rwlock_tryrdlock(&l));
			SHOW(pthread_rwlock_tryrdlock(&l));
			SHOW(pthread_rwlock_trywrlock(&l));
			SHOW(pthread_rwlock_unlock(&l));
			SHOW(pthread_rwlock_unlock(&l));
			SHOW(pthread_rwlock_trywrlock(&l));
			SHOW(l.__data.__cur_writer == gettid());
			SHOW(pthread_rwlock_tryrdlock(&l));
			SHOW(pthread_rwlock_wrlock(&l));
			SHOW(pthread_rwlock_rdlock(&l));
			SHOW(pthread_rwlock_unlock(&l));
			SHOW(l.__data.__cur_writer);
			SHOW(pthread_rwlock_destroy(&l));
		}
	EACH(v)
	{
		a = fresh;
		say("rwlockattr_setpshared(%d)", v);
		SHOW(pthread_rwlockattr_setpshared(&a, v));
		SHOW(pthread_rwlockattr_getpshared(&a, &got));
		SHOW(got);
	}
	/* a kind that no call makes */
	EACH(v)
	{
		memcpy(&a, &v, sizeof v);
		say("rwlock of kind word %d", v);
		SHOW(pthread_rwlock_init(&l, &a));
		SHOW(l.__data.__flags);
	}
	SHOW(pthread_rwlockattr_destroy(&a));
}

static void
others(void)
{
	pthread_barrierattr_t a, fresh;
	pthread_spinlock_t spin;
	pthread_barrier_t b;
	int v, got;
	sem_t s;

	SHOW(pthread_barrierattr_init(&fresh));
	BYTES(&fresh, sizeof fresh);
	EACH(v)
	{
		a = fresh;
		say("barrierattr_setpshared(%d)", v);
		SHOW(pthread_barrierattr_setpshared(&a, v));
		SHOW(pthread_barrierattr_getpshared(&a, &got));
		SHOW(got);
		BYTES(&a, sizeof a);
		SHOW(pthread_barrier_init(&b, &a, 1));
		SHOW(pthread_barrier_wait(&b));
		SHOW(pthread_barrier_destroy(&b));
		say("barrier of %d, spin lock, semaphores", v);
		SHOW(pthread_barrier_init(&b, NULL, (unsigned)v));
		memcpy(&a, &v, sizeof a);
		SHOW(pthread_barrier_init(&b, &a, 1));
		SHOW(pthread_spin_init(&spin, v));
		SHOW(spin);
		SHOW(pthread_spin_trylock(&spin));
		SHOW(pthread_spin_trylock(&spin));
		SHOW(spin);
		SHOW(pthread_spin_unlock(&spin));
		SHOW(spin);
		SHOW(pthread_spin_destroy(&spin));
		memset(&s, 0, sizeof s);
		ERRNO(sem_init(&s, v, 2));
		BYTES(&s, 12);
		ERRNO(oldseminit(&s, 0, (unsigned)v));
		BYTES(&s, 12);
		ERRNO(sem_trywait(&s));
		ERRNO(sem_post(&s));
		SHOW(sem_getvalue(&s, &got));
		SHOW(got);
		ERRNO(sem_destroy(&s));
	}
	EACH(v)
	{
		mtx_t m;
		say("mtx_init(%d)", v);
		memset(&m, 0xa5, sizeof m);
		SHOW(mtx_init(&m, v));
		BYTES(&m, 20);
	}
	SHOW(pthread_barrierattr_destroy(&a));
}

int
main(void)
{
	mutexes();
	conds();
	rwlocks();
	others();
	return 0;
}
