/*
 * Starting a program from a process that is small.
 *
 * The kernel counts to the peak memory of a process what it had before it became
 * the program: a copy of ours is larger than many a program.  So the child
 * becomes this command again, which before anything else (no constructor has run,
 * nothing was allocated: some hundred KiB) makes another child of the same
 * parent, and that one becomes the program.  Its times begin there, too.
 *
 * LD_PRELOAD is the program's, and hidden from the loader on the way.
 */
#define _GNU_SOURCE
#include "fresh.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "../../compat/linux.h"
#include "aside.h"

#define FRESH "rendez, small" /* as its own name: with the mask and the descriptor before the program's arguments */
static const char preload[] = "LD_PRELOAD=";

enum { Fname, Fmask, Ffd, Fargs };

/* What is called from is called to, in place. */
static void
rename1(char **envp, char from, char to)
{
	for(; *envp != NULL; envp++)
		if((*envp)[0] == from && strncmp(*envp + 1, preload + 1, sizeof preload - 2) == 0)
			(*envp)[0] = to;
}

void
become(char **argv, const sigset_t *mask, int fd)
{
	Born b = {syscall(SYS_getpid), nsnow(), 0};
	struct rusage u;
	int e;

	if(getrusage(RUSAGE_SELF, &u) == 0)
		b.peak = u.ru_maxrss;
	if(write(fd, &b, sizeof b) != sizeof b)
		_exit(126);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	e = errno;
	if(write(fd, &e, sizeof e) != sizeof e)
		_exit(126);
	_exit(127);
}

void
becomefresh(char **argv, const sigset_t *mask, int fd)
{
	char bits[2 * sizeof *mask + 1], num[16];
	int argc, i;

	for(argc = 0; argv[argc] != NULL; argc++)
		;
	{
		char *small[argc + Fargs + 1];

		for(i = 0; i < (int)sizeof *mask; i++)
			snprintf(bits + 2 * i, 3, "%02x", ((const unsigned char *)mask)[i]);
		snprintf(num, sizeof num, "%d", fd);
		small[Fname] = FRESH;
		small[Fmask] = bits;
		small[Ffd] = num;
		memcpy(small + Fargs, argv, ((size_t)argc + 1) * sizeof *argv);
		fcntl(fd, F_SETFD, 0);
		rename1(environ, preload[0], '-');
		execv("/proc/self/exe", small);
	}
	rename1(environ, '-', preload[0]);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	become(argv, mask, fd);
}

/* In the process that is small. */
static void
small(int argc, char **argv, char **envp)
{
	unsigned byte;
	sigset_t mask;
	size_t i;
	int fd;

	if(argc <= Fargs || strcmp(argv[Fname], FRESH) != 0 || strlen(argv[Fmask]) != 2 * sizeof mask)
		return;
	environ = envp;
	asidereturn();
	rename1(envp, '-', preload[0]);
	for(i = 0; i < sizeof mask; i++) {
		sscanf(argv[Fmask] + 2 * i, "%2x", &byte);
		((unsigned char *)&mask)[i] = (unsigned char)byte;
	}
	fd = atoi(argv[Ffd]);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* where that cannot be (our parent is the first process of all) this one will do */
	if(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) > 0)
		_exit(0);
	become(argv + Fargs, &mask, fd);
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = small;
