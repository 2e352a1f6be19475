/*
 * A program for the scripts: so many waits for the mutex "known", then an end.
 *
 *	guinea WAITS END [ARG]
 *
 * Each wait is exactly one: a thread is let in only when it sleeps.
 */
#include "t.h"
#include <sys/prctl.h>
#include <sys/resource.h>

pthread_mutex_t known = PTHREAD_MUTEX_INITIALIZER;

static void *
want(void *arg)
{
	SAME(pthread_mutex_lock(&known), 0);
	SAME(pthread_mutex_unlock(&known), 0);
	return arg;
}

static void
contend(int n)
{
	for(int i = 0; i < n; i++) {
		Thread t;
		SAME(pthread_mutex_lock(&known), 0);
		start(&t, want, NULL);
		asleep(&t);
		SAME(pthread_mutex_unlock(&known), 0);
		join(&t);
	}
}

static pid_t
forked(void)
{
	fflush(stdout);
	pid_t pid = fork();
	MUST(pid >= 0);
	return pid;
}

/* Of this process 2n waits, of its children n + 1 and, after an exec, n + 2, and after another, n + 3. */
static void
family(char *self, int n)
{
	pid_t pid = forked();
	char text[16];
	if(pid == 0) {
		contend(n + 1);
		_exit(0);
	}
	SAME(childstatus(pid), 0);
	contend(n);
	if((pid = forked()) == 0) {
		snprintf(text, sizeof text, "%d", n + 2);
		execl("/proc/self/exe", self, text, "again", (char *)NULL);
		_exit(127);
	}
	SAME(childstatus(pid), 0);
}

static void
again(char *self, int n)
{
	char text[16];
	snprintf(text, sizeof text, "%d", n + 1);
	execl("/proc/self/exe", self, text, "exit", "0", (char *)NULL);
	no("exec: %s", strerror(errno));
}

static void *
exits(void *arg)
{
	exit(*(int *)arg);
}

int
main(int argc, char **argv)
{
	if(argc < 3)
		no("usage: guinea WAITS END [ARG]");
	int n = atoi(argv[1]), arg = argc > 3 ? atoi(argv[3]) : 0;
	const char *end = argv[2];

	contend(n);
	if(strcmp(end, "exit") == 0)
		return arg;
	if(strcmp(end, "_exit") == 0)
		_exit(arg);
	if(strcmp(end, "thread") == 0) {
		Thread t;
		start(&t, exits, &arg);
		pthread_exit(NULL);
	}
	if(strcmp(end, "signal") == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		kill(getpid(), arg);
	}
	if(strcmp(end, "abort") == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		abort();
	}
	/* the rest waits once more after the change, as often as before */
	if(strcmp(end, "family") == 0)
		family(argv[0], n);
	else if(strcmp(end, "again") == 0)
		again(argv[0], n);
	else if(strcmp(end, "setuid") == 0) {
		MUST(geteuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0));
		prctl(PR_SET_DUMPABLE, 1); /* else its own /proc is closed to it */
		contend(n);
	} else if(strcmp(end, "chroot") == 0) {
		if(geteuid() == 0) {
			MUST(chroot("/proc") == 0 && chdir("/") == 0);
			proc = "";
		}
		contend(n);
	} else if(strcmp(end, "close") == 0) {
		for(int fd = 3; fd < 1024; fd++)
			close(fd);
		contend(n);
	} else
		no("no such end: %s", end);
	return arg;
}
