/* Where a run's profiles live, from its beginning to its end.  See session.h. */
#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "drain.h"
#include "launch.h"
#include "live.h"
#include "load.h"

/* Profiles of a run, half-made and damaged ones and links too, and nothing else in its directory. */
static void
removeprofiles(const char *dir)
{
	struct dirent *e;
	DIR *d = opendir(dir);

	if(d == NULL)
		return;
	while((e = readdir(d)) != NULL)
		if(isruns(dir, e->d_name)) {
			char *path = eprintf("%s/%s", dir, e->d_name);

			unlink(path);
			free(path);
		}
	closedir(d);
}

static int
fail(char *err, const char *what, int e)
{
	snprintf(err, ERRLEN, "%s: %s", what, strerror(e));
	return -1;
}

/* The name that is to be: dir, or rendez.PROGRAM.PID here. */
static int
makedir(Session *s, const char *dir, const char *prog, char *err)
{
	const char *slash = strrchr(prog, '/');
	struct stat st;
	char *path;
	int fresh;

	path = dir != NULL ? estrdup(dir) : eprintf("rendez.%s.%d", slash == NULL ? prog : slash + 1, getpid());
	fresh = mkdir(path, 0700) == 0;
	if(!fresh && errno == EEXIST && dir != NULL && stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		errno = ENOTDIR;
	if(!fresh && (errno != EEXIST || dir == NULL)) {
		snprintf(err, ERRLEN, "%s: %s%s", path, strerror(errno),
		    dir == NULL ? ": name another place for the profiles with -o" : "");
		free(path);
		return -1;
	}
	s->made = 1;
	/* the program may go elsewhere, and its children look for this by name */
	s->dir = realpath(path, NULL);
	if(s->dir == NULL || access(s->dir, R_OK | W_OK | X_OK) < 0) {
		fail(err, path, errno);
		if(fresh)
			rmdir(path);
		free(path);
		return -1;
	}
	free(path);
	return 0;
}

/* Whether s->dir is this run's alone, or err: only now is anything removed there. */
static int
claimdir(const Session *s, const char *dir, int force, char *err)
{
	int left;

	/* both look after both have said where they go, so of two that begin at one time at least one sees the other */
	if(livegoeson(s->dir, s->live, &left)) {
		snprintf(err, ERRLEN, "%s: a run that goes on has its profiles there: choose another", s->dir);
		return 0;
	}
	if(force)
		removeprofiles(s->dir);
	if(dir != NULL && (hasprofiles(s->dir) || (left && !force))) {
		snprintf(
		    err, ERRLEN, "%s: has profiles of an earlier run: choose another, or --force to replace them", dir);
		return 0;
	}
	/* what processes of an earlier run that go on record would be taken for this run's */
	livesupersede(s->dir, s->live, removeprofiles);
	return 1;
}

int
sessionopen(Session *s, const char *dir, const char *prog, int force, char err[ERRLEN])
{
	*s = (Session){0};
	s->lib = findlibrary(err);
	if(s->lib == NULL)
		return -1;
	if(strpbrk(s->lib, ": ") != NULL) {
		snprintf(err, ERRLEN, "%s: cannot be preloaded from a path with a blank or a colon in it", s->lib);
		return -1;
	}
	/* first, since it may be for this directory */
	liverescue(drainorphan);
	if(makedir(s, dir, prog, err) < 0)
		return -1;
	s->live = livemake(s->dir, &s->lock);
	if(!claimdir(s, dir, force, err)) {
		if(strcmp(s->live, s->dir) != 0)
			liveremove(s->live, s->lock);
		return -1;
	}
	/* the program does not find a directory that was not there: this one comes when it is needed */
	if(dir == NULL && strcmp(s->live, s->dir) != 0 && rmdir(s->dir) == 0)
		s->made = 0;
	return 0;
}

void
sessiondrain(Session *s, pid_t pid)
{
	s->pid = pid;
	if(strcmp(s->live, s->dir) != 0)
		drain(s, NULL);
}

void
sessionend(Session *s, pid_t pid, int status)
{
	s->pid = pid;
	drain(s, &status);
	if(s->stuck > 0)
		saystuck(s);
	if(strcmp(s->live, s->dir) != 0 && liveempty(s->live)) {
		liveremove(s->live, s->lock);
		s->lock = -1;
	}
}

void
sessiondiscard(Session *s)
{
	if(s->lock >= 0) {
		removeprofiles(s->live);
		liveremove(s->live, s->lock);
		s->lock = -1;
	}
	removeprofiles(s->dir);
	rmdir(s->dir);
}

void
sessionfree(Session *s)
{
	free(s->lib);
	free(s->dir);
	free(s->live);
}
