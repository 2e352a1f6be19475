/* Which library is preloaded, and in what order with others. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "launch.h"
#include "mem.h"

#ifndef LIBDIR
#define LIBDIR "/usr/local/lib"
#endif

#define LIBRARY "librendez.so"

static char *
existing(char *path)
{
	char *real = access(path, R_OK) == 0 ? realpath(path, NULL) : NULL;

	free(path);
	return real;
}

char *
findlibrary(char err[ERRLEN])
{
	static const char *const beside[] = {".libs", "../lib", "."};
	const char *env = getenv("RENDEZ_LIB");
	char exe[PATH_MAX], *lib, *slash;
	ssize_t n;
	size_t i;

	if(env != NULL && env[0] != 0) {
		lib = realpath(env, NULL);
		if(lib == NULL)
			snprintf(err, ERRLEN, "RENDEZ_LIB: %s: %s", env, strerror(errno));
		return lib;
	}
	n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	exe[n > 0 ? n : 0] = 0;
	slash = strrchr(exe, '/');
	if(slash != NULL) {
		*slash = 0;
		for(i = 0; i < sizeof beside / sizeof beside[0]; i++) {
			lib = existing(eprintf("%s/%s/" LIBRARY, exe, beside[i]));
			if(lib != NULL)
				return lib;
		}
	}
	lib = existing(estrdup(LIBDIR "/" LIBRARY));
	if(lib == NULL)
		snprintf(
		    err, ERRLEN, LIBRARY " is neither beside this command nor in %s: RENDEZ_LIB can name it", LIBDIR);
	return lib;
}

static int
isasan(const char *path, size_t n)
{
	const char *s = memrchr(path, '/', n);

	s = s == NULL ? path : s + 1;
	return n - (size_t)(s - path) >= 10 && memcmp(s, "libasan.so", 10) == 0;
}

char *
preloadwith(const char *lib, const char *old, const char *asan, int *asanfirst)
{
	size_t n;

	if(old == NULL)
		old = "";
	old += strspn(old, ": ");
	n = strcspn(old, ": ");
	*asanfirst = 1;
	if(isasan(old, n))
		return eprintf("%.*s:%s%s", (int)n, old, lib, old + n);
	if(asan != NULL)
		return eprintf("%s:%s%s%s", asan, lib, old[0] != 0 ? ":" : "", old);
	*asanfirst = 0;
	return eprintf("%s%s%s", lib, old[0] != 0 ? ":" : "", old);
}

const char *
whynoprofile(void)
{
	const char *how = getenv("RENDEZ");

	return how != NULL && strcmp(how, "off") == 0 ? "RENDEZ=off is set"
						      : "the library was not loaded into it, or could not write";
}
