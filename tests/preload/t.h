/*
 * What every program here starts with: checks that name themselves, threads
 * that can be waited for until they sleep, deadlines, children.
 *
 * A program prints one line, "ok NAME" or "not ok NAME: why", and exits 0 or 1, or
 * "skipped NAME: why" and exits 77.
 * What it expects was measured on glibc 2.36 without any library preloaded.
 */
#ifndef RENDEZ_TEST_T_H
#define RENDEZ_TEST_T_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

/* Fail at once, whatever the other threads do. */
UNUSED static void __attribute__((noreturn, format(printf, 1, 2))) no(const char *fmt, ...)
{
	va_list a;
	char why[400];
	va_start(a, fmt);
	vsnprintf(why, sizeof why, fmt, a);
	va_end(a);
	dprintf(1, "not ok %s: %s\n", program_invocation_short_name, why);
	_exit(1);
}

UNUSED static int
ok(void)
{
	dprintf(1, "ok %s\n", program_invocation_short_name);
	return 0;
}

/* This machine, or this user, cannot. */
UNUSED static int
skipped(const char *why)
{
	dprintf(1, "skipped %s: %s\n", program_invocation_short_name, why);
	return 77;
}

#define MUST(e) \
	do { \
		if(!(e)) \
			no("%s:%d: %s", __FILE__, __LINE__, #e); \
	} while(0)

/* An integer expression has the value that was measured. */
#define SAME(e, want) \
	do { \
		long got_ = (long)(e), want_ = (long)(want); \
		if(got_ != want_) \
			no("%s:%d: %s is %ld, should be %ld", __FILE__, __LINE__, #e, got_, want_); \
	} while(0)

/* A call that returns -1 and sets errno; errno is clobbered before, so that a stale one cannot pass. */
#define FAILS(e, err) \
	do { \
		errno = ENOTNAM; \
		SAME(e, -1); \
		SAME(errno, err); \
	} while(0)

/* CLOCK now plus ms, which may be negative. */
UNUSED static struct timespec
in(clockid_t clock, long ms)
{
	struct timespec t;
	clock_gettime(clock, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if(t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	} else if(t.tv_nsec < 0) {
		t.tv_nsec += 1000000000;
		t.tv_sec--;
	}
	return t;
}

UNUSED static void
napus(long us)
{
	struct timespec t = {us / 1000000, us % 1000000 * 1000};
	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL);
}

/* Wait for a condition that other threads make true. */
#define UNTIL(e) \
	do { \
		while(!(e)) \
			napus(100); \
	} while(0)

typedef struct Thread {
	pthread_t id;
	_Atomic pid_t tid;
	void *(*f)(void *);
	void *arg;
} Thread;

UNUSED static void *
begin(void *v)
{
	Thread *t = v;
	atomic_store_explicit(&t->tid, (pid_t)syscall(SYS_gettid), memory_order_release);
	return t->f(t->arg);
}

UNUSED static void
start(Thread *t, void *(*f)(void *), void *arg)
{
	t->f = f;
	t->arg = arg;
	atomic_store_explicit(&t->tid, 0, memory_order_relaxed);
	SAME(pthread_create(&t->id, NULL, begin, t), 0);
}

UNUSED static void *
join(Thread *t)
{
	void *r;
	SAME(pthread_join(t->id, &r), 0);
	return r;
}

/* Where the proc file system is; a program that calls chroot says so. */
UNUSED static const char *proc = "/proc";

/*
 * Until the thread sleeps in a futex, and does so still a moment later at the
 * same place: it has nothing more to do before it is woken.
 */
UNUSED static void
asleeptid(pid_t tid)
{
	char path[64], now[200], before[200] = "", want[16], two[16];
	int same = 0;

	snprintf(path, sizeof path, "%s/self/task/%d/syscall", proc, (int)tid);
	size_t n = (size_t)snprintf(want, sizeof want, "%d ", (int)SYS_futex);
	size_t m = (size_t)snprintf(two, sizeof two, "%d ", 449); /* futex_waitv */
	while(same < 3) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t got = fd < 0 ? -1 : read(fd, now, sizeof now - 1);
		if(fd >= 0)
			close(fd);
		now[got < 0 ? 0 : got] = 0;
		same = (strncmp(now, want, n) == 0 || strncmp(now, two, m) == 0) && strcmp(now, before) == 0 ? same + 1
													     : 0;
		strcpy(before, now);
		napus(200);
	}
}

UNUSED static void
asleep(Thread *t)
{
	pid_t tid;
	UNTIL((tid = atomic_load_explicit(&t->tid, memory_order_acquire)) != 0);
	asleeptid(tid);
}

/* The calling thread, and those that it makes, on one processor. */
UNUSED static void
onecpu(void)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	SAME(sched_setaffinity(0, sizeof one, &one), 0);
}

/* A child's exit status; -signal if one ended it. */
UNUSED static int
childstatus(pid_t pid)
{
	int st;
	while(waitpid(pid, &st, 0) != pid)
		if(errno != EINTR)
			no("waitpid: %s", strerror(errno));
	return WIFEXITED(st) ? WEXITSTATUS(st) : -WTERMSIG(st);
}

UNUSED static unsigned
rnd(unsigned *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Is the library that we test loaded?  Only the few tests ask whose object is theirs to know. */
UNUSED static int
preloaded(void)
{
	const char *p = getenv("LD_PRELOAD");
	return p != NULL && strstr(p, "librendez") != NULL;
}

#endif
