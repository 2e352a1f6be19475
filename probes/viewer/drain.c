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
#include "alive.h"
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
	path = eprintf("%s/" QUIETFILE, s->dir);
	/* a file of that name that is none of ours is left alone */
	if(processquiet(&r->process[0]) && (access(path, F_OK) < 0 || isruns(s->dir, QUIETFILE))) {
		line = quietline(&r->process[0]);
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
		if(fd >= 0) {
			done = write(fd, line, strlen(line)) == (ssize_t)strlen(line);
			close(fd);
		}
		free(line);
	}
	free(path);
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

/* One file of the run's, as it begins. */
typedef struct Seen {
	char *path;
	const char *name;
	Head head;
	Fheader h;
} Seen;

/* The profile of what its process became next by exec, if it is there. */
static const Seen *
successor(const Seen *seen, int n, const Fheader *h)
{
	const Seen *next = NULL;
	int i;

	for(i = 0; i < n; i++) {
		const Fheader *g = &seen[i].h;

		if(seen[i].head == Hprofile && g->pid == h->pid && g->starttime == h->starttime &&
		    g->pidns == h->pidns && g->realtime > h->realtime &&
		    (next == NULL || g->realtime < next->h.realtime))
			next = &seen[i];
	}
	return next;
}

static void
setlast(Profile *p, Fclock at)
{
	if(p->h.clockkind == 0)
		at.ticks = at.ns;
	else if(!tickscounter)
		return;
	p->h.last[p->h.lastslot & 1] = at;
	if(at.ticks > p->endticks)
		p->endticks = at.ticks;
}

/*
 * What the program could not write itself: it did not see its own end.  It was just found to have ended, or became another
 * that recorded too.  status: how the program of the run ended, nil for another.
 */
static void
setend(Profile *p, const int *status, const Seen *next)
{
	if(p->h.ended != Frunning)
		return;
	clockinit();
	if(next != NULL) {
		p->h.ended = Fexec;
		setlast(p, next->h.start);
		return;
	}
	if(status != NULL) {
		p->h.ended = WIFSIGNALED(*status) ? Fsignal : Fexit;
		p->h.status = WIFSIGNALED(*status) ? WTERMSIG(*status) : WEXITSTATUS(*status);
	}
	setlast(p, (Fclock){ticks(), nsnow()});
}

/* Whether the file was left by a process that was killed while it made its profile. */
static int
halfmade(const char *path, const char *name)
{
	Fheader h = {.pid = profilepid(name)};

	return h.pid != 0 && !profilealive(path, &h) && profilehead(path, &h) == Hblank;
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

/* The one of n files that is seen[i]. */
static void
drainone(Session *s, const Seen *seen, int n, int i, const int *status)
{
	const char *path = seen[i].path, *name = seen[i].name;
	const Fheader *h = &seen[i].h;
	char err[ERRLEN];
	Profile *p;
	int own;

	switch(seen[i].head) {
	case Hnone:
		return;
	case Hblank:
		if(halfmade(path, name) && unlink(path) == 0)
			s->unmade++;
		return;
	case Hprofile:
		break;
	}
	own = s->pid != 0 && h->pid == s->pid && !profileforeign(h);
	/* it may have ended a moment ago: its status, which says how, comes later */
	if(own && status == NULL)
		return;
	if(own || !profilealive(path, h)) {
		p = profileread(path, err);
		if(p == NULL) {
			if(status != NULL)
				complain("%s: it stays there", err);
			return;
		}
		/* what an earlier run left has ended at any time */
		if(s->pid != 0)
			setend(p, own ? status : NULL, successor(seen, n, h));
		bringhome(s, name, p);
		profilefree(p);
	} else if(status != NULL)
		linkto(s, path, name);
}

void
drain(Session *s, const int *status)
{
	struct dirent **name;
	Seen *seen;
	int i, n, m = 0;

	s->stuck = 0;
	n = scandir(s->live, &name, NULL, alphasort);
	if(n < 0)
		return;
	seen = emalloc((size_t)(n + 1) * sizeof *seen);
	for(i = 0; i < n; i++) {
		if(name[i]->d_name[0] == '.')
			continue;
		seen[m].path = eprintf("%s/%s", s->live, name[i]->d_name);
		seen[m].name = name[i]->d_name;
		seen[m].head = profilehead(seen[m].path, &seen[m].h);
		m++;
	}
	for(i = 0; i < m; i++)
		drainone(s, seen, m, i, status);
	for(i = 0; i < m; i++)
		free(seen[i].path);
	for(i = 0; i < n; i++)
		free(name[i]);
	free(seen);
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
