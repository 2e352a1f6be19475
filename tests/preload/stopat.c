/*
 * A thread in a slow path, stopped at a named point (compat/stop.h), while something happens to it or beside it.
 *
 *	operations	mutex, timed mutex, rwlock for reading and writing (each kind), timed, cond, timed cond, barrier,
 *			sem, timed sem, once; the same between processes, and mutexes that are robust or inherit priority
 *	points		all that stand in the library (points[]): the waiter's, and the waker's (unlock, signal, post, last to
 *			come, end of the initialiser); each must have been reached by somebody at the end
 *	events		nothing; pthread_cancel, deferred and asynchronous; a handler that calls siglongjmp, on the stack and
 *			on the alternate one; one that calls pthread_exit; the deadline passes; another thread forks
 *	the partner	wakes after the event has been dealt with, just before it, or just after it, with the victim stopped all
 *			the time
 *	the other	waits for the same before the victim, or behind it
 *
 * Checks, of every case:
 *	- the other waiter gets what the partner gave, if the victim did not use it, without any further help;
 *	- the victim returns, is cancelled or jumps; cancelled in a condition's wait it has the mutex locked;
 *	- at the end nobody holds the lock, and its word is zero; there are as many tokens as there should be;
 *	- a child forked at that instant can use the object;
 *	- all of it is over in 30 s.
 *
 * stopat [SEED [ONE-IN [libc]]]: each case is run if a number drawn from the seed says so; only those where libc waits by
 * itself, or only the others.  stop.sh runs it under librendez-stop.so.
 *
 * link: -rdynamic
 */
#include "stopat.h"

static const char *const points[] = {
    "block",
    "block.asleep",
    "block.awake",
    "block.given",
    "block.ready",
    "ready",
    "ready.wake",
    "mutexwait",
    "mutexwait.spin",
    "mutexwait.back",
    "attemptenqueue",
    "attemptenqueue.linked",
    "attemptlook",
    "attemptdequeue",
    "attemptdequeue.done",
    "attemptdisown",
    "mutexwake",
    "mutexwake.chosen",
    "mutexpromote.chosen",
    "condwait",
    "condwait.linked",
    "condwait.released",
    "condwait.back",
    "condwait.relock",
    "condwait.leave",
    "wakefrom",
    "wakefrom.chosen",
    "rwwait",
    "rwwait.back",
    "rwenqueue",
    "rwenqueue.linked",
    "rwlook",
    "rwdequeue",
    "rwdisown",
    "rwwake",
    "rwwake.chosen",
    "barrier",
    "barrier.linked",
    "barrier.back",
    "barrier.chosen",
    "once.wait",
    "once.linked",
    "once.back",
    "once.chosen",
    "sem.announced",
    "sem.sleep",
    "sem.woken",
    "sem.leave",
    "sem.posted",
    "sharedlock",
    "sharedlock.sleep",
    "sharedlock.woken",
    "sharedlock.back",
    "sharedunlock",
    "sharedunlock.freed",
    "robustlock",
    "robustlock.sleep",
    "robustlock.woken",
    "robustlock.back",
    "robustunlock",
    "robustunlock.delisted",
    "robustlet.freed",
    "robustunlock.let",
    "sharedwait",
    "sharedwait.gate",
    "sharedwait.listed",
    "sharedwait.released",
    "sharedwait.asleep",
    "sharedwait.back",
    "sharedwait.left",
    "sharedwait.relock",
    "leavegate",
    "sharedsignal",
    "sharedsignal.gate",
    "sharedsignal.passed",
    /* while something is recorded */
    "libcwait",
    "libcwait.back",
    "foreignlock",
    "foreignlock.back",
    "foreignrwlock",
    "foreignrwlock.back",
    "foreignbarrier",
    "foreignbarrier.back",
};
enum { NPOINT = sizeof points / sizeof points[0] };
static _Atomic int reached[NPOINT];

/* Called by the library. */
void
rendezstop(const char *point)
{
	for(int i = 0; i < NPOINT; i++)
		if(strcmp(points[i], point) == 0) {
			if(stopping(point))
				atomic_store_explicit(&reached[i], 1, memory_order_relaxed);
			return;
		}
	/* Reached only while something is recorded: dropped.c stops there. */
	if(strcmp(point, "sem.posting") == 0)
		return;
	no("%s: a point that this test does not know", point);
}

typedef enum Event { NOTHING, CANCEL, ASYNC, JUMP, ALTJUMP, EXIT, EXPIRE, FORK, NEVENT } Event;
static const char *const events[] = {
    "nothing", "cancel", "async cancel", "jump", "jump from the alternate stack", "exit", "deadline", "fork"};
typedef enum When { AFTER, BEFORE, BEHIND, NWHEN } When;
static const char *const whens[] = {"after all", "before it", "behind it"};

static Event event;
static _Thread_local sigjmp_buf out;
static _Thread_local volatile sig_atomic_t inside;
static _Atomic int vdone, wdone, left_;

static void
handler(int sig)
{
	(void)sig;
	if(!inside)
		return;
	inside = 0;
	if(event == EXIT)
		pthread_exit(NULL);
	siglongjmp(out, 1);
}

static void
cleanup(void *op)
{
	((const Op *)op)->left(event == CANCEL);
	atomic_store_explicit(&left_, 1, memory_order_release);
}

static void *
victim(void *arg)
{
	const Op *op = arg;
	static char alternate[65536];

	stopme(&vat);
	pthread_cleanup_push(cleanup, arg);
	if(event == ALTJUMP)
		SAME(sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = sizeof alternate}, NULL), 0);
	if(event == ASYNC)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	if(sigsetjmp(out, 1) == 0) {
		inside = 1;
		op->wait(1);
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
		inside = 0;
		op->got();
	} else {
		op->left(0);
		atomic_store_explicit(&left_, 1, memory_order_release);
		/* Not what the kernel does when the thread ends helps the other. */
		if(!takesrobust(vwhere))
			UNTIL(set(&wdone));
	}
	if(event == ALTJUMP)
		SAME(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL), 0);
	pthread_cleanup_pop(0);
	atomic_store_explicit(&vdone, 1, memory_order_release);
	return NULL;
}

static void *
other(void *arg)
{
	const Op *op = arg;

	op->wait(0);
	op->got();
	atomic_store_explicit(&wdone, 1, memory_order_release);
	return NULL;
}

static void *
partner(void *arg)
{
	const Op *op = arg;

	stopme(&kat);
	op->hold();
	return NULL;
}

/* Until it stops at its point, or has had time to go where it can go. */
static int
stops(At *a, long ms)
{
	struct timespec end = in(CLOCK_MONOTONIC, ms), now;

	do {
		if(atomic_load_explicit(&a->state, memory_order_acquire) == Stopped)
			return 1;
		napus(100);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while(now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
	return 0;
}

static void
forked(const Op *op)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if(pid == 0) {
		alarm(30);
		inchild = 1;
		stopme(NULL);
		op->child();
		_exit(0);
	}
	SAME(childstatus(pid), 0);
}

static _Atomic int cancelled;

static void *
cancels(void *v)
{
	SAME(pthread_cancel(((Thread *)v)->id), 0);
	atomic_store_explicit(&cancelled, 1, memory_order_release);
	return NULL;
}

/* A thread in a section is not cancelled before it is out of it: who does so, c, may wait until it goes on. */
static void
cancelling(Thread *c, Thread *v)
{
	atomic_store_explicit(&cancelled, 0, memory_order_relaxed);
	start(c, cancels, v);
	for(int i = 0; i < 50 && !atomic_load_explicit(&cancelled, memory_order_acquire); i++)
		napus(100);
}

static int
cancelevent(void)
{
	return event == CANCEL || event == ASYNC;
}

static void
happen(const Op *op, Thread *v, Thread *c)
{
	switch(event) {
	case CANCEL:
	case ASYNC:
		cancelling(c, v);
		break;
	case JUMP:
	case ALTJUMP:
	case EXIT:
		pthread_kill(v->id, SIGUSR1);
		break;
	case EXPIRE:
		napus(1000 * DEADLINE + 500);
		break;
	case FORK:
		forked(op);
		break;
	default:
		break;
	}
}

/* At any instruction, so that what has just been got may be taken along. */
static int
leaves(void)
{
	return event == ASYNC || event == JUMP || event == ALTJUMP || event == EXIT;
}

/* From within libc's wait nobody jumps: natively its barriers and readers-writer locks count such a waiter for ever. */
static int
mayleave(const Op *op, const char *point, int waker)
{
	/* When it leaves is not known then: a condition's waiter locks the mutex on its way. */
	if(onshared(point) && !leavesshared(op))
		return 0;
	if(begins(point, "libcwait.back"))
		return 0;
	return waker ? !theirs(point) && !begins(point, "robustunlock.let") : !takes(point) && !wakes(point);
}

static void
one(const Op *op, const char *point, When when, int first, int waker)
{
	int sa = event == ALTJUMP ? SA_ONSTACK : 0, here;
	Thread v, w, k, c;

	snprintf(doing, sizeof doing, "%s at %s of the %s: %s, partner %s, other %s", op->name, point,
	    waker ? "waker" : "waiter", events[event], whens[when], first ? "first" : "second");
	atomic_fetch_add_explicit(&progress, 1, memory_order_relaxed);
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler, .sa_flags = sa}, NULL);
	atomic_store_explicit(&vdone, 0, memory_order_relaxed);
	atomic_store_explicit(&wdone, 0, memory_order_relaxed);
	atomic_store_explicit(&left_, 0, memory_order_relaxed);
	vwhere = waker ? NULL : point;
	stopat(&vat, waker ? NULL : point);
	stopat(&kat, waker ? point : NULL);
	atomic_store_explicit(&holds, 0, memory_order_relaxed);
	atomic_store_explicit(&go, 0, memory_order_relaxed);
	op->make();
	ahead = first;
	start(&k, partner, (void *)op);
	UNTIL(atomic_load_explicit(&holds, memory_order_acquire));
	if(first) {
		start(&w, other, (void *)op);
		asleep(&w);
	}
	start(&v, victim, (void *)op);
	/* What comes after the deadline is waited for too. */
	here = stops(&vat, waker ? 2 : op->timed ? DEADLINE + 4 : 6);
	if(!first)
		start(&w, other, (void *)op);
	if(waker || (!here && when == BEFORE)) {
		napus(300);
		letgo();
		here = stops(waker ? &kat : &vat, 6);
	} else if(when == BEFORE) {
		letgo();
		napus(500);
	}
	if(here)
		happen(op, &v, &c);
	if(here && leaves() && leavesshared(op))
		UNTIL(set(&left_) || set(&vdone));
	if(when == BEHIND) {
		letgo();
		napus(500);
	}
	stopat(&vat, NULL);
	stopat(&kat, NULL);
	if(here && cancelevent())
		join(&c);
	if(when == AFTER) {
		napus(300);
		letgo();
	}
	op->finish(&vdone, &left_, &wdone);
	join(&v);
	join(&w);
	join(&k);
	op->check();
}

static void *
watchdog(void *arg)
{
	for(int last = -1, now;; last = now) {
		now = atomic_load_explicit(&progress, memory_order_relaxed);
		if(now == last && getenv("STOPAT_WAIT") == NULL)
			no("hangs: %s", doing);
		napus(30000000);
	}
	return arg;
}

int
main(int argc, char **argv)
{
	unsigned seed = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) * 2654435761u | 1 : 1;
	unsigned share = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 1;
	const char *only = getenv("STOPAT_OP"), *onlyat = getenv("STOPAT_POINT");
	int libcs = argc > 3, cases = 0;
	Thread dog;

	start(&dog, watchdog, NULL);
	for(const Op *op = ops; op->name != NULL; op++)
		for(int i = 0; i < NPOINT; i++)
			for(int waker = 0; waker < 2; waker++)
				for(event = NOTHING; event < NEVENT; event++)
					for(When when = 0; when < NWHEN; when++) {
						int first = rnd(&seed) >> 8 & 1;
						if(leaves() && !mayleave(op, points[i], waker))
							continue;
						if((!op->timed && event == EXPIRE) || !concerns(op, points[i]) ||
						    theirs(op->points) != libcs ||
						    (only != NULL && strcmp(only, op->name) != 0) ||
						    (onlyat != NULL && strcmp(onlyat, points[i]) != 0) ||
						    (rnd(&seed) >> 8) % share != 0)
							continue;
						one(op, points[i], when, first, waker);
						cases++;
					}
	if(preloaded() && share == 1 && only == NULL && onlyat == NULL)
		for(int i = 0; i < NPOINT; i++)
			if(theirs(points[i]) == libcs && !atomic_load_explicit(&reached[i], memory_order_relaxed))
				no("nobody was stopped at %s", points[i]);
	fprintf(stderr, "%d cases\n", cases);
	return ok();
}
