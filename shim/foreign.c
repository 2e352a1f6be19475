/*
 * The objects that libc runs, with their waits recorded: mutexes that inherit priority or have a ceiling;
 * process-shared readers-writer locks and barriers.
 *
 * Why they stay libc's.  A mutex that inherits priority is queued for in the kernel, which passes it on: there is no
 * waiting for us to do.  One with a ceiling changes the thread's priority, of which libc keeps books that
 * other calls of its use.  A process-shared lock or barrier is a protocol between processes over several words, other
 * in other versions of libc; another process follows its libc's at the same time.
 *
 * A wait is seen by trying first.  What a try answers is what the call proper would have answered, but for EBUSY,
 * and but for a deadline that is an error whether or not anybody waits: those calls
 * go to libc untried.  With the recorder off all do.
 */
#define _GNU_SOURCE
#include "foreign.h"
#include "check.h"
#include "real.h"

#include "../compat/rank.h"
#include "../compat/sigoff.h"
#include "../compat/stop.h"

void
awaybegin(Away *a, const void *object, Kind kind, Op op, uintptr_t pc)
{
	int type;

	a->p = nil;
	a->async = 0;
	if(!probeon)
		return;
	if(unlikely(sigoff.async)) {
		/* In a condition's wait it is not, for now. */
		real.pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
		a->async = type == PTHREAD_CANCEL_ASYNCHRONOUS;
		if(a->async)
			sigoff.async = 0;
	}
	a->p = procenter();
	a->p->object = nil;
	a->p->abandon = nil;
	a->w.object = object;
	a->w.idword = nil;
	a->w.kind = (uint8_t)kind;
	a->w.op = (uint8_t)op;
	a->w.counted = 0;
	a->w.pc = pc;
	waitbegin(&a->w, 0, 0);
	waitpark(&a->w);
}

/* A cancellation that is pending strikes here. */
void
awayasleep(Away *a)
{
	int ignored;

	if(unlikely(a->async)) {
		sigoff.async = 1;
		real.pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &ignored);
	}
}

void
awaywoken(Away *a)
{
	int ignored;

	if(unlikely(a->async)) {
		real.pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &ignored);
		sigoff.async = 0;
	}
}

static void
closewait(Away *a, End how)
{
	if(a->p == nil)
		return;
	waitend(&a->w, how, 0, waitparked(&a->w));
	/* Else the wait was left by a jump, and the Proc has been given back. */
	if(up == a->p)
		procleave(a->p);
}

void
awayend(Away *a, End how)
{
	closewait(a, how);
	awayasleep(a);
}

void
awaycancelled(void *away)
{
	closewait(away, Ecancelled);
}

/* libc raises the priority of who has one, and takes it back, by calls that do not pass us. */
static void
ceiling(const Mutex *m)
{
	if(unlikely(m->kind & Kceiling))
		ranksunsaid();
}

static int
reallock(pthread_mutex_t *m, clockid_t clock, const struct timespec *at)
{
	return at == nil ? real.pthread_mutex_lock(m) : real.pthread_mutex_clocklock(m, clock, at);
}

/*
 * Here a try answers what a lock would also where it fails for good: EDEADLK, EAGAIN, EOWNERDEAD (and has it),
 * ENOTRECOVERABLE, EINVAL and EPERM of a ceiling.  (libc's first attempt to raise a priority may fail and the second
 * not: an error is never asked for twice.)
 */
static int
foreignlock(pthread_mutex_t *m, clockid_t clock, const struct timespec *at, uintptr_t pc)
{
	Away a;
	int r;

	/* If the owner died libc asks the kernel for the mutex, which refuses such a deadline before all else. */
	if(!probeon || (at != nil && (!nsecok(at) || at->tv_sec < 0)))
		return reallock(m, clock, at);
	r = real.pthread_mutex_trylock(m);
	if(r != EBUSY)
		return r;
	awaybegin(&a, m, Kmutex, Olock, pc);
	pthread_cleanup_push(awaycancelled, &a);
	awayasleep(&a);
	stop("foreignlock");
	r = reallock(m, clock, at);
	stop("foreignlock.back");
	awaywoken(&a);
	pthread_cleanup_pop(0);
	awayend(&a, awayhow(r));
	return r;
}

static int
lockit(Mutex *m, clockid_t clock, const struct timespec *at, uintptr_t pc)
{
	Robustlist *h;

	if(mutexshared(m))
		return sharedlock(m, clock, at, pc);
	if(mutexrobust(m) && (h = robustlist()) != nil)
		return robustlock(h, m, clock, at, pc);
	ceiling(m);
	return foreignlock((pthread_mutex_t *)m, clock, at, pc);
}

int
otherlock(Mutex *m, clockid_t clock, const struct timespec *at, uintptr_t pc)
{
	int r;

	if(likely(!checking))
		return lockit(m, clock, at, pc);
	checktheirslock(m);
	r = lockit(m, clock, at, pc);
	checktheirslocked(m, r);
	return r;
}

static int
tryit(Mutex *m)
{
	Robustlist *h;

	if(mutexshared(m))
		return sharedtrylock(m);
	if(mutexrobust(m) && (h = robustlist()) != nil)
		return robusttrylock(h, m);
	ceiling(m);
	return real.pthread_mutex_trylock((pthread_mutex_t *)m);
}

int
othertrylock(Mutex *m)
{
	int r;

	if(likely(!checking))
		return tryit(m);
	r = tryit(m);
	checktheirslocked(m, r);
	return r;
}

int
othermay(const Mutex *m)
{
	int kind = m->kind & Kind3;

	if(mutexshared(m))
		return sharedmay(m);
	if(m->kind & (Krobust | Kinherit))
		return wordmine(m);
	return (kind != Krecursive && kind != Kerrorcheck) ||
	       atomic_load_explicit(&m->owner, memory_order_relaxed) == mytid();
}

int
otherunlock(Mutex *m)
{
	Robustlist *h;

	if(unlikely(checking))
		checktheirsunlock(m);
	if(mutexshared(m))
		return sharedunlock(m);
	if(mutexrobust(m) && (h = robustlist()) != nil)
		return robustunlock(h, m);
	return real.pthread_mutex_unlock((pthread_mutex_t *)m);
}

int
otherdestroy(Mutex *m)
{
	int r = real.pthread_mutex_destroy((pthread_mutex_t *)m);

	if(r == 0 && probeon)
		objectgone(m);
	return r;
}

static int
realrwlock(pthread_rwlock_t *l, int write, clockid_t clock, const struct timespec *at)
{
	if(at == nil)
		return write ? real.pthread_rwlock_wrlock(l) : real.pthread_rwlock_rdlock(l);
	return write ? real.pthread_rwlock_clockwrlock(l, clock, at) : real.pthread_rwlock_clockrdlock(l, clock, at);
}

/* A bad deadline is an error even if the lock is free; who has it for writing gets EDEADLK and does not wait. */
int
foreignrwlock(pthread_rwlock_t *l, int write, clockid_t clock, const struct timespec *at, uintptr_t pc)
{
	Away a;
	int r;

	if(!probeon || !knownclock(clock) || (at != nil && !nsecok(at)) || l->__data.__cur_writer == mytid())
		return realrwlock(l, write, clock, at);
	r = write ? real.pthread_rwlock_trywrlock(l) : real.pthread_rwlock_tryrdlock(l);
	if(r != EBUSY)
		return r;
	awaybegin(&a, l, Krwlock, write ? Owrlock : Ordlock, pc);
	pthread_cleanup_push(awaycancelled, &a);
	awayasleep(&a);
	stop("foreignrwlock");
	r = realrwlock(l, write, clock, at);
	stop("foreignrwlock.back");
	awaywoken(&a);
	pthread_cleanup_pop(0);
	awayend(&a, awayhow(r));
	return r;
}

/* Who comes last learns that it was when it is back; it did not wait. */
int
foreignbarrier(pthread_barrier_t *b, uintptr_t pc)
{
	Away a;
	int r;

	if(!probeon)
		return real.pthread_barrier_wait(b);
	awaybegin(&a, b, Kbarrier, Owait, pc);
	pthread_cleanup_push(awaycancelled, &a);
	awayasleep(&a);
	stop("foreignbarrier");
	r = real.pthread_barrier_wait(b);
	stop("foreignbarrier.back");
	awaywoken(&a);
	pthread_cleanup_pop(0);
	if(r == PTHREAD_BARRIER_SERIAL_THREAD && a.p != nil)
		waitvoid(&a.w);
	awayend(&a, Eacquired);
	return r;
}
