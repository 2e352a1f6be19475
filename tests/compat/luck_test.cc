// Whether a wait looks before it sleeps, and for how long: what is learned, and the bounds of it.
#include <gtest/gtest.h>

extern "C" {
#include "compat/luck.h"
}

namespace {

const Luck unknown = {0, UNKNOWN, 0, 0, 0};

// One wait without a hint, during which the word would be set in time or not; the turns that it looked.
int
wait(Luck &l, bool comes, int hint = 0)
{
	int turns = luckturns(&l, &hint);

	if(turns != 0)
		lucktell(&l, hint, comes);
	return turns;
}

TEST(Luck, ThePlaceWhereNothingComesCostsALookInAThousandWaits)
{
	Luck l = unknown;
	int looks = 0, longs = 0;

	for(int i = 0; i < 100 * (1 << MOST); i++) {
		int turns = wait(l, false);
		looks += turns != 0;
		longs += turns == LONG;
		EXPECT_TRUE(turns != LONG || i >= 1 << MANY) << "who waits seldom pays for no long look: " << i;
	}
	EXPECT_GE(looks, 100);
	EXPECT_LE(looks, 100 + MOST);
	EXPECT_GE(longs, 100);
	EXPECT_EQ(l.failed, MOST);
	EXPECT_LT(l.pause, 1 << MOST);
}

TEST(Luck, WhereItPaysEachWaitLooks)
{
	Luck l = unknown;

	EXPECT_EQ(wait(l, true), SHORT);
	for(int i = 0; i < 1000; i++)
		EXPECT_EQ(wait(l, true), SHORT);
	EXPECT_EQ(l.lucky, RUN);
}

TEST(Luck, WhenARunEndsTheNextLookIsLongOnce)
{
	Luck l = unknown;

	for(int i = 0; i < RUN; i++)
		wait(l, true);
	EXPECT_EQ(wait(l, false), SHORT);
	EXPECT_EQ(wait(l, false), 0);
	EXPECT_EQ(wait(l, false), LONG);
	for(int i = 0; i < 3; i++)
		EXPECT_EQ(wait(l, false), 0);
	EXPECT_EQ(wait(l, true), SHORT);
	EXPECT_EQ(wait(l, true), SHORT);
}

TEST(Luck, LuckThatComesAndGoesNeverLooksLong)
{
	Luck l = unknown;

	for(int i = 0; i < 1000; i++)
		EXPECT_NE(wait(l, i % RUN != 0), LONG);
}

TEST(Luck, AHintIsHeededWhateverIsKnown)
{
	Luck l = unknown;

	for(int i = 0; i < 5000; i++)
		wait(l, false);
	EXPECT_EQ(wait(l, true, 1), SHORT);
	EXPECT_EQ(wait(l, true), SHORT);
}

TEST(Luck, HintsThatMisleadAreHeededEverMoreSeldom)
{
	Luck l = unknown;
	int looks = 0;

	for(int i = 0; i < 5000; i++)
		wait(l, false);
	l.pause = UINT16_MAX;
	for(int i = 0; i < 100 * (1 << HINTS); i++)
		looks += wait(l, false, 1) != 0;
	EXPECT_GE(looks, 100);
	EXPECT_LE(looks, 100 + HINTS);
	EXPECT_EQ(l.misled, HINTS);
}

} // namespace
