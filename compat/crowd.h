/*
 * What the process knows of its processors: whether others compute there, so that who gives one up gets it back a whole time slice later.
 *
 * Who has lost so much says so, and then for WORTH times as long as it has lost nobody gives way; if that comes again soon, twice as long,
 * until it is CROWDMAXNS.  So of each thread's time no more than one part in WORTH goes that way, and where it is crowded for long ever
 * less.  A hint: stores may be lost.
 */
#ifndef RENDEZ_CROWD_H
#define RENDEZ_CROWD_H

#include <stdint.h>

enum {
	CROWDLOST =
	    500000, /* ns: far more than many threads take that turn by turn do a little, less than a time slice */
	WORTH = 32,
	CROWDMAXNS = 2000000000,
};

/* All zero to begin with: it is not crowded. */
typedef struct Crowd {
	uint64_t until; /* ns */
	uint64_t lasts;
} Crowd;

static inline int
crowdis(const Crowd *c, uint64_t now)
{
	return now < __atomic_load_n(&c->until, __ATOMIC_RELAXED);
}

/* A thread has given way, and lost so much until now. */
static inline void
crowdtell(Crowd *c, uint64_t now, uint64_t lost)
{
	uint64_t until = __atomic_load_n(&c->until, __ATOMIC_RELAXED);
	uint64_t was = __atomic_load_n(&c->lasts, __ATOMIC_RELAXED), lasts = lost * WORTH;

	/* Who gave way before that was known. */
	if(lost < CROWDLOST || now < until)
		return;
	if(now - until < was && lasts < was * 2)
		lasts = was * 2;
	if(lasts > CROWDMAXNS)
		lasts = CROWDMAXNS;
	__atomic_store_n(&c->lasts, lasts, __ATOMIC_RELAXED);
	__atomic_store_n(&c->until, now + lasts, __ATOMIC_RELAXED);
}

#endif
