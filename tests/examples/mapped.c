/*
 * Producer and consumer: two processes and a file that both have mapped, each where it likes.  The semaphores are
 * words of that file; an uncontended one costs no system call.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <rendez/plan9.h>

enum { Nslot = 8, Nitem = 20000 };

typedef struct Ring {
	long full, empty; /* semaphores: how many slots are */
	long slot[Nslot];
} Ring;

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

/* A caught signal or a note ends the wait early. */
static void
P(long *sem)
{
	while(semacquire(sem, 1) != 1)
		;
}

static void
V(long *sem)
{
	semrelease(sem, 1);
}

static Ring *
map(const char *file)
{
	Ring *r;
	int fd;

	fd = open(file, O_RDWR);
	if(fd < 0)
		fail(file);
	r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if(r == MAP_FAILED)
		fail("mmap");
	close(fd);
	return r;
}

static void
produce(const char *file)
{
	Ring *r;
	long i;

	/* So that it is mapped somewhere else than in the consumer. */
	if(mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
		fail("mmap");
	r = map(file);
	for(i = 0; i < Nitem; i++) {
		P(&r->empty);
		r->slot[i % Nslot] = i * i;
		V(&r->full);
	}
	_exit(0);
}

int
main(void)
{
	char file[] = "/tmp/mapped.XXXXXX";
	int fd, status, wrong = 0;
	Ring *r;
	long i;

	fd = mkstemp(file);
	if(fd < 0 || ftruncate(fd, sizeof(Ring)) != 0)
		fail(file);
	close(fd);
	r = map(file);
	semrelease(&r->empty, Nslot);
	if(fork() == 0)
		produce(file);
	for(i = 0; i < Nitem; i++) {
		P(&r->full);
		wrong += r->slot[i % Nslot] != i * i;
		V(&r->empty);
	}
	wait(&status);
	unlink(file);
	if(wrong != 0 || status != 0 || r->full != 0 || r->empty != Nslot) {
		printf("not ok mapped: %d of %d items are wrong\n", wrong, Nitem);
		return 1;
	}
	printf("ok mapped\n");
	return 0;
}
