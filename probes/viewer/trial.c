/* One run for rendez compare.  Both kinds are started the same way; only the environment differs. */
#include "trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../compat/linux.h"
#include "child.h"
#include "command.h"
#include "launch.h"
#include "mem.h"
#include "session.h"

enum { NEAR = 256 }; /* KiB: what the search for the program may add; the kernel counts no better */

static uint64_t
tvns(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u;
}

static void
measure(Trial *t, const Child *c, uint64_t wall)
{
	t->m[Mwall] = wall;
	t->m[Muser] = tvns(c->usage.ru_utime);
	t->m[Msys] = tvns(c->usage.ru_stime);
	t->m[Mvoluntary] = (uint64_t)c->usage.ru_nvcsw;
	t->m[Minvoluntary] = (uint64_t)c->usage.ru_nivcsw;
	t->m[Mmemory] = (uint64_t)c->usage.ru_maxrss * 1024;
	t->atmost = c->usage.ru_maxrss <= c->peak + NEAR;
	t->status = c->status;
}

/* A file without a name, which the program gets as one of its three and not as another: none of those numbers is free (main.c). */
static FILE *
unnamed(void)
{
	FILE *f = tmpfile();

	if(f != NULL)
		fcntl(fileno(f), F_SETFD, FD_CLOEXEC);
	return f;
}

static int
run(const Trialplan *p, Child *c, Trial *t, char *err)
{
	int e;

	t->out = unnamed();
	t->err = unnamed();
	if(t->out == NULL || t->err == NULL) {
		snprintf(err, ERRLEN, "temporary file: %s", strerror(errno));
		return Xown;
	}
	if(lseek(p->in, p->start, SEEK_SET) < 0 && errno != ESPIPE) {
		snprintf(err, ERRLEN, "standard input: %s", strerror(errno));
		return Xown;
	}
	c->in = p->in;
	c->out = fileno(t->out);
	c->err = fileno(t->err);
	e = runchild(c);
	if(e != 0) {
		snprintf(err, ERRLEN, "%s: %s", p->argv[0], strerror(e));
		return e == ENOENT ? Xnotfound : Xnotrun;
	}
	measure(t, c, nsnow() - c->begun);
	return c->asked != 0 ? -c->asked : 0;
}

static int
rununder(const Trialplan *p, Child *c, Trial *t, char *err)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = eprintf("%s/rendez.XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp"), *preload;
	int r, asanfirst;
	Session s;

	if(mkdtemp(dir) == NULL) {
		snprintf(err, ERRLEN, "%s: %s: set TMPDIR to a directory that can be written", dir, strerror(errno));
		free(dir);
		return Xown;
	}
	if(sessionopen(&s, dir, p->argv[0], 0, err) < 0) {
		rmdir(dir);
		free(dir);
		return Xown;
	}
	preload = preloadwith(s.lib, getenv("LD_PRELOAD"), p->asan, &asanfirst);
	c->preload = preload;
	c->dir = s.live;
	c->norecord = !p->record;
	r = run(p, c, t, err);
	sessionend(&s, c->pid, t->status);
	t->profiles = s.profiles + s.running;
	sessiondiscard(&s);
	free(preload);
	free(dir);
	sessionfree(&s);
	return r;
}

int
trialrun(const Trialplan *p, int under, Trial *t, char err[ERRLEN])
{
	Child c = {.argv = p->argv, .fresh = 1};

	*t = (Trial){.status = 0};
	return under ? rununder(p, &c, t, err) : run(p, &c, t, err);
}

void
trialfree(Trial *t)
{
	if(t->out != NULL)
		fclose(t->out);
	if(t->err != NULL)
		fclose(t->err);
	t->out = t->err = NULL;
}

uint64_t
filebytes(FILE *f)
{
	struct stat st;

	return fstat(fileno(f), &st) == 0 ? (uint64_t)st.st_size : 0;
}

int
samebytes(FILE *f, FILE *g)
{
	char a[8192], b[8192];
	off_t at = 0;
	ssize_t n;

	if(filebytes(f) != filebytes(g))
		return 0;
	while((n = pread(fileno(f), a, sizeof a, at)) > 0) {
		if(pread(fileno(g), b, (size_t)n, at) != n || memcmp(a, b, (size_t)n) != 0)
			return 0;
		at += n;
	}
	return n == 0;
}
