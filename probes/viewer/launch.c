/*
 * Programs that preloading does not reach run as if nothing had happened, and
 * leave an empty report: so they are refused beforehand, each with its reason.
 */
#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "command.h"
#include "elffile.h"
#include "mem.h"

enum { MAXSCRIPTS = 5 };

static int check(const char *prog, const char *path, Launch *l, int depth, char *err);

/* As execvp finds it: the first that can be run, else the first that is there. */
static char *
findprogram(const char *prog, int *why)
{
	const char *path = getenv("PATH"), *s, *end;
	char def[256];

	*why = ENOENT;
	if(strchr(prog, '/') != NULL) {
		if(access(prog, F_OK) == 0)
			return estrdup(prog);
		*why = errno == ENOTDIR ? ENOENT : errno;
		return NULL;
	}
	if(prog[0] == 0)
		return NULL;
	if(path == NULL) {
		if(confstr(_CS_PATH, def, sizeof def) == 0)
			return NULL;
		path = def;
	}
	for(s = path;; s = end + 1) {
		struct stat st;
		char *try;

		end = strchrnul(s, ':');
		try = end == s ? estrdup(prog) : eprintf("%.*s/%s", (int)(end - s), s, prog);
		if(stat(try, &st) == 0 && S_ISREG(st.st_mode)) {
			if(access(try, X_OK) == 0)
				return try;
			*why = EACCES;
		}
		free(try);
		if(*end == 0)
			return NULL;
	}
}

/* The loader drops LD_PRELOAD when the program runs with more rights than who runs it. */
static const char *
privileged(const char *path, const struct stat *st)
{
	if(st->st_mode & S_ISUID && st->st_uid != getuid())
		return "is setuid: the loader preloads nothing into it";
	if((st->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && st->st_gid != getgid())
		return "is setgid: the loader preloads nothing into it";
	if(getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
		return "has file capabilities: the loader preloads nothing into it";
	return NULL;
}

/* Look at the interpreter that a script names, and behind env at what env will run. */
static int
checkscript(const char *prog, char *line, Launch *l, int depth, char *err)
{
	char *save, *interp, *arg, *slash;

	line[strcspn(line, "\n")] = 0;
	interp = strtok_r(line + 2, " \t", &save);
	if(interp == NULL) {
		snprintf(err, ERRLEN, "%s: its first line names no interpreter", prog);
		return Xnotrun;
	}
	if(depth >= MAXSCRIPTS) {
		snprintf(err, ERRLEN, "%s: scripts within scripts without end", prog);
		return Xnotrun;
	}
	if(access(interp, X_OK) < 0) {
		snprintf(err, ERRLEN, "%s: its interpreter %s: %s", prog, interp, strerror(errno));
		return Xnotrun;
	}
	arg = strtok_r(NULL, " \t", &save);
	slash = strrchr(interp, '/');
	if(strcmp(slash == NULL ? interp : slash + 1, "env") == 0 && arg != NULL && arg[0] != '-' &&
	    strchr(arg, '=') == NULL) {
		int why, r;
		char *path = findprogram(arg, &why);

		if(path == NULL)
			return check(interp, interp, l, depth + 1, err);
		r = check(arg, path, l, depth + 1, err);
		free(path);
		return r;
	}
	return check(interp, interp, l, depth + 1, err);
}

static int
refuse(const char *prog, const char *what, char *err)
{
	snprintf(err, ERRLEN, "%s: %s", prog, what);
	return Xnotrun;
}

static int
check(const char *prog, const char *path, Launch *l, int depth, char *err)
{
	const char *what;
	char head[256] = "";
	struct stat st;
	Elffile e;
	int fd;

	if(stat(path, &st) < 0)
		return refuse(prog, strerror(errno), err);
	if(!S_ISREG(st.st_mode))
		return refuse(prog, S_ISDIR(st.st_mode) ? "is a directory" : "is not a plain file", err);
	if(access(path, X_OK) < 0)
		return refuse(prog, strerror(errno), err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if(fd < 0)
		return 0; /* may be run but not read: nothing can be said */
	if(read(fd, head, sizeof head - 1) < 0)
		head[0] = 0;
	if(memcmp(head, "\177ELF", 4) != 0) {
		close(fd);
		if(head[0] == '#' && head[1] == '!')
			return checkscript(prog, head, l, depth, err);
		return 0; /* execvp gives it to the shell */
	}
	what = privileged(path, &st);
	if(what != NULL) {
		close(fd);
		return refuse(prog, what, err);
	}
	what = elflook(fd, &e);
	close(fd);
	if(what == NULL && e.otherlibc[0] != 0) {
		snprintf(err, ERRLEN, "%s: uses another C library than glibc (its loader is %s)", prog, e.otherlibc);
		return Xnotrun;
	}
	if(what != NULL)
		return refuse(prog, what, err);
	if(e.asan[0] != 0)
		l->asan = estrdup(e.asan);
	return 0;
}

int
launchcheck(const char *prog, Launch *l, char err[ERRLEN])
{
	int why;

	*l = (Launch){0};
	l->path = findprogram(prog, &why);
	if(l->path == NULL) {
		snprintf(err, ERRLEN, "%s: %s", prog[0] != 0 ? prog : "a program without a name",
		    why == ENOENT ? "not found" : strerror(why));
		return why == ENOENT ? Xnotfound : Xnotrun;
	}
	return check(prog, l->path, l, 0, err);
}

void
launchfree(Launch *l)
{
	free(l->path);
	free(l->asan);
	*l = (Launch){0};
}
