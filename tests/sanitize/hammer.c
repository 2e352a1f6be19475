/*
 * Every operation of the core from several threads at once, for ThreadSanitizer and its kin: hammer [ROUNDS]
 *
 * Linked with the core's test build, under its own names (rz_*): the sanitizer has the others for itself.  What
 * each object guards is plain memory, so a lock that orders too little is a data race, and
 * an object that is touched when its last user has freed it is one too.
 */
#define _GNU_SOURCE
#define RENDEZ_NOPLAINNAMES
#include "../../compat/plan9.h"
#include "../../compat/sys/pw.h"
#include "../../shim/posix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 4 };

static int rounds = 500;

#define LAW(e) \
	do { \
		if(!(e)) { \
			printf("not ok hammer: %s:%d: %s\n", __FILE__, __LINE__, #e); \
			abort(); \
		} \
	} while(0)

static struct timespec
in(clockid_t clock, long us)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += us * 1000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* Mutexes of all kinds, by every way to take one. */
static pthread_mutex_t mutex[4];
static long guarded[4];

static int
lockone(pthread_mutex_t *m, int how)
{
	struct timespec soon;

	switch(how) {
	case 0:
		return rz_pthread_mutex_trylock(m);
	case 1:
		soon = in(CLOCK_REALTIME, 50);
		return rz_pthread_mutex_timedlock(m, &soon);
	case 2:
		soon = in(CLOCK_MONOTONIC, 50);
		return rz_pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &soon);
	}
	return rz_pthread_mutex_lock(m);
}

static void
mutexinit(void)
{
	static const int type[] = {
	    PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP};
	pthread_mutexattr_t a;
	int i;

	for(i = 0; i < 4; i++) {
		pthread_mutexattr_init(&a);
		pthread_mutexattr_settype(&a, type[i]);
		LAW(rz_pthread_mutex_init(&mutex[i], &a) == 0);
	}
}

static void
mutexes(int self)
{
	int i, k, r;

	for(i = 0; i < rounds; i++) {
		k = (i + self) & 3;
		r = lockone(&mutex[k], i % 7);
		LAW(r == 0 || r == EBUSY || r == ETIMEDOUT);
		if(r != 0)
			continue;
		guarded[k]++;
		if(k == 1) {
			LAW(rz_pthread_mutex_lock(&mutex[k]) == 0);
			guarded[k]++;
			LAW(rz_pthread_mutex_unlock(&mutex[k]) == 0);
		}
		LAW(rz_pthread_mutex_unlock(&mutex[k]) == 0);
	}
}

/* Objects that their last user frees. */
typedef struct Shared {
	pthread_mutex_t m;
	pthread_cond_t c;
	int users, ready;
} Shared;

static Shared *_Atomic shared;
static pthread_barrier_t gate;

static void
freed(int self)
{
	Shared *s;
	int i, last;

	for(i = 0; i < rounds / 10; i++) {
		if(rz_pthread_barrier_wait(&gate) == PTHREAD_BARRIER_SERIAL_THREAD) {
			s = calloc(1, sizeof *s);
			s->users = N;
			atomic_store_explicit(&shared, s, memory_order_relaxed);
		}
		rz_pthread_barrier_wait(&gate);
		s = atomic_load_explicit(&shared, memory_order_relaxed);
		rz_pthread_mutex_lock(&s->m);
		if(self == 0) {
			s->ready = 1;
			rz_pthread_cond_broadcast(&s->c);
		}
		while(!s->ready)
			rz_pthread_cond_wait(&s->c, &s->m);
		last = --s->users == 0;
		rz_pthread_mutex_unlock(&s->m);
		if(last) {
			rz_pthread_cond_destroy(&s->c);
			rz_pthread_mutex_destroy(&s->m);
			free(s);
		}
	}
}

/* A ring of places with a token each: condition waits of every sort. */
static struct {
	pthread_mutex_t m;
	pthread_cond_t c;
	long tokens;
} place[2];

static void
conds(int self)
{
	struct timespec d;
	int i, at = self & 1, to = !at;

	for(i = 0; i < rounds; i++) {
		rz_pthread_mutex_lock(&place[at].m);
		while(place[at].tokens == 0)
			switch(i % 3) {
			case 0:
				rz_pthread_cond_wait(&place[at].c, &place[at].m);
				break;
			case 1:
				d = in(CLOCK_REALTIME, 100);
				rz_pthread_cond_timedwait(&place[at].c, &place[at].m, &d);
				break;
			case 2:
				d = in(CLOCK_MONOTONIC, 100);
				rz_pthread_cond_clockwait(&place[at].c, &place[at].m, CLOCK_MONOTONIC, &d);
			}
		place[at].tokens--;
		rz_pthread_mutex_unlock(&place[at].m);
		rz_pthread_mutex_lock(&place[to].m);
		place[to].tokens++;
		if(i & 4)
			rz_pthread_mutex_unlock(&place[to].m);
		if(i & 8)
			rz_pthread_cond_signal(&place[to].c);
		else
			rz_pthread_cond_broadcast(&place[to].c);
		if(!(i & 4))
			rz_pthread_mutex_unlock(&place[to].m);
	}
}

/* Readers-writer locks of both preferences. */
static pthread_rwlock_t rwlock[2];
static struct {
	long a, b;
} pair[2];

static int
rwlockone(pthread_rwlock_t *l, int write, int how)
{
	struct timespec d = in(CLOCK_REALTIME, 50);

	switch(how) {
	case 0:
		return write ? rz_pthread_rwlock_trywrlock(l) : rz_pthread_rwlock_tryrdlock(l);
	case 1:
		return write ? rz_pthread_rwlock_timedwrlock(l, &d) : rz_pthread_rwlock_timedrdlock(l, &d);
	}
	return write ? rz_pthread_rwlock_wrlock(l) : rz_pthread_rwlock_rdlock(l);
}

static void
rwinit(void)
{
	pthread_rwlockattr_t a;

	LAW(rz_pthread_rwlock_init(&rwlock[0], NULL) == 0);
	pthread_rwlockattr_init(&a);
	pthread_rwlockattr_setkind_np(&a, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	LAW(rz_pthread_rwlock_init(&rwlock[1], &a) == 0);
}

static void
rwlocks(int self)
{
	int i, k, r, write;

	for(i = 0; i < rounds; i++) {
		k = i & 1;
		write = (i + self) % 5 < 2;
		r = rwlockone(&rwlock[k], write, i % 6);
		LAW(r == 0 || r == EBUSY || r == ETIMEDOUT);
		if(r != 0)
			continue;
		LAW(pair[k].a == pair[k].b);
		if(write) {
			pair[k].a++;
			pair[k].b++;
		}
		LAW(rz_pthread_rwlock_unlock(&rwlock[k]) == 0);
	}
}

/* Barriers: what all wrote before one is what all read after it. */
static long column[N];

static void
barriers(int self)
{
	int i, k;

	for(i = 1; i <= rounds / 4; i++) {
		column[self] = i;
		rz_pthread_barrier_wait(&gate);
		for(k = 0; k < N; k++)
			LAW(column[k] == i);
		rz_pthread_barrier_wait(&gate);
	}
}

/* Once, for many controls. */
enum { ONCES = 500 };
static pthread_once_t once[ONCES];
static once_flag flag[ONCES];
static long made[2][ONCES];
static _Thread_local int which;

static void
make(void)
{
	made[0][which]++;
}

static void
make11(void)
{
	made[1][which]++;
}

static void
onces(int self)
{
	(void)self;
	for(which = 0; which < ONCES; which++) {
		rz_pthread_once(&once[which], make);
		rz_call_once(&flag[which], make11);
		LAW(made[0][which] == 1 && made[1][which] == 1);
		if(which % 8 == 0)
			rz_pthread_barrier_wait(&gate);
	}
}

/* Semaphores, POSIX's and Plan 9's, as locks; a spin lock; C11's. */
static sem_t sem;
static long plansem = 1, behind[4];
static pthread_spinlock_t spin;
static mtx_t mtx;
static cnd_t cnd;

static int
takesem(int how)
{
	struct timespec d = in(CLOCK_REALTIME, 50);

	switch(how) {
	case 0:
		return rz_sem_trywait(&sem);
	case 1:
		return rz_sem_timedwait(&sem, &d);
	}
	return rz_sem_wait(&sem);
}

static void
sems(int self)
{
	int i;

	(void)self;
	for(i = 0; i < rounds; i++) {
		if(takesem(i % 5) == 0) {
			behind[0]++;
			LAW(rz_sem_post(&sem) == 0);
		}
		if((i % 3 ? p9semacquire(&plansem, 1) : p9tsemacquire(&plansem, 1)) == 1) {
			behind[1]++;
			LAW(p9semrelease(&plansem, 1) == 1);
		}
		if(i % 8 == 0) {
			rz_pthread_spin_lock(&spin);
			behind[2]++;
			rz_pthread_spin_unlock(&spin);
		}
		rz_mtx_lock(&mtx);
		behind[3]++;
		rz_cnd_signal(&cnd);
		rz_mtx_unlock(&mtx);
	}
}

/* Sleep and wakeup: pairs of threads hand a plain value to and fro. */
static struct {
	Rendez r[2];
	_Atomic int turn;
	long value;
} court[N / 2];

typedef struct Side {
	_Atomic int *turn;
	int mine;
} Side;

static int
myturn(void *v)
{
	Side *s = v;

	return atomic_load_explicit(s->turn, memory_order_acquire) == s->mine;
}

static void
sleeps(int self)
{
	int i, k = self / 2, mine = self & 1;
	Side side = {&court[k].turn, mine};

	for(i = 0; i < rounds; i++) {
		while(!myturn(&side))
			if(i & 1)
				p9sleep(&court[k].r[mine], myturn, &side);
			else
				p9tsleep(&court[k].r[mine], myturn, &side, 1);
		court[k].value++;
		atomic_store_explicit(&court[k].turn, !mine, memory_order_release);
		p9wakeup(&court[k].r[!mine]);
	}
}

/* Plan 9's locks; and a place of few tokens, whoever finds none sleeps in a Rendez. */
static P9lock plock;
static P9qlock qlock, guard;
static P9rwlock prw;
static Rendez some = {NULL, &guard};
static long under[3], tokens9 = 1;

static void
plan9locks(int self)
{
	int i;

	for(i = 0; i < rounds; i++) {
		if((i + self) % 3 != 0 || p9canlock(&plock)) {
			if((i + self) % 3 != 0)
				p9lock(&plock);
			under[0]++;
			p9unlock(&plock);
		}
		if((i + self) % 3 != 0 || p9canqlock(&qlock)) {
			if((i + self) % 3 == 1)
				p9qlock(&qlock);
			else if((i + self) % 3 == 2)
				p9eqlock(&qlock);
			under[1]++;
			p9qunlock(&qlock);
		}
		if((i + self) % 4 == 0) {
			p9wlock(&prw);
			under[2]++;
			p9wunlock(&prw);
		} else {
			p9rlock(&prw);
			LAW(under[2] >= 0);
			p9runlock(&prw);
		}
		p9qlock(&guard);
		while(tokens9 == 0)
			p9rsleep(&some);
		tokens9--;
		p9qunlock(&guard);
		p9qlock(&guard);
		tokens9++;
		if(i & 1)
			p9rwakeup(&some);
		else
			p9rwakeupall(&some);
		p9qunlock(&guard);
	}
}

/*
 * Notes and errors: each thread waits, in ways that a note breaks, posts notes to the others and reads its own in a handler.  A text is
 * one letter, repeated as often as its place in the alphabet says.  Plain memory that is handed over under the semaphore
 * stays whole whoever is interrupted.
 */
static P9proc *_Atomic proc[N];
static long behindnotes, notesem;
static Rendez nap[N];

static void
reads(void *ureg, char *text)
{
	(void)ureg;
	LAW(strlen(text) == (size_t)(text[0] - 'a' + 1) && strspn(text, (char[]){text[0], 0}) == strlen(text));
	p9noted(P9NCONT);
}

static void
napping(int self)
{
	if(p9waserror()) {
		LAW(strcmp(p9up()->errstr, "interrupted") == 0);
		return;
	}
	p9tsleep(&nap[self], p9return0, NULL, self & 1);
	p9osenter();
	p9osleave();
	p9poperror();
}

static void
notes(int self)
{
	char text[32];
	int i, k, r;

	if(self & 1)
		p9notify(reads);
	atomic_store_explicit(&proc[self], p9up(), memory_order_release);
	rz_pthread_barrier_wait(&gate);
	for(i = 0; i < rounds; i++) {
		k = i % 26;
		memset(text, 'a' + k, (size_t)k + 1);
		text[k + 1] = 0;
		p9postnote(
		    atomic_load_explicit(&proc[(self + i) % N], memory_order_acquire), 1, text, i % 8 ? P9NUser : 0);
		if(i % 16 == 0)
			p9swiproc(atomic_load_explicit(&proc[(self + 1) % N], memory_order_acquire), i & 16);
		p9wakeup(&nap[(self + i) % N]);
		napping(self);
		r = i % 3 ? p9semacquire(&notesem, 1) : p9tsemacquire(&notesem, 1);
		if(r != 1)
			continue;
		behindnotes++;
		LAW(p9semrelease(&notesem, 1) == 1);
	}
	/* Nobody posts to one that is gone, here; the memory would bear it. */
	rz_pthread_barrier_wait(&gate);
}

/* Pairs meet at a tag, and the letters that they have written are read. */
static long letter[N];

static void
meets(int self)
{
	unsigned long tag = 1000 + (unsigned long)self / 2, other = (unsigned long)self ^ 1;
	long i;

	for(i = 0; i < rounds; i++) {
		letter[self] = i;
		LAW(p9rendezvous(tag, (unsigned long)self) == other);
		LAW(letter[other] == i);
		LAW(p9rendezvous(tag, (unsigned long)self) == other);
	}
}

/* Pairs hand a plain value to and fro by posts. */
static _Atomic ukid_t poster[N];
static long handed[N / 2];

static void
posts(int self)
{
	ukid_t id;
	int i;

	LAW(pw_getukid(&id) == 0);
	atomic_store_explicit(&poster[self], id, memory_order_relaxed);
	rz_pthread_barrier_wait(&gate);
	for(i = 0; i < rounds; i++) {
		if(self & 1)
			LAW(pw_wait(NULL) == 0);
		LAW(handed[self / 2]++ == 2 * i + (self & 1));
		LAW(pw_post(poster[self ^ 1]) == 0);
		if(!(self & 1))
			LAW(pw_wait(NULL) == 0);
	}
	rz_pthread_barrier_wait(&gate);
	if(self & 1)
		handed[self / 2] = 0;
	rz_pthread_barrier_wait(&gate);
}

static void (*role)(int);

static void *
run(void *self)
{
	role((int)(intptr_t)self);
	return NULL;
}

static void
all(void (*f)(int))
{
	pthread_t t[N];
	intptr_t i;

	role = f;
	for(i = 0; i < N; i++)
		LAW(pthread_create(&t[i], NULL, run, (void *)i) == 0);
	for(i = 0; i < N; i++)
		LAW(pthread_join(t[i], NULL) == 0);
}

int
main(int argc, char **argv)
{
	int i;

	if(argc > 1)
		rounds = atoi(argv[1]);
	rz_pthread_barrier_init(&gate, NULL, N);
	rz_sem_init(&sem, 0, 1);
	rz_pthread_spin_init(&spin, 0);
	rz_mtx_init(&mtx, mtx_plain);
	rz_cnd_init(&cnd);
	mutexinit();
	rwinit();
	notesem = 1;
	place[0].tokens = place[1].tokens = 1;
	all(onces);
	/* Again and again: the Procs of threads that are gone are found free. */
	for(i = 0; i < 4; i++) {
		all(mutexes);
		all(freed);
		all(conds);
		all(rwlocks);
		all(barriers);
		all(sems);
		all(sleeps);
		all(plan9locks);
		all(notes);
		all(meets);
		all(posts);
	}
	printf("ok hammer\n");
	return 0;
}
