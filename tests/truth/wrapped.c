/*
 * Through a wrapper library: two holders' lines and two waiters', of different
 * times.  The holder's line may be given as the wrapper's, which is all that the
 * lock remembers; waiter and waker are known by their stacks.
 */
#include "truth.h"

enum { ROUNDS = 20, SHORT = 4, LONG = 9 };

int wraplock(pthread_mutex_t *);
int wrapunlock(pthread_mutex_t *);

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int held, wants, done;
static int64_t waited[2];

/* Odd rounds hold briefly, even ones long. */
static void *
hold(void *arg)
{
	for(int i = 1; i <= 2 * ROUNDS; i++) {
		if(i & 1)
			SAME(wraplock(&m), 0); /* site: hold1 */
		else
			SAME(wraplock(&m), 0); /* site: hold2 */
		tell(&held, i);
		await(&wants, i);
		napus((i & 1 ? SHORT : LONG) * 1000);
		if(i & 1)
			SAME(wrapunlock(&m), 0); /* site: let1 */
		else
			SAME(wrapunlock(&m), 0); /* site: let2 */
		await(&done, i);
	}
	return arg;
}

static void *
want(void *arg)
{
	for(int i = 1; i <= 2 * ROUNDS; i++) {
		await(&held, i);
		int64_t t = now();
		tell(&wants, i);
		if(i & 1)
			SAME(wraplock(&m), 0); /* site: wait1 */
		else
			SAME(wraplock(&m), 0); /* site: wait2 */
		waited[!(i & 1)] += now() - t;
		SAME(wrapunlock(&m), 0);
		tell(&done, i);
	}
	return arg;
}

int
main(void)
{
	Thread h, w;
	start(&h, hold, NULL);
	start(&w, want, NULL);
	join(&h);
	join(&w);
	Lock l = {.address = &m,
	    .kind = "mutex",
	    .waitslow = 2 * ROUNDS,
	    .waitshigh = 2 * ROUNDS,
	    .acquired = 4 * ROUNDS,
	    .npair = 2};
	l.pair[0] = (Pair){"lock", "wrapped.c:wait1", "wrapped.c:hold1 wraplib.c:lock", "wrapped.c:let1", "acquired",
	    ROUNDS, waited[0]};
	l.pair[1] = (Pair){"lock", "wrapped.c:wait2", "wrapped.c:hold2 wraplib.c:lock", "wrapped.c:let2", "acquired",
	    ROUNDS, waited[1]};
	print(&l, 1);
	return 0;
}
