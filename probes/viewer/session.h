/*
 * One run under the library: where its profiles are written, and where they go.
 *
 * The program writes into files that are mapped, so they had better not be on
 * a slow disk: while it runs they are in memory ($XDG_RUNTIME_DIR or /dev/shm, if
 * there is room), and what has ended is brought to the run's directory, without
 * its unused parts, now and then and at the end.  Processes that outlive the
 * program leave a link to their file, and what they recorded is brought home by a later run, as is a run's whose
 * command was killed.
 */
#ifndef RENDEZ_SESSION_H
#define RENDEZ_SESSION_H

#include <sys/types.h>
#include "read.h"

typedef struct Session {
	char *lib;
	char *dir;    /* the run's directory */
	char *live;   /* where files are while they are written; may be dir itself */
	int lock;     /* of live; -1 if that is dir, or gone */
	int made;     /* dir is there */
	pid_t pid;    /* of the program itself */
	int profiles; /* brought home so far, quiet ones too */
	int unmade;   /* processes that were killed before they had made theirs */
	int stuck;    /* profiles that could not be brought home, and why: errno */
	int why;
	int running; /* processes that still ran at the end */
} Session;

/* dir nil: a fresh one named after the program, made when there is something to put there. 0, or -1 and err. */
int sessionopen(Session *, const char *dir, const char *prog, int force, char err[ERRLEN]);
/* Bring home what has ended, but not the program itself, pid: how it ended is not known before sessionend. */
void sessiondrain(Session *, pid_t pid);
/* The program has ended with this status of waitpid: bring home the rest, and link to what still runs. */
void sessionend(Session *, pid_t pid, int status);
/* After sessionend, of a run that nobody wants: its profiles, also of what still runs, and its directories if nothing else is in them. */
void sessiondiscard(Session *);
void sessionfree(Session *);

/* Write p's file, without its unused parts, to path (not followed if it is a link); 0 or errno. */
int compact(const Profile *p, const char *path);

#endif
