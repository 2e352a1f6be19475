/*
 * The directory in memory where a run's profiles are while they are written.
 *
 * It has a file that says where they go when they are done, locked for as long
 * as the command lives.  If the command is killed, or its program's children
 * outlive it, the next run finds that file unlocked and brings home what has
 * ended: nothing that was recorded stays in memory unseen.
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
#include <unistd.h>
#include "command.h"
#include "mem.h"

/* Memory that must be free to be used: a program may need /dev/shm for itself. */
static const uint64_t LIVEROOM = 256 << 20;
#define PREFIX "rendez."
#define HOME ".home"

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

/* The home of a live directory that is ours to empty, locked; NULL if it is somebody's. */
static char *
orphan(const char *live, int *lock)
{
	char *path = eprintf("%s/" HOME, live), home[PATH_MAX];
	struct stat st;
	ssize_t n = 0;
	int fd = -1;

	if(lstat(live, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	free(path);
	if(fd < 0)
		return NULL;
	if(flock(fd, LOCK_EX | LOCK_NB) == 0)
		n = read(fd, home, sizeof home - 1);
	if(n <= 0 || home[0] != '/') {
		close(fd);
		return NULL;
	}
	home[n] = 0;
	*lock = fd;
	return estrdup(home);
}

void
liverescue(void (*each)(const char *live, const char *home))
{
	struct dirent *e;
	int i, lock;
	DIR *d;

	for(i = 0; i < 2; i++) {
		if(!inmemory(base(i)) || (d = opendir(base(i))) == NULL)
			continue;
		while((e = readdir(d)) != NULL) {
			char *live, *home;

			if(strncmp(e->d_name, PREFIX, sizeof PREFIX - 1) != 0)
				continue;
			live = eprintf("%s/%s", base(i), e->d_name);
			home = orphan(live, &lock);
			if(home != NULL) {
				each(live, home);
				if(liveempty(live))
					liveremove(live, lock);
				else
					close(lock);
			}
			free(home);
			free(live);
		}
		closedir(d);
	}
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
