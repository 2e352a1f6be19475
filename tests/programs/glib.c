/*
 * GLib's locks from many threads: GMutex, GRecMutex, GRWLock, GCond with and without a deadline, GOnce, GPrivate, an
 * asynchronous queue and a pool of threads.  (GMutex and GCond are futexes of GLib's own; GRecMutex and GRWLock are
 * pthread's.)
 *
 *	glib N		N rounds a thread
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

enum { NTHREAD = 6, ROOM = 3 };

static int rounds;
static GMutex mutex, turnlock;
static GRecMutex again;
static GRWLock rw;
static GCond turned;
static GOnce once = G_ONCE_INIT;
static GAsyncQueue *queue, *results;
static GThreadPool *pool;
static long counted, recursed, written[2], onced, lost;
static int turn, torn;

static void
gone(gpointer p)
{
	g_atomic_int_add((gint *)p, 1);
}

static gint freed;
static GPrivate private = G_PRIVATE_INIT(gone);

static gpointer
first(gpointer arg)
{
	onced++;
	return arg;
}

static void
pooled(gpointer data, gpointer user)
{
	(void)user;
	g_rec_mutex_lock(&again);
	recursed += GPOINTER_TO_INT(data) & 1;
	g_rec_mutex_unlock(&again);
	g_async_queue_push(results, data);
}

static gpointer
work(gpointer arg)
{
	int me = GPOINTER_TO_INT(arg);

	g_private_set(&private, &freed);
	g_once(&once, first, &once);
	for(int i = 0; i < rounds; i++) {
		g_mutex_lock(&mutex);
		counted++;
		g_mutex_unlock(&mutex);
		g_rec_mutex_lock(&again);
		g_rec_mutex_lock(&again);
		recursed++;
		g_rec_mutex_unlock(&again);
		g_rec_mutex_unlock(&again);
		if(i % 8 == me) {
			g_rw_lock_writer_lock(&rw);
			written[0]++;
			written[1]++;
			g_rw_lock_writer_unlock(&rw);
		} else {
			g_rw_lock_reader_lock(&rw);
			torn += written[0] != written[1];
			g_rw_lock_reader_unlock(&rw);
		}
		if(i % 4 == 0)
			g_async_queue_push(queue, GINT_TO_POINTER(i + 1));
		if(i % 8 == 1)
			g_thread_pool_push(pool, GINT_TO_POINTER(i + 1), NULL);
		if(i % 32 == 0) {
			g_mutex_lock(&turnlock);
			while(turn % NTHREAD != me)
				if(!g_cond_wait_until(
				       &turned, &turnlock, g_get_monotonic_time() + 60 * G_TIME_SPAN_SECOND))
					lost++;
			turn++;
			g_cond_broadcast(&turned);
			g_mutex_unlock(&turnlock);
		}
	}
	return NULL;
}

static gpointer
take(gpointer arg)
{
	long n = (long)((rounds + 3) / 4) * NTHREAD, sum = 0;
	gpointer p;

	(void)arg;
	for(long i = 0; i < n; i++) {
		while((p = g_async_queue_timeout_pop(queue, 2000)) == NULL)
			;
		sum += GPOINTER_TO_INT(p);
	}
	return GSIZE_TO_POINTER((gsize)sum);
}

int
main(int argc, char **argv)
{
	GThread *t[NTHREAD], *taker;
	long jobs, sum = 0, taken;

	rounds = argc > 1 ? atoi(argv[1]) : 1000;
	jobs = (long)((rounds + 6) / 8) * NTHREAD;
	queue = g_async_queue_new();
	results = g_async_queue_new();
	pool = g_thread_pool_new(pooled, NULL, ROOM, FALSE, NULL);
	taker = g_thread_new("taker", take, NULL);
	for(int i = 0; i < NTHREAD; i++)
		t[i] = g_thread_new("worker", work, GINT_TO_POINTER(i));
	for(int i = 0; i < NTHREAD; i++)
		g_thread_join(t[i]);
	taken = (long)GPOINTER_TO_SIZE(g_thread_join(taker));
	for(long i = 0; i < jobs; i++)
		sum += GPOINTER_TO_INT(g_async_queue_pop(results));
	g_thread_pool_free(pool, FALSE, TRUE);
	printf(
	    "counted %ld recursed %ld written %ld torn %d taken %ld pooled %ld turns %d lost %ld once %ld freed %d\n",
	    counted, recursed, written[0], torn, taken, sum, turn, lost, onced, freed);
	return 0;
}
