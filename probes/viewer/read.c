/* The one reader of the profile format.  See read.h for what it promises. */
#include "read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "mem.h"

enum { MAXPROFILE = 256 << 20 };
static const uint64_t LONGEST = 1000000000000000000; /* ns: no process has lived for 30 years */

static Profile *
bad(Profile *p, char *err, const char *path, const char *what)
{
	snprintf(err, ERRLEN, "%s: %s", path, what);
	if(p != NULL)
		profilefree(p);
	return NULL;
}

static const void *
section(const Profile *p, Fsect s, size_t entrysize, size_t *n, const char **what)
{
	const Fsection *f = &p->h.section[s];

	*n = 0;
	if(f->count == 0)
		return NULL;
	if(f->size != entrysize)
		*what = "damaged profile: a section's entries have another size";
	else if(f->off % 8 != 0 || f->off < sizeof(Fheader) || f->off > p->size ||
		f->count > (p->size - f->off) / entrysize)
		*what = "damaged profile: a section reaches beyond the end of the file";
	else {
		*n = f->count;
		return (const char *)p->buf + f->off;
	}
	return NULL;
}

/*
 * Two pairs of clocks give the length of a tick; a writer killed early has left only one.  The
 * process lived at least until the last thing that its file tells a time of.
 */
static void
setclock(Profile *p)
{
	const Fclock *start = &p->h.start, *a = &p->h.before, *b = &p->h.last[p->h.lastslot & 1];
	size_t i;

	if(a->ticks == 0 || a->ticks > start->ticks || a->ns > start->ns)
		a = start;
	p->nspertick = 1;
	p->endticks = b->ticks > start->ticks ? b->ticks : start->ticks;
	if(p->h.clockkind != 0) {
		if(b->ticks > a->ticks && b->ns > a->ns)
			p->nspertick = (double)(b->ns - a->ns) / (double)(b->ticks - a->ticks);
		else
			p->clockunsure = 1;
		if(!(p->nspertick > 1e-3 && p->nspertick < 1e6)) {
			p->nspertick = 1;
			p->clockunsure = 1;
		}
	}
	for(i = 0; i < p->nthread; i++) {
		const Fthread *t = &p->thread[i];

		if(t->tid == 0)
			continue;
		if(t->born > p->endticks)
			p->endticks = t->born;
		if(t->died > p->endticks)
			p->endticks = t->died;
		if(t->seen > p->endticks)
			p->endticks = t->seen;
	}
	for(i = 0; i < p->narea; i++) {
		const Farea *f = &p->area[i];

		if(f->thread != 0 && f->current.lock != 0 && f->current.begun > p->endticks)
			p->endticks = f->current.begun;
	}
}

/* Threads without an entry are the entries given out beyond the last; the rest of what Sthreads lost are waits (recorder.c). */
static void
setlost(Profile *p)
{
	const Fsection *threads = &p->h.section[Sthreads];
	int i;

	for(i = 0; i < NSECT; i++)
		if(i != Sthreads && i != Sareas)
			p->placeless += p->h.section[i].lost;
	if(threads->used > threads->count)
		p->unlisted = threads->used - threads->count;
	if(p->unlisted > threads->lost)
		p->unlisted = threads->lost;
	p->missed = threads->lost - p->unlisted;
	/* Who has no entry has no page either. */
	p->unwatched = p->h.section[Sareas].lost + p->unlisted;
}

Profile *
profileparse(const char *path, void *buf, size_t n, char err[ERRLEN])
{
	Profile *p = emalloc(sizeof *p);
	const char *what = NULL;

	*p = (Profile){.path = estrdup(path), .buf = buf, .size = n};
	if(n < 12 || memcmp(buf, FMAGIC, 7) != 0)
		return bad(p, err, path, "not a profile of rendez");
	memcpy(&p->h, buf, n < sizeof p->h ? n : sizeof p->h);
	if(p->h.version > FVERSION) {
		snprintf(err, ERRLEN, "%s: a newer profile (version %u): this rendez reads up to version %d", path,
		    p->h.version, FVERSION);
		profilefree(p);
		return NULL;
	}
	if(p->h.version < FVERSION) {
		snprintf(err, ERRLEN,
		    "%s: an older profile (version %u): the rendez that made it reads it, or record it again", path,
		    p->h.version);
		profilefree(p);
		return NULL;
	}
	if(n < sizeof p->h || p->h.headersize < sizeof p->h)
		return bad(p, err, path, "damaged profile: the header is cut short");
	p->module = section(p, Smodules, sizeof(Fmodule), &p->nmodule, &what);
	p->lock = section(p, Slocks, sizeof(Flock), &p->nlock, &what);
	p->thread = section(p, Sthreads, sizeof(Fthread), &p->nthread, &what);
	p->area = section(p, Sareas, sizeof(Farea), &p->narea, &what);
	p->pair = section(p, Spairs, sizeof(Fpair), &p->npair, &what);
	p->stack = section(p, Sstacks, sizeof(Fstack), &p->nstack, &what);
	p->frame = section(p, Sframes, sizeof(Fpc), &p->nframe, &what);
	if(what != NULL)
		return bad(p, err, path, what);
	setlost(p);
	setclock(p);
	if(profilens(p, p->endticks - p->h.start.ticks) > LONGEST)
		return bad(p, err, path, "damaged profile: it tells of a time that cannot be");
	return p;
}

Profile *
profileread(const char *path, char err[ERRLEN])
{
	struct stat st;
	size_t n = 0;
	ssize_t got;
	char *buf;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if(fd < 0 || fstat(fd, &st) < 0) {
		bad(NULL, err, path, strerror(errno));
		if(fd >= 0)
			close(fd);
		return NULL;
	}
	if(!S_ISREG(st.st_mode) || st.st_size > MAXPROFILE) {
		close(fd);
		return bad(NULL, err, path, "not a profile of rendez");
	}
	buf = emalloc((size_t)st.st_size);
	while(n < (size_t)st.st_size && (got = read(fd, buf + n, (size_t)st.st_size - n)) != 0) {
		if(got < 0 && errno == EINTR)
			continue;
		if(got < 0) {
			bad(NULL, err, path, strerror(errno));
			free(buf);
			close(fd);
			return NULL;
		}
		n += (size_t)got;
	}
	close(fd);
	return profileparse(path, buf, n, err);
}

void
profilefree(Profile *p)
{
	free(p->path);
	free(p->buf);
	free(p);
}

Head
profilehead(const char *path, Fheader *h)
{
	static const char blank[7];
	struct stat st;
	ssize_t n = -1;
	int fd;

	*h = (Fheader){0};
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if(fd < 0)
		return Hnone;
	if(fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, h, sizeof *h);
	close(fd);
	if(n >= (ssize_t)sizeof blank && memcmp(h->magic, FMAGIC, sizeof blank) == 0)
		return Hprofile;
	return n == 0 || (n >= (ssize_t)sizeof blank && memcmp(h->magic, blank, sizeof blank) == 0) ? Hblank : Hnone;
}

int
isprofile(const char *path)
{
	Fheader h;

	return profilehead(path, &h) == Hprofile;
}

uint64_t
profilens(const Profile *p, uint64_t ticks)
{
	double ns = (double)ticks * p->nspertick;

	if(p->nspertick == 1)
		return ticks;
	return ns < 1.8e19 ? (uint64_t)(ns + 0.5) : UINT64_MAX;
}

int
profilestack(const Profile *p, uint32_t id, const Fpc **frames, int *truncated)
{
	const Fstack *s;
	uint32_t n;

	*truncated = 0;
	if(id == 0 || id > p->nstack)
		return 0;
	s = &p->stack[id - 1];
	n = s->n & ~(uint32_t)Struncated;
	if(n == 0 || n > FMAXFRAMES || s->first > p->nframe || n > p->nframe - s->first)
		return 0;
	*truncated = (s->n & Struncated) != 0;
	*frames = p->frame + s->first;
	return (int)n;
}
