/*
 * A program that closes every descriptor above 2 and opens its own files gets
 * their numbers again; nobody else reads, writes or closes them, whatever the
 * threads wait for.
 */
#include "t.h"
#include <sys/stat.h>

enum { FILES = 24, THREADS = 6, ROUNDS = 400, SIZE = 8192 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static int turn;

/* Contended waits of every kind, from a stack deep enough to be worth unwinding. */
static long __attribute__((noinline)) deep(int n)
{
	struct timespec d = in(CLOCK_REALTIME, 1);
	if(n > 0)
		return deep(n - 1) + n;
	SAME(pthread_mutex_lock(&m), 0);
	if(++turn % 8 == 0) {
		int r = pthread_cond_timedwait(&c, &m, &d);
		MUST(r == 0 || r == ETIMEDOUT);
	}
	sched_yield();
	SAME(pthread_cond_signal(&c), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(sem_wait(&s), 0);
	sched_yield();
	SAME(sem_post(&s), 0);
	return 0;
}

static void *
contend(void *arg)
{
	for(int i = 0; i < ROUNDS; i++)
		deep(i % 30);
	return arg;
}

static void
fill(char *b, int i)
{
	for(int j = 0; j < SIZE; j++)
		b[j] = (char)(i * 31 + j);
}

static void
contention(void)
{
	Thread t[THREADS];
	for(int i = 0; i < THREADS; i++)
		start(&t[i], contend, NULL);
	for(int i = 0; i < THREADS; i++)
		join(&t[i]);
}

int
main(void)
{
	char path[FILES][64], want[SIZE], got[SIZE + 1];
	int fd[FILES], pipes[2];

	SAME(sem_init(&s, 0, 1), 0);
	contention(); /* whatever opens a descriptor of its own has opened it */
	for(int i = 3; i < 1024; i++)
		close(i);
	for(int i = 0; i < FILES; i++) {
		snprintf(path[i], sizeof path[i], "closefds.%d.%d", (int)getpid(), i);
		fd[i] = open(path[i], O_RDWR | O_CREAT | O_EXCL, 0600);
		SAME(fd[i], i + 3);
		fill(want, i);
		SAME(write(fd[i], want, SIZE), SIZE);
		SAME(lseek(fd[i], 100 + i, SEEK_SET), 100 + i);
	}
	SAME(pipe2(pipes, O_NONBLOCK), 0);
	contention();
	FAILS(read(pipes[0], got, 1), EAGAIN); /* nobody wrote into it */
	for(int i = 0; i < FILES; i++) {
		struct stat st;
		SAME(lseek(fd[i], 0, SEEK_CUR), 100 + i);
		SAME(fstat(fd[i], &st), 0);
		SAME(st.st_size, SIZE);
		SAME(pread(fd[i], got, sizeof got, 0), SIZE);
		fill(want, i);
		SAME(memcmp(want, got, SIZE), 0);
		SAME(close(fd[i]), 0);
		SAME(unlink(path[i]), 0);
	}
	return ok();
}
