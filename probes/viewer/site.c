/* The choice of the program's own frame. See site.h for the rule. */
#define _GNU_SOURCE
#include "site.h"

#include <string.h>
#include <strings.h>

static const char *const runtimelibs[] = {
    "librendez.so",
    "libc.so",
    "libpthread.so",
    "libstdc++.so",
    "libc++.so",
    "libc++abi.so",
    "libgcc_s.so",
    "libasan.so",
};

static const char *const runtimenames[] = {
    "std::",
    "__gnu_cxx::",
    "__gthread",
    "__gthrw",
    "__glibcxx_rwlock_",
    "pthread_",
    "__pthread_",
    "mtx_",
    "cnd_",
    "sem_",
    "call_once",
};

static const char *const lockwords[] = {
    "lock",
    "mutex",
    "mtx",
    "cond",
    "sem",
    "wait",
    "acquire",
    "enter",
    "once",
    "signal",
    "event",
};

static const char *
base(const char *path)
{
	const char *s = strrchr(path, '/');

	return s == NULL ? path : s + 1;
}

static int
isruntime(const Site *s)
{
	size_t i;

	for(i = 0; i < sizeof runtimelibs / sizeof runtimelibs[0]; i++)
		if(strncmp(base(s->module), runtimelibs[i], strlen(runtimelibs[i])) == 0)
			return 1;
	if(s->named)
		for(i = 0; i < sizeof runtimenames / sizeof runtimenames[0]; i++)
			if(strncmp(s->function, runtimenames[i], strlen(runtimenames[i])) == 0)
				return 1;
	return 0;
}

static int
soundslikelock(const Site *s)
{
	size_t i;

	if(s->named)
		for(i = 0; i < sizeof lockwords / sizeof lockwords[0]; i++)
			if(strcasestr(s->function, lockwords[i]) != NULL)
				return 1;
	return 0;
}

const Site *
ownsite(const Site **frame, int n, const char *exe)
{
	int i, j;

	for(i = 0; i < n && isruntime(frame[i]); i++)
		;
	if(i == n) {
		for(i = 0; i < n - 1 && strncmp(base(frame[i]->module), "librendez.so", 12) == 0; i++)
			;
		return n > 0 ? frame[i] : NULL;
	}
	if(strcmp(frame[i]->module, exe) == 0 || frame[i]->module[0] != '/')
		return frame[i];
	for(j = i; j < n && strcmp(frame[j]->module, frame[i]->module) == 0; j++)
		if(!soundslikelock(frame[j]))
			return frame[i];
	return j < n && !isruntime(frame[j]) ? frame[j] : frame[i];
}

const Site *
chainsite(const Chain *c, const char *exe)
{
	const Site *frame[64];
	int i;

	for(i = 0; i < c->n && i < 64; i++)
		frame[i] = &c->site[i];
	return ownsite(frame, i, exe);
}
