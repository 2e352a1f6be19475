/*
 * More operations of stopat.c: on what processes share, and on mutexes that are robust or inherit priority.  Who waits
 * there sleeps on a word of the object, or in libc.  A wait that libc does by itself has its points only while
 * something is recorded (theirs).
 */

static pthread_mutexattr_t
mattr(int type, int shared, int robust, int protocol)
{
	pthread_mutexattr_t a;

	SAME(pthread_mutexattr_init(&a), 0);
	SAME(pthread_mutexattr_settype(&a, type), 0);
	SAME(pthread_mutexattr_setpshared(&a, shared), 0);
	SAME(pthread_mutexattr_setrobust(&a, robust), 0);
	SAME(pthread_mutexattr_setprotocol(&a, protocol), 0);
	return a;
}

static void
minit(pthread_mutexattr_t a)
{
	memset(&m, 0, sizeof m);
	SAME(pthread_mutex_init(&m, &a), 0);
}

/* ---- process-shared mutex */
static void
smmake(void)
{
	minit(mattr(PTHREAD_MUTEX_NORMAL, PTHREAD_PROCESS_SHARED, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE));
}

static void
admake(void)
{
	minit(mattr(PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_PROCESS_SHARED, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE));
}

/* ---- robust mutex: the partner unlocks it, or ends; so may the victim, when it has it and does not know yet */
static _Atomic int dead;

static void
romake(void)
{
	minit(mattr(PTHREAD_MUTEX_NORMAL, PTHREAD_PROCESS_SHARED, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE));
	atomic_store_explicit(&dead, 0, memory_order_relaxed);
}

/*
 * What the kernel would find if the thread ended now: no mutex, and, if it is in no call, none that is pending.  (Natively one whose
 * deadline has passed stays there.)
 */
static void
robustsane(int incall)
{
	struct {
		void *next;
		long offset;
		void *pending;
	} * h;
	size_t size;

	SAME(syscall(SYS_get_robust_list, 0, &h, &size), 0);
	MUST(h->next == (void *)h);
	MUST(incall || !preloaded() || h->pending == NULL);
}

static void
diehold(void)
{
	SAME(pthread_mutex_lock(&m), 0);
	holding();
}

static int
roclean(int r)
{
	if(r == EOWNERDEAD) {
		atomic_fetch_add_explicit(&dead, 1, memory_order_relaxed);
		r = pthread_mutex_consistent(&m);
	}
	return r;
}

static void
rogot(void)
{
	if(result == ETIMEDOUT) {
		robustsane(0);
		return;
	}
	SAME(roclean(result), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	robustsane(0);
}

static void
roleft(int cancelled)
{
	(void)cancelled;
	robustsane(1);
}

static void
rocheck(void)
{
	SAME(roclean(pthread_mutex_trylock(&m)), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	mcheck();
	MUST(dead <= takesrobust(vwhere));
	robustsane(0);
}

/* Once it is known that the partner ended, whoever was told. */
static void
diecheck(void)
{
	SAME(roclean(pthread_mutex_trylock(&m)), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	mcheck();
	MUST(dead >= 1 && dead <= 1 + takesrobust(vwhere));
	robustsane(0);
}

static void
rochild(void)
{
	robustsane(0);
	romake();
	two(mlocks);
	mcheck();
}

/* ---- mutex that inherits priority */
static void
pimake(void)
{
	minit(mattr(PTHREAD_MUTEX_NORMAL, PTHREAD_PROCESS_PRIVATE, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT));
}

static void
pichild(void)
{
	pimake();
	two(mlocks);
	mcheck();
}

/* ---- readers-writer lock and barrier, process-shared */
static void
srmake(void)
{
	pthread_rwlockattr_t a;

	SAME(pthread_rwlockattr_init(&a), 0);
	SAME(pthread_rwlockattr_setpshared(&a, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_rwlock_init(&l, &a), 0);
}

static void
srcheck(void)
{
	for(int i = 0; i < 2; i++) {
		SAME(pthread_rwlock_trywrlock(&l), 0);
		SAME(pthread_rwlock_unlock(&l), 0);
		SAME(pthread_rwlock_rdlock(&l), 0);
		SAME(pthread_rwlock_unlock(&l), 0);
	}
}

static void
srchild(void)
{
	srmake();
	two(rlocks);
	srcheck();
}

static void
sbinit(unsigned n)
{
	pthread_barrierattr_t a;

	SAME(pthread_barrierattr_init(&a), 0);
	SAME(pthread_barrierattr_setpshared(&a, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_barrier_init(&b, &a, n), 0);
}

static void
sbmake(void)
{
	sbinit(3);
}

static void
sbchild(void)
{
	sbinit(2);
	two(bmeet);
	bcheck();
}

/* ---- process-shared condition, with a mutex of ours and others; private condition, with a mutex that is not */
static void
scinit(void)
{
	pthread_condattr_t a;

	SAME(pthread_condattr_init(&a), 0);
	SAME(pthread_condattr_setpshared(&a, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_cond_init(&c, &a), 0);
}

static void
scmake(void)
{
	cmake();
	scinit();
}

static void
cmmake(void)
{
	cmake();
	minit(mattr(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PROCESS_SHARED, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE));
}

static void
scmmake(void)
{
	cmmake();
	scinit();
}

static void
cromake(void)
{
	cmake();
	minit(mattr(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PROCESS_PRIVATE, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE));
}

/* The mutex is free, nobody is known to wait with it, and waits and signals go on. */
static void
sccheck(void)
{
	struct timespec d = in(CLOCK_REALTIME, 1);

	SAME(pthread_mutex_trylock(&m), 0);
	SAME(pthread_cond_timedwait(&c, &m, &d), ETIMEDOUT);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(*(int *)&m, 0);
	SAME(pthread_cond_signal(&c), 0);
	SAME(pthread_cond_broadcast(&c), 0);
	SAME(pthread_mutex_destroy(&m), 0);
	SAME(pthread_cond_destroy(&c), 0);
}

/* libc may wait for those who wait in the parent: the condition is made anew, at the same address. */
static void
scchild(void)
{
	struct timespec d = in(CLOCK_REALTIME, 3);

	scmake();
	SAME(pthread_cond_signal(&c), 0);
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_cond_timedwait(&c, &m, &d), ETIMEDOUT);
	SAME(pthread_mutex_unlock(&m), 0);
	turn = 0;
	two(calternate);
	sccheck();
}

/* The victim signals, without the mutex and without a token, the other waits. */
static void
scsignal(int victim)
{
	if(victim)
		SAME(pthread_cond_signal(&c), 0);
	else
		cwait(0);
}

static void
scsignalled(void)
{
	int r = pthread_mutex_lock(&m);

	MUST(r == 0 || r == EDEADLK);
	cgot();
}

/* ---- process-shared semaphore */
static void
ssmake(void)
{
	smake();
	SAME(sem_init(&s, 1, 0), 0);
}
