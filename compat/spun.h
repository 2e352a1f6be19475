/*
 * What a thread has learned of its waits for mutexes: for how long it pays to wait awake, and how long the last sleeps were.
 *
 * To wait awake pays if it covers the section that is waited for.  Where it has paid the time follows what was needed.  Where it
 * has not, two things are told apart by what the mutex has counted meanwhile: others have come and gone, so its sections
 * are short, and whoever runs is best left alone with it; or one held it all the time, and to wait longer may pay, so that is
 * tried, until the longest was for nothing: then not for a while.
 */
#ifndef RENDEZ_SPUN_H
#define RENDEZ_SPUN_H

#include <stdint.h>

enum {
	SPINMAX = 200, /* turns: some 6 us, the price of a sleep and a wake */
	SPINMIN = 10,
	BARREN = 32,	/* waits after one of SPINMAX for nothing until longer ones are tried again */
	BARRENRT = 250, /* and until a real-time thread, which may keep the holder from running, spins again, as long */
	VAIN = 4,	/* doublings of BARRENRT at most: one each time that this too was for nothing */
	PATIENCE = 3,	/* doublings of a first watch at most: a look wakes a thread, mostly for nothing */
};

/* All zero to begin with. */
typedef struct Spun {
	uint16_t turns;
	uint16_t barren;
	uint8_t patience; /* as doublings of the shortest first watch */
	uint8_t vain;	  /* as doublings of BARRENRT */
} Spun;

/* How many turns the wait that begins now may be awake for. */
static inline int
spunturns(const Spun *s)
{
	return s->turns > SPINMIN ? s->turns : (int)SPINMIN;
}

/* Whether a real-time thread, which may share a processor with the holder and then only keeps that from running, sleeps at once. */
static inline int
spunbarren(Spun *s, int realtime)
{
	if(!realtime || s->barren == 0)
		return 0;
	s->barren--;
	return 1;
}

/* Of so many at most it needed these. */
static inline void
spunpaid(Spun *s, int most, int turns)
{
	int next = most + (2 * turns + SPINMIN - most) / 8;

	s->turns = (uint16_t)(next < SPINMAX ? next : (int)SPINMAX);
	s->vain = 0;
}

static inline void
spunfailed(Spun *s, int most, int sameholder, int realtime)
{
	if(!sameholder || s->barren > 0) {
		s->turns = (uint16_t)(most - most / 8);
		if(sameholder)
			s->barren--;
	} else if(most < SPINMAX) {
		s->turns = (uint16_t)(2 * most < SPINMAX ? 2 * most : (int)SPINMAX);
	} else {
		s->turns = realtime ? SPINMAX : SPINMIN;
		s->barren = (uint16_t)(realtime ? BARRENRT << s->vain : BARREN);
		if(realtime && s->vain < VAIN)
			s->vain++;
	}
}

/* A sleep is over in which it looked so often: the next watch begins as long as this one has become, or half as long if it had not to look. */
static inline void
spunslept(Spun *s, int looks)
{
	int n = s->patience + (looks != 0 ? looks : -1);

	s->patience = (uint8_t)(n < 0 ? 0 : n > PATIENCE ? (int)PATIENCE : n);
}

#endif
