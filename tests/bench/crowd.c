/* Many threads at one mutex, one readers-writer lock, one barrier; and as many that share nothing. */
#include "lab.h"

static _Alignas(LINE) pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static _Alignas(LINE) pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static _Alignas(LINE) pthread_barrier_t round;
static int in, out, readers;

static void
waited(Worker *w, double begun, double ended)
{
	uint64_t ns = (uint64_t)((ended - begun) * 1e9);

	if(ns > w->longest)
		w->longest = ns;
}

static void
saylongest(int n)
{
	uint64_t longest = 0;

	for(int i = 0; i < n; i++)
		if(worker[i].longest > longest)
			longest = worker[i].longest;
	say("wait", (double)longest / 1e6, "ms");
}

static void
lock(Worker *w)
{
	double begun;

	if(!timing) {
		pthread_mutex_lock(&mutex);
		return;
	}
	begun = now();
	pthread_mutex_lock(&mutex);
	waited(w, begun, now());
}

static void *
contend(void *arg)
{
	Worker *w = arg;
	uint64_t x = (uint64_t)w->id;

	while(!isover()) {
		lock(w);
		x = section(x, in);
		pthread_mutex_unlock(&mutex);
		w->ops++;
		x = work(x, out);
	}
	w->sink = x;
	return NULL;
}

/* One thread in four has slept before it locks. */
static void *
contendorsleep(void *arg)
{
	Worker *w = arg;

	if(w->id % 4 != 3)
		return contend(arg);
	while(!isover()) {
		nap(1e-4);
		lock(w);
		w->sink = section(w->sink, in);
		pthread_mutex_unlock(&mutex);
		w->ops++;
	}
	return NULL;
}

/* Two runs: one for the throughput and how it was shared out, one for the longest wait, in which each is timed. */
static void
crowd(int n, void *(*body)(void *))
{
	uint64_t ops = 0, least = UINT64_MAX;
	double r;

	timing = 0;
	r = rate(n, body);
	for(int i = 0; i < n; i++) {
		ops += worker[i].ops;
		if(worker[i].ops < least)
			least = worker[i].ops;
	}
	if(guarded.a != ops || guarded.b != ops)
		die("two threads held the mutex");
	say("throughput", r, "/s");
	say("cost", 1e9 / r, "ns");
	say("share", (double)least * n / (double)ops, "of mean");
	timing = 1;
	rate(n, body);
	saylongest(n);
}

void
contended(char **arg)
{
	in = atoi(arg[1]);
	out = atoi(arg[2]);
	crowd(atoi(arg[0]), contend);
}

void
oversubscribed(char **arg)
{
	in = 50;
	out = 100;
	crowd(atoi(arg[0]) * (int)sysconf(_SC_NPROCESSORS_ONLN), contendorsleep);
}

static void *
stayapart(void *arg)
{
	Worker *w = arg;
	double before = now(), t;

	for(; !isover(); before = t) {
		t = now();
		waited(w, before, t);
		w->ops++;
	}
	return NULL;
}

/* Threads that share nothing: for how long the kernel alone keeps one of so many from a processor. */
void
apart(char **arg)
{
	int n = atoi(arg[0]);

	rate(n, stayapart);
	saylongest(n);
}

static void *
readorwrite(void *arg)
{
	Worker *w = arg;
	uint64_t x = (uint64_t)w->id + 1, writes = 0, a;

	while(!isover()) {
		x = work(x, 1);
		if((int)((x >> 33) % 100) < readers) {
			pthread_rwlock_rdlock(&rwlock);
			a = guarded.a;
			x = work(x, 50);
			if(a != guarded.b)
				die("a reader held it with a writer");
			pthread_rwlock_unlock(&rwlock);
		} else {
			pthread_rwlock_wrlock(&rwlock);
			x = section(x, 50);
			pthread_rwlock_unlock(&rwlock);
			writes++;
		}
		w->ops++;
		x = work(x, 50);
	}
	w->sink = writes;
	return NULL;
}

void
rwmixed(char **arg)
{
	uint64_t writes = 0;
	int n = atoi(arg[0]);
	double r;

	readers = atoi(arg[1]);
	r = rate(n, readorwrite);
	for(int i = 0; i < n; i++)
		writes += worker[i].sink;
	if(guarded.a != writes || guarded.b != writes)
		die("two writers held it");
	say("throughput", r, "/s");
}

/* The round after which all leave: said before that round is through, and so by nobody read in an earlier one. */
static uint64_t last;

static void *
meet(void *arg)
{
	Worker *w = arg;

	do {
		if(w->id == 0 && isover())
			last = w->ops;
		pthread_barrier_wait(&round);
	} while(w->ops++ != __atomic_load_n(&last, __ATOMIC_RELAXED));
	return NULL;
}

void
barrier(char **arg)
{
	int n = atoi(arg[0]);
	double r;

	last = UINT64_MAX;
	pthread_barrier_init(&round, NULL, (unsigned)n);
	r = rate(n, meet) / n;
	for(int i = 1; i < n; i++)
		if(worker[i].ops != worker[0].ops)
			die("not all were in the same rounds");
	say("rounds", r, "/s");
}
