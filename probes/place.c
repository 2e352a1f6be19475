/*
 * Where profiles are made: new files of a directory.
 *
 * That is mostly one in memory that a run of the command has made, which goes when the run is over.  It says in a file of its
 * own where all will be brought then; a child that makes its profile later makes it there.
 */
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum {
	MAXDIR = 1024,
	MAXTRIES = 10000,
};

static char dir[MAXDIR], home[MAXDIR];

char *
appendnum(char *p, const char *s, uint64_t n)
{
	char num[24];
	int i = sizeof num;

	p = stpcpy(p, s);
	do
		num[--i] = (char)('0' + n % 10);
	while((n /= 10) != 0);
	memcpy(p, num + i, sizeof num - (size_t)i);
	p += sizeof num - (size_t)i;
	*p = 0;
	return p;
}

void
readall(const char *path, char *buf, size_t n)
{
	int fd = sysopen(path, O_RDONLY | O_CLOEXEC, 0);
	size_t got = 0;
	long r;

	if(fd < 0)
		return;
	while(got < n && (r = sysread(fd, buf + got, n - got)) != 0) {
		if(r == -EINTR)
			continue;
		if(r < 0)
			break;
		got += (size_t)r;
	}
	sysclose(fd);
}

/* Where what is in dir will go, if it is a directory in memory that a run of the command has made. */
static void
findhome(void)
{
	char path[MAXDIR + 8];

	stpcpy(stpcpy(path, dir), "/.home");
	readall(path, home, sizeof home);
	if(home[0] != '/' || home[sizeof home - 1] != 0)
		home[0] = 0;
}

const char *
placeset(const char *d)
{
	size_t n = 0;
	long r;

	if(d[0] != '/') {
		/* The program may change its directory before a child of it comes back here. */
		r = sysgetcwd(dir, sizeof dir);
		if(r <= 0 || dir[0] != '/')
			return "the current directory cannot be named";
		n = strlen(dir);
		dir[n++] = '/';
	}
	if(n + strlen(d) >= sizeof dir)
		return "the name is too long";
	strcpy(dir + n, d);
	findhome();
	return nil;
}

/* A new file in dir, open, its name in path; or -errno. */
static int
create(char *path)
{
	char *p = appendnum(stpcpy(path, dir), "/", (uint64_t)syspid());
	int fd = -EEXIST, n;

	for(n = 0; n < MAXTRIES && fd == -EEXIST; n++) {
		stpcpy(appendnum(p, ".", (uint64_t)n), ".rendez");
		fd = sysopen(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	}
	return fd;
}

/* The file is reserved and mapped in one go. */
Fheader *
placemake(int *err)
{
	char path[MAXDIR + 64];
	void *m;
	int fd;

	/* No directory: for the stacks of RENDEZ_CHECK alone. */
	if(dir[0] == 0) {
		*err = ENOMEM;
		return sysmap(prof.size, 0);
	}
	/* The signal that a file too large is answered with would end the program. */
	*err = EFBIG;
	if(sysfilelimit() < prof.size)
		return nil;
	fd = create(path);
	/* The run is over, and its directory in memory gone: a child that has recorded nothing so far outlives it. */
	if(fd == -ENOENT && home[0] != 0) {
		strcpy(dir, home);
		fd = create(path);
	}
	if(fd < 0) {
		*err = -fd;
		return nil;
	}
	*err = sysreserve(fd, prof.size);
	m = *err == 0 ? sysmapfile(fd, prof.size) : nil;
	sysclose(fd);
	if(m == nil) {
		if(*err == 0)
			*err = ENOMEM;
		sysunlink(path);
	}
	return m;
}
