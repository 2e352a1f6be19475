/* Medians and spreads. */
#ifndef RENDEZ_STATS_H
#define RENDEZ_STATS_H

typedef struct Stats {
	double median, min, max;
	int n; /* of how many */
} Stats;

/* v is put in order. */
Stats stats(double *v, int n);

#endif
