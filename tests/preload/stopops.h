/* The operations of stopat.c: what the partner holds back, how the others wait for it, what must be so in the end. */

static _Thread_local int result;
static int inchild;
static int ahead; /* the other waits before the victim: a reader would get in beside a reader */
static _Atomic int taken, posted;

static int
set(_Atomic int *flag)
{
	return atomic_load_explicit(flag, memory_order_acquire);
}

static void
nothing(_Atomic int *v, _Atomic int *l, _Atomic int *w)
{
	(void)v, (void)l, (void)w;
}

static void
leftit(int cancelled)
{
	(void)cancelled;
}

/* Two threads of the child. */
static void
two(void *(*f)(void *))
{
	Thread t[2];

	for(int i = 0; i < 2; i++)
		start(&t[i], f, i ? &t[i] : NULL);
	for(int i = 0; i < 2; i++)
		join(&t[i]);
}

/* ---- mutex */
static pthread_mutex_t m;

static void
mmake(void)
{
	m = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

static void
mhold(void)
{
	SAME(pthread_mutex_lock(&m), 0);
	holding();
	SAME(pthread_mutex_unlock(&m), 0);
}

/* Often enough for the eldest to be woken out of turn. */
static void
magain(void)
{
	SAME(pthread_mutex_lock(&m), 0);
	holding();
	for(int i = 0; i < 5000; i++) {
		SAME(pthread_mutex_unlock(&m), 0);
		SAME(pthread_mutex_lock(&m), 0);
	}
	SAME(pthread_mutex_unlock(&m), 0);
}

static void
mwait(int victim)
{
	(void)victim;
	result = pthread_mutex_lock(&m);
}

static void
mtimed(int victim)
{
	struct timespec d = in(CLOCK_MONOTONIC, DEADLINE);

	result = victim ? pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &d) : pthread_mutex_lock(&m);
}

static void
mgot(void)
{
	if(result == 0)
		SAME(pthread_mutex_unlock(&m), 0);
	else
		SAME(result, ETIMEDOUT);
}

static void
mcheck(void)
{
	SAME(pthread_mutex_trylock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	for(int i = 0; i < 2; i++) {
		SAME(pthread_mutex_lock(&m), 0);
		SAME(pthread_mutex_unlock(&m), 0);
	}
	/* A child may keep Queued and the name of a thread that it does not have, until somebody queues there. */
	SAME(*(int *)&m & (inchild ? 1 : ~0), 0);
}

static void *
mlocks(void *arg)
{
	for(int i = 0; i < 20; i++) {
		struct timespec d = in(CLOCK_REALTIME, 20000);
		SAME(arg ? pthread_mutex_lock(&m) : pthread_mutex_timedlock(&m, &d), 0);
		sched_yield();
		SAME(pthread_mutex_unlock(&m), 0);
	}
	return arg;
}

static void
mchild(void)
{
	struct timespec d = in(CLOCK_REALTIME, 6);

	if(pthread_mutex_timedlock(&m, &d) != 0)
		SAME(pthread_mutex_trylock(&m), EBUSY);
	SAME(pthread_mutex_unlock(&m), 0);
	two(mlocks);
	mcheck();
}

/* ---- rwlock: the partner holds it to write, or to read */
static pthread_rwlock_t l;

static void
rmake(void)
{
	l = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
}

static void
pmake(void)
{
	l = (pthread_rwlock_t)PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
}

static void
rholdwrite(void)
{
	SAME(pthread_rwlock_wrlock(&l), 0);
	holding();
	SAME(pthread_rwlock_unlock(&l), 0);
}

static void
rholdread(void)
{
	SAME(pthread_rwlock_rdlock(&l), 0);
	holding();
	SAME(pthread_rwlock_unlock(&l), 0);
}

static void
rread(int victim)
{
	result = victim ? pthread_rwlock_rdlock(&l) : pthread_rwlock_wrlock(&l);
}

static void
rwrite(int victim)
{
	result = victim || ahead ? pthread_rwlock_wrlock(&l) : pthread_rwlock_rdlock(&l);
}

static void
rreadtimed(int victim)
{
	struct timespec d = in(CLOCK_MONOTONIC, DEADLINE);

	result = victim ? pthread_rwlock_clockrdlock(&l, CLOCK_MONOTONIC, &d) : pthread_rwlock_rdlock(&l);
}

static void
rwritetimed(int victim)
{
	struct timespec d = in(CLOCK_MONOTONIC, DEADLINE);

	if(victim)
		result = pthread_rwlock_clockwrlock(&l, CLOCK_MONOTONIC, &d);
	else
		rwrite(0);
}

static void
rgot(void)
{
	if(result == 0)
		SAME(pthread_rwlock_unlock(&l), 0);
	else
		SAME(result, ETIMEDOUT);
}

static void
rcheck(void)
{
	for(int i = 0; i < 2; i++) {
		SAME(pthread_rwlock_trywrlock(&l), 0);
		SAME(pthread_rwlock_unlock(&l), 0);
		SAME(pthread_rwlock_rdlock(&l), 0);
		SAME(pthread_rwlock_unlock(&l), 0);
	}
	if(preloaded())
		SAME(*(long *)&l, 0);
}

static void *
rlocks(void *arg)
{
	for(int i = 0; i < 20; i++) {
		SAME(arg && i % 4 == 0 ? pthread_rwlock_wrlock(&l) : pthread_rwlock_rdlock(&l), 0);
		sched_yield();
		SAME(pthread_rwlock_unlock(&l), 0);
	}
	return arg;
}

static void
rchild(void)
{
	struct timespec d = in(CLOCK_REALTIME, 6);

	if(pthread_rwlock_timedwrlock(&l, &d) != 0)
		SAME(pthread_rwlock_trywrlock(&l), EBUSY);
	SAME(pthread_rwlock_unlock(&l), 0);
	two(rlocks);
	rcheck();
}

/* ---- cond: the partner gives one token and one signal */
static pthread_cond_t c;
static int tokens, turn;

static void
cmake(void)
{
	m = (pthread_mutex_t)PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	c = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	tokens = 0;
	atomic_store_explicit(&taken, 0, memory_order_relaxed);
}

static void
chold(void)
{
	static int times;
	int within = ++times & 1;

	holding();
	SAME(pthread_mutex_lock(&m), 0);
	tokens++;
	if(within)
		SAME(pthread_cond_signal(&c), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	if(!within)
		SAME(pthread_cond_signal(&c), 0);
}

static void
cwait(int victim)
{
	(void)victim;
	SAME(pthread_mutex_lock(&m), 0);
	while(tokens == 0)
		SAME(pthread_cond_wait(&c, &m), 0);
}

static void
ctimed(int victim)
{
	struct timespec d = in(CLOCK_MONOTONIC, DEADLINE);
	int r = 0;

	if(!victim) {
		cwait(0);
		return;
	}
	SAME(pthread_mutex_lock(&m), 0);
	while(tokens == 0 && r != ETIMEDOUT)
		MUST((r = pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &d)) == 0 || r == ETIMEDOUT);
}

static void
cgot(void)
{
	if(tokens > 0) {
		tokens--;
		atomic_fetch_add_explicit(&taken, 1, memory_order_release);
	}
	SAME(pthread_mutex_unlock(&m), 0);
}

static void
cleft(int cancelled)
{
	int r = pthread_mutex_unlock(&m);

	MUST(r == 0 || (r == EPERM && !cancelled));
}

static void
cfinish(_Atomic int *v, _Atomic int *gone, _Atomic int *w)
{
	UNTIL(set(&taken) == 1);
	while((!set(v) && !set(gone)) || !set(w)) {
		SAME(pthread_mutex_lock(&m), 0);
		tokens = 1;
		SAME(pthread_cond_broadcast(&c), 0);
		SAME(pthread_mutex_unlock(&m), 0);
		napus(200);
	}
}

static void
ccheck(void)
{
	SAME(pthread_mutex_trylock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(*(int *)&m, 0);
	if(preloaded())
		SAME(*(int *)&c, 0);
}

static void *
calternate(void *arg)
{
	int me = arg != NULL;

	for(int i = 0; i < 20; i++) {
		SAME(pthread_mutex_lock(&m), 0);
		while(turn != me)
			SAME(pthread_cond_wait(&c, &m), 0);
		turn = !me;
		SAME(pthread_cond_signal(&c), 0);
		SAME(pthread_mutex_unlock(&m), 0);
	}
	return arg;
}

static void
cchild(void)
{
	struct timespec d = in(CLOCK_REALTIME, 3);

	/* Who holds it may be in the parent: the mutex is made anew, the condition goes on. */
	m = (pthread_mutex_t)PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	SAME(pthread_cond_signal(&c), 0);
	SAME(pthread_cond_broadcast(&c), 0);
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_cond_timedwait(&c, &m, &d), ETIMEDOUT);
	SAME(pthread_mutex_unlock(&m), 0);
	turn = 0;
	two(calternate);
	SAME(pthread_mutex_trylock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
}

/* ---- barrier of three */
static pthread_barrier_t b;

static void
bmake(void)
{
	SAME(pthread_barrier_init(&b, NULL, 3), 0);
}

static void
bwait(int victim)
{
	int r = pthread_barrier_wait(&b);

	(void)victim;
	MUST(r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD);
}

static void
bhold(void)
{
	holding();
	bwait(0);
}

static void
bgot(void)
{
}

/* A victim that has gone is not counted, and somebody must come for it; unless it went when all had come. */
static void
bfinish(_Atomic int *v, _Atomic int *gone, _Atomic int *w)
{
	UNTIL(set(v) || set(gone));
	if(!set(gone))
		return;
	UNTIL(set(w) || *(volatile int *)&b == 2);
	if(!set(w))
		bwait(0);
}

static void
bcheck(void)
{
	SAME(pthread_barrier_destroy(&b), 0);
}

static void *
bmeet(void *arg)
{
	for(int i = 0; i < 20; i++)
		bwait(0);
	return arg;
}

static void
bchild(void)
{
	SAME(pthread_barrier_init(&b, NULL, 2), 0);
	two(bmeet);
	bcheck();
}

/* ---- sem: the partner posts once */
static sem_t s;

static void
smake(void)
{
	SAME(sem_init(&s, 0, 0), 0);
	atomic_store_explicit(&taken, 0, memory_order_relaxed);
	atomic_store_explicit(&posted, 0, memory_order_relaxed);
}

static void
spost(void)
{
	atomic_fetch_add_explicit(&posted, 1, memory_order_relaxed);
	SAME(sem_post(&s), 0);
}

static void
shold(void)
{
	holding();
	spost();
}

static void
swait(int victim)
{
	(void)victim;
	SAME(result = sem_wait(&s), 0);
}

static void
stimed(int victim)
{
	struct timespec d = in(CLOCK_MONOTONIC, DEADLINE);

	if(!victim)
		swait(0);
	else if((result = sem_clockwait(&s, CLOCK_MONOTONIC, &d)) != 0)
		SAME(errno, ETIMEDOUT);
}

static void
sgot(void)
{
	if(result == 0)
		atomic_fetch_add_explicit(&taken, 1, memory_order_release);
}

static void
sfinish(_Atomic int *v, _Atomic int *gone, _Atomic int *w)
{
	UNTIL(set(&taken) == 1);
	for(int i = 0; i < 2 && ((!set(v) && !set(gone)) || !set(w)); i++) {
		spost();
		napus(200);
	}
}

static void
scheck(void)
{
	while(sem_trywait(&s) == 0)
		atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
	SAME(taken, posted);
}

static void *
sping(void *arg)
{
	for(int i = 0; i < 20; i++) {
		SAME(sem_wait(&s), 0);
		sched_yield();
		SAME(sem_post(&s), 0);
	}
	return arg;
}

static void
schild(void)
{
	struct timespec d;

	while(sem_trywait(&s) == 0)
		;
	d = in(CLOCK_REALTIME, 3);
	FAILS(sem_timedwait(&s, &d), ETIMEDOUT);
	SAME(sem_post(&s), 0);
	two(sping);
	SAME(sem_wait(&s), 0);
	FAILS(sem_trywait(&s), EAGAIN);
}

/* ---- once: the partner is in the initialiser */
static pthread_once_t once;
static _Atomic int ran;

static void
init(void)
{
	atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
	holding();
}

static void
omake(void)
{
	once = PTHREAD_ONCE_INIT;
	atomic_store_explicit(&ran, 0, memory_order_relaxed);
}

static void
owait(int victim)
{
	(void)victim;
	SAME(pthread_once(&once, init), 0);
	MUST(set(&ran) >= 1);
}

static void
ohold(void)
{
	owait(0);
}

static void
ocheck(void)
{
	SAME(ran, 1);
	SAME(once, 2);
}

static void
ochild(void)
{
	letgo();
	SAME(pthread_once(&once, init), 0);
	SAME(once, 2);
}

#include "stopshared.h"

#define MUTEX mgot, leftit, nothing, mcheck, mchild
#define RWLOCK rgot, leftit, nothing, rcheck, rchild
#define COND cgot, cleft, cfinish, ccheck, cchild
#define MPOINTS "block ready mutex attempt"
#define RPOINTS "block ready rw"
#define CPOINTS MPOINTS " cond wakefrom"
#define SMPOINTS "sharedlock sharedunlock"
#define ROPOINTS "robustlock robustunlock robustlet"
#define SCPOINTS MPOINTS " sharedwait sharedsignal leavegate"
#define ROBUST rogot, roleft, nothing
#define SHCOND cgot, cleft, cfinish, sccheck, scchild

static const Op ops[] = {
    {"mutex", 0, MPOINTS, mmake, mhold, mwait, MUTEX},
    {"timed mutex", 1, MPOINTS, mmake, mhold, mtimed, MUTEX},
    {"mutex, taken again", 0, "mutexpromote", mmake, magain, mwait, MUTEX},
    {"timed mutex, taken again", 1, "mutexpromote", mmake, magain, mtimed, MUTEX},
    {"rdlock", 0, RPOINTS, rmake, rholdwrite, rread, RWLOCK},
    {"wrlock", 0, RPOINTS, rmake, rholdread, rwrite, RWLOCK},
    {"timed rdlock", 1, RPOINTS, rmake, rholdwrite, rreadtimed, RWLOCK},
    {"timed wrlock", 1, RPOINTS, rmake, rholdread, rwritetimed, RWLOCK},
    {"rdlock, writers first", 0, RPOINTS, pmake, rholdwrite, rread, RWLOCK},
    {"wrlock, writers first", 0, RPOINTS, pmake, rholdread, rwrite, RWLOCK},
    {"timed wrlock, writers first", 1, RPOINTS, pmake, rholdread, rwritetimed, RWLOCK},
    {"cond", 0, CPOINTS, cmake, chold, cwait, COND},
    {"timed cond", 1, CPOINTS, cmake, chold, ctimed, COND},
    {"barrier", 0, "block ready barrier", bmake, bhold, bwait, bgot, leftit, bfinish, bcheck, bchild},
    {"sem", 0, "sem", smake, shold, swait, sgot, leftit, sfinish, scheck, schild},
    {"timed sem", 1, "sem", smake, shold, stimed, sgot, leftit, sfinish, scheck, schild},
    {"shared sem", 0, "sem", ssmake, shold, swait, sgot, leftit, sfinish, scheck, schild},
    {"timed shared sem", 1, "sem", ssmake, shold, stimed, sgot, leftit, sfinish, scheck, schild},
    {"once", 0, "block ready once", omake, ohold, owait, bgot, leftit, nothing, ocheck, ochild},
    {"shared mutex", 0, SMPOINTS, smmake, mhold, mwait, MUTEX},
    {"timed shared mutex", 1, SMPOINTS, smmake, mhold, mtimed, MUTEX},
    {"adaptive shared mutex", 0, SMPOINTS, admake, mhold, mwait, MUTEX},
    {"robust mutex", 0, ROPOINTS, romake, mhold, mwait, ROBUST, rocheck, rochild},
    {"timed robust mutex", 1, ROPOINTS, romake, mhold, mtimed, ROBUST, rocheck, rochild},
    {"robust mutex, owner ends", 0, ROPOINTS, romake, diehold, mwait, ROBUST, diecheck, rochild},
    {"timed robust mutex, owner ends", 1, ROPOINTS, romake, diehold, mtimed, ROBUST, diecheck, rochild},
    {"cond, shared mutex", 0, "block ready cond wakefrom " SMPOINTS, cmmake, chold, cwait, COND},
    {"timed cond, shared mutex", 1, "block ready cond wakefrom " SMPOINTS, cmmake, chold, ctimed, COND},
    {"cond, robust mutex", 0, "block ready cond wakefrom robustlock.sleep robustlock.woken robustunlock", cromake,
	chold, cwait, COND},
    {"shared cond", 0, SCPOINTS, scmake, chold, cwait, SHCOND},
    {"timed shared cond", 1, SCPOINTS, scmake, chold, ctimed, SHCOND},
    {"shared cond, signaller", 0, SCPOINTS, scmake, chold, scsignal, scsignalled, cleft, cfinish, sccheck, scchild},
    {"shared cond and mutex", 0, "libcwait", scmmake, chold, cwait, SHCOND},
    {"timed shared cond and mutex", 1, "libcwait", scmmake, chold, ctimed, SHCOND},
    {"mutex, priority inherited", 0, "foreignlock", pimake, mhold, mwait, mgot, leftit, nothing, mcheck, pichild},
    {"timed mutex, priority inherited", 1, "foreignlock", pimake, mhold, mtimed, mgot, leftit, nothing, mcheck,
	pichild},
    {"shared rdlock", 0, "foreignrwlock", srmake, rholdwrite, rread, rgot, leftit, nothing, srcheck, srchild},
    {"shared wrlock", 0, "foreignrwlock", srmake, rholdread, rwrite, rgot, leftit, nothing, srcheck, srchild},
    {"timed shared rdlock", 1, "foreignrwlock", srmake, rholdwrite, rreadtimed, rgot, leftit, nothing, srcheck,
	srchild},
    {"timed shared wrlock", 1, "foreignrwlock", srmake, rholdread, rwritetimed, rgot, leftit, nothing, srcheck,
	srchild},
    {"shared barrier", 0, "foreignbarrier", sbmake, bhold, bwait, bgot, leftit, bfinish, bcheck, sbchild},
    {NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
