/* rendez compare: one run of the program, measured, and what it put out. */
#ifndef RENDEZ_TRIAL_H
#define RENDEZ_TRIAL_H

#include <stdint.h>
#include <stdio.h>
#include "read.h"

typedef enum Measure { Mwall, Muser, Msys, Mvoluntary, Minvoluntary, Mmemory, NMEASURE } Measure;

typedef struct Trial {
	uint64_t m[NMEASURE]; /* ns, counts, bytes */
	int atmost;	      /* the program's peak memory may have been less than m says */
	int status;	      /* as waitpid has it */
	FILE *out, *err;      /* what it wrote; files without a name */
	int profiles;	      /* that were recorded */
} Trial;

typedef struct Trialplan {
	char **argv;
	const char *asan; /* see preloadwith */
	int record;
	int in; /* where its input begins again for each run */
	off_t start;
} Trialplan;

/* 0, or the exit status to end with and err; a signal that ends us is -signal. */
int trialrun(const Trialplan *, int under, Trial *, char err[ERRLEN]);
void trialfree(Trial *);
/* Whether both files hold the same bytes. */
int samebytes(FILE *, FILE *);
uint64_t filebytes(FILE *);

#endif
