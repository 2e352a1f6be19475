/*
 * Bringing home what of a run has ended: from memory into the run's directory.
 *
 * A file is looked at by its header, which tells whose it is, and read whole only when its process has ended.
 * That must be seen first: what is read later is then final.  A process that is killed in the millisecond
 * that it takes to make its profile leaves a file without magic; it is known by its name, which begins with the
 * pid, and goes.  What cannot be brought home stays where it is, and is tried again by the next round, and by later runs.
 */
#include "drain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../compat/linux.h"
#include "command.h"
#include "load.h"

/* 0 or errno. */
static int
needdir(Session *s)
{
	if(!s->made && mkdir(s->dir, 0700) < 0 && errno != EEXIST)
		return errno;
	s->made = 1;
	return 0;
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
	if(processquiet(&r->process[0])) {
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
	int e = needdir(s);

	if(e == 0 && keepline(s, p))
		unlink(from);
	else if(e == 0) {
		e = compact(p, tmp);
		if(e == 0 && rename(tmp, to) < 0)
			e = errno;
		if(e == 0 && strcmp(s->live, s->dir) != 0)
			unlink(from);
	}
	if(e == 0)
		s->profiles++;
	else {
		s->stuck++;
		s->why = e;
	}
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

int
halfmade(const char *path, const char *name)
{
	Fheader h = {0};
	int end = 0;

	if(sscanf(name, "%d.%*d" PROFILESUFFIX "%n", &h.pid, &end) != 1 || end == 0 || name[end] != 0 ||
	    profilealive(&h))
		return 0;
	return profilehead(path, &h) == Hblank;
}

/* A process that outlives the program: its file stays, and home has a link to it. */
static void
linkto(Session *s, const char *path, const char *name)
{
	char *link;
	int e;

	s->running++;
	if(strcmp(s->live, s->dir) == 0)
		return;
	link = eprintf("%s/%s", s->dir, name);
	e = needdir(s);
	if(e == 0 && symlink(path, link) < 0)
		e = errno;
	if(e != 0)
		complain("%s: %s", link, strerror(e));
	free(link);
}

/* One file; latest: when the program itself began, the last time if it became another. */
static void
drainone(Session *s, const char *path, const char *name, const int *status, uint64_t latest)
{
	char err[ERRLEN];
	Fheader h;
	Profile *p;
	int own;

	switch(profilehead(path, &h)) {
	case Hnone:
		return;
	case Hblank:
		if(halfmade(path, name) && unlink(path) == 0)
			s->unmade++;
		return;
	case Hprofile:
		break;
	}
	own = s->pid != 0 && h.pid == s->pid;
	/* it may have ended a moment ago: its status, which says how, comes later */
	if(own && status == NULL)
		return;
	if(own || !profilealive(&h)) {
		p = profileread(path, err);
		if(p == NULL) {
			if(status != NULL)
				complain("%s: it stays there", err);
			return;
		}
		if(own)
			setend(p, *status, p->h.realtime == latest);
		bringhome(s, name, p);
		profilefree(p);
	} else if(status != NULL)
		linkto(s, path, name);
}

void
drain(Session *s, const int *status)
{
	struct dirent **name;
	uint64_t latest = 0;
	Fheader h;
	int i, n, pass;

	s->stuck = 0;
	n = scandir(s->live, &name, NULL, alphasort);
	for(pass = status != NULL ? 0 : 1; pass < 2; pass++)
		for(i = 0; i < n; i++) {
			char *path;

			if(name[i]->d_name[0] == '.')
				continue;
			path = eprintf("%s/%s", s->live, name[i]->d_name);
			if(pass == 1)
				drainone(s, path, name[i]->d_name, status, latest);
			else if(profilehead(path, &h) == Hprofile && h.pid == s->pid && h.realtime > latest)
				latest = h.realtime;
			free(path);
		}
	for(i = 0; i < n; i++)
		free(name[i]);
	if(n >= 0)
		free(name);
}

void
saystuck(const Session *s)
{
	complain("%s: %s: %d profile%s in %s", s->dir, strerror(s->why), s->stuck, s->stuck == 1 ? " stays" : "s stay",
	    s->live);
}

void
sayunmade(int n)
{
	complain("%d process%s ended before %s profile was made: nothing is known of %s", n, n == 1 ? "" : "es",
	    n == 1 ? "its" : "their", n == 1 ? "it" : "them");
}

void
drainorphan(const char *live, const char *home)
{
	Session s = {.dir = estrdup(home), .live = estrdup(live)};

	drain(&s, NULL);
	if(s.profiles > 0)
		complain("brought home what an earlier run had left in memory: %s", home);
	if(s.unmade > 0)
		sayunmade(s.unmade);
	if(s.stuck > 0)
		saystuck(&s);
	free(s.dir);
	free(s.live);
}
