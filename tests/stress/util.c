/*
 * What every part uses: numbers, clocks, and the end of a run that has broken a
 * law or stands still.
 */
#include "stress.h"
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>

unsigned
rnd(unsigned *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

unsigned
seedof(int thread)
{
	unsigned s = (seed0 + 1) * 2654435761u ^ (unsigned)(thread + 1) * 40503u;
	return s ? s : 1;
}

struct timespec
in(clockid_t clock, long us)
{
	struct timespec t;
	clock_gettime(clock, &t);
	t.tv_nsec += us * 1000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* Not a cancellation point: the parts say where they may be cancelled. */
void
nap(long us)
{
	struct timespec t = {us / 1000000, us % 1000000 * 1000};
	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL);
}

void
makemutex(pthread_mutex_t *m, int i)
{
	static const int type[] = {
	    PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP};
	pthread_mutexattr_t a;
	pthread_mutexattr_init(&a);
	LAW(pthread_mutexattr_settype(&a, type[i & 3]) == 0);
	LAW(pthread_mutex_init(m, &a) == 0);
	pthread_mutexattr_destroy(&a);
}

int
readtask(char *text, size_t size, pid_t pid, const char *tid, const char *name)
{
	char path[100];
	snprintf(path, sizeof path, "/proc/%d/task/%s/%s", (int)pid, tid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
	if(fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = 0;
	return n > 0;
}

static void
dumpfile(pid_t pid, const char *tid, const char *name)
{
	char text[600];
	readtask(text, sizeof text, pid, tid, name);
	dprintf(2, "%s %s: %s\n", tid, name, text);
}

/* The debugger is spawned, not forked: the process that hangs may hang in its fork handlers. */
static int
bygdb(pid_t pid)
{
	char number[16];
	char *argv[] = {"gdb", "-nx", "-batch", "-p", number, "-ex", "thread apply all bt 30", NULL};
	char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", *envp[] = {path, NULL};
	posix_spawn_file_actions_t fa;
	pid_t child;
	int status;

	snprintf(number, sizeof number, "%d", (int)pid);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, 2, 1);
	if(posix_spawn(&child, "/usr/bin/gdb", &fa, NULL, argv, envp) != 0)
		return 0;
	while(waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void
eachtask(pid_t pid, void (*f)(pid_t pid, const char *tid))
{
	char path[64];
	struct dirent *e;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *d = opendir(path);
	while(d != NULL && (e = readdir(d)) != NULL)
		if(e->d_name[0] != '.')
			f(pid, e->d_name);
	if(d != NULL)
		closedir(d);
}

/* Before the debugger stops them: who could run and does not (R) is no victim of ours. */
static void
dumpstat(pid_t pid, const char *tid)
{
	dumpfile(pid, tid, "stat");
}

static void
dumptask(pid_t pid, const char *tid)
{
	dumpfile(pid, tid, "syscall");
	dumpfile(pid, tid, "wchan");
}

void
dumpstacks(pid_t pid)
{
	eachtask(pid, dumpstat);
	if(!bygdb(pid))
		eachtask(pid, dumptask);
}

void
broken(const char *fmt, ...)
{
	static _Atomic int first;
	char why[300];
	va_list a;

	va_start(a, fmt);
	vsnprintf(why, sizeof why, fmt, a);
	va_end(a);
	if(atomic_fetch_add_explicit(&first, 1, memory_order_relaxed) == 0) {
		dprintf(1, "not ok %s: seed %u: %s\n", program_invocation_short_name, seed0, why);
		dumpstacks(getpid());
	} else
		pause(); /* the first one speaks for all */
	abort();
}
