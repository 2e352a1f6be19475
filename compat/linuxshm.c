/* The system calls of what processes share: a file in memory, the life of threads, groups (region.c, member.c, rfork.c). */
#define _GNU_SOURCE
#include "linuxsys.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int
sysrobustregister(struct robust_list_head *h)
{
	return (int)-SYS(set_robust_list, h, sizeof *h);
}

int
anytidalive(int tid)
{
	return SYS(tkill, tid, 0) != -ESRCH;
}

void *
sysmapshared(size_t n)
{
	long r = SYS(mmap, nil, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return r < 0 && r > -4096 ? nil : (void *)r;
}

void
sysflock(int fd)
{
	while(SYS(flock, fd, LOCK_EX) == -EINTR)
		;
}

void
sysfunlock(int fd)
{
	SYS(flock, fd, LOCK_UN);
}

unsigned
sysuid(void)
{
	return (unsigned)SYS(geteuid, 0);
}

/* Scrambles a word: splitmix64's last steps. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint64_t
sysexecid(void)
{
	uint64_t r[2] = {0, 0};
	const void *at = (const void *)getauxval(AT_RANDOM);

	if(at != nil)
		memcpy(r, at, sizeof r);
	/* libc's own secrets are made of these bytes. */
	return mix(r[0]) ^ mix(r[1] + 0x9e3779b97f4a7c15u);
}

uint64_t
sysrandom(void)
{
	uint64_t r = 0;

	/* A kernel or sandbox that gives none: what differs between processes and moments. */
	if(SYS(getrandom, &r, sizeof r, 0) != sizeof r)
		r = mix(sysexecid() ^ nsnow() ^ (uint64_t)syspid() << 40);
	return r;
}

int
sysfork(void)
{
	int saved = errno, pid = fork(), failed = errno;

	errno = saved;
	return pid < 0 ? -failed : pid;
}

int
sysfileinfo(int fd, Fileinfo *f)
{
	struct stat st;
	long r = SYS(fstat, fd, &st);

	if(r != 0)
		return (int)-r;
	f->id = sysfileid(fd);
	f->size = (uint64_t)st.st_size;
	f->owner = st.st_uid;
	f->regular = S_ISREG(st.st_mode);
	f->onlyowner = (st.st_mode & 077) == 0;
	f->links = (uint32_t)st.st_nlink;
	return 0;
}
