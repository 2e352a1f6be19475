/*
 * Groups of rendezvous.
 *
 * A group lives from exec to exec, and over fork: so do the random bytes that the kernel gives a program at exec.  They are
 * the group, and nothing has to be made before it is needed, in the parent or in any child.  A group with a name is the
 * name's hash.
 */
#include "group.h"
#include "linux.h"
#include "p9rend.h"

#include <errno.h>
#include <stdlib.h>

static _Atomic(uint64_t) group; /* 0: not yet asked for */

static uint64_t
named(const char *name)
{
	uint64_t h = 0xcbf29ce484222325u;

	for(; *name != 0; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3u;
	return h;
}

uint64_t
groupget(void)
{
	uint64_t g = atomic_load_explicit(&group, memory_order_relaxed), was = 0;
	const char *name;

	if(likely(g != 0))
		return g;
	name = getenv("RENDEZ_GROUP");
	g = (name != nil && *name != 0 ? named(name) : sysexecid()) | 1;
	if(!atomic_compare_exchange_strong_explicit(&group, &was, g, memory_order_relaxed, memory_order_relaxed))
		return was;
	return g;
}

int
p9rfork(int flags)
{
	int pid = 0;

	if(flags & ~(P9RFNAMEG | P9RFENVG | P9RFFDG | P9RFPROC | P9RFREND)) {
		errno = EINVAL;
		return -1;
	}
	if(flags & P9RFPROC)
		pid = sysfork();
	if(pid < 0) {
		errno = -pid;
		return -1;
	}
	if(pid == 0 && (flags & (P9RFREND | P9RFNAMEG)))
		atomic_store_explicit(&group, sysrandom() | 1, memory_order_relaxed);
	return pid;
}
