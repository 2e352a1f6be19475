/* Where a run's profiles live, and bringing them home.  See session.h. */
#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../compat/linux.h"
#include "command.h"
#include "launch.h"
#include "live.h"
#include "load.h"

/* Profiles of a run, and nothing else in its directory. */
static void
removeprofiles(const char *dir)
{
	struct dirent *e;
	DIR *d = opendir(dir);

	if(d == NULL)
		return;
	while((e = readdir(d)) != NULL) {
		char *path = eprintf("%s/%s", dir, e->d_name);

		if(isprofile(path) || strcmp(e->d_name, QUIETFILE) == 0)
			unlink(path);
		free(path);
	}
	closedir(d);
}

void
removerun(const char *dir)
{
	removeprofiles(dir);
	rmdir(dir);
}

static int
fail(char *err, const char *what, int e)
{
	snprintf(err, ERRLEN, "%s: %s", what, strerror(e));
	return -1;
}

/* The name that is to be: dir, or rendez.PROGRAM.PID here. */
static int
makedir(Session *s, const char *dir, const char *prog, int force, char *err)
{
	const char *slash = strrchr(prog, '/');
	char *path;
	int fresh;

	path = dir != NULL ? estrdup(dir) : eprintf("rendez.%s.%d", slash == NULL ? prog : slash + 1, getpid());
	fresh = mkdir(path, 0700) == 0;
	if(!fresh && (errno != EEXIST || dir == NULL)) {
		fail(err, path, errno);
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
	if(force)
		removeprofiles(s->dir);
	if(dir != NULL && hasprofiles(s->dir)) {
		snprintf(
		    err, ERRLEN, "%s: has profiles of an earlier run: choose another, or --force to replace them", dir);
		return -1;
	}
	return 0;
}

static void
needdir(Session *s)
{
	if(!s->made && mkdir(s->dir, 0700) < 0 && errno != EEXIST)
		complain("%s: %s", s->dir, strerror(errno));
	s->made = 1;
}

/* Only its line is kept; 0 if it deserves more. */
static int
keepline(Session *s, const Profile *p)
{
	char *path, *line;
	int fd, done = 0;
	Report *r;

	if(p->h.pid == s->pid)
		return 0;
	r = reportnew(0);
	reportadd(r, p);
	if(r->process[0].waits == 0 && r->process[0].lost == 0 && r->process[0].forkfailed == 0 &&
	    r->process[0].nunfinished == 0 && r->process[0].nwrong == 0) {
		path = eprintf("%s/" QUIETFILE, s->dir);
		line = quietline(&r->process[0]);
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
		if(fd >= 0) {
			done = write(fd, line, strlen(line)) == (ssize_t)strlen(line);
			close(fd);
		}
		free(line);
		free(path);
	}
	reportfree(r);
	return done;
}

/* One file from live to dir. */
static void
bringhome(Session *s, const char *name, Profile *p)
{
	char *from = eprintf("%s/%s", s->live, name), *to = eprintf("%s/%s", s->dir, name),
	     *tmp = eprintf("%s/.%s", s->dir, name);
	int e;

	needdir(s);
	if(keepline(s, p))
		unlink(from);
	else {
		e = compact(p, tmp);
		if(e == 0 && rename(tmp, to) < 0)
			e = errno;
		if(e != 0)
			complain("%s: %s; its profile stays %s", to, strerror(e), from);
		else if(strcmp(s->live, s->dir) != 0)
			unlink(from);
	}
	s->profiles++;
	free(from);
	free(to);
	free(tmp);
}

/* What the program could not write itself: it did not see its own end. */
static void
setend(Profile *p, int status, int latest)
{
	Fclock now;

	if(p->h.ended != Frunning)
		return;
	if(!latest) {
		p->h.ended = Fexec;
		return;
	}
	p->h.ended = WIFSIGNALED(status) ? Fsignal : Fexit;
	p->h.status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	clockinit();
	now = (Fclock){ticks(), nsnow()};
	if(p->h.clockkind == 0)
		now.ticks = now.ns;
	else if(!tickscounter)
		return;
	p->h.last[p->h.lastslot & 1] = now;
}

/* Each file of live that is done; at the end (status not nil) the program's own and links to the rest. */
static void
drain(Session *s, const int *status)
{
	struct dirent **name;
	uint64_t latest = 0;
	char err[ERRLEN];
	int i, n, pass;

	n = scandir(s->live, &name, NULL, alphasort);
	for(pass = status != NULL ? 0 : 1; pass < 2; pass++)
		for(i = 0; i < n; i++) {
			char *path = eprintf("%s/%s", s->live, name[i]->d_name);
			Profile *p = name[i]->d_name[0] != '.' && isprofile(path) ? profileread(path, err) : NULL;
			int own = p != NULL && status != NULL && p->h.pid == s->pid;

			if(p != NULL && pass == 0 && own && p->h.realtime > latest)
				latest = p->h.realtime;
			else if(p != NULL && pass == 1 && (own || !profilealive(&p->h))) {
				/* It may have ended since it was read. */
				profilefree(p);
				p = profileread(path, err);
				if(p == NULL) {
					free(path);
					continue;
				}
				if(own)
					setend(p, *status, p->h.realtime == latest);
				bringhome(s, name[i]->d_name, p);
			} else if(p != NULL && pass == 1 && status != NULL) {
				s->running++;
				if(strcmp(s->live, s->dir) != 0) {
					char *link = eprintf("%s/%s", s->dir, name[i]->d_name);

					needdir(s);
					if(symlink(path, link) < 0)
						complain("%s: %s", link, strerror(errno));
					free(link);
				}
			}
			if(p != NULL)
				profilefree(p);
			free(path);
		}
	for(i = 0; i < n; i++)
		free(name[i]);
	if(n >= 0)
		free(name);
}

/* What has ended of a run whose command did not live to see it. */
static void
rescue(const char *live, const char *home)
{
	Session s = {.dir = estrdup(home), .live = estrdup(live)};

	drain(&s, NULL);
	if(s.profiles > 0)
		complain("brought home what an earlier run had left in memory: %s", home);
	free(s.dir);
	free(s.live);
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
	if(makedir(s, dir, prog, force, err) < 0)
		return -1;
	liverescue(rescue);
	s->live = livemake(s->dir, &s->lock);
	/* the program does not find a directory that was not there: this one comes when it is needed */
	if(dir == NULL && strcmp(s->live, s->dir) != 0 && rmdir(s->dir) == 0)
		s->made = 0;
	return 0;
}

void
sessiondrain(Session *s)
{
	if(strcmp(s->live, s->dir) != 0)
		drain(s, NULL);
}

void
sessionend(Session *s, pid_t pid, int status)
{
	s->pid = pid;
	drain(s, &status);
	if(strcmp(s->live, s->dir) != 0 && liveempty(s->live))
		liveremove(s->live, s->lock);
}

void
sessionfree(Session *s)
{
	free(s->lib);
	free(s->dir);
	free(s->live);
}
