/*
 * libuv's locks from many threads (mutex, recursive mutex, readers-writer lock, condition with and without a deadline,
 * semaphore, barrier, once, keys), and its loop with the pool of threads behind it and messages to it.
 *
 *	uv N		N rounds a thread
 */
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { NTHREAD = 6, NWORK = 64 };

static int rounds;
static uv_mutex_t mutex, again, turnlock;
static uv_rwlock_t rw;
static uv_cond_t turned;
static uv_sem_t permits;
static uv_barrier_t barrier;
static uv_once_t once = UV_ONCE_INIT;
static uv_key_t key;
static uv_async_t async;
static uv_work_t works[NWORK];
static long counted, recursed, written[2], onced, served, pooled, finished, lost, torn, inside, most, told;
static long todo, through;

static void
first(void)
{
	onced++;
}

static void
work(void *arg)
{
	int me = (int)(size_t)arg;

	uv_once(&once, first);
	uv_key_set(&key, arg);
	for(int i = 0; i < rounds; i++) {
		uv_mutex_lock(&mutex);
		counted++;
		uv_mutex_unlock(&mutex);
		uv_mutex_lock(&again);
		uv_mutex_lock(&again);
		recursed++;
		uv_mutex_unlock(&again);
		uv_mutex_unlock(&again);
		if(i % 8 == me) {
			uv_rwlock_wrlock(&rw);
			written[0]++;
			written[1]++;
			uv_rwlock_wrunlock(&rw);
		} else if(i % 2 == 0 || uv_rwlock_tryrdlock(&rw) != 0) {
			uv_rwlock_rdlock(&rw);
			if(written[0] != written[1])
				__atomic_fetch_add(&torn, 1, __ATOMIC_RELAXED);
			uv_rwlock_rdunlock(&rw);
		} else
			uv_rwlock_rdunlock(&rw);
		if(i % 4 == 0) {
			uv_sem_wait(&permits);
			uv_mutex_lock(&mutex);
			if(++inside > most)
				most = inside;
			uv_mutex_unlock(&mutex);
			uv_mutex_lock(&mutex);
			inside--;
			uv_mutex_unlock(&mutex);
			uv_sem_post(&permits);
		}
		if(i % 32 == 0) {
			uv_mutex_lock(&turnlock);
			while(told % NTHREAD != me)
				if(uv_cond_timedwait(&turned, &turnlock, 60000000000) != 0)
					lost++;
			told++;
			uv_cond_broadcast(&turned);
			uv_mutex_unlock(&turnlock);
			if(uv_barrier_wait(&barrier) > 0)
				__atomic_fetch_add(&served, 1, __ATOMIC_RELAXED);
			uv_async_send(&async);
		}
	}
	if(uv_key_get(&key) != arg)
		abort();
	uv_mutex_lock(&mutex);
	through++;
	uv_async_send(&async);
	uv_mutex_unlock(&mutex);
}

/* In the pool. */
static void
job(uv_work_t *w)
{
	(void)w;
	for(int i = 0; i < 20; i++) {
		uv_mutex_lock(&mutex);
		pooled++;
		uv_mutex_unlock(&mutex);
	}
}

/* In the loop: the same job again while there is something to do. */
static void
done(uv_work_t *w, int status)
{
	if(status != 0)
		abort();
	finished++;
	if(todo > 0) {
		todo--;
		uv_queue_work(w->loop, w, job, done);
	}
}

/* The loop ends when all threads have said that they are through. */
static void
message(uv_async_t *a)
{
	int all;

	uv_mutex_lock(&mutex);
	all = through == NTHREAD;
	uv_mutex_unlock(&mutex);
	if(all)
		uv_close((uv_handle_t *)a, NULL);
}

int
main(int argc, char **argv)
{
	uv_thread_t t[NTHREAD];
	uv_loop_t *loop = uv_default_loop();

	rounds = argc > 1 ? atoi(argv[1]) : 1000;
	todo = rounds / 4;
	if(uv_mutex_init(&mutex) || uv_mutex_init_recursive(&again) || uv_mutex_init(&turnlock) ||
	    uv_rwlock_init(&rw) || uv_cond_init(&turned) || uv_sem_init(&permits, 2) ||
	    uv_barrier_init(&barrier, NTHREAD) || uv_key_create(&key) || uv_async_init(loop, &async, message))
		return 1;
	for(int i = 0; i < NWORK; i++)
		uv_queue_work(loop, &works[i], job, done);
	for(int i = 0; i < NTHREAD; i++)
		uv_thread_create(&t[i], work, (void *)(size_t)i);
	uv_run(loop, UV_RUN_DEFAULT);
	for(int i = 0; i < NTHREAD; i++)
		uv_thread_join(&t[i]);
	uv_barrier_destroy(&barrier);
	uv_sem_destroy(&permits);
	uv_rwlock_destroy(&rw);
	printf("counted %ld recursed %ld written %ld torn %ld turns %ld lost %ld barriers %ld once %ld, at most two "
	       "inside: %s, "
	       "pool %ld of %ld\n",
	    counted, recursed, written[0], torn, told, lost, served, onced, most <= 2 ? "yes" : "no", pooled, finished);
	return uv_loop_close(loop);
}
