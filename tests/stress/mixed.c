/*
 * The mixed stress: mixed [-t THREADS] [-n OPERATIONS] [-m FORKS-AND-CANCELLATIONS] [-s SEED] [-v]
 *
 * THREADS threads of all roles at once: workers, takers of tokens, victims of
 * cancellation, a forker, under a tormentor's signals, until so many operations,
 * forks and cancellations are done; then every law of conservation is checked.
 * The forks are spread over the operations, since they are what costs most.
 * If any role, or any worker, makes no progress for STILL seconds in which all that
 * could run did, every stack is shown and the program aborts.
 */
#include "stress.h"

enum {
	STILL = 30,
	MAXTHREADS = 1024,
	OTHERS = STATIONS * TAKERS + 10
}; /* takers, victims, canceller, forker, drainer, tormentor */

unsigned seed0 = 1;
_Atomic int stop;
static pthread_t thread[MAXTHREADS];
static int nworker, nthread;

/* Only threads that live to the end are signalled. */
static void *
tormentor(void *arg)
{
	unsigned seed = seedof(5000);
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		int i = (int)(rnd(&seed) % (unsigned)nthread);
		LAW(pthread_kill(thread[i], rnd(&seed) & 64 ? SIGUSR1 : SIGUSR2) == 0);
		nap(rnd(&seed) % 200);
	}
	return arg;
}

static void
start(void *(*f)(void *), long arg)
{
	LAW(pthread_create(&thread[nthread], NULL, f, (void *)arg) == 0);
	nthread++;
}

/* Called every step. */
static void
moves(Moves *w, long now, const char *what, int number)
{
	if(standsfor(w, now, STILL)) {
		eachchild(dumpstacks);
		broken("%s %d stand still at %ld for %d s", what, number, now, STILL);
	}
}

static long ops = 1000000, events = 200;

int
due(const Role *r)
{
	return atomic_load_explicit(&r->done, memory_order_relaxed) * ops <= events * allops();
}

static int
watch(void)
{
	static Moves worker1[MAXTHREADS], role[3];
	Role *const roles[3] = {&trips, &cancels, &forks};
	int enough = allops() >= ops;
	for(int i = 0; i < nworker; i++)
		moves(&worker1[i], workerops(i), "operations of worker", i);
	for(int i = 0; i < 3; i++) {
		long done = atomic_load_explicit(&roles[i]->done, memory_order_relaxed);
		moves(&role[i], done, roles[i]->name, i);
		enough &= i == 0 || done >= events;
	}
	return enough;
}

/* The same at the end: threads that do not come home are a lost wakeup too. */
static _Atomic int home;

static void *
endwatch(void *arg)
{
	Moves end = {0};
	for(int n; (n = atomic_load_explicit(&home, memory_order_acquire)) < nthread;) {
		step(eachchild);
		moves(&end, n, "threads that came home, of", nthread);
	}
	return arg;
}

int
main(int argc, char **argv)
{
	long threads = 64;
	int verbose = 0, opt;
	pthread_t watcher, torment;

	while((opt = getopt(argc, argv, "t:n:m:s:v")) != -1)
		switch(opt) {
		case 't':
			threads = atol(optarg);
			break;
		case 'n':
			ops = atol(optarg);
			break;
		case 'm':
			events = atol(optarg);
			break;
		case 's':
			seed0 = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'v':
			verbose = 1;
			break;
		default:
			return 2;
		}
	if(threads <= OTHERS || threads > MAXTHREADS) {
		fprintf(stderr, "mixed: from %d to %d threads\n", OTHERS + 1, MAXTHREADS);
		return 2;
	}
	nworker = (int)threads - OTHERS;
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = onsignal, .sa_flags = SA_RESTART}, NULL);
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = onsignal}, NULL);
	workersinit(nworker);
	stationsinit();
	for(int i = 0; i < nworker; i++)
		start(worker, i);
	for(int i = 0; i < STATIONS * TAKERS; i++)
		start(taker, i);
	start(handlertaker, 0);
	start(forker, 0);
	start(canceller, 0);
	LAW(pthread_create(&torment, NULL, tormentor, NULL) == 0);

	while(!watch())
		step(eachchild);
	LAW(pthread_create(&watcher, NULL, endwatch, NULL) == 0);
	atomic_store_explicit(&stop, 1, memory_order_release);
	LAW(pthread_join(torment, NULL) == 0);
	stationsstop();
	postlast();
	for(int i = 0; i < nthread; i++) {
		LAW(pthread_join(thread[i], NULL) == 0);
		atomic_store_explicit(&home, i + 1, memory_order_release);
	}
	LAW(pthread_join(watcher, NULL) == 0);
	stationscheck();
	if(verbose)
		fprintf(stderr, "seed %u: %ld operations, %ld trips, %ld cancellations, %ld forks, %ld signals\n",
		    seed0, allops(), (long)trips.done, (long)cancels.done, (long)forks.done, (long)handled);
	workerscheck();
	printf("ok mixed\n");
	return 0;
}
