/*
 * A child that is built with gcc's ThreadSanitizer and inherits the preload.  Its runtime is a
 * library, stands behind us and so never hears of locks and threads: it
 * reports races that are none, and dies of threads that it did not see begin.  clang's
 * is in the program itself, before us, and works.
 *
 * A program that is about to start can still be started anew, with our name out
 * of LD_PRELOAD; that is what is done, and one line says so.
 */
#define _GNU_SOURCE
#include "tsan.h"
#include "real.h"

#include <link.h>
#include <limits.h>
#include <string.h>

void __tsan_init(void) __attribute__((weak));

static struct link_map *
mapof(void *p)
{
	struct link_map *m = nil;
	Dl_info ignored;

	return dladdr1(p, &ignored, (void **)&m, RTLD_DL_LINKMAP) ? m : nil;
}

int
behindus(void *p)
{
	struct link_map *m = mapof((void *)behindus), *theirs = mapof(p);

	if(m == nil || theirs == nil)
		return 1;
	while(m != nil && m != theirs)
		m = m->l_next;
	return m != nil;
}

int
tsanbehind(void)
{
	return __tsan_init != nil && behindus((void *)__tsan_init);
}

static const char *
base(const char *path)
{
	const char *s = strrchr(path, '/');

	return s == nil ? path : s + 1;
}

/* Take the entries with this name out of LD_PRELOAD's value; whether there was one. */
static int
cut(char *list, const char *name)
{
	char *p = list, *to = list;
	int found = 0;
	size_t n;

	while(*p != 0) {
		char entry[PATH_MAX];

		n = strcspn(p, ": ");
		if(n < sizeof entry) {
			memcpy(entry, p, n);
			entry[n] = 0;
		}
		if(n < sizeof entry && strcmp(base(entry), name) == 0)
			found = 1;
		else if(n > 0) {
			if(to != list)
				*to++ = ':';
			memmove(to, p, n);
			to += n;
		}
		p += n;
		p += *p != 0;
	}
	*to = 0;
	return found;
}

void
tsanleave(char **argv, char **env)
{
	struct link_map *us = mapof((void *)tsanleave);
	char exe[PATH_MAX], **e;
	long n;

	n = sysreadlink("/proc/self/exe", exe, sizeof exe - 1);
	for(e = env; us != nil && n > 0 && *e != nil; e++)
		if(strncmp(*e, "LD_PRELOAD=", 11) == 0 && cut(*e + 11, base(us->l_name))) {
			exe[n] = 0;
			say(argv[0],
			    " is built with ThreadSanitizer, which takes the locks for itself: it runs on "
			    "libc's, and is not recorded",
			    nil);
			sysexec(exe, argv, env);
		}
	say("this program is built with ThreadSanitizer, which does not work with any other library that takes the "
	    "locks",
	    nil);
}
