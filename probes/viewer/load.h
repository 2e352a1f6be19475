/* Profiles into a report: from a file, or all in a directory that a run has left. */
#ifndef RENDEZ_LOAD_H
#define RENDEZ_LOAD_H

#include "model.h"

/* The lines of the processes that waited for nothing, JSON each: a run keeps no profiles of those. */
#define QUIETFILE "quiet.json"
/* Profiles end in this; others in the directory are known by how they begin. */
#define PROFILESUFFIX ".rendez"

/*
 * The number of profiles found, or -1 and a line in err.  What of a directory could not be read is counted in the
 * report (unread) too.  Of a directory also those that
 * are on their way there: what a run that goes on, or whose command was killed, has in memory.
 */
int load(Report *, const char *path, char err[ERRLEN]);
/* Whether a file is called as profiles are. */
int profilename(const char *name);
/* The process that a run's own profile is called after; 0: it is not called so. */
int profilepid(const char *name);
/* Whether a file of the directory is a run's: a profile, also a damaged one, or the lines of those that waited for nothing. */
int isruns(const char *dir, const char *name);
/* Whether the directory holds any. */
int hasprofiles(const char *dir);
/* A process's line, newly made, with its newline. */
char *quietline(const Process *);

#endif
