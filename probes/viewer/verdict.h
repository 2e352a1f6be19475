/* rendez compare: what all the runs together say, and how it is written. */
#ifndef RENDEZ_VERDICT_H
#define RENDEZ_VERDICT_H

#include <stdio.h>
#include "stats.h"
#include "trial.h"

/* Something that the program does: the same each time, or not. */
typedef enum Same {
	Alike,	  /* in every run */
	Unsteady, /* native runs differ among themselves: nothing can be said */
	Differs	  /* native runs agree, and a run under rendez does not */
} Same;

typedef enum Aspect { Astatus, Aout, Aerr, NASPECT } Aspect;

typedef struct Verdict {
	char **argv;
	int runs; /* pairs that were measured */
	int record;
	Stats native[NMEASURE], under[NMEASURE], ratio[NMEASURE];
	int atmost[2]; /* native, under: of the peak memory only a bound is known, and nothing of the ratio */
	Same same[NASPECT];
	int status; /* of the first native run, as waitpid has it */
	uint64_t bytes[NASPECT];
} Verdict;

int differs(const Verdict *);
void verdicttext(FILE *, const Verdict *);
void verdictjson(FILE *, const Verdict *);

#endif
