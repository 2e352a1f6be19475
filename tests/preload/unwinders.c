/*
 * libunwind exports backtrace and _Unwind_* too, and the library under test may have it loaded: the program must not find those, after
 * waits that took stacks no less.
 */
#include "t.h"
#include <dlfcn.h>

static const char *const names[] = {"backtrace", "_Unwind_Backtrace", "_Unwind_RaiseException", "_Unwind_Resume",
    "_Unwind_ForcedUnwind", "_Unwind_GetIP", "_Unwind_Find_FDE", "__register_frame", "unw_backtrace"};

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

static void *
lock(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	return arg;
}

/* By no name: neither by default nor in what libraries follow. */
static void
nobodys(void)
{
	Dl_info d;
	for(size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		void *f[] = {dlsym(RTLD_DEFAULT, names[i]), dlsym(RTLD_NEXT, names[i])};
		for(int j = 0; j < 2; j++)
			if(f[j] != NULL && dladdr(f[j], &d) != 0 && strstr(d.dli_fname, "libunwind") != NULL)
				no("%s is of %s", names[i], d.dli_fname);
	}
	MUST(dlsym(RTLD_DEFAULT, "backtrace") != NULL);
}

int
main(void)
{
	Thread t;

	nobodys();
	SAME(pthread_mutex_lock(&m), 0);
	start(&t, lock, NULL);
	asleep(&t);
	SAME(pthread_mutex_unlock(&m), 0);
	join(&t);
	nobodys();
	/* Where libc opens libgcc_s it is libgcc_s's that unwinds. */
	void *h = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_GLOBAL);
	MUST(h != NULL);
	nobodys();
	return ok();
}
