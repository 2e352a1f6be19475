/*
 * Whether the machine lets everyone run.  The watchdog's time is for threads that
 * wait: one that could run and got no processor between two looks has lost no
 * wakeup, and whoever stands still may be standing for it.  Seen natively, too:
 * seconds, of a child that was forked and had not run for 32 s.
 */
#include "stress.h"

enum { TASKS = 2048 };

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
 * How many threads, of this process and its children, were ready at the last call
 * and are now, and have not run for a nanosecond in between: one that slept in
 * between would have had to run before.  One caller at a time.
 */
int
starved(void)
{
	const Ready *before = looks[latest];
	int n = count[latest], starved = 0;

	latest ^= 1;
	count[latest] = 0;
	noteall(getpid());
	eachchild(noteall);
	for(int i = 0; i < count[latest]; i++)
		for(int k = 0; k < n; k++)
			starved += before[k].tid == looks[latest][i].tid && before[k].ran == looks[latest][i].ran;
	return starved;
}
