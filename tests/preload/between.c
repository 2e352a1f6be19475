/*
 * Objects shared by a process under the library and one without it: semaphores
 * (unnamed and named), a process-shared mutex and condition variable, a robust
 * mutex.  The program runs itself again, with LD_PRELOAD taken away.
 */
#include "t.h"

enum { ROUNDS = 2000 };

typedef struct Shared {
	sem_t ping, pong;
	pthread_mutex_t m, robust;
	pthread_cond_t c;
	int turn;
	long bysem, bymutex, byname; /* each guarded by its own: the phases of the two sides overlap */
} Shared;

static char name[64];

/* Both sides run this: strict alternation by semaphore, by named one, by condition; then a count under the mutex. */
static void
play(Shared *s, int me)
{
	sem_t *mine = me ? &s->pong : &s->ping, *theirs = me ? &s->ping : &s->pong;
	struct timespec d = in(CLOCK_REALTIME, 100000);

	for(int i = 0; i < ROUNDS; i++) {
		SAME(i & 1 ? sem_wait(mine) : sem_timedwait(mine, &d), 0);
		s->bysem++;
		SAME(sem_post(theirs), 0);
	}
	for(int i = 0; i < ROUNDS; i++) {
		SAME(pthread_mutex_lock(&s->m), 0);
		while(s->turn != me)
			SAME(i & 1 ? pthread_cond_wait(&s->c, &s->m) : pthread_cond_timedwait(&s->c, &s->m, &d), 0);
		s->turn = !me;
		s->bymutex++;
		SAME(i & 2 ? pthread_cond_signal(&s->c) : pthread_cond_broadcast(&s->c), 0);
		SAME(pthread_mutex_unlock(&s->m), 0);
	}
	for(int i = 0; i < 10 * ROUNDS; i++) {
		SAME(pthread_mutex_lock(&s->m), 0);
		s->bymutex++;
		SAME(pthread_mutex_unlock(&s->m), 0);
	}
	sem_t *both = sem_open(name, 0);
	MUST(both != SEM_FAILED);
	for(int i = 0; i < ROUNDS; i++) {
		SAME(sem_wait(both), 0);
		s->byname++;
		SAME(sem_post(both), 0);
	}
	SAME(sem_close(both), 0);
}

static Shared *
map(int fd)
{
	Shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(s != MAP_FAILED);
	return s;
}

/* The other process; it dies holding the robust mutex. */
static int
second(int fd, int plain)
{
	Shared *s = map(fd);
	if(plain && getenv("LD_PRELOAD") != NULL)
		return 3;
	play(s, 1);
	SAME(pthread_mutex_lock(&s->robust), 0);
	_exit(42);
}

static void
with(char *self, int plain)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	char fdtext[16];

	int fd = (int)syscall(SYS_memfd_create, "shared", 0);
	MUST(fd >= 0 && ftruncate(fd, sizeof(Shared)) == 0);
	Shared *s = map(fd);
	SAME(sem_init(&s->ping, 1, 1), 0);
	SAME(sem_init(&s->pong, 1, 0), 0);
	pthread_mutexattr_init(&ma);
	SAME(pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_mutex_init(&s->m, &ma), 0);
	SAME(pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST), 0);
	SAME(pthread_mutex_init(&s->robust, &ma), 0);
	pthread_condattr_init(&ca);
	SAME(pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED), 0);
	SAME(pthread_cond_init(&s->c, &ca), 0);
	sem_t *both = sem_open(name, O_CREAT | O_EXCL, 0600, 1);
	MUST(both != SEM_FAILED);

	snprintf(fdtext, sizeof fdtext, "%d", fd);
	pid_t pid = fork();
	MUST(pid >= 0);
	if(pid == 0) {
		if(plain)
			unsetenv("LD_PRELOAD");
		execl("/proc/self/exe", self, fdtext, plain ? "plain" : "same", name, (char *)NULL);
		_exit(127);
	}
	play(s, 0);
	SAME(childstatus(pid), 42);
	SAME(s->bysem, 2 * ROUNDS);
	SAME(s->bymutex, 2 * (ROUNDS + 10 * ROUNDS));
	SAME(s->byname, 2 * ROUNDS);
	SAME(pthread_mutex_lock(&s->robust), EOWNERDEAD);
	SAME(pthread_mutex_consistent(&s->robust), 0);
	SAME(pthread_mutex_unlock(&s->robust), 0);
	SAME(sem_close(both), 0);
	SAME(sem_unlink(name), 0);
	SAME(pthread_cond_destroy(&s->c), 0);
	SAME(pthread_mutex_destroy(&s->m), 0);
	munmap(s, sizeof *s);
	close(fd);
}

int
main(int argc, char **argv)
{
	if(argc == 4) {
		snprintf(name, sizeof name, "%s", argv[3]);
		return second(atoi(argv[1]), argv[2][0] == 'p');
	}
	snprintf(name, sizeof name, "/rendez-between-%d", (int)getpid());
	with(argv[0], 1);
	with(argv[0], 0);
	return ok();
}
