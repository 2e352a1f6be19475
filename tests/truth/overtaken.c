/*
 * One wait over HOLDS holders of two lines.  The holder releases and takes the mutex again at once, at two lines in turn, and
 * then sleeps with it.  Meanwhile the waiter stands in a handler, which interrupted its sleep: so it was woken, and each time
 * finds the mutex held again.  Whatever the scheduler does, it is one wait, and has a part for each hold, which ended when that
 * was released.
 */
#include "truth.h"

enum { HOLDS = 100, SHORT = 4, LONG = 8 };

typedef struct Span {
	int64_t begin, end;
} Span;

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static int64_t held[HOLDS]; /* since when */
static Span waited;
static Thread w;
static _Atomic int holding;
/* The waiter is to stand, stands, may go on, for the time before this hold. */
static _Atomic int stand, stands, go;

static void
handler(int sig)
{
	int keep = errno, i = atomic_load_explicit(&stand, memory_order_acquire);
	(void)sig;
	tell(&stands, i);
	while(atomic_load_explicit(&go, memory_order_acquire) < i)
		napus(50);
	errno = keep;
}

/* It ends when the waiter sleeps and so has looked; before the release it stands, but after the last hold it is to have the mutex. */
static void
hold(int i)
{
	held[i] = now();
	tell(&go, i);
	tell(&holding, 1);
	napus((i & 1 ? LONG : SHORT) * 1000);
	asleep(&w);
	if(i == HOLDS - 1)
		return;
	tell(&stand, i + 1);
	SAME(pthread_kill(w.id, SIGUSR1), 0);
	await(&stands, i + 1);
}

static void *
holder(void *arg)
{
	for(int i = 0; i < HOLDS; i += 2) {
		SAME(pthread_mutex_lock(&m), 0); /* site: short */
		hold(i);
		SAME(pthread_mutex_unlock(&m), 0); /* site: letshort */
		SAME(pthread_mutex_lock(&m), 0);   /* site: long */
		hold(i + 1);
		SAME(pthread_mutex_unlock(&m), 0); /* site: letlong */
	}
	return arg;
}

static void *
waiter(void *arg)
{
	await(&holding, 1);
	waited.begin = now();
	SAME(pthread_mutex_lock(&m), 0); /* site: wait */
	waited.end = now();
	SAME(pthread_mutex_unlock(&m), 0); /* site: letwait */
	return arg;
}

int
main(void)
{
	int64_t by[2] = {0, 0};
	Thread h;

	SAME(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler}, NULL), 0);
	start(&w, waiter, NULL);
	start(&h, holder, NULL);
	join(&h);
	join(&w);
	for(int i = 0; i < HOLDS; i++)
		by[i & 1] += (i + 1 < HOLDS ? held[i + 1] : waited.end) - (i > 0 ? held[i] : waited.begin);
	Lock l = {.address = &m,
	    .kind = "mutex",
	    .waitslow = 1,
	    .waitshigh = 1,
	    .acquired = HOLDS + 1,
	    .others = 0,
	    .npair = 2};
	l.pair[0] = (Pair){
	    "lock", "overtaken.c:wait", "overtaken.c:short", "overtaken.c:letshort", "acquired", 1, by[0]};
	l.pair[1] = (Pair){"lock", "overtaken.c:wait", "overtaken.c:long", "overtaken.c:letlong", "acquired", 1, by[1]};
	print(&l, 1);
	return 0;
}
