/*
 * The watchdog's time, and whether the machine lets everyone run in it.  It is for threads that
 * wait: one that could run and got no processor between two looks has lost no
 * wakeup, and whoever stands still may be standing for it.  Seen natively, too:
 * of a child that was forked and had not run for 32 s; and of threads that lock nothing, for 48 s on both processors, while
 * the kernel (6.18) said of its own workers "stuck".
 */
#include "stress.h"

enum { TASKS = 2048, STEP = 10, STEPS = 1000 / STEP /* ms, and so many a second */ };

/* What a look has seen of a thread that was ready to run, or in the kernel and not to be interrupted. */
typedef struct Ready {
	long tid;
	unsigned long long ran; /* ns */
} Ready;

static Ready looks[2][TASKS];
static int count[2], latest;

static void
note(pid_t pid, const char *tid)
{
	char stat[600], sched[100], *state;
	if(count[latest] == TASKS || !readtask(stat, sizeof stat, pid, tid, "stat") ||
	    !readtask(sched, sizeof sched, pid, tid, "schedstat") || (state = strrchr(stat, ')')) == NULL)
		return;
	if(state[1] == ' ' && (state[2] == 'R' || state[2] == 'D'))
		looks[latest][count[latest]++] = (Ready){strtol(tid, NULL, 10), strtoull(sched, NULL, 10)};
}

static void
noteall(pid_t pid)
{
	eachtask(pid, note);
}

/*
 * How many threads were ready at the last call and are now, and have not run for a nanosecond in between: one that slept in
 * between would have had to run before.
 */
static int
starved(void (*eachchild)(void (*f)(pid_t)))
{
	const Ready *before = looks[latest];
	int n = count[latest], starved = 0;

	latest ^= 1;
	count[latest] = 0;
	noteall(getpid());
	if(eachchild != NULL)
		eachchild(noteall);
	for(int i = 0; i < count[latest]; i++)
		for(int k = 0; k < n; k++)
			starved += before[k].tid == looks[latest][i].tid && before[k].ran == looks[latest][i].ran;
	return starved;
}

static int starving;

void
step(void (*eachchild)(void (*f)(pid_t)))
{
	static int steps;
	nap(STEP * 1000L);
	if(++steps % STEPS == 0)
		starving = starved(eachchild);
}

int
standsfor(Moves *w, long now, int seconds)
{
	if(now != w->last)
		w->still = 0;
	else if(!starving)
		w->still++;
	w->last = now;
	return w->still >= seconds * STEPS;
}
