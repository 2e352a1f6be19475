/*
 * Whether the process that wrote a profile lives.
 *
 * /proc knows it by its pid and the time it started; a process whose first thread has ended is a zombie there, and lives on in the
 * others.  The pid of another namespace says nothing here, and neither does a starting time of another time namespace.  Then the file
 * itself is asked: a read lease on it is refused as long as somebody has it mapped to write, and disturbs no reader.  That may also be a
 * forked child that has not recorded anything yet, so it is not asked where /proc can tell.
 */
#define _GNU_SOURCE
#include "alive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Asked once; 0 unknown. */
static unsigned long long
ourpidns(void)
{
	static unsigned long long ours;
	static int asked;
	char buf[64], *s;
	ssize_t n;

	if(!asked && (n = readlink("/proc/self/ns/pid", buf, sizeof buf - 1)) > 0) {
		buf[n] = 0;
		s = strchr(buf, '[');
		ours = s != NULL ? strtoull(s + 1, NULL, 10) : 0;
	}
	asked = 1;
	return ours;
}

int
profileforeign(const Fheader *h)
{
	unsigned long long ours = h->pidns != 0 ? ourpidns() : 0;

	return ours != 0 && h->pidns != ours;
}

static int
mapped(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), is;

	if(fd < 0)
		return 0;
	is = fcntl(fd, F_SETLEASE, F_RDLCK) < 0 && errno == EAGAIN;
	close(fd);
	return is;
}

int
profilealive(const char *path, const Fheader *h)
{
	char stat[64], buf[1024], *s, state;
	unsigned long long start;
	long threads;
	ssize_t n;
	int fd;

	if(profileforeign(h))
		return mapped(path);
	snprintf(stat, sizeof stat, "/proc/%d/stat", h->pid);
	fd = open(stat, O_RDONLY | O_CLOEXEC);
	if(fd < 0)
		return 0;
	n = read(fd, buf, sizeof buf - 1);
	close(fd);
	if(n <= 0)
		return 0;
	buf[n] = 0;
	/* the name may hold anything, so count from the last parenthesis: state is field 3, threads are 20, start is 22 */
	s = strrchr(buf, ')');
	if(s == NULL ||
	    sscanf(s + 1, " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld %*s %llu", &state,
		&threads, &start) != 3)
		return 0;
	if(state == 'X' || (state == 'Z' && threads <= 1))
		return 0;
	return h->starttime == 0 || start == h->starttime || mapped(path);
}
