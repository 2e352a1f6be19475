/*
 * A library that finds another beside itself, as only it can: its own search path says so.  Once in its
 * constructor, and whenever it is asked.
 * link: -Wl,--enable-new-dtags -Wl,-rpath,$ORIGIN
 */
#include "../t.h"
#include <dlfcn.h>

void *early;

void *
find(int flags)
{
	/* no tail call: dlopen is to see this library call */
	void *volatile h = dlopen("deep.so", RTLD_NOW | flags);
	return h;
}

void *
findspace(Lmid_t space)
{
	void *volatile h = dlmopen(space, "deep.so", RTLD_NOW);
	return h;
}

__attribute__((constructor)) static void
first(void)
{
	if(getenv("FINDEARLY"))
		early = find(0);
}
