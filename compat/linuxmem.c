/* The system calls that put a mapping in its place, and that ask what stands in memory that may be gone. */
#define _GNU_SOURCE
#include "linuxsys.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>

void *
sysmapfile(int fd, size_t n)
{
	long r = SYS(mmap, nil, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return r < 0 && r > -4096 ? nil : (void *)r;
}

int
sysmapmove(void *from, void *to, size_t n)
{
	long r = SYS(mremap, from, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, to);

	return r < 0 && r > -4096 ? (int)-r : 0;
}

int
sysmapblank(void *to, size_t n)
{
	long r = SYS(mmap, to, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	return r < 0 && r > -4096 ? (int)-r : 0;
}

int
readable(const void *p)
{
	/* No such "how": EINVAL, found only after the 8 bytes were fetched, else EFAULT. */
	return SYS(rt_sigprocmask, ~0, p, nil, sizeof(uint64_t)) == -EINVAL;
}

int
wordis(const uint32_t *p, uint32_t v)
{
	/* Wakes none and moves none, but compares first. */
	long r = SYS(futex, p, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 0, 0, p, v);

	return r != -EAGAIN && r != -EFAULT;
}
