/* What must be known of a program before it is run with the library preloaded. */
#ifndef RENDEZ_LAUNCH_H
#define RENDEZ_LAUNCH_H

#include "read.h"

typedef struct Launch {
	char *path; /* the file that the name stands for, malloc'd */
	char
	    *asan; /* a sanitizer's library that it needs and that must be loaded before all others; malloc'd, or nil */
} Launch;

/*
 * Look the program up as execvp would and see whether preloading reaches it.
 * 0, or the exit status to give (126, 127) with a line in err.  Interpreters of
 * scripts are looked at in its place.
 */
int launchcheck(const char *prog, Launch *, char err[ERRLEN]);
void launchfree(Launch *);

/* The library to preload, malloc'd: $RENDEZ_LIB, else the one beside this command, else the installed one; nil and err. */
char *findlibrary(char err[ERRLEN]);

/* Why there may be no profile: a line about the environment or the program. */
const char *whynoprofile(void);

/* LD_PRELOAD with lib in front of what is there, but behind a gcc libasan, which insists to be first. */
char *preloadwith(const char *lib, const char *old, const char *asan, int *asanfirst);

#endif
