/* What the commands share. */
#ifndef RENDEZ_COMMAND_H
#define RENDEZ_COMMAND_H

#include <argp.h>

/* Exit statuses of our own, as env(1), nice(1) and timeout(1) have them. */
enum {
	Xdiffer = 1,	/* compare: the behaviour differed */
	Xfail = 2,	/* report: something could not be read, or shown */
	Xown = 125,	/* usage, or we failed before the program ran */
	Xnotrun = 126,	/* it cannot be run, or not under us */
	Xnotfound = 127 /* there is no such program */
};

int runmain(int argc, char **argv);
int reportmain(int argc, char **argv);
int comparemain(int argc, char **argv);

/* The options of each command, which the manual page is checked against. */
extern const struct argp runargp, reportargp, compareargp;

/* "rendez: " and the line, on standard error. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
