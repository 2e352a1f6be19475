/*
 * What a thread has learned of the waits at one place: whether to look at the word before it sleeps, and for how long.
 *
 * Where its last look was lucky it looks again, for a SHORT time.  After n failures in a row 2^n - 1 waits sleep at once; never more
 * than 2^MOST - 1, so that a place where it begins to pay is found, and one where it never does costs one look in so many.
 *
 * Two threads that both sleep never find out by short looks: the other is always only just being woken.  So a look that comes
 * when a RUN of luck has ended, or after MANY failures, is a LONG one, as long as a wake may take.  But only what comes in a SHORT time
 * is luck.  And who finds the one that it wakes awake takes that for a hint: the other will be quick, so it looks at its
 * next wait whatever it knows.  Thus one long look is enough for both.  Hints that lead to nothing are heeded ever
 * more seldom, one in 2^HINTS at the least.
 *
 * The times are measured against a wake on another, idle processor: 5 us on a bare machine, 40 to 80 us on a virtual one; a look of SHORT, 3 us,
 * is less than a sleep and a wake cost the two in any case.
 */
#ifndef RENDEZ_LUCK_H
#define RENDEZ_LUCK_H

#include <stdint.h>

enum {
	SHORT = 100, /* turns of the loop */
	LONG = 2000,
	MANY = 6,
	MOST = 10,
	RUN = 16,
	HINTS = 6,
};

/* All zero but failed, which begins with UNKNOWN: a look or two, and none of them long. */
enum { UNKNOWN = 2 };
typedef struct Luck {
	uint16_t pause;	   /* waits until the next look */
	uint8_t failed;	   /* looks in a row; 0: the last was lucky */
	uint8_t lucky;	   /* looks in a row, RUN at most; kept over the first failure */
	uint8_t misled;	   /* hints in a row */
	uint8_t hintpause; /* hints until the next that is heeded */
} Luck;

/* How many turns the wait that begins now looks for; 0: it does not. */
static inline int
luckturns(Luck *l, int *hint)
{
	if(*hint && l->hintpause > 0) {
		l->hintpause--;
		*hint = 0;
	}
	if(l->failed == 0 || *hint)
		return SHORT;
	if(l->pause > 0) {
		l->pause--;
		return 0;
	}
	return l->lucky == RUN || l->failed >= MANY ? LONG : SHORT;
}

/* What came of that look: whether it saw something in a SHORT time. */
static inline void
lucktell(Luck *l, int hint, int seen)
{
	if(seen) {
		l->pause = l->failed = l->misled = l->hintpause = 0;
		if(l->lucky < RUN)
			l->lucky++;
	} else if(hint && l->failed != 0) {
		if(l->misled < HINTS)
			l->misled++;
		l->hintpause = (uint8_t)((1u << l->misled) - 1);
	} else {
		if(l->failed != 0 || l->lucky < RUN)
			l->lucky = 0;
		if(l->failed < MOST)
			l->failed++;
		l->pause = (uint16_t)((1u << l->failed) - 1);
	}
}

#endif
