/*
 * Cancellation of every wait, blocked and before entry: the mutex is held when
 * the cleanup handlers run.  pthread_mutex_lock is no cancellation point.
 */
#include "t.h"
#include <threads.h>

static pthread_mutex_t m = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_cond_t late = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static mtx_t cm;
static cnd_t cc;
static _Atomic int cleaned, entered, release;

enum { CONDWAIT, CONDTIMED, CONDCLOCK, SEMWAIT, SEMTIMED, SEMCLOCK, CNDWAIT, CNDTIMED, NWAIT };

typedef struct Case {
	int wait;
	int pending; /* the request is there before the wait is entered */
	int off;     /* with cancellation disabled: it must not be acted on */
} Case;

/* errorcheck: only the owner may unlock, so this fails if the wait left the mutex free. */
static void
cleanmutex(void *arg)
{
	(void)arg;
	SAME(pthread_mutex_lock(&m), EDEADLK);
	SAME(pthread_mutex_unlock(&m), 0);
	atomic_fetch_add_explicit(&cleaned, 1, memory_order_release);
}

static void
cleanmtx(void *arg)
{
	(void)arg;
	SAME(mtx_trylock(&cm), thrd_busy);
	SAME(mtx_unlock(&cm), thrd_success);
	atomic_fetch_add_explicit(&cleaned, 1, memory_order_release);
}

static void
cleansem(void *arg)
{
	(void)arg;
	atomic_fetch_add_explicit(&cleaned, 1, memory_order_release);
}

static int over;

static void
waitsem(int which)
{
	struct timespec r = in(CLOCK_REALTIME, 100000), mo = in(CLOCK_MONOTONIC, 100000);
	pthread_cleanup_push(cleansem, NULL);
	SAME(which == SEMWAIT	 ? sem_wait(&s)
	     : which == SEMTIMED ? sem_timedwait(&s, &r)
				 : sem_clockwait(&s, CLOCK_MONOTONIC, &mo),
	    0);
	pthread_cleanup_pop(0);
}

static void
waitmtx(int which)
{
	struct timespec r = in(CLOCK_REALTIME, 100000);
	SAME(mtx_lock(&cm), thrd_success);
	pthread_cleanup_push(cleanmtx, NULL);
	while(!over)
		SAME(which == CNDWAIT ? cnd_wait(&cc, &cm) : cnd_timedwait(&cc, &cm, &r), thrd_success);
	pthread_cleanup_pop(0);
	SAME(mtx_unlock(&cm), thrd_success);
}

static void
waitcond(int which)
{
	struct timespec r = in(CLOCK_REALTIME, 100000), mo = in(CLOCK_MONOTONIC, 100000);
	SAME(pthread_mutex_lock(&m), 0);
	pthread_cleanup_push(cleanmutex, NULL);
	while(!over)
		SAME(which == CONDWAIT	  ? pthread_cond_wait(&c, &m)
		     : which == CONDTIMED ? pthread_cond_timedwait(&c, &m, &r)
					  : pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &mo),
		    0);
	pthread_cleanup_pop(0);
	SAME(pthread_mutex_unlock(&m), 0);
}

static void *
waiter(void *arg)
{
	Case *k = arg;
	if(k->off)
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	atomic_store_explicit(&entered, 1, memory_order_release);
	while(k->pending && !atomic_load_explicit(&release, memory_order_acquire))
		sched_yield();
	if(k->wait >= CNDWAIT)
		waitmtx(k->wait);
	else if(k->wait >= SEMWAIT)
		waitsem(k->wait);
	else
		waitcond(k->wait);
	return k;
}

static void
finish(void)
{
	SAME(pthread_mutex_lock(&m), 0);
	SAME(mtx_lock(&cm), thrd_success);
	over = 1;
	SAME(pthread_cond_broadcast(&c), 0);
	SAME(cnd_broadcast(&cc), thrd_success);
	SAME(sem_post(&s), 0);
	SAME(mtx_unlock(&cm), thrd_success);
	SAME(pthread_mutex_unlock(&m), 0);
}

static void
one(Case k)
{
	Thread t;

	over = 0;
	SAME(sem_init(&s, 0, 0), 0);
	atomic_store_explicit(&entered, 0, memory_order_relaxed);
	atomic_store_explicit(&release, 0, memory_order_relaxed);
	atomic_store_explicit(&cleaned, 0, memory_order_relaxed);
	start(&t, waiter, &k);
	if(k.pending)
		UNTIL(atomic_load_explicit(&entered, memory_order_acquire));
	else
		asleep(&t);
	SAME(pthread_cancel(t.id), 0);
	atomic_store_explicit(&release, 1, memory_order_release);
	if(k.off) {
		asleep(&t); /* it has met the request, or never will */
		finish();
		MUST(join(&t) == &k);
		SAME(atomic_load_explicit(&cleaned, memory_order_acquire), 0);
	} else {
		MUST(join(&t) == PTHREAD_CANCELED);
		SAME(atomic_load_explicit(&cleaned, memory_order_acquire), 1);
	}
	SAME(pthread_mutex_lock(&m), 0); /* nobody has kept it */
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(mtx_lock(&cm), thrd_success);
	SAME(mtx_unlock(&cm), thrd_success);
	SAME(sem_destroy(&s), 0);
}

static void *
locker(void *arg)
{
	SAME(pthread_mutex_lock(&held), 0);
	atomic_store_explicit(&entered, 2, memory_order_release);
	SAME(pthread_mutex_unlock(&held), 0);
	UNTIL(!arg || atomic_load_explicit(&release, memory_order_acquire));
	SAME(pthread_mutex_lock(&held), 0); /* with the request pending, free */
	SAME(pthread_mutex_unlock(&held), 0);
	pthread_testcancel();
	return NULL;
}

static void
notalock(void)
{
	Thread t;
	atomic_store_explicit(&entered, 0, memory_order_relaxed);
	SAME(pthread_mutex_lock(&held), 0);
	start(&t, locker, NULL);
	asleep(&t);
	SAME(pthread_cancel(t.id), 0);
	asleep(&t);
	SAME(atomic_load_explicit(&entered, memory_order_acquire), 0);
	SAME(pthread_mutex_unlock(&held), 0);
	MUST(join(&t) == PTHREAD_CANCELED);
	SAME(atomic_load_explicit(&entered, memory_order_acquire), 2);
	SAME(pthread_mutex_trylock(&held), 0);
	SAME(pthread_mutex_unlock(&held), 0);
}

static void
enables(int sig)
{
	int old;
	(void)sig;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
}

static void
letgo(void *m)
{
	SAME(pthread_mutex_unlock(m), 0);
}

static void *
disabled(void *arg)
{
	int old;
	SAME(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old), 0);
	atomic_store_explicit(&entered, 3, memory_order_release);
	UNTIL(atomic_load_explicit(&release, memory_order_acquire));
	if(arg != NULL) {
		sem_wait(&s);
	} else {
		SAME(pthread_mutex_lock(&held), 0);
		pthread_cleanup_push(letgo, &held);
		for(;;)
			pthread_cond_wait(&late, &held);
		pthread_cleanup_pop(0);
	}
	return NULL;
}

/* A request that came while it was disabled is acted on when a handler, in the midst of the wait, enables it. */
static void
enabled(void)
{
	SAME(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = enables, .sa_flags = SA_RESTART}, NULL), 0);
	SAME(sem_init(&s, 0, 0), 0);
	for(int i = 0; i < 4; i++) {
		Thread t;
		int sem = i & 1, before = i & 2;
		atomic_store_explicit(&entered, 0, memory_order_relaxed);
		atomic_store_explicit(&release, 0, memory_order_relaxed);
		start(&t, disabled, sem ? &s : NULL);
		UNTIL(atomic_load_explicit(&entered, memory_order_acquire) == 3);
		if(before)
			SAME(pthread_cancel(t.id), 0);
		atomic_store_explicit(&release, 1, memory_order_release);
		asleep(&t);
		if(!before)
			SAME(pthread_cancel(t.id), 0);
		asleep(&t);
		SAME(pthread_kill(t.id, SIGUSR1), 0);
		MUST(join(&t) == PTHREAD_CANCELED);
	}
	SAME(pthread_mutex_trylock(&held), 0);
	SAME(pthread_mutex_unlock(&held), 0);
}

/* A token is there: natively, a pending request is acted on all the same, and the token stays. */
static void *
tokenwait(void *arg)
{
	pthread_cancel(pthread_self());
	sem_wait(&s);
	return arg;
}

int
main(void)
{
	SAME(mtx_init(&cm, mtx_timed), thrd_success);
	SAME(cnd_init(&cc), thrd_success);
	for(int w = 0; w < NWAIT; w++)
		for(int p = 0; p < 2; p++)
			for(int off = 0; off < 2; off++)
				one((Case){w, p, off});
	notalock();
	enabled();
	Thread t;
	SAME(sem_init(&s, 0, 1), 0);
	start(&t, tokenwait, NULL);
	MUST(join(&t) == PTHREAD_CANCELED);
	SAME(sem_trywait(&s), 0);
	return ok();
}
