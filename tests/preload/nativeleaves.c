/*
 * A thread that waits in sleep, semacquire, rendezvous or pw_wait of the native API leaves it from a handler: by siglongjmp, by an error, by pthread_exit,
 * or by an asynchronous cancellation.  Nobody is in the Rendez afterwards, the next sleeper there is woken as ever, and who
 * waits for the same semaphore gets what was released, and nobody meets it at its tag.  A note to the thread afterwards finds nothing that is gone.
 */
#include "t.h"
#define RENDEZ_NOPLAINNAMES
#include "../../compat/plan9.h"
#include "../../compat/sys/pw.h"
#include <dlfcn.h>
#include <setjmp.h>

enum { SLEEP, TSLEEP, SEM, MEET, POST, NWAIT };
enum { JUMP, ERROR, EXIT, CANCEL, NWAY };
enum { ROUNDS = 48, TAG = 0x6c656176 };

static struct {
	__typeof__(p9sleep) *sleep;
	__typeof__(p9tsleep) *tsleep;
	__typeof__(p9wakeup) *wakeup;
	__typeof__(p9return0) *return0;
	__typeof__(p9up) *up;
	__typeof__(p9postnote) *postnote;
	__typeof__(p9errlabel) *errlabel;
	__typeof__(p9poperror) *poperror;
	__typeof__(p9error) *error;
	__typeof__(p9semacquire) *semacquire;
	__typeof__(p9semrelease) *semrelease;
	__typeof__(p9rendezvous) *rendezvous;
	__typeof__(pw_getukid) *getukid;
	__typeof__(pw_post) *post;
	__typeof__(pw_wait) *wait;
} p9;

static Rendez r;
static long sem;
static int wait_, way, noted;
static _Atomic int got;
static _Atomic(ukid_t) ukid;
static _Thread_local sigjmp_buf out;
static _Thread_local volatile int inside;

static void
waits(void)
{
	switch(wait_) {
	case SLEEP:
		p9.sleep(&r, p9.return0, NULL);
		break;
	case TSLEEP:
		p9.tsleep(&r, p9.return0, NULL, 1000000);
		break;
	case SEM:
		SAME(p9.semacquire(&sem, 1), 1);
		break;
	case MEET:
		SAME(p9.rendezvous(TAG, 1), 2);
		break;
	case POST: {
		ukid_t me;

		SAME(p9.getukid(&me), 0);
		ukid = me;
		SAME(p9.wait(NULL), 0);
	}
	}
	atomic_fetch_add_explicit(&got, 1, memory_order_acq_rel);
}

static void
handler(int sig)
{
	(void)sig;
	if(!inside)
		return;
	inside = 0;
	if(way == JUMP)
		siglongjmp(out, 1);
	if(way == ERROR)
		p9.error("left");
	pthread_exit(NULL);
}

/* Not in the Rendez, and able to wait again. */
static void
left(void *arg)
{
	Rendez mine = {0};

	(void)arg;
	p9.tsleep(&mine, p9.return0, NULL, 1);
	MUST(mine.p == NULL);
}

static void *
victim(void *arg)
{
	(void)arg;
	if(noted)
		p9.up();
	if(way == CANCEL)
		SAME(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL), 0);
	pthread_cleanup_push(left, NULL);
	if(sigsetjmp(way == ERROR ? p9.errlabel() : out, way != ERROR) == 0) {
		inside = way != CANCEL;
		waits();
		inside = 0;
		if(way == ERROR)
			p9.poperror();
	} else if(way == ERROR) {
		sigset_t usr;

		SAME(strcmp(p9.up()->errstr, "left"), 0);
		/* An error does not restore the mask: the handler has not returned. */
		sigemptyset(&usr);
		sigaddset(&usr, SIGUSR1);
		SAME(pthread_sigmask(SIG_UNBLOCK, &usr, NULL), 0);
	}
	pthread_cleanup_pop(1);
	if(noted) {
		SAME(p9.postnote(p9.up(), 1, "late", P9NUser), 1);
		SAME(p9.semacquire(&(long){1}, 1), 1);
	}
	return NULL;
}

static void *
other(void *arg)
{
	(void)arg;
	waits();
	return NULL;
}

static void
leave(Thread *t)
{
	SAME(way == CANCEL ? pthread_cancel(t->id) : pthread_kill(t->id, SIGUSR1), 0);
}

/* The victim sleeps, or (race) may have been woken a moment ago. */
static void
sleeps(int race)
{
	Thread v, o;

	start(&v, victim, NULL);
	asleep(&v);
	if(race)
		p9.wakeup(&r);
	leave(&v);
	join(&v);
	MUST(r.p == NULL);
	got = 0;
	start(&o, other, NULL);
	asleep(&o);
	SAME(p9.wakeup(&r), 1);
	join(&o);
	SAME(got, 1);
}

/*
 * One unit for two, of whom one leaves; the release may find it still asleep, or (race) wake it although it has its signal
 * already: then it leaves without, and the other must be woken.
 */
static void
acquires(int race)
{
	Thread v, o;

	got = 0;
	start(&v, victim, NULL);
	asleep(&v);
	start(&o, other, NULL);
	asleep(&o);
	leave(&v);
	if(!race)
		join(&v);
	p9.semrelease(&sem, 1);
	join(&o);
	if(race)
		join(&v);
	SAME(got, 1);
	SAME(sem, 0);
}

/* The victim's tag is free, and its place another's. */
static void
meets(void)
{
	Thread v, o;

	start(&v, victim, NULL);
	asleep(&v);
	leave(&v);
	join(&v);
	got = 0;
	start(&o, other, NULL);
	asleep(&o);
	if(wait_ == MEET)
		SAME(p9.rendezvous(TAG, 2), 1);
	else
		SAME(p9.post(ukid), 0);
	join(&o);
	SAME(got, 1);
}

int
main(void)
{
	static const char *const name[] = {"p9sleep", "p9tsleep", "p9wakeup", "p9return0", "p9up", "p9postnote",
	    "p9errlabel", "p9poperror", "p9error", "p9semacquire", "p9semrelease", "p9rendezvous", "pw_getukid",
	    "pw_post", "pw_wait"};
	void **f = (void **)&p9;

	for(size_t i = 0; i < sizeof name / sizeof name[0]; i++)
		if((f[i] = dlsym(RTLD_DEFAULT, name[i])) == NULL)
			return skipped("the native API is not there");
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler}, NULL);
	for(wait_ = 0; wait_ < NWAIT; wait_++)
		for(way = 0; way < NWAY; way++)
			for(int i = 0; i < ROUNDS / NWAY; i++) {
				noted = i / 2 % 2;
				if(wait_ >= MEET)
					meets();
				else
					(wait_ == SEM ? acquires : sleeps)(i % 2);
			}
	return ok();
}
