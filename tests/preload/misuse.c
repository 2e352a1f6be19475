/*
 * Every wrong use that POSIX leaves open: one line each says what came of it.
 *
 *	misuse			each use in a child of its own: "NAME: what its calls returned", and how it ended
 *				if it hung or died
 *	misuse NAME		that one, in this process
 *
 * misuse.sh runs it natively and under the library and compares line by line.  A line that begins with "* " may differ:
 * the reason stands here.
 */
#include "t.h"
#include <stdbool.h>
#include <threads.h>

enum { LIMIT = 4 }; /* seconds, all at once: what is not over by then hangs */

static char *out; /* of this child, shared with the parent */

static void __attribute__((format(printf, 1, 2))) tell(const char *fmt, ...)
{
	size_t n = strlen(out);
	va_list a;

	va_start(a, fmt);
	if(n < 900)
		vsnprintf(out + n, 1000 - n, fmt, a);
	va_end(a);
}

#define TELL(e) tell(" %d", (int)(e))
#define TELLSEM(e) tell(" %d", (e) == 0 ? 0 : errno)

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, m2 = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER, c2;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t bar;
static pthread_spinlock_t spin;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t sem;
static mtx_t mtx;
static _Atomic int go;

static void
make(int type)
{
	pthread_mutexattr_t a;
	pthread_mutexattr_init(&a);
	SAME(pthread_mutexattr_settype(&a, type), 0);
	SAME(pthread_mutex_init(&m, &a), 0);
}

/* f(object) by another thread that ends at once. */
static int
other(int (*f)(void *), void *object)
{
	Thread t;
	start(&t, (void *(*)(void *))(void *)f, object);
	return (int)(long)join(&t);
}
#define OTHER(f, o) tell(" %d", other((int (*)(void *))f, o))

static struct timespec
soon(void)
{
	return in(CLOCK_REALTIME, 30);
}

static int
timedlock(void *v)
{
	struct timespec t = soon();
	return pthread_mutex_timedlock(v, &t);
}

static int
waitsoon(pthread_cond_t *pc, pthread_mutex_t *pm)
{
	struct timespec t = soon();
	return pthread_cond_timedwait(pc, pm, &t);
}

/* Whether the mutex is as good as new: another thread gets it and gives it back, and keeps this one out meanwhile. */
static void
usable(pthread_mutex_t *pm)
{
	tell(" usable");
	OTHER(timedlock, pm);
	OTHER(pthread_mutex_trylock, pm);
	OTHER(pthread_mutex_unlock, pm);
	TELL(pthread_mutex_trylock(pm));
	OTHER(pthread_mutex_trylock, pm);
	TELL(pthread_mutex_unlock(pm));
	OTHER(pthread_mutex_trylock, pm);
}

static void
unlockfree(int type)
{
	make(type);
	TELL(pthread_mutex_unlock(&m));
	TELL(pthread_mutex_unlock(&m));
	TELL(pthread_mutex_lock(&m));
	OTHER(timedlock, &m);
	TELL(pthread_mutex_unlock(&m));
	usable(&m);
}

static void
unlockother(int type)
{
	make(type);
	TELL(pthread_mutex_lock(&m));
	OTHER(pthread_mutex_unlock, &m);
	OTHER(timedlock, &m);
	TELL(pthread_mutex_unlock(&m));
	TELL(pthread_mutex_trylock(&m));
}

static void
destroyheld(int type)
{
	make(type);
	TELL(pthread_mutex_lock(&m));
	TELL(pthread_mutex_destroy(&m));
	OTHER(timedlock, &m);
	OTHER(pthread_mutex_destroy, &m);
	TELL(pthread_mutex_unlock(&m));
	TELL(pthread_mutex_destroy(&m));
}

static void *
locker(void *v)
{
	int r = pthread_mutex_lock(v);
	if(r == 0)
		pthread_mutex_unlock(v);
	return (void *)(long)r;
}

static void
destroywaited(int type)
{
	Thread t;
	make(type);
	TELL(pthread_mutex_lock(&m));
	start(&t, locker, &m);
	asleep(&t);
	TELL(pthread_mutex_destroy(&m));
	TELL(pthread_mutex_unlock(&m));
	TELL((long)join(&t));
}

static void
relock(int type)
{
	make(type);
	TELL(pthread_mutex_lock(&m));
	TELL(pthread_mutex_trylock(&m));
	TELL(timedlock(&m));
	TELL(pthread_mutex_lock(&m));
	TELL(pthread_mutex_unlock(&m));
	OTHER(timedlock, &m);
}

static void
endsholding(int type)
{
	make(type);
	OTHER(pthread_mutex_lock, &m);
	TELL(pthread_mutex_trylock(&m));
	TELL(timedlock(&m));
	TELL(pthread_mutex_unlock(&m));
	TELL(pthread_mutex_destroy(&m));
}

static void
destroyed(int type)
{
	make(type);
	TELL(pthread_mutex_destroy(&m));
	TELL(pthread_mutex_lock(&m));
	TELL(pthread_mutex_trylock(&m));
	TELL(timedlock(&m));
	TELL(pthread_mutex_unlock(&m));
	TELL(waitsoon(&c, &m));
	TELL(pthread_mutex_destroy(&m));
	make(type);
	usable(&m);
}

static void
garbagekind(int kind)
{
	m.__data.__kind = kind;
	TELL(pthread_mutex_lock(&m));
	TELL(pthread_mutex_trylock(&m));
	TELL(timedlock(&m));
	TELL(pthread_mutex_unlock(&m));
	TELL(pthread_mutex_unlock(&m));
	TELL(waitsoon(&c, &m));
	TELL(pthread_mutex_destroy(&m));
}

static void
garbagekinds(int high)
{
	static const int low[] = {4, 5, 8, 12, 60, 62, 96, 99, 100, 111, 127};
	for(size_t i = 0; i < sizeof low / sizeof low[0]; i++) {
		m = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
		garbagekind(high | low[i]);
	}
}

static void
copied(int type)
{
	make(type);
	TELL(pthread_mutex_lock(&m));
	m2 = m;
	TELL(pthread_mutex_unlock(&m));
	OTHER(timedlock, &m2);
	TELL(pthread_mutex_trylock(&m));
	TELL(pthread_mutex_unlock(&m2));
	usable(&m2);
}

static void
copiedwaited(int type)
{
	Thread t;
	make(type);
	TELL(pthread_mutex_lock(&m));
	start(&t, locker, &m);
	asleep(&t);
	m2 = m;
	TELL(pthread_mutex_unlock(&m));
	TELL((long)join(&t));
	TELL(pthread_mutex_unlock(&m2));
	usable(&m2);
}

static void
zeroed(int type)
{
	make(type);
	TELL(pthread_mutex_lock(&m));
	memset(&m, 0, sizeof m);
	TELL(pthread_mutex_unlock(&m));
	TELL(pthread_mutex_unlock(&m));
	usable(&m);
}

/* A new locker that has to wait, and the unlock that lets it go on. */
static void
zeroedwaited(int type)
{
	Thread t, t2;
	make(type);
	TELL(pthread_mutex_lock(&m));
	start(&t, locker, &m);
	asleep(&t);
	memset(&m, 0, sizeof m);
	TELL(pthread_mutex_lock(&m));
	start(&t2, locker, &m);
	asleep(&t2);
	TELL(pthread_mutex_unlock(&m));
	TELL((long)join(&t));
	TELL((long)join(&t2));
}

static void
zeroedrelock(int type)
{
	make(type);
	TELL(pthread_mutex_lock(&m));
	memset(&m, 0, sizeof m);
	TELL(pthread_mutex_lock(&m));
	TELL(pthread_mutex_unlock(&m));
}

static void
remade(int type)
{
	make(type);
	TELL(pthread_mutex_lock(&m));
	TELL(pthread_mutex_init(&m, NULL));
	usable(&m);
}

/* Of a kind that is not private and simple. */
static void
wire(int shared, int robust, int protocol)
{
	pthread_mutexattr_t a;
	pthread_mutexattr_init(&a);
	SAME(pthread_mutexattr_setpshared(&a, shared), 0);
	SAME(pthread_mutexattr_setrobust(&a, robust), 0);
	SAME(pthread_mutexattr_setprotocol(&a, protocol), 0);
	SAME(pthread_mutexattr_settype(
		 &a, protocol != PTHREAD_PRIO_NONE ? PTHREAD_MUTEX_ERRORCHECK : PTHREAD_MUTEX_NORMAL),
	    0);
	SAME(pthread_mutex_init(&m, &a), 0);
}

static void
wireuses(void)
{
	OTHER(pthread_mutex_trylock, &m); /* and ends */
	if(pthread_mutex_trylock(&m) == EOWNERDEAD) {
		TELL(pthread_mutex_consistent(&m));
		TELL(pthread_mutex_unlock(&m));
	}
}

static void
unlockwire(int which)
{
	wire(which == 0, which == 1, which == 2 ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
	if(which != 0)
		TELL(pthread_mutex_unlock(&m));
	TELL(pthread_mutex_lock(&m));
	OTHER(timedlock, &m);
	if(which != 0)
		OTHER(pthread_mutex_unlock, &m);
	TELL(pthread_mutex_unlock(&m));
	TELL(waitsoon(&c, &m) == EPERM);
	wireuses();
}

static void
unlockshared(int byother)
{
	wire(1, 0, PTHREAD_PRIO_NONE);
	if(byother) {
		TELL(pthread_mutex_lock(&m));
		OTHER(pthread_mutex_unlock, &m);
	} else {
		TELL(pthread_mutex_unlock(&m));
	}
}

static void
destroyheldwire(int which)
{
	wire(which == 0, 0, which == 0 ? PTHREAD_PRIO_NONE : PTHREAD_PRIO_INHERIT);
	TELL(pthread_mutex_lock(&m));
	TELL(pthread_mutex_destroy(&m));
	TELL(pthread_mutex_unlock(&m));
	TELL(pthread_mutex_destroy(&m));
}

static void
unmappedheld(int ignored)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)ignored;
	TELL(pthread_mutex_lock((pthread_mutex_t *)p));
	SAME(munmap(p, 4096), 0);
}

/* The memory of a mutex that is waited for is given back, or becomes something else: the waiter sleeps on and touches nothing. */
static void
freedwaited(int other)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static const uint64_t thing = 0x123456789abcdef1;
	Thread t;
	memcpy(p, &m, sizeof m);
	TELL(pthread_mutex_lock((pthread_mutex_t *)p));
	start(&t, locker, p);
	asleep(&t);
	if(other == 0) {
		SAME(munmap(p, 4096), 0);
	} else if(other == 1) {
		SAME(mprotect(p, 4096, PROT_READ), 0);
	} else {
		for(int i = 0; i < 512; i++)
			memcpy(p + 8 * i, &(uint64_t){other == 2 ? thing : 0}, 8);
	}
	napus(300000);
	if(other >= 2)
		for(int i = 0; i < 512; i++)
			if(memcmp(p + 8 * i, &(uint64_t){other == 2 ? thing : 0}, 8) != 0)
				tell(" word %d is changed", i);
}

static void
freed(int type)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	make(type);
	memcpy(p, &m, sizeof m);
	TELL(pthread_mutex_lock((pthread_mutex_t *)p));
	OTHER(timedlock, p);
	SAME(munmap(p, 4096), 0);
	SAME(mmap(p, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), p);
	usable((pthread_mutex_t *)p);
}

/* conditions */

static void *
waiter(void *v)
{
	int r;
	atomic_fetch_add_explicit(&go, 1, memory_order_release);
	pthread_mutex_lock(v);
	r = pthread_cond_wait(&c, v);
	pthread_mutex_unlock(v);
	return (void *)(long)r;
}

static void
condunheld(int type)
{
	make(type);
	TELL(waitsoon(&c, &m));
	TELL(pthread_mutex_unlock(&m));
	usable(&m);
}

static int
waitother(void *v)
{
	return waitsoon(&c, v);
}

static void
condothers(int type)
{
	make(type);
	TELL(pthread_mutex_lock(&m));
	OTHER(waitother, &m);
	OTHER(timedlock, &m);
	TELL(pthread_mutex_unlock(&m));
}

static void
condtwice(int ignored)
{
	(void)ignored;
	make(PTHREAD_MUTEX_RECURSIVE);
	TELL(pthread_mutex_lock(&m));
	TELL(pthread_mutex_lock(&m));
	TELL(waitsoon(&c, &m));
	OTHER(pthread_mutex_trylock, &m);
	TELL(pthread_mutex_unlock(&m));
	OTHER(pthread_mutex_trylock, &m);
	TELL(pthread_mutex_unlock(&m));
	TELL(pthread_mutex_unlock(&m));
	OTHER(pthread_mutex_trylock, &m);
}

static void *
waittwice(void *v)
{
	long r;
	pthread_mutex_lock(v);
	pthread_mutex_lock(v);
	r = pthread_cond_wait(&c, v);
	r = r * 100 + pthread_mutex_unlock(v);
	return (void *)(r * 100 + pthread_mutex_unlock(v));
}

static void
condtwicesignal(int all)
{
	Thread t;
	make(PTHREAD_MUTEX_RECURSIVE);
	start(&t, waittwice, &m);
	asleep(&t);
	OTHER(pthread_mutex_trylock, &m);
	TELL(all ? pthread_cond_broadcast(&c) : pthread_cond_signal(&c));
	TELL((long)join(&t));
	OTHER(pthread_mutex_trylock, &m);
}

static void
condtwomutexes(int all)
{
	Thread t[4];
	for(int i = 0; i < 4; i++) {
		start(&t[i], waiter, i % 2 ? &m : &m2);
		asleep(&t[i]);
	}
	TELL(pthread_mutex_lock(&m));
	if(all)
		TELL(pthread_cond_broadcast(&c));
	else
		for(int i = 0; i < 4; i++)
			TELL(pthread_cond_signal(&c));
	TELL(pthread_mutex_unlock(&m));
	for(int i = 0; i < 4; i++)
		TELL((long)join(&t[i]));
	usable(&m);
	usable(&m2);
}

static void
conddestroyed(int ignored)
{
	(void)ignored;
	TELL(pthread_cond_destroy(&c));
	TELL(pthread_cond_signal(&c));
	TELL(pthread_cond_broadcast(&c));
	TELL(pthread_mutex_lock(&m));
	TELL(waitsoon(&c, &m));
	TELL(pthread_mutex_unlock(&m));
	TELL(pthread_cond_destroy(&c));
	usable(&m);
}

static void
conddestroywaited(int ignored)
{
	Thread t;
	(void)ignored;
	start(&t, waiter, &m);
	asleep(&t);
	TELL(pthread_cond_destroy(&c));
}

static void
condzeroed(int ignored)
{
	Thread t;
	(void)ignored;
	start(&t, waiter, &m);
	asleep(&t);
	memset(&c, 0, sizeof c);
	TELL(pthread_cond_signal(&c));
	TELL(pthread_mutex_lock(&m));
	TELL(waitsoon(&c, &m));
	TELL(pthread_mutex_unlock(&m));
}

static void
condcopied(int ignored)
{
	Thread t;
	(void)ignored;
	start(&t, waiter, &m);
	asleep(&t);
	c2 = c;
	TELL(pthread_cond_signal(&c));
	TELL((long)join(&t));
	TELL(pthread_mutex_lock(&m));
	TELL(waitsoon(&c, &m));
	TELL(pthread_mutex_unlock(&m));
}

static void
condfreed(int ignored)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)ignored;
	TELL(pthread_mutex_lock(&m));
	TELL(waitsoon((pthread_cond_t *)p, &m));
	SAME(munmap(p, 4096), 0);
	SAME(mmap(p, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), p);
	TELL(waitsoon((pthread_cond_t *)p, &m));
	TELL(pthread_mutex_unlock(&m));
}

/* readers-writer locks */

static int
timedrd(void *v)
{
	struct timespec t = soon();
	return pthread_rwlock_timedrdlock(v, &t);
}

static int
timedwr(void *v)
{
	struct timespec t = soon();
	return pthread_rwlock_timedwrlock(v, &t);
}

static void
rwusable(void)
{
	tell(" usable");
	OTHER(timedwr, &rw);
	OTHER(pthread_rwlock_tryrdlock, &rw);
	TELL(pthread_rwlock_trywrlock(&rw));
}

static void
rwunlockfree(int ignored)
{
	(void)ignored;
	TELL(pthread_rwlock_unlock(&rw));
	TELL(timedrd(&rw));
	TELL(pthread_rwlock_unlock(&rw));
	rwusable();
}

static void
rwunlockother(int write)
{
	TELL(write ? pthread_rwlock_wrlock(&rw) : pthread_rwlock_rdlock(&rw));
	OTHER(pthread_rwlock_unlock, &rw);
	rwusable();
}

static void
rwwriteagain(int ignored)
{
	(void)ignored;
	TELL(pthread_rwlock_wrlock(&rw));
	TELL(pthread_rwlock_wrlock(&rw));
	TELL(pthread_rwlock_rdlock(&rw));
	TELL(timedrd(&rw));
	TELL(timedwr(&rw));
	TELL(pthread_rwlock_tryrdlock(&rw));
	TELL(pthread_rwlock_trywrlock(&rw));
	OTHER(pthread_rwlock_tryrdlock, &rw);
	TELL(pthread_rwlock_unlock(&rw));
	OTHER(pthread_rwlock_trywrlock, &rw);
}

static void
rwupgrade(int ignored)
{
	(void)ignored;
	TELL(pthread_rwlock_rdlock(&rw));
	TELL(pthread_rwlock_rdlock(&rw));
	TELL(pthread_rwlock_trywrlock(&rw));
	TELL(timedwr(&rw));
	TELL(pthread_rwlock_wrlock(&rw));
}

static void
rwdestroyheld(int write)
{
	TELL(write ? pthread_rwlock_wrlock(&rw) : pthread_rwlock_rdlock(&rw));
	TELL(pthread_rwlock_destroy(&rw));
	OTHER(timedwr, &rw);
	TELL(pthread_rwlock_unlock(&rw));
	rwusable();
}

static void
rwdestroyed(int ignored)
{
	(void)ignored;
	TELL(pthread_rwlock_destroy(&rw));
	TELL(pthread_rwlock_rdlock(&rw));
	TELL(pthread_rwlock_unlock(&rw));
	TELL(pthread_rwlock_wrlock(&rw));
	TELL(pthread_rwlock_unlock(&rw));
	TELL(pthread_rwlock_destroy(&rw));
}

/* Some destroy what has never been there, or is gone. */
static void
destroynothing(int unmapped)
{
	void *p = unmapped ? mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : NULL;
	void *volatile v = p;
	if(unmapped) {
		TELL(pthread_rwlock_init(p, NULL));
		TELL(sem_init((sem_t *)((char *)p + 64), 0, 0));
		SAME(munmap(p, 4096), 0);
	}
	TELL(pthread_rwlock_destroy(v));
	TELLSEM(sem_destroy(unmapped ? (sem_t *)((char *)p + 64) : v));
	TELL(pthread_spin_destroy(v));
}

static void
rwzeroed(int write)
{
	TELL(write ? pthread_rwlock_wrlock(&rw) : pthread_rwlock_rdlock(&rw));
	memset(&rw, 0, sizeof rw);
	rwusable();
}

static void *
wrlocker(void *v)
{
	return (void *)(long)pthread_rwlock_wrlock(v);
}

/* As freedwaited. */
static void
rwfreedwaited(int other)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	Thread t;
	memset(p, 0, 4096);
	TELL(pthread_rwlock_wrlock((pthread_rwlock_t *)p));
	start(&t, wrlocker, p);
	asleep(&t);
	if(other == 0)
		SAME(munmap(p, 4096), 0);
	else
		memset(p, other == 2 ? 0xf1 : 0, 4096);
	napus(300000);
	for(int i = 0; other != 0 && i < 4096; i++)
		if(p[i] != (char)(other == 2 ? 0xf1 : 0)) {
			tell(" byte %d is changed", i);
			break;
		}
}

/* the others */

static void *
barrierwait(void *v)
{
	return (void *)(long)pthread_barrier_wait(v);
}

static void
barrierinit(int ignored)
{
	(void)ignored;
	TELL(pthread_barrier_init(&bar, NULL, 0));
	TELL(pthread_barrier_init(&bar, NULL, 0x80000000u));
	TELL(pthread_barrier_init(&bar, NULL, 0xffffffffu));
	TELL(pthread_barrier_init(&bar, NULL, 1));
	TELL(pthread_barrier_wait(&bar));
	TELL(pthread_barrier_destroy(&bar));
	TELL(pthread_barrier_wait(&bar));
}

static void
barrierdestroywaited(int ignored)
{
	Thread t;
	(void)ignored;
	TELL(pthread_barrier_init(&bar, NULL, 2));
	start(&t, barrierwait, &bar);
	asleep(&t);
	TELL(pthread_barrier_destroy(&bar));
}

static void
barrierzeroed(int ignored)
{
	(void)ignored;
	memset(&bar, 0, sizeof bar);
	TELL(pthread_barrier_wait(&bar));
}

static void
semvalues(int ignored)
{
	(void)ignored;
	TELLSEM(sem_init(&sem, 0, 0x80000000u));
	TELLSEM(sem_init(&sem, 0, 0xffffffffu));
	TELLSEM(sem_init(&sem, 0, 0x7fffffff));
	TELLSEM(sem_post(&sem));
	TELLSEM(sem_post(&sem));
	TELLSEM(sem_wait(&sem));
	TELLSEM(sem_post(&sem));
	TELLSEM(sem_post(&sem));
}

static void *
semwait(void *v)
{
	return (void *)(long)(sem_wait(v) == 0 ? 0 : errno);
}

static void
semdestroywaited(int ignored)
{
	struct timespec d = soon();
	Thread t;
	(void)ignored;
	TELLSEM(sem_init(&sem, 0, 0));
	start(&t, semwait, &sem);
	asleep(&t);
	TELLSEM(sem_destroy(&sem));
	TELLSEM(sem_post(&sem));
	TELL((long)join(&t));
	TELLSEM(sem_trywait(&sem));
	TELLSEM(sem_timedwait(&sem, &d));
	TELLSEM(sem_destroy(&sem));
}

static void
spinuses(int ignored)
{
	(void)ignored;
	TELL(pthread_spin_init(&spin, 0));
	TELL(pthread_spin_unlock(&spin));
	TELL(pthread_spin_lock(&spin));
	TELL(pthread_spin_trylock(&spin));
	OTHER(pthread_spin_unlock, (void *)&spin);
	OTHER(pthread_spin_trylock, (void *)&spin);
	TELL(pthread_spin_destroy(&spin));
	TELL(pthread_spin_trylock(&spin));
	TELL(pthread_spin_unlock(&spin));
	TELL(pthread_spin_trylock(&spin));
	TELL(pthread_spin_lock(&spin));
}

static void
init(void)
{
	tell(" run");
}

static void
again(void)
{
	tell(" outer");
	pthread_once(&once, init);
}

static void
oncewithin(int ignored)
{
	(void)ignored;
	TELL(pthread_once(&once, again));
}

static void
oncegarbage(int v)
{
	once = v;
	TELL(pthread_once(&once, init));
	TELL(pthread_once(&once, init));
}

static void
c11(int type)
{
	for(int i = 4; i < 256; i += 31) {
		TELL(mtx_init(&mtx, i));
		TELL(mtx_lock(&mtx));
		TELL(mtx_trylock(&mtx));
	}
	TELL(mtx_init(&mtx, type));
	TELL(mtx_unlock(&mtx));
	TELL(mtx_lock(&mtx));
	OTHER(mtx_unlock, &mtx);
	OTHER(mtx_trylock, &mtx);
	mtx_destroy(&mtx);
	TELL(mtx_unlock(&mtx));
	mtx_destroy(&mtx);
	TELL(mtx_lock(&mtx));
	TELL(mtx_trylock(&mtx));
	TELL(mtx_timedlock(&mtx, &(struct timespec){1, 0}));
	TELL(mtx_unlock(&mtx));
}

static const char waitersleeps[] = "glibc's destroy waits until the waiters have gone, ours has nothing to wait for";
static const char counts[] = "glibc's count of readers wraps, and the lock is lost; ours stays as it was";
static const char holder[] =
    "glibc takes it for a reader's and its count wraps; ours ends the writing, as whoever calls unlock means";
static const char busy[] =
    "glibc tells a held one by a count of users, which an unlock too many has spoilt; ours by the lock";
static const char divides[] = "glibc divides by the count";

static const struct Use {
	const char *name;
	void (*f)(int);
	int arg;
	const char *differs; /* why it may come out otherwise; never as a hang or a crash where glibc has none */
} uses[] = {
#define KINDS(name, f) \
	{name ", normal", f, PTHREAD_MUTEX_NORMAL, NULL}, {name ", recursive", f, PTHREAD_MUTEX_RECURSIVE, NULL}, \
	    {name ", errorcheck", f, PTHREAD_MUTEX_ERRORCHECK, NULL}, \
	{ \
		name ", adaptive", f, PTHREAD_MUTEX_ADAPTIVE_NP, NULL \
	}
    KINDS("unlock of a free mutex", unlockfree),
    KINDS("unlock by another", unlockother),
    KINDS("destroy of a held mutex", destroyheld),
    KINDS("destroy of a mutex that is waited for", destroywaited),
    KINDS("relock", relock),
    KINDS("a thread ends holding", endsholding),
    KINDS("a destroyed mutex", destroyed),
    KINDS("a mutex copied while held", copied),
    KINDS("a mutex copied while waited for", copiedwaited),
    KINDS("a mutex zeroed while held", zeroed),
    KINDS("a mutex zeroed while waited for", zeroedwaited),
    KINDS("a mutex freed while held", freed),
    KINDS("a mutex zeroed while held and locked again", zeroedrelock),
    KINDS("init of a held mutex", remade),
    {"a mutex unmapped while held", unmappedheld, 0, NULL},
    {"unlock of a robust mutex", unlockwire, 1, NULL},
    {"unlock of a mutex that inherits priority", unlockwire, 2, NULL},
    {"a process-shared mutex", unlockwire, 0, NULL},
    {"unlock of a free process-shared mutex", unlockshared, 0, NULL},
    {"unlock of a process-shared mutex by another", unlockshared, 1, NULL},
    {"destroy of a held process-shared mutex", destroyheldwire, 0, NULL},
    {"destroy of a held mutex that inherits priority", destroyheldwire, 1, NULL},
    {"a mutex unmapped while waited for", freedwaited, 0, NULL},
    {"a mutex made read-only while waited for", freedwaited, 1, NULL},
    {"a mutex overwritten while waited for", freedwaited, 2, NULL},
    {"a mutex's memory zeroed while waited for", freedwaited, 3, NULL},
    {"garbage kinds", garbagekinds, 0, NULL},
    {"garbage kinds, high", garbagekinds, 0x40000000, NULL},
    KINDS("wait with a mutex that is not held", condunheld),
    KINDS("wait with another's mutex", condothers),
    {"wait with a mutex locked twice", condtwice, 0, NULL},
    {"wait with a mutex locked twice, signalled", condtwicesignal, 0, NULL},
    {"wait with a mutex locked twice, broadcast", condtwicesignal, 1, NULL},
    {"one condition, two mutexes, signals", condtwomutexes, 0, NULL},
    {"one condition, two mutexes, broadcast", condtwomutexes, 1, NULL},
    {"a destroyed condition", conddestroyed, 0, NULL},
    {"destroy of a condition that is waited for", conddestroywaited, 0, waitersleeps},
    {"a condition zeroed while waited for", condzeroed, 0, NULL},
    {"a condition copied while waited for", condcopied, 0, NULL},
    {"a condition freed after use", condfreed, 0, NULL},
    {"unlock of a free rwlock", rwunlockfree, 0, counts},
    {"unlock of a rwlock by another, read", rwunlockother, 0, NULL},
    {"unlock of a rwlock by another, written", rwunlockother, 1, holder},
    {"a writer locks again", rwwriteagain, 0, NULL},
    {"a reader locks to write", rwupgrade, 0, NULL},
    {"destroy of a rwlock that is held, read", rwdestroyheld, 0, NULL},
    {"destroy of a rwlock that is held, written", rwdestroyheld, 1, NULL},
    {"a destroyed rwlock", rwdestroyed, 0, NULL},
    {"destroy of nothing", destroynothing, 0, NULL},
    {"destroy of what is unmapped", destroynothing, 1, NULL},
    {"a rwlock zeroed while held, read", rwzeroed, 0, NULL},
    {"a rwlock zeroed while held, written", rwzeroed, 1, NULL},
    {"a rwlock unmapped while waited for", rwfreedwaited, 0, NULL},
    {"a rwlock's memory zeroed while waited for", rwfreedwaited, 1, NULL},
    {"a rwlock overwritten while waited for", rwfreedwaited, 2, NULL},
    {"barrier counts", barrierinit, 0, NULL},
    {"destroy of a barrier that is waited for", barrierdestroywaited, 0, waitersleeps},
    {"a barrier of zeros", barrierzeroed, 0, divides},
    {"semaphore values", semvalues, 0, NULL},
    {"destroy of a semaphore that is waited for", semdestroywaited, 0, NULL},
    {"spin locks", spinuses, 0, NULL},
    {"once within itself", oncewithin, 0, NULL},
    {"once, garbage 1", oncegarbage, 1, NULL},
    {"once, garbage 2", oncegarbage, 2, NULL},
    {"once, garbage 4", oncegarbage, 4, NULL},
    {"once, garbage 0x12345679", oncegarbage, 0x12345679, NULL},
    {"once, garbage 0x12345676", oncegarbage, 0x12345676, NULL},
    {"mtx_plain", c11, mtx_plain, busy},
    {"mtx_recursive", c11, mtx_plain | mtx_recursive, NULL},
};
enum { NUSE = sizeof uses / sizeof uses[0] };

static const char *
ending(int st, char *buf)
{
	if(WIFSIGNALED(st) && WTERMSIG(st) == SIGALRM)
		return " ... hangs";
	if(WIFSIGNALED(st))
		sprintf(buf, " ... dies of signal %d", WTERMSIG(st));
	else if(WEXITSTATUS(st) != 0)
		sprintf(buf, " ... ends with status %d", WEXITSTATUS(st));
	else
		buf[0] = 0;
	return buf;
}

int
main(int argc, char **argv)
{
	char *buf = mmap(NULL, NUSE * 1024, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), end[64];
	pid_t pid[NUSE];
	int st;

	for(int i = 0; i < NUSE; i++) {
		out = buf + (size_t)i * 1024;
		if(argc > 1) {
			if(strcmp(argv[1], uses[i].name) != 0)
				continue;
			alarm(LIMIT);
			uses[i].f(uses[i].arg);
			printf("%s:%s\n", uses[i].name, out);
			return 0;
		}
		pid[i] = fork();
		if(pid[i] == 0) {
			alarm(LIMIT);
			uses[i].f(uses[i].arg);
			_exit(0);
		}
	}
	for(int i = 0; i < NUSE; i++) {
		SAME(waitpid(pid[i], &st, 0), pid[i]);
		printf("%s%s:%s%s\n", uses[i].differs ? "* " : "", uses[i].name, buf + i * 1024, ending(st, end));
	}
	return 0;
}
