// For how long a thread waits awake for a mutex, and when it looks first in a sleep: what is learned, and the bounds of it.
#include <gtest/gtest.h>

extern "C" {
#include "compat/spun.h"
}

namespace {

// One wait awake that would have needed so many turns; those that it took.
int
wait(Spun &s, int needed, bool sameholder)
{
	int most = spunturns(&s);

	if(needed < most) {
		spunpaid(&s, most, needed);
		return needed;
	}
	spunfailed(&s, most, sameholder, false);
	return most;
}

TEST(Spun, BeginsShort)
{
	Spun s = {};

	EXPECT_EQ(spunturns(&s), SPINMIN);
}

TEST(Spun, CoversASectionThatOneHolds)
{
	for(int needed : {0, 5, 30, 60, 150, SPINMAX - 1}) {
		Spun s = {};
		int failed = 0;
		for(int i = 0; i < 1000; i++) {
			failed += needed >= spunturns(&s);
			wait(s, needed, true);
		}
		EXPECT_LE(failed, 5) << "from SPINMIN to SPINMAX by doubling: " << needed;
		EXPECT_GT(spunturns(&s), needed);
		EXPECT_LE(spunturns(&s), SPINMAX);
	}
}

TEST(Spun, LeavesShortSectionsToWhoRuns)
{
	Spun s = {SPINMAX, 0, 0, 0};

	for(int i = 0; i < 100; i++)
		wait(s, 2 * SPINMAX, false);
	EXPECT_EQ(spunturns(&s), SPINMIN);
}

TEST(Spun, WhereNothingPaysCostsLittle)
{
	Spun s = {};
	int64_t turns = 0;
	const int n = 100000;

	for(int i = 0; i < n; i++) {
		turns += wait(s, 100000, true);
		EXPECT_LE(s.barren, BARREN);
	}
	EXPECT_LT(turns, n * 2 * SPINMIN + n / BARREN * 4 * SPINMAX);
}

TEST(Spun, WhoKeepsTheProcessorIsBarrenForLonger)
{
	Spun s = {SPINMAX, 0, 0, 0};

	spunfailed(&s, SPINMAX, true, true);
	EXPECT_EQ(s.barren, BARRENRT);
	EXPECT_EQ(spunturns(&s), SPINMAX);
	for(int i = 0; i < 2 * VAIN; i++) {
		s.barren = 0;
		spunfailed(&s, SPINMAX, true, true);
	}
	EXPECT_EQ(s.barren, BARRENRT << VAIN) << "twice as long each time, to a bound";
	spunpaid(&s, SPINMAX, SPINMAX / 2);
	s.barren = 0;
	spunfailed(&s, SPINMAX, true, true);
	EXPECT_EQ(s.barren, BARRENRT) << "one that paid begins anew";
}

TEST(Spun, StaysWithinItsBounds)
{
	Spun s = {};
	unsigned x = 1;

	for(int i = 0; i < 1000000; i++) {
		x = x * 1103515245 + 12345;
		wait(s, (int)(x >> 8) % (2 * SPINMAX), x >> 31);
		EXPECT_GE(spunturns(&s), SPINMIN);
		EXPECT_LE(spunturns(&s), SPINMAX);
	}
}

TEST(Spun, LooksFirstAboutWhenTheLastSleepsEnded)
{
	Spun s = {};

	spunslept(&s, 0);
	EXPECT_EQ(s.patience, 0);
	spunslept(&s, 2);
	EXPECT_EQ(s.patience, 2);
	spunslept(&s, 20);
	EXPECT_EQ(s.patience, PATIENCE);
	for(int i = 0; i < PATIENCE; i++)
		spunslept(&s, 0);
	EXPECT_EQ(s.patience, 0);
}

} // namespace
