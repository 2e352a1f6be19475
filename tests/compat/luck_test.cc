// Whether a wait tries to stay awake before it sleeps: what is learned, and the bounds of it.
#include <gtest/gtest.h>

extern "C" {
#include "compat/luck.h"
}

namespace {

// One wait during which the word would be set in time or not; whether it tried.
int
wait(Luck &l, bool comes, int hint = 0)
{
	int tries = luckmay(&l, &hint);

	if(tries)
		lucktell(&l, hint, comes ? Paid : Failed);
	return tries;
}

TEST(Luck, ThePlaceWhereNothingComesCostsATryInAThousandWaits)
{
	Luck l = LUCKUNKNOWN;
	int tries = 0;

	for(int i = 0; i < 100 * (1 << MOST); i++)
		tries += wait(l, false);
	EXPECT_GE(tries, 100);
	EXPECT_LE(tries, 100 + MOST);
	EXPECT_EQ(l.failed, MOST);
	EXPECT_LT(l.pause, 1 << MOST);
}

TEST(Luck, WhereItPaysEachWaitTries)
{
	Luck l = LUCKUNKNOWN;

	for(int i = 0; i < 1000; i++)
		EXPECT_EQ(wait(l, true), 1);
}

TEST(Luck, WhoBeginsAsIfTriesHadFailedTriesAfterAsManyWaits)
{
	Luck l = LUCKFAILED(3);

	for(int i = 0; i < 7; i++)
		EXPECT_EQ(wait(l, true), 0);
	EXPECT_EQ(wait(l, true), 1);
	EXPECT_EQ(wait(l, true), 1);
}

TEST(Luck, AfterOneFailureOneWaitSleepsAtOnce)
{
	Luck l = LUCKUNKNOWN;

	wait(l, true);
	EXPECT_EQ(wait(l, false), 1);
	EXPECT_EQ(wait(l, true), 0);
	EXPECT_EQ(wait(l, true), 1);
	EXPECT_EQ(wait(l, true), 1);
}

TEST(Luck, WhatAlwaysComesLateIsLuckAFewTimesAndThenFailure)
{
	Luck l = LUCKUNKNOWN;
	int tries = 0, hint = 0;

	for(int i = 0; i < 100 * (1 << MOST); i++)
		if(luckmay(&l, &hint)) {
			lucktell(&l, hint, Paidlate);
			tries++;
		}
	EXPECT_GE(tries, 100 + LATE);
	EXPECT_LE(tries, 100 + LATE + MOST);
	wait(l, true, 1);
	for(int i = 0; i < LATE; i++) {
		EXPECT_EQ(luckmay(&l, &hint), 1);
		lucktell(&l, hint, Paidlate);
	}
	EXPECT_EQ(luckmay(&l, &hint), 1);
	lucktell(&l, hint, Paidlate);
	EXPECT_EQ(luckmay(&l, &hint), 0);
}

TEST(Luck, AHintIsHeededWhateverIsKnown)
{
	Luck l = LUCKUNKNOWN;

	for(int i = 0; i < 5000; i++)
		wait(l, false);
	EXPECT_EQ(wait(l, true, 1), 1);
	EXPECT_EQ(wait(l, true), 1);
}

TEST(Luck, HintsThatMisleadAreHeededEverMoreSeldom)
{
	Luck l = LUCKUNKNOWN;
	int tries = 0;

	for(int i = 0; i < 5000; i++)
		wait(l, false);
	l.pause = UINT16_MAX;
	for(int i = 0; i < 100 * (1 << HINTS); i++)
		tries += wait(l, false, 1);
	EXPECT_GE(tries, 100);
	EXPECT_LE(tries, 100 + HINTS);
	EXPECT_EQ(l.misled, HINTS);
}

} // namespace
