/*
 * What a thread has learned of one way to stay awake at one place where it waits: whether to try it before it sleeps.
 *
 * Where the last try was lucky it tries again.  After n failures in a row 2^n - 1 waits sleep at once; never more
 * than 2^MOST - 1, so that a place where it begins to pay is found, and one where it never does costs one try in so many.
 *
 * And who finds the one that it wakes awake takes that for a hint: the other will be quick, so it tries at its
 * next wait whatever it knows.  Thus of two it is enough that one has found out.  Hints that lead to nothing are heeded ever
 * more seldom, one in 2^HINTS at the least.
 *
 * A try may have come to something late, when it had used the processor for longer than it was worth.  So it is at first, while those
 * that are waited for are asleep still; but where that stays so it is for nothing: LATE times in a row it is luck, then failure.
 */
#ifndef RENDEZ_LUCK_H
#define RENDEZ_LUCK_H

#include <stdint.h>

enum {
	MOST = 10,
	HINTS = 6,
	LATE = 16,
};

typedef enum Outcome { Failed, Paid, Paidlate } Outcome;

/* All zero: it has been lucky. */
typedef struct Luck {
	uint16_t pause;	   /* waits until the next try */
	uint8_t failed;	   /* tries in a row; 0: the last was lucky */
	uint8_t misled;	   /* hints in a row */
	uint8_t hintpause; /* hints until the next that is heeded */
	uint8_t late;	   /* of those that came to something in a row, LATE at most */
} Luck;

/* A try or two to begin with; and as if so many had failed (in the order of the members, for C++). */
#define LUCKUNKNOWN \
	{ \
		0, 2, 0, 0, 0 \
	}
#define LUCKFAILED(n) \
	{ \
		(1 << (n)) - 1, (n), 0, 0, 0 \
	}

/* Whether the wait that begins now tries it; *hint: is there one, and is it heeded. */
static inline int
luckmay(Luck *l, int *hint)
{
	if(*hint && l->hintpause > 0) {
		l->hintpause--;
		*hint = 0;
	}
	if(l->failed == 0 || *hint || l->pause == 0)
		return 1;
	l->pause--;
	return 0;
}

/* What came of that. */
static inline void
lucktell(Luck *l, int hint, Outcome was)
{
	if(was == Paid) {
		l->late = 0;
	} else if(was == Paidlate) {
		if(l->late < LATE)
			l->late++;
		else
			was = Failed;
	}
	if(was != Failed) {
		l->pause = l->failed = l->misled = l->hintpause = 0;
	} else if(hint && l->failed != 0) {
		if(l->misled < HINTS)
			l->misled++;
		l->hintpause = (uint8_t)((1u << l->misled) - 1);
	} else {
		if(l->failed < MOST)
			l->failed++;
		l->pause = (uint16_t)((1u << l->failed) - 1);
	}
}

#endif
