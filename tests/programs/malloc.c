/*
 * Threads that allocate, hand each other what they have allocated and free it, while some of them end and are
 * replaced and the process forks: for allocators that have locks and fork handlers of their own.
 *
 *	malloc N	N blocks a thread
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NTHREAD = 6, ROOM = 64, NFORK = 20, SLICE = 2000 };

typedef struct Block Block;
struct Block {
	size_t n;
	unsigned char sum, data[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Block *shelf[ROOM];
static int nshelf, rounds;
static long checked, wrong;

static Block *
make(uint32_t *seed)
{
	Block *b;
	size_t n;

	*seed = *seed * 1664525 + 1013904223;
	n = *seed >> 16 & (*seed % 64 == 0 ? 0xffff : 0x1ff);
	b = malloc(sizeof *b + n);
	if(b == NULL)
		abort();
	b->n = n;
	b->sum = (unsigned char)(*seed >> 8);
	memset(b->data, b->sum, n);
	return b;
}

static int
check(Block *b)
{
	int bad = 0;

	for(size_t i = 0; i < b->n; i++)
		bad |= b->data[i] != b->sum;
	free(b);
	return bad;
}

/* Put ours on the shelf and take another's from it. */
static Block *
swap(Block *b)
{
	Block *got = NULL;

	pthread_mutex_lock(&lock);
	if(nshelf == ROOM) {
		got = shelf[0];
		memmove(shelf, shelf + 1, (ROOM - 1) * sizeof *shelf);
		nshelf--;
	}
	shelf[nshelf++] = b;
	pthread_mutex_unlock(&lock);
	return got;
}

static void *
slice(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg;
	long n = 0, bad = 0;
	Block *b;

	for(int i = 0; i < SLICE; i++) {
		b = swap(make(&seed));
		if(b != NULL) {
			bad += check(b);
			n++;
		}
	}
	pthread_mutex_lock(&lock);
	checked += n;
	wrong += bad;
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void *
worker(void *arg)
{
	uintptr_t me = (uintptr_t)arg;
	pthread_t t;

	for(int i = 0; i < rounds / SLICE; i++) {
		if(pthread_create(&t, NULL, slice, (void *)(me << 16 | (uintptr_t)i)) != 0)
			abort();
		pthread_join(t, NULL);
	}
	return NULL;
}

/* A child with threads of its own, which allocate. */
static int
child(void)
{
	pthread_t t[2];

	pthread_mutex_init(&lock, NULL);
	nshelf = 0;
	checked = wrong = 0;
	alarm(60);
	for(int i = 0; i < 2; i++)
		if(pthread_create(&t[i], NULL, slice, (void *)(uintptr_t)(i + 77)) != 0)
			return 2;
	for(int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	return wrong != 0 || checked != 2 * SLICE - ROOM;
}

int
main(int argc, char **argv)
{
	pthread_t t[NTHREAD];
	int status, well = 0;
	pid_t pid;

	rounds = (argc > 1 ? atoi(argv[1]) : 20000) / SLICE * SLICE;
	for(int i = 0; i < NTHREAD; i++)
		pthread_create(&t[i], NULL, worker, (void *)(uintptr_t)(i + 1));
	for(int i = 0; i < NFORK; i++) {
		pid = fork();
		if(pid == 0)
			_exit(child());
		well += waitpid(pid, &status, 0) == pid && status == 0;
	}
	for(int i = 0; i < NTHREAD; i++)
		pthread_join(t[i], NULL);
	while(nshelf > 0) {
		wrong += check(shelf[--nshelf]);
		checked++;
	}
	printf("checked %ld of %ld, wrong %ld, %d of %d children well\n", checked, (long)rounds * NTHREAD, wrong, well,
	    NFORK);
	return 0;
}
