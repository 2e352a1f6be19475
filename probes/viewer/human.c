/* Times, counts and shares in few columns. */
#include "human.h"

#include <stdio.h>
#include <string.h>

/* Three digits of v, and never "1e+03" or "1000" for what rounds up. */
static void
threedigits(Num *b, double v, const char *unit)
{
	snprintf(b->s, sizeof b->s, "%.*f %s", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, unit);
}

const char *
humanns(Num *b, uint64_t ns)
{
	double v = (double)ns;

	if(ns == 0)
		snprintf(b->s, sizeof b->s, "0");
	else if(ns < 1000)
		snprintf(b->s, sizeof b->s, "%u ns", (unsigned)ns);
	else if(v < 999.5e3)
		threedigits(b, v / 1e3, "us");
	else if(v < 999.5e6)
		threedigits(b, v / 1e6, "ms");
	else
		threedigits(b, v / 1e9, "s");
	return b->s;
}

const char *
humancount(Num *b, uint64_t n)
{
	char digits[24];
	int i, len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
	char *o = b->s;

	for(i = 0; i < len; i++) {
		if(i > 0 && (len - i) % 3 == 0)
			*o++ = ',';
		*o++ = digits[i];
	}
	*o = 0;
	return b->s;
}

const char *
humanshare(Num *b, uint64_t part, uint64_t whole)
{
	double v;

	if(whole == 0) {
		strcpy(b->s, "-");
		return b->s;
	}
	v = 100.0 * (double)part / (double)whole;
	if(v > 100)
		v = 100;
	if(part == 0)
		strcpy(b->s, "0%");
	else if(v < 0.01)
		strcpy(b->s, "<0.01%");
	else
		snprintf(b->s, sizeof b->s, "%.*f%%", v < 1 ? 2 : 1, v);
	return b->s;
}

const char *
humanbytes(Num *b, uint64_t n)
{
	if(n < 1024)
		snprintf(b->s, sizeof b->s, "%u B", (unsigned)n);
	else if(n < 1024 * 1024)
		threedigits(b, (double)n / 1024, "KiB");
	else if(n < 1024ull * 1024 * 1024)
		threedigits(b, (double)n / (1024 * 1024), "MiB");
	else
		threedigits(b, (double)n / (1024.0 * 1024 * 1024), "GiB");
	return b->s;
}
