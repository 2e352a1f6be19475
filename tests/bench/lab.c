/*
 * The lock benchmark: lab NAME ARGUMENT...
 *
 * One benchmark a process, so that none sees what another has left: threads, adapted spinning, queues.  LAB_MS is the length of a
 * measurement (100), LAB_PIN=same or split where the threads run: all on the first processor, or in turn on each; LAB_FIFO makes them
 * SCHED_FIFO, of one priority.
 */
#include "lab.h"

#include <limits.h>

enum { STACK = 128 << 10, PRIORITY = 10 };

Worker worker[MOST];
Guarded guarded;
int workers, timing;
_Atomic int over;
double period = 0.1;
static _Atomic int gate;
static enum { Pfree, Psame, Psplit } pin;
static int fifo;
static void *(*role)(void *);

static const struct {
	const char *name;
	int nargs;
	void (*run)(char **);
	const char *args;
} benches[] = {
    {"pairs", 1, pairs, "1|2 (whether a second thread lives)"},
    {"contended", 3, contended, "THREADS IN OUT (turns of work)"},
    {"oversubscribed", 1, oversubscribed, "THREADS (a processor)"},
    {"apart", 1, apart, "THREADS"},
    {"broadcast", 1, broadcast, "WAITERS"},
    {"condpingpong", 0, condpingpong, ""},
    {"sempingpong", 0, sempingpong, ""},
    {"queue", 2, queue, "PRODUCERS CONSUMERS"},
    {"rwmixed", 2, rwmixed, "THREADS READERS (of a hundred)"},
    {"barrier", 1, barrier, "THREADS"},
    {"memory", 0, memory, ""},
};

double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void
nap(double s)
{
	struct timespec t = {(time_t)s, (long)((s - (double)(time_t)s) * 1e9)};

	nanosleep(&t, NULL);
}

void
die(const char *why)
{
	fprintf(stderr, "lab: %s\n", why);
	exit(1);
}

void
say(const char *name, double value, const char *unit)
{
	printf("%s\t%.6g\t%s\n", name, value, unit);
}

static void
pinto(int cpu)
{
	cpu_set_t set;

	if(pin == Pfree)
		return;
	CPU_ZERO(&set);
	CPU_SET(pin == Psame ? 0 : cpu % (int)sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof set, &set);
}

/* Of the calling thread, and of those that it makes. */
static void
priority(int p)
{
	if(fifo && sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){p}) != 0)
		die("no real-time policy is permitted");
}

void
make(pthread_t *t, void *(*body)(void *), void *arg)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	if(pthread_create(t, &attr, body, arg) != 0)
		die("no thread could be made");
	pthread_attr_destroy(&attr);
}

/* All wait until all are there: with sched_yield, for no lock may have been used when the measurement begins. */
static void *
begin(void *arg)
{
	pinto(((Worker *)arg)->id);
	atomic_fetch_add(&gate, 1);
	while(atomic_load(&gate) >= 0)
		sched_yield();
	return role(arg);
}

void
start(int n, void *(*body)(void *))
{
	if(n > MOST)
		die("too many threads");
	priority(PRIORITY);
	role = body;
	workers = n;
	memset(worker, 0, (size_t)n * sizeof *worker);
	memset(&guarded, 0, sizeof guarded);
	atomic_store(&over, 0);
	atomic_store(&gate, 0);
	for(int i = 0; i < n; i++) {
		worker[i].id = i;
		make(&worker[i].thread, begin, &worker[i]);
	}
	while(atomic_load(&gate) < n)
		sched_yield();
	atomic_store(&gate, INT_MIN / 2);
}

uint64_t
finish(void)
{
	uint64_t ops = 0;

	for(int i = 0; i < workers; i++) {
		pthread_join(worker[i].thread, NULL);
		ops += worker[i].ops;
	}
	return ops;
}

double
rate(int n, void *(*body)(void *))
{
	double begun, ended;

	start(n, body);
	priority(PRIORITY + 1); /* or it would not come back while they run */
	begun = now();
	nap(period);
	atomic_store(&over, 1);
	ended = now();
	return (double)finish() / (ended - begun);
}

int
main(int argc, char **argv)
{
	const char *s = getenv("LAB_MS");

	if(s != NULL)
		period = atof(s) / 1e3;
	s = getenv("LAB_PIN");
	if(s != NULL)
		pin = strcmp(s, "same") == 0 ? Psame : Psplit;
	fifo = getenv("LAB_FIFO") != NULL;
	priority(PRIORITY);
	for(size_t i = 0; i < sizeof benches / sizeof *benches; i++)
		if(argc > 1 && strcmp(argv[1], benches[i].name) == 0) {
			if(argc - 2 != benches[i].nargs)
				die(benches[i].args);
			benches[i].run(argv + 2);
			return 0;
		}
	for(size_t i = 0; i < sizeof benches / sizeof *benches; i++)
		printf("lab %s %s\n", benches[i].name, benches[i].args);
	return 1;
}
