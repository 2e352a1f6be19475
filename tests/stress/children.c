/*
 * Forks from the midst of it.  The child releases what its parent held, makes
 * threads of its own that contend, wait and post, and says by its status that
 * its sums were right.  One that does not end stops the forks, which the watchdog sees.
 */
#include "stress.h"
#include <sys/wait.h>

enum { ROUNDS = 40, NAP = 200 /* us */, GOOD = 42 };

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER; /* by the forker */
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static int turn;
static long n, k;
Role forks = {.name = "forks"};

static void *
alternate(void *arg)
{
	int me = arg != NULL;
	for(int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&m);
		while(turn != me)
			pthread_cond_wait(&c, &m);
		turn = !me;
		n++;
		if(i & 1)
			pthread_cond_signal(&c);
		pthread_mutex_unlock(&m);
		if(!(i & 1))
			pthread_cond_broadcast(&c);
		while(sem_wait(&s) != 0)
			;
		pthread_mutex_lock(&held);
		k++;
		pthread_mutex_unlock(&held);
		sem_post(&s);
	}
	return NULL;
}

/* Its status.  A child of _Fork makes no threads: libc's own lock for them may be held by nobody that lives. */
static int
child(int threads)
{
	pthread_t a, b;
	if(pthread_mutex_trylock(&held) != EBUSY)
		return 1;
	pthread_mutex_unlock(&held);
	if(!threads) {
		struct timespec d = in(CLOCK_REALTIME, 300);
		pthread_mutex_lock(&held);
		int r = pthread_cond_timedwait(&c, &held, &d);
		pthread_mutex_unlock(&held);
		return (r == 0 || r == ETIMEDOUT) && sem_init(&s, 0, 1) == 0 && sem_wait(&s) == 0 ? GOOD : 5;
	}
	if(sem_init(&s, 0, 1) != 0 || pthread_create(&a, NULL, alternate, NULL) != 0 ||
	    pthread_create(&b, NULL, alternate, &s) != 0)
		return 2;
	if(pthread_join(a, NULL) != 0 || pthread_join(b, NULL) != 0)
		return 3;
	return n == 2 * ROUNDS && k == 2 * ROUNDS ? GOOD : 4;
}

static _Atomic pid_t children[2];

void
eachchild(void (*f)(pid_t))
{
	for(int i = 0; i < 2; i++) {
		pid_t pid = atomic_load_explicit(&children[i], memory_order_relaxed);
		if(pid > 0)
			f(pid);
	}
}

static void
await(pid_t pid)
{
	int status;
	for(;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);
		LAW(got >= 0 || errno == EINTR);
		if(got == pid)
			break;
		nap(NAP);
	}
	if(!WIFEXITED(status) || WEXITSTATUS(status) != GOOD)
		broken("a child ended with %#x", (unsigned)status);
}

void *
forker(void *arg)
{
	unsigned seed = seedof(4000);
	while(!atomic_load_explicit(&stop, memory_order_acquire)) {
		pid_t pid[2];
		if(!due(&forks)) {
			nap(500);
			continue;
		}
		LAW(pthread_mutex_lock(&held) == 0);
		for(int i = 0; i < 2; i++) {
			int threads = rnd(&seed) % 4 > 0;
			pid[i] = threads ? fork() : _Fork();
			LAW(pid[i] >= 0);
			if(pid[i] == 0)
				_exit(child(threads));
			atomic_store_explicit(&children[i], pid[i], memory_order_relaxed);
		}
		LAW(pthread_mutex_unlock(&held) == 0);
		for(int i = 0; i < 2; i++) {
			await(pid[i]);
			atomic_store_explicit(&children[i], 0, memory_order_relaxed);
		}
		atomic_fetch_add_explicit(&forks.done, 2, memory_order_relaxed);
	}
	return arg;
}
