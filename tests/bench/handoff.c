/* One thread lets another go on: ping-pong, a bounded queue, and a broadcast to many. */
#include "lab.h"

enum { SLOTS = 16 };

static _Alignas(LINE) pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static _Alignas(LINE) pthread_cond_t cond[2] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static int token[2];
static sem_t sem[2];
static void (*give)(int side);
static void (*get)(int side);
static _Atomic int lasttrip;

static void
condgive(int side)
{
	pthread_mutex_lock(&mutex);
	token[side] = 1;
	pthread_cond_signal(&cond[side]);
	pthread_mutex_unlock(&mutex);
}

static void
condget(int side)
{
	pthread_mutex_lock(&mutex);
	while(!token[side])
		pthread_cond_wait(&cond[side], &mutex);
	token[side] = 0;
	pthread_mutex_unlock(&mutex);
}

static void
semgive(int side)
{
	sem_post(&sem[side]);
}

static void
semget(int side)
{
	while(sem_wait(&sem[side]) != 0)
		;
}

/* The first serves and says which trip is the last; the hand-off makes that visible. */
static void *
play(void *arg)
{
	Worker *w = arg;
	int end;

	do {
		if(w->id == 0) {
			end = isover();
			atomic_store_explicit(&lasttrip, end, memory_order_relaxed);
			give(1);
			get(0);
		} else {
			get(1);
			end = atomic_load_explicit(&lasttrip, memory_order_relaxed);
			give(0);
		}
		w->ops++;
	} while(!end);
	return NULL;
}

static void
pingpong(void)
{
	double r = rate(2, play) / 2;

	if(worker[0].ops != worker[1].ops)
		die("a hand-off was lost");
	say("trips", r, "/s");
}

void
condpingpong(char **arg)
{
	(void)arg;
	give = condgive;
	get = condget;
	pingpong();
}

void
sempingpong(char **arg)
{
	(void)arg;
	sem_init(&sem[0], 0, 0);
	sem_init(&sem[1], 0, 0);
	give = semgive;
	get = semget;
	pingpong();
}

/* From one broadcast to the next, which comes when every waiter has held the mutex and waits again. */
static int waiting, round;

static void *
flock(void *arg)
{
	Worker *w = arg;
	int all = workers - 1, mine;

	pthread_mutex_lock(&mutex);
	while(!isover()) {
		if(w->id == 0) {
			while(waiting < all && !isover())
				pthread_cond_wait(&cond[1], &mutex);
			waiting = 0;
			round++;
			pthread_cond_broadcast(&cond[0]);
			w->ops++;
		} else {
			mine = round;
			if(++waiting == all)
				pthread_cond_signal(&cond[1]);
			while(mine == round && !isover())
				pthread_cond_wait(&cond[0], &mutex);
		}
	}
	pthread_cond_broadcast(&cond[0]);
	pthread_cond_broadcast(&cond[1]);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

/* The flock looks at over with the mutex held, so who ends it must hold it too. */
static double
untilover(int n, void *(*body)(void *))
{
	double begun, ended;

	start(n, body);
	begun = now();
	nap(period);
	pthread_mutex_lock(&mutex);
	atomic_store(&over, 1);
	ended = now();
	pthread_cond_broadcast(&cond[0]);
	pthread_cond_broadcast(&cond[1]);
	pthread_mutex_unlock(&mutex);
	return (double)finish() / (ended - begun);
}

void
broadcast(char **arg)
{
	say("round", 1e6 / untilover(atoi(arg[0]) + 1, flock), "us");
}

static struct {
	uint64_t slot[SLOTS], put, got, sum;
} items;
static int producers;

static void *
produceorconsume(void *arg)
{
	enum { Room, Items };
	Worker *w = arg;

	for(;;) {
		pthread_mutex_lock(&mutex);
		if(w->id < producers) {
			while(items.put - items.got == SLOTS && !isover())
				pthread_cond_wait(&cond[Room], &mutex);
			if(isover())
				break;
			items.slot[items.put % SLOTS] = items.put;
			items.put++;
			pthread_cond_signal(&cond[Items]);
		} else {
			while(items.put == items.got && !isover())
				pthread_cond_wait(&cond[Items], &mutex);
			if(isover())
				break;
			items.sum += items.slot[items.got % SLOTS];
			items.got++;
			w->ops++;
			pthread_cond_signal(&cond[Room]);
		}
		pthread_mutex_unlock(&mutex);
		w->sink = work(w->sink, 50);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

void
queue(char **arg)
{
	double r;

	producers = atoi(arg[0]);
	r = untilover(producers + atoi(arg[1]), produceorconsume);
	if(items.sum != items.got * (items.got - 1) / 2)
		die("an item was lost");
	say("throughput", r, "/s");
}
