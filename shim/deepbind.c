/*
 * Libraries that are opened so that their calls pass us by.
 *
 * One opened with RTLD_DEEPBIND looks into its own dependencies before it looks
 * at us, and finds libc's functions; one opened by dlmopen in a namespace of its own
 * has a libc of its own.  A lock that such a library shares with the rest of the program is locked by
 * two that do not know of each other.  It cannot be helped from here, so it
 * is said: one line, once.
 *
 * libc's dlopen looks up $ORIGIN and the search path of whoever calls it, by its return
 * address.  So ours does not call it, but jumps there: it finds the program's.  What is done is done before, then,
 * whether or not the library can be opened.  It has to be: the library's constructors, which run inside the call, may install handlers
 * that are not wrapped and come at once.  If nothing was opened, signals are masked without need, which costs time and no more; and the
 * line says what was tried.
 */
#define _GNU_SOURCE
#include "deepbind.h"
#include "export.h"
#include "posix.h"
#include "real.h"

#include "../compat/sigoff.h"

#include <errno.h>

/* real is filled: what stands there before is a function of ours, which cannot jump. */
static Word found;

/* Where standard error led when the program started: by now its number may be any file's of the program. */
static uint64_t errorfile;

void
deepbindstart(void)
{
	errorfile = sysfileid(2);
	atomic_store_explicit(&found, 1, memory_order_release);
}

/* Before our constructor.  Two that find libc's functions at once find the same. */
static __attribute__((noinline)) void
early(void)
{
	realinit();
	deepbindstart();
	openedearly = 1;
}

static const char deep[] =
    "with RTLD_DEEPBIND: it will call libc's locks, not ours, and what it shares with others is not safely locked";

static __attribute__((noinline)) void
warn(const char *file, const char *how)
{
	static Word said;
	int saved = errno;

	/* It installs its handlers by libc's functions. */
	sigsunwrapped();
	if(file != nil && atomic_exchange_explicit(&said, 1, memory_order_relaxed) == 0 && errorfile != 0 &&
	    sysfileid(2) == errorfile)
		say(file, " is being opened ", how, nil);
	errno = saved;
}

EXPORT(dlopen);
THUNK void *
rz_dlopen(const char *file, int mode)
{
	if(unlikely(!atomic_load_explicit(&found, memory_order_acquire)))
		early();
	if(unlikely((mode & (RTLD_DEEPBIND | RTLD_NOLOAD)) == RTLD_DEEPBIND))
		warn(file, deep);
	TAILCALL real.dlopen(file, mode);
}

EXPORT(dlmopen);
THUNK void *
rz_dlmopen(Lmid_t space, const char *file, int mode)
{
	if(unlikely(!atomic_load_explicit(&found, memory_order_acquire)))
		early();
	if(unlikely(space != LM_ID_BASE))
		warn(file, "by dlmopen: it will have a libc of its own, and its locks are not ours");
	else if(unlikely((mode & (RTLD_DEEPBIND | RTLD_NOLOAD)) == RTLD_DEEPBIND))
		warn(file, deep);
	TAILCALL real.dlmopen(space, file, mode);
}
