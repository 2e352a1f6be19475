/*
 * Every kind of object that processes can share, between one under the library and one without it: pairs [ROUNDS]
 *
 * The program runs itself again with LD_PRELOAD taken away; both sides, two threads each, then play the same games with the
 * same objects.  Last the killing: one side makes processes that hold robust mutexes and kills them at any
 * moment, the other finds what they left; then the other way round.
 */
#include "t.h"

enum { THREADS = 2, NTYPE = 4 };

typedef struct Count {
	pthread_mutex_t m;
	long a, b; /* equal whenever the mutex is free, but for who died with it */
} Count;

typedef struct Shared {
	sem_t start[2], turn[2];
	Count mutex[NTYPE], robust[3];
	pthread_mutex_t m;
	pthread_cond_t c;
	pthread_rwlock_t l;
	pthread_barrier_t all;
	int whose;
	long bysem, bycond, byrw[2], serial;
	_Atomic int over; /* killings are over, by side that kills */
	_Atomic long died;
} Shared;

static Shared *s;
static int rounds = 300, side;
static sem_t ready;

static void
add(Count *c)
{
	SAME(c->a, c->b);
	c->a++;
	c->b++;
}

static void
mutexes(long me)
{
	unsigned seed = (unsigned)(me * 7 + side + 1);
	for(int i = 0; i < rounds; i++) {
		Count *c = &s->mutex[i % NTYPE];
		struct timespec d = in(CLOCK_REALTIME, (long)(rnd(&seed) % 2)), e = in(CLOCK_MONOTONIC, 100000);
		int r = rnd(&seed) % 4;
		if(r == 0 && pthread_mutex_timedlock(&c->m, &d) != 0)
			SAME(pthread_mutex_clocklock(&c->m, CLOCK_MONOTONIC, &e), 0);
		else if(r == 1 && pthread_mutex_trylock(&c->m) != 0)
			SAME(pthread_mutex_lock(&c->m), 0);
		else if(r > 1)
			SAME(pthread_mutex_lock(&c->m), 0);
		add(c);
		if(i % NTYPE == PTHREAD_MUTEX_RECURSIVE) {
			SAME(pthread_mutex_lock(&c->m), 0);
			SAME(pthread_mutex_unlock(&c->m), 0);
		}
		if(rnd(&seed) % 8 == 0)
			sched_yield();
		SAME(pthread_mutex_unlock(&c->m), 0);
	}
}

static void
rwlocks(long me)
{
	unsigned seed = (unsigned)(me * 5 + side + 3);
	for(int i = 0; i < rounds; i++) {
		struct timespec d = in(CLOCK_MONOTONIC, 100000);
		if(rnd(&seed) % 4 == 0) {
			SAME(i & 1 ? pthread_rwlock_wrlock(&s->l)
				   : pthread_rwlock_clockwrlock(&s->l, CLOCK_MONOTONIC, &d),
			    0);
			SAME(s->byrw[0]++, s->byrw[1]);
			if(i % 4 == 0)
				sched_yield();
			s->byrw[1]++;
		} else {
			SAME(i & 1 ? pthread_rwlock_rdlock(&s->l)
				   : pthread_rwlock_clockrdlock(&s->l, CLOCK_MONOTONIC, &d),
			    0);
			SAME(s->byrw[0], s->byrw[1]);
		}
		SAME(pthread_rwlock_unlock(&s->l), 0);
	}
}

static void
barriers(void)
{
	for(int i = 0; i < rounds; i++) {
		int r = pthread_barrier_wait(&s->all);
		MUST(r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD);
		if(r != 0)
			s->serial++; /* alone between two barriers */
		pthread_barrier_wait(&s->all);
	}
}

/* One thread of each side: strict alternation. */
static void
turns(void)
{
	for(int i = 0; i < rounds; i++) {
		SAME(sem_wait(&s->turn[side]), 0);
		s->bysem++;
		SAME(sem_post(&s->turn[!side]), 0);
	}
	for(int i = 0; i < rounds; i++) {
		struct timespec d = in(CLOCK_REALTIME, 100000);
		SAME(pthread_mutex_lock(&s->m), 0);
		while(s->whose != side)
			SAME(i & 1 ? pthread_cond_wait(&s->c, &s->m) : pthread_cond_timedwait(&s->c, &s->m, &d), 0);
		s->whose = !side;
		s->bycond++;
		if(i & 2)
			SAME(pthread_cond_signal(&s->c), 0);
		SAME(pthread_mutex_unlock(&s->m), 0);
		if(!(i & 2))
			SAME(pthread_cond_broadcast(&s->c), 0);
	}
}

static void *
games(void *arg)
{
	long me = (long)arg;
	if(me == 0)
		turns();
	mutexes(me);
	rwlocks(me);
	barriers();
	return NULL;
}

/*
 * The dead may have been between its two additions.  Or have owed a wake, which libc's does not bear: without the library who waits
 * does so again.
 */
static void
lock(Count *c)
{
	struct timespec d;
	int r;
	if(preloaded()) {
		r = pthread_mutex_lock(&c->m);
	} else {
		do {
			d = in(CLOCK_MONOTONIC, 100);
			r = pthread_mutex_clocklock(&c->m, CLOCK_MONOTONIC, &d);
		} while(r == ETIMEDOUT);
	}
	if(r == EOWNERDEAD) {
		MUST(c->a == c->b || c->a == c->b + 1);
		c->b = c->a;
		s->died++;
		r = pthread_mutex_consistent(&c->m);
	}
	SAME(r, 0);
	SAME(c->a, c->b);
}

static void
work(int i)
{
	Count *c = &s->robust[i % 3];
	lock(c);
	c->a++;
	__asm__ volatile("" ::: "memory");
	c->b++;
	SAME(pthread_mutex_unlock(&c->m), 0);
}

static void
kills(void)
{
	unsigned seed = 77;
	for(int i = 0; i < rounds; i++) {
		unsigned us = rnd(&seed) % 300;
		pid_t pid = fork();
		MUST(pid >= 0);
		if(pid == 0) {
			for(int n = 0;; n++) {
				/* one in two dies by its own hand, with the mutex */
				if((i & 1) && n == 3) {
					lock(&s->robust[i % 3]);
					s->robust[i % 3].a++;
					kill(getpid(), SIGKILL);
				}
				work(n + i);
			}
		}
		if(!(i & 1)) {
			napus(us);
			kill(pid, SIGKILL);
		}
		SAME(childstatus(pid), -SIGKILL);
	}
	s->over++;
}

static void *
survives(void *arg)
{
	long me = (long)arg;
	int until = s->over + 1;
	SAME(sem_post(&ready), 0);
	for(int i = 0; s->over < until; i++)
		work(i + (int)me);
	return NULL;
}

static void
meet(void)
{
	SAME(sem_post(&s->start[!side]), 0);
	SAME(sem_wait(&s->start[side]), 0);
}

static void
play(void)
{
	Thread t[THREADS];

	meet();
	for(long i = 0; i < THREADS; i++)
		start(&t[i], games, (void *)i);
	for(int i = 0; i < THREADS; i++)
		join(&t[i]);
	for(int killer = 0; killer < 2; killer++) {
		meet();
		if(killer == side) {
			meet();
			kills();
			continue;
		}
		for(long i = 0; i < THREADS; i++)
			start(&t[i], survives, (void *)i);
		for(int i = 0; i < THREADS; i++)
			SAME(sem_wait(&ready), 0);
		meet();
		for(int i = 0; i < THREADS; i++)
			join(&t[i]);
	}
	meet();
}

static void
init(void)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_rwlockattr_t la;
	pthread_barrierattr_t ba;

	for(int i = 0; i < 2; i++) {
		SAME(sem_init(&s->start[i], 1, 0), 0);
		SAME(sem_init(&s->turn[i], 1, !i), 0);
	}
	pthread_mutexattr_init(&ma);
	SAME(pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_mutex_init(&s->m, &ma), 0);
	for(int i = 0; i < NTYPE; i++) {
		SAME(pthread_mutexattr_settype(&ma, i), 0);
		SAME(pthread_mutex_init(&s->mutex[i].m, &ma), 0);
	}
	SAME(pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST), 0);
	for(int i = 0; i < 3; i++) {
		SAME(pthread_mutexattr_settype(&ma, i), 0);
		SAME(pthread_mutex_init(&s->robust[i].m, &ma), 0);
	}
	pthread_condattr_init(&ca);
	SAME(pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_cond_init(&s->c, &ca), 0);
	pthread_rwlockattr_init(&la);
	SAME(pthread_rwlockattr_setpshared(&la, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_rwlock_init(&s->l, &la), 0);
	pthread_barrierattr_init(&ba);
	SAME(pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_barrier_init(&s->all, &ba, 2 * THREADS), 0);
}

int
main(int argc, char **argv)
{
	char fdtext[16];
	int fd;

	if(argc > 1)
		rounds = atoi(argv[1]);
	side = argc > 2;
	SAME(sem_init(&ready, 0, 0), 0);
	fd = side ? atoi(argv[2]) : (int)syscall(SYS_memfd_create, "shared", 0);
	MUST(fd >= 0 && (side || ftruncate(fd, sizeof(Shared)) == 0));
	s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(s != MAP_FAILED);
	if(side) {
		MUST(getenv("LD_PRELOAD") == NULL);
		play();
		return 0;
	}
	init();
	snprintf(fdtext, sizeof fdtext, "%d", fd);
	pid_t pid = fork();
	MUST(pid >= 0);
	if(pid == 0) {
		char n[16];
		snprintf(n, sizeof n, "%d", rounds);
		unsetenv("LD_PRELOAD");
		execl("/proc/self/exe", argv[0], n, fdtext, (char *)NULL);
		_exit(127);
	}
	play();
	SAME(childstatus(pid), 0);
	SAME(s->bysem, 2 * rounds);
	SAME(s->bycond, 2 * rounds);
	SAME(s->serial, rounds);
	SAME(s->byrw[0], s->byrw[1]);
	long n = 0;
	for(int i = 0; i < NTYPE; i++) {
		SAME(s->mutex[i].a, s->mutex[i].b);
		n += s->mutex[i].a;
	}
	SAME(n, 2 * THREADS * rounds);
	/* Half of all were killed with a mutex; who found that may have been killed before it could count. */
	MUST(s->died >= rounds / 2);
	return ok();
}
