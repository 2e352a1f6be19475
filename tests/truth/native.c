/*
 * The native waits, one of each kind: who waits by a known line until a known line ends it.  Who had the lock is known of
 * those that keep it; who released a semaphore or a Lock is not.
 */
#define RENDEZ_NOPLAINNAMES
#include "truth.h"

#include "../../compat/plan9.h"
#include "../../compat/sys/pw.h"

enum { ROUNDS = 15, US = 4000, TAG = 0x5eed };

static Rendez r, qr;
static P9qlock ql, rl;
static P9rwlock rw, ww;
static P9lock spin;
static long sem;
static ukid_t ukid;
static _Atomic int cond;
static int64_t began, woken, took[9], least[9];

static int
istrue(void *arg)
{
	return atomic_load_explicit((_Atomic int *)arg, memory_order_seq_cst);
}

static void
sleeper(void)
{
	p9sleep(&r, istrue, &cond); /* site: sleep */
}

static void
waker(void)
{
	atomic_store_explicit(&cond, 1, memory_order_seq_cst);
	p9wakeup(&r); /* site: wakeup */
	atomic_store_explicit(&cond, 0, memory_order_seq_cst);
}

static void
qsleeper(void)
{
	p9qlock(&rl);
	qr.l = &rl;
	p9rsleep(&qr); /* site: rsleep */
	p9qunlock(&rl);
}

static void
qwaker(void)
{
	p9qlock(&rl);
	p9rwakeup(&qr); /* site: rwakeup */
	p9qunlock(&rl);
}

static void
first(void)
{
	SAME(p9rendezvous(TAG, 1), 2); /* site: first */
}

static void
second(void)
{
	SAME(p9rendezvous(TAG, 2), 1); /* site: second */
}

static void
acquirer(void)
{
	SAME(p9semacquire(&sem, 1), 1); /* site: acquire */
}

static void
releaser(void)
{
	SAME(p9semrelease(&sem, 1), 1);
}

static void
postwaiter(void)
{
	SAME(pw_wait(NULL), 0); /* site: pwwait */
}

static void
poster(void)
{
	SAME(pw_post(ukid), 0); /* site: pwpost */
}

static void
qlocker(void)
{
	p9qlock(&ql); /* site: qlock */
	p9qunlock(&ql);
}

static void
qholder(void)
{
	p9qlock(&ql); /* site: qhold */
}

static void
qreleaser(void)
{
	p9qunlock(&ql); /* site: qlet */
}

static void
reader(void)
{
	p9rlock(&rw); /* site: rlock */
	p9runlock(&rw);
}

static void
holdwriting(void)
{
	p9wlock(&rw); /* site: whold */
}

static void
releasewriting(void)
{
	p9wunlock(&rw); /* site: wlet */
}

static void
writer(void)
{
	p9wlock(&ww); /* site: wlock */
	p9wunlock(&ww);
}

static void
holdreading(void)
{
	p9rlock(&ww);
}

static void
releasereading(void)
{
	p9runlock(&ww); /* site: rlet */
}

static void
locker(void)
{
	p9lock(&spin); /* site: lock */
	p9unlock(&spin);
}

static void
holdlock(void)
{
	p9lock(&spin);
}

static void
releaselock(void)
{
	p9unlock(&spin);
}

static const struct {
	void (*before)(void), (*wait)(void), (*end)(void); /* before: what makes it wait */
	const void *address;				   /* NULL: not ours to know */
	const char *kind;
	Pair pair;
} waits[] = {
    {NULL, sleeper, waker, &r, "rendez", {"sleep", "native.c:sleep", NULL, "native.c:wakeup", "acquired", ROUNDS, 0}},
    {NULL, qsleeper, qwaker, &qr, "rendez",
	{"sleep", "native.c:rsleep", NULL, "native.c:rwakeup", "acquired", ROUNDS, 0}},
    {NULL, first, second, (void *)TAG, "rendezvous",
	{"rendezvous", "native.c:first", NULL, "native.c:second", "acquired", ROUNDS, 0}},
    {NULL, acquirer, releaser, &sem, "semacquire", {"acquire", "native.c:acquire", NULL, NULL, "acquired", ROUNDS, 0}},
    {NULL, postwaiter, poster, NULL, "postwait",
	{"wait", "native.c:pwwait", NULL, "native.c:pwpost", "acquired", ROUNDS, 0}},
    {qholder, qlocker, qreleaser, &ql, "qlock",
	{"lock", "native.c:qlock", "native.c:qhold", "native.c:qlet", "acquired", ROUNDS, 0}},
    {holdwriting, reader, releasewriting, &rw, "rwlock",
	{"rdlock", "native.c:rlock", "native.c:whold", "native.c:wlet", "acquired", ROUNDS, 0}},
    {holdreading, writer, releasereading, &ww, "rwlock",
	{"wrlock", "native.c:wlock", NULL, "native.c:rlet", "acquired", ROUNDS, 0}},
    {holdlock, locker, releaselock, &spin, "spin", {"lock", "native.c:lock", NULL, NULL, "acquired", ROUNDS, 0}},
};
enum { NWAIT = sizeof waits / sizeof waits[0] };

static _Atomic int go, done;

/* One thread for all rounds: what is waited for in pw_wait is the thread. */
static void *
waiter(void *arg)
{
	int i = *(int *)arg;

	/* A member of the region from here on: what joining it takes is no wait. */
	SAME(pw_getukid(&ukid), 0);
	for(int n = 1; n <= ROUNDS; n++) {
		await(&go, n);
		began = now();
		waits[i].wait();
		took[i] += now() - began;
		least[i] += woken - began;
		tell(&done, n);
	}
	return arg;
}

int
main(void)
{
	Lock l[NWAIT] = {0};
	Thread t;

	for(int i = 0; i < NWAIT; i++) {
		tell(&go, 0);
		start(&t, waiter, &i);
		for(int n = 1; n <= ROUNDS; n++) {
			if(waits[i].before != NULL)
				waits[i].before();
			tell(&go, n);
			asleep(&t);
			napus(US);
			woken = now();
			waits[i].end();
			await(&done, n);
		}
		join(&t);
		l[i] = (Lock){.address = waits[i].address,
		    .kind = waits[i].kind,
		    .waitslow = ROUNDS,
		    .waitshigh = ROUNDS,
		    .acquired = -1,
		    .npair = 1,
		    .pair[0] = waits[i].pair};
		l[i].pair[0].ns = took[i];
		l[i].least[0] = least[i];
	}
	print(l, NWAIT);
	return 0;
}
