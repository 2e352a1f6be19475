/* Deadlines on the two clocks that waits know. */
#define _GNU_SOURCE
#include "linux.h"

Deadline
deadlinein(uint64_t ns)
{
	Deadline d;

	ns += nsnow();
	d.clock = CLOCK_MONOTONIC;
	d.at.tv_sec = (time_t)(ns / 1000000000u);
	d.at.tv_nsec = (long)(ns % 1000000000u);
	return d;
}

int
deadlinebefore(const Deadline *a, const Deadline *b)
{
	Deadline c = *a;
	struct timespec now;
	uint64_t ns;

	if(a->clock != b->clock) {
		clock_gettime(b->clock, &now);
		ns = (uint64_t)a->at.tv_sec * 1000000000u + (uint64_t)a->at.tv_nsec - nsnow() +
		     (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
		c.at.tv_sec = (time_t)(ns / 1000000000u);
		c.at.tv_nsec = (long)(ns % 1000000000u);
	}
	return c.at.tv_sec < b->at.tv_sec || (c.at.tv_sec == b->at.tv_sec && c.at.tv_nsec < b->at.tv_nsec);
}
