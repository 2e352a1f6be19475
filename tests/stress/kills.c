/*
 * Processes that meet at tags and post to each other, and are killed at any moment: kills [KILLS [SEED]]
 *
 * Two patient processes, which nobody kills and no signal disturbs, wait at a tag and for posts.  Victims meet them, and each
 * other, post, wait, are interrupted by a timer; the parent kills one after the other, by SIGKILL, and makes a new one.
 * Laws: the patient ones go on (a victim killed between its meeting or post and the waking has left the waking to the
 * kernel); nobody meets one that is dead: once all have ended nobody is to be met at any tag; and no thread that has ended is alive by
 * its place in the region.
 */
#define _GNU_SOURCE
#include "../../compat/p9rend.h"
#include "../../compat/region.h"
#include "../../compat/sys/pw.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VICTIMS = 4, PATIENT = 2, TAGS = 3, LIMIT = 20 };

typedef struct Shared {
	_Atomic long met, posted, done[VICTIMS];
	_Atomic ukid_t id[VICTIMS + PATIENT];
	_Atomic int stop;
} Shared;

static Shared *s;
static unsigned long tag0;

static unsigned
rnd(unsigned *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void
interrupt(int sig)
{
	(void)sig;
}

static void
ticking(long us)
{
	struct itimerval t = {{0, us}, {0, us}};

	sigaction(SIGALRM, &(struct sigaction){.sa_handler = interrupt}, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
}

static ukid_t
myid(void)
{
	ukid_t id = 0;

	if(pw_getukid(&id) != 0) {
		printf("not ok kills: no ukid: %s\n", strerror(errno));
		_exit(1);
	}
	return id;
}

static void
patient(int n)
{
	s->id[VICTIMS + n] = myid();
	while(!s->stop)
		if(n == 0) {
			if(p9rendezvous(tag0, 0) != ~0ul)
				s->met++;
		} else if(pw_wait(NULL) == 0) {
			s->posted++;
		}
	_exit(0);
}

static void
victim(int n, unsigned seed)
{
	struct timespec soon;

	ticking(2000 + n * 100);
	s->id[n] = myid();
	for(;;) {
		switch(rnd(&seed) % 4) {
		case 0:
			p9rendezvous(tag0, (unsigned long)n);
			break;
		case 1:
			p9rendezvous(tag0 + rnd(&seed) % TAGS, (unsigned long)n);
			break;
		case 2:
			pw_post(s->id[rnd(&seed) % (VICTIMS + PATIENT)]);
			break;
		case 3:
			soon = (struct timespec){0, rnd(&seed) % 1000000};
			pw_wait(&soon);
		}
		s->done[n]++;
	}
}

static pid_t
start(void (*f)(int, unsigned), int n, unsigned seed)
{
	pid_t pid = fork();

	if(pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if(f != NULL)
			f(n, seed);
		patient(n);
	}
	return pid;
}

/* Until the count has moved on. */
static int
moves(_Atomic long *count, const char *what)
{
	long was = *count;
	int i;

	for(i = 0; i < LIMIT * 1000; i++) {
		if(*count != was)
			return 1;
		usleep(1000);
	}
	printf("not ok kills: %s, in %d s\n", what, LIMIT);
	return 0;
}

/* How many live by their places in the region, but not in truth. */
static int
ghosts(void)
{
	char name[64];
	Region *r;
	int fd, i, n = 0;

	snprintf(name, sizeof name, "/dev/shm/rendez-%u", geteuid());
	fd = open(name, O_RDONLY);
	if(fd < 0)
		return 0;
	r = mmap(NULL, sizeof *r, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	for(i = 0; i < NMEMBER; i++) {
		uint32_t life = atomic_load(&r->member[i].life);
		if(life != 0 && !(life & FUTEX_OWNER_DIED) && syscall(SYS_tkill, life & FUTEX_TID_MASK, 0) != 0)
			n++;
	}
	munmap(r, sizeof *r);
	return n;
}

int
main(int argc, char **argv)
{
	long kills = argc > 1 ? atol(argv[1]) : 100, i;
	unsigned seed = argc > 2 ? (unsigned)atol(argv[2]) : (unsigned)getpid();
	pid_t pid[VICTIMS], waits[PATIENT];
	unsigned first = seed |= 1;
	int n, bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	tag0 = (unsigned long)s;
	for(n = 0; n < PATIENT; n++)
		waits[n] = start(NULL, n, 0);
	for(n = 0; n < VICTIMS; n++)
		pid[n] = start(victim, n, rnd(&seed));
	for(i = 0; i < kills && !bad; i++) {
		n = (int)(rnd(&seed) % VICTIMS);
		usleep(rnd(&seed) % 3000);
		kill(pid[n], SIGKILL);
		waitpid(pid[n], NULL, 0);
		pid[n] = start(victim, n, rnd(&seed));
		if(i % 64 == 63 || i == kills - 1)
			bad = !moves(&s->met, "who waits at the tag is not met") ||
			      !moves(&s->posted, "who waits for posts gets none") ||
			      !moves(&s->done[n], "a victim does not go on");
	}
	for(n = 0; n < VICTIMS; n++) {
		kill(pid[n], SIGKILL);
		waitpid(pid[n], NULL, 0);
	}
	ticking(20000);
	s->stop = 1;
	pw_post(s->id[VICTIMS + 1]);
	/* The patient one at the tag is the only one to be met. */
	if(!bad && p9rendezvous(tag0, 0) == ~0ul && p9rendezvous(tag0, 0) == ~0ul)
		bad = !!printf("not ok kills: who waits at the tag is not there\n");
	for(n = 0; n < PATIENT; n++) {
		if(bad)
			kill(waits[n], SIGKILL);
		waitpid(waits[n], NULL, 0);
	}
	for(n = 0; n < TAGS && !bad; n++)
		if(p9rendezvous(tag0 + (unsigned long)n, 0) != ~0ul)
			bad = !!printf("not ok kills: a dead one was met\n");
	if(ghosts() != 0)
		bad = !!printf("not ok kills: %d ended threads live\n", ghosts());
	if(!bad)
		printf("ok kills: %ld, seed %u, met %ld, posted %ld\n", kills, first, s->met, s->posted);
	return bad;
}
