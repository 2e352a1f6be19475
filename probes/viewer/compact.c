/*
 * A profile as it is kept: each section cut behind its last used entry, the
 * table of pairs (which nothing points into) without its gaps.  The reader
 * takes both forms.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "mem.h"
#include "session.h"

static int
iszero(const char *p, size_t n)
{
	while(n-- > 0)
		if(*p++ != 0)
			return 0;
	return 1;
}

static size_t
keep(char *to, const char *file, const Fsection *s, int gaps)
{
	const char *from;
	size_t i, n = 0;

	if(s->count == 0) /* and then nobody has looked where it says it is */
		return 0;
	from = file + s->off;
	if(gaps) {
		for(i = 0; i < s->count; i++)
			if(!iszero(from + i * s->size, s->size))
				memcpy(to + n++ * s->size, from + i * s->size, s->size);
		return n;
	}
	for(n = s->count; n > 0 && iszero(from + (n - 1) * s->size, s->size); n--)
		;
	memcpy(to, from, n * s->size);
	return n;
}

static int
writeall(int fd, const char *p, size_t n)
{
	ssize_t w;

	for(; n > 0; p += w, n -= (size_t)w) {
		w = write(fd, p, n);
		if(w < 0 && errno == EINTR)
			w = 0;
		else if(w < 0)
			return errno;
	}
	return 0;
}

int
compact(const Profile *p, const char *path)
{
	Fheader h = p->h;
	size_t off = sizeof h, room = sizeof h;
	char *out;
	int i, e, fd;

	/* a hostile file's sections may lie over each other: the sum is not bounded by its size */
	for(i = 0; i < NSECT; i++)
		room += h.section[i].count * h.section[i].size + 8;
	out = emalloc(room);
	memset(out, 0, sizeof h);
	for(i = 0; i < NSECT; i++) {
		Fsection *s = &h.section[i];

		off = (off + 7) & ~(size_t)7;
		s->count = keep(out + off, p->buf, s, i == Spairs);
		s->off = off;
		off += s->count * s->size;
	}
	h.headersize = sizeof h;
	h.filesize = off;
	memcpy(out, &h, sizeof h);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if(fd < 0) {
		e = errno;
		free(out);
		return e;
	}
	e = writeall(fd, out, off);
	if(close(fd) < 0 && e == 0)
		e = errno;
	if(e != 0)
		unlink(path);
	free(out);
	return e;
}
