/*
 * The directory in memory where a run's profiles are while they are written.
 *
 * It has a file that says where they go when they are done, locked for as long
 * as the command lives.  If the command is killed, or its program's children
 * outlive it, the next run finds that file unlocked and brings home what has
 * ended: nothing that was recorded stays in memory unseen.  A directory whose
 * command was killed before it had written that file is known by its age.
 */
#include "live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>
#include "command.h"
#include "mem.h"

/* Memory that must be free to be used: a program may need /dev/shm for itself. */
static const uint64_t LIVEROOM = 256 << 20;
#define PREFIX "rendez."
#define HOME ".home"
enum { MADEWITHIN = 60 }; /* seconds in which a command that lives has written .home */

static const char *
base(int i)
{
	return i == 0 ? getenv("XDG_RUNTIME_DIR") : i == 1 ? "/dev/shm" : NULL;
}

static int
inmemory(const char *dir)
{
	struct statfs fs;

	return dir != NULL && dir[0] == '/' && statfs(dir, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static int
roomy(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 && (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize >= LIVEROOM;
}

/* Locked for good, that is for the life of this process; -1 if it cannot be. */
static int
mark(const char *live, const char *home)
{
	char *path = eprintf("%s/" HOME, live);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	free(path);
	if(fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) < 0 || write(fd, home, strlen(home)) != (ssize_t)strlen(home))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

char *
livemake(const char *home, int *lock)
{
	int i;

	*lock = -1;
	if(inmemory(home))
		return estrdup(home);
	for(i = 0; i < 2; i++) {
		char *path;

		if(!inmemory(base(i)) || !roomy(base(i)))
			continue;
		path = eprintf("%s/" PREFIX "XXXXXX", base(i));
		if(mkdtemp(path) != NULL) {
			*lock = mark(path, home);
			if(*lock >= 0)
				return path;
			liveremove(path, -1);
		}
		free(path);
	}
	return estrdup(home);
}

void
liveremove(const char *live, int lock)
{
	char *path = eprintf("%s/" HOME, live);

	unlink(path);
	rmdir(live);
	free(path);
	if(lock >= 0)
		close(lock);
}

/* Its .home, open, if this is a directory of ours; -1 if not, and with *old the directory has been there for a while. */
static int
openhome(const char *live, int *old)
{
	char *path = eprintf("%s/" HOME, live);
	struct stat st;
	int fd = -1;

	*old = 0;
	if(lstat(live, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 077) == 0) {
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		*old = time(NULL) - st.st_mtime >= MADEWITHIN;
	}
	free(path);
	return fd;
}

/* Where its profiles go; nil if the command did not live to write that, or has not come to it yet. */
static char *
homeof(int fd)
{
	char home[PATH_MAX];
	ssize_t n = pread(fd, home, sizeof home - 1, 0);

	if(n <= 0 || home[0] != '/')
		return NULL;
	home[n] = 0;
	return estrdup(home);
}

void
liveeach(void (*each)(void *arg, const char *live, const char *home), void *arg)
{
	struct dirent *e;
	DIR *d;
	int i;

	for(i = 0; i < 2; i++) {
		if(!inmemory(base(i)) || (d = opendir(base(i))) == NULL)
			continue;
		while((e = readdir(d)) != NULL) {
			char *live, *home = NULL;
			int fd, old;

			if(strncmp(e->d_name, PREFIX, sizeof PREFIX - 1) != 0)
				continue;
			live = eprintf("%s/%s", base(i), e->d_name);
			fd = openhome(live, &old);
			if(fd >= 0) {
				home = homeof(fd);
				close(fd);
			}
			if(home != NULL || old)
				each(arg, live, home);
			free(home);
			free(live);
		}
		closedir(d);
	}
}

/* Other directories whose profiles go to the same home. */
typedef struct Others {
	const char *home, *live;
	int goon, left;
	void (*empty)(const char *live); /* of a run that is over; nil: leave it */
} Others;

static void
other(void *arg, const char *live, const char *home)
{
	Others *o = arg;
	int old, fd;

	if(home == NULL || strcmp(home, o->home) != 0 || strcmp(live, o->live) == 0)
		return;
	fd = openhome(live, &old);
	if(fd < 0)
		return;
	if(flock(fd, LOCK_EX | LOCK_NB) < 0) {
		o->goon = 1;
		close(fd);
	} else if(o->empty != NULL) {
		o->empty(live);
		liveremove(live, fd);
	} else {
		o->left |= !liveempty(live);
		close(fd);
	}
}

int
livegoeson(const char *home, const char *live, int *left)
{
	Others o = {.home = home, .live = live};

	liveeach(other, &o);
	*left = o.left;
	return o.goon;
}

void
livesupersede(const char *home, const char *live, void (*empty)(const char *live))
{
	Others o = {.home = home, .live = live, .empty = empty};

	liveeach(other, &o);
}

typedef struct Rescue {
	void (*each)(const char *live, const char *home);
} Rescue;

static void
rescueone(void *arg, const char *live, const char *home)
{
	const Rescue *r = arg;
	int old, fd = openhome(live, &old);

	if(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return;
	}
	if(home != NULL && fd >= 0)
		r->each(live, home);
	if((home != NULL || old) && liveempty(live))
		liveremove(live, fd);
	else if(fd >= 0)
		close(fd);
}

void
liverescue(void (*each)(const char *live, const char *home))
{
	Rescue r = {each};

	liveeach(rescueone, &r);
}

int
liveempty(const char *live)
{
	struct dirent *e;
	int n = 0;
	DIR *d = opendir(live);

	if(d == NULL)
		return 0;
	while((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n == 0;
}
