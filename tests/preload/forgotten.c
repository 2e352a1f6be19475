/*
 * Private objects in memory that two processes of one thread each share: somebody forgot to say PTHREAD_PROCESS_SHARED.  As
 * long as nobody has to wait that works in libc, whose tries, deadlines and readers-writer locks are atomic however few
 * threads there are.
 */
#include "t.h"

enum { READS = 4000000, TURNS = 3000000 };

typedef struct Shared {
	pthread_rwlock_t rw;
	pthread_mutex_t m;
	_Atomic int ready;
	long n, wrote, ns[2], wrotes[2]; /* of both together, and of each */
} Shared;

static void
together(Shared *s)
{
	atomic_fetch_add_explicit(&s->ready, 1, memory_order_acq_rel);
	UNTIL(atomic_load_explicit(&s->ready, memory_order_acquire) == 2);
}

static void
uses(Shared *s, int who)
{
	const struct timespec past = {1, 0};

	together(s);
	for(int i = 0; i < READS; i++) {
		SAME(pthread_rwlock_rdlock(&s->rw), 0);
		SAME(pthread_rwlock_unlock(&s->rw), 0);
	}
	for(int i = 0; i < TURNS; i++) {
		if((i & 7) == 0 ? pthread_mutex_timedlock(&s->m, &past) != 0 : pthread_mutex_trylock(&s->m) != 0)
			continue;
		s->n++;
		s->ns[who]++;
		SAME(pthread_mutex_unlock(&s->m), 0);
	}
	for(int i = 0; i < TURNS; i++) {
		if(pthread_rwlock_trywrlock(&s->rw) != 0)
			continue;
		s->wrote++;
		s->wrotes[who]++;
		SAME(pthread_rwlock_unlock(&s->rw), 0);
	}
}

int
main(void)
{
	Shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	MUST(s != MAP_FAILED);
	SAME(pthread_rwlock_init(&s->rw, NULL), 0);
	SAME(pthread_mutex_init(&s->m, NULL), 0);
	pid_t pid = fork();
	MUST(pid >= 0);
	uses(s, pid == 0);
	if(pid == 0)
		_exit(0);
	SAME(childstatus(pid), 0);
	SAME(s->n, s->ns[0] + s->ns[1]);
	SAME(s->wrote, s->wrotes[0] + s->wrotes[1]);
	SAME(pthread_rwlock_trywrlock(&s->rw), 0);
	SAME(pthread_mutex_trylock(&s->m), 0);
	return ok();
}
