/*
 * libc's own functions, found by name and version behind our own.
 *
 * The version matters: without it the loader may answer with the oldest of a name, and
 * pthread_cond_wait of GLIBC_2.2.5 works on another object.  Two threads may
 * search at once: they find the same.
 */
#define _GNU_SOURCE
#include "real.h"

#include <dlfcn.h>

#define F(type, name, version, params, args) \
	static type first_##name params \
	{ \
		realinit(); \
		return real.name args; \
	}
REALS(F)
#undef F

static int
first_oldcond_signal(Oldcond *c)
{
	realinit();
	return real.oldcond_signal(c);
}

Real real = {
#define F(type, name, version, params, args) .name = first_##name,
    REALS(F)
#undef F
	.oldcond_signal = first_oldcond_signal,
};

static void *
find(const char *name, const char *version)
{
	void *p = dlvsym(RTLD_NEXT, name, version);

	if(p == nil)
		panic(
		    "this libc has no ", name, " of version ", version, ": it is not the glibc that rendez knows", nil);
	return p;
}

void
realinit(void)
{
#define F(type, name, version, params, args) \
	__atomic_store_n((void **)&real.name, find(#name, version), __ATOMIC_RELEASE);
	REALS(F)
#undef F
	__atomic_store_n((void **)&real.oldcond_signal, find("pthread_cond_signal", "GLIBC_2.2.5"), __ATOMIC_RELEASE);
}
