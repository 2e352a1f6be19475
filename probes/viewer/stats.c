/* Medians and spreads: few runs and skewed times, so no means. */
#include "stats.h"

#include <stdlib.h>

static int
cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

Stats
stats(double *v, int n)
{
	Stats s = {0, 0, 0, n};

	if(n == 0)
		return s;
	qsort(v, (size_t)n, sizeof *v, cmp);
	s.median = n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
	s.min = v[0];
	s.max = v[n - 1];
	return s;
}
