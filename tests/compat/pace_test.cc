// Whether the holder of a lock is let run: what is learned, and the bounds of it.
#include <gtest/gtest.h>

extern "C" {
#include "compat/pace.h"
}

namespace {

const uintptr_t LOCK = 0x1000, OTHER = 0x2000;
enum { PARENT = 1, CHILD = 2 };

// A lock for which somebody waits every STEP, and that makes so many sections in an epoch in each way.
struct Machine {
	static constexpr uint64_t STEP = EPOCHNS / 10;
	Pace p = {};
	uint64_t now = 1000000000;
	double acquired = 0;
	int calm = 0, epochs = 0;
	uint32_t random = 1;

	void
	run(int n, double eager, double letting, double noise = 0)
	{
		calm = epochs = 0;
		for(int i = 0; i < 10 * n; i++) {
			random = random * 1664525 + 1013904223;
			double is = pacecalm(&p, LOCK) ? letting : eager;
			acquired += is / 10 * (1 + noise * ((double)(random >> 16) / 32768 - 1));
			now += STEP;
			pacewait(&p, LOCK, now, (uint32_t)acquired, PARENT);
			calm += pacecalm(&p, LOCK);
			epochs++;
		}
	}
};

TEST(Pace, NothingIsKnownAndAllLookAtOnce)
{
	Pace p = {};

	EXPECT_FALSE(pacecalm(&p, LOCK));
	EXPECT_FALSE(pacecalm(&p, 0));
}

TEST(Pace, WhereTheHolderMakesMoreItIsLetRun)
{
	Machine m;

	m.run(30, 600, 1200);
	EXPECT_EQ(m.p.way, 1);
	m.run(1000, 600, 1200);
	EXPECT_GT(m.calm, m.epochs * 98 / 100);
}

TEST(Pace, WhereItMakesLessOneEpochInManyIsLost)
{
	Machine m;

	m.run(100, 150, 90);
	EXPECT_EQ(m.p.way, 0);
	m.run(4 << MOSTSTAYS, 150, 90);
	m.run(100 << MOSTSTAYS, 150, 90);
	EXPECT_LE(m.calm, 10 * 101);
	EXPECT_GE(m.calm, 10 * 100 / FEW / 2);
}

TEST(Pace, WhereItIsTheSameAllLookAtOnce)
{
	Machine m;

	m.run(1000, 500, 500);
	m.run(10000, 500, 500);
	EXPECT_EQ(m.p.way, 0);
	EXPECT_LT(m.calm, m.epochs / 50);
}

TEST(Pace, ChanceSeldomHasItsWay)
{
	Machine m;

	m.run(100000, 150, 90, 1);
	EXPECT_LT(m.calm, m.epochs / 20);
	m.run(100000, 90, 180, 1);
	EXPECT_GT(m.calm, m.epochs * 19 / 20);
}

TEST(Pace, WhatBecomesWorseIsGivenUp)
{
	Machine m;

	m.run(10000, 600, 1200);
	EXPECT_EQ(m.p.way, 1);
	m.run(2 * (FEW << MOSTSTAYS), 1200, 600);
	EXPECT_EQ(m.p.way, 0);
	m.run(2 * (FEW << MOSTSTAYS), 600, 1200);
	EXPECT_EQ(m.p.way, 1);
}

TEST(Pace, WhereNobodyWaitsForLongNothingIsKnownAnyMore)
{
	Machine m;

	m.run(100, 600, 1200);
	ASSERT_TRUE(pacecalm(&m.p, LOCK));
	for(int i = 1; i < IDLES; i++) {
		m.now += IDLENS;
		pacewait(&m.p, LOCK, m.now, 0, PARENT);
		EXPECT_TRUE(pacecalm(&m.p, LOCK));
	}
	m.now += IDLENS;
	pacewait(&m.p, LOCK, m.now, 0, PARENT);
	EXPECT_FALSE(pacecalm(&m.p, LOCK));
	EXPECT_EQ(m.p.way, 0);
}

TEST(Pace, WhereSectionsAreLongNothingIsTried)
{
	Machine m;

	m.run(10000, SHORT / 2, SHORT, 1);
	EXPECT_EQ(m.calm, 0);
	m.run(100, 600, 1200);
	ASSERT_EQ(m.p.way, 1);
	m.run(2 * IDLES, SHORT / 4, SHORT / 4);
	EXPECT_EQ(m.p.way, 0);
	m.run(10000, SHORT / 2, SHORT / 4, 1);
	EXPECT_EQ(m.calm, 0);
}

TEST(Pace, OneBadEpochIsNoReasonToForget)
{
	Machine m;

	m.run(1000, 600, 1200);
	int stays = m.p.stays;
	ASSERT_GT(stays, 0);
	for(int i = 0; i < 100; i++) {
		m.run(1, 1, 1);
		m.run(9, 600, 1200);
	}
	EXPECT_EQ(m.p.way, 1);
	EXPECT_GE(m.p.stays, stays);
}

TEST(Pace, AnotherLockHasThePlaceWhenThatIsIdle)
{
	Machine m;

	m.run(100, 600, 1200);
	EXPECT_FALSE(pacecalm(&m.p, OTHER));
	pacewait(&m.p, OTHER, m.now + EPOCHNS, 0, PARENT);
	EXPECT_TRUE(pacecalm(&m.p, LOCK));
	pacewait(&m.p, OTHER, m.now + IDLENS, 0, PARENT);
	EXPECT_EQ(m.p.object, OTHER);
	EXPECT_FALSE(pacecalm(&m.p, LOCK));
	EXPECT_FALSE(pacecalm(&m.p, OTHER));
}

TEST(Pace, OneChangesItAtATimeButNotForAForkedChild)
{
	Machine m;

	m.run(10, 600, 600);
	m.p.claimed = PARENT;
	uint64_t begun = m.p.begun;
	pacewait(&m.p, LOCK, begun + EPOCHNS, 0, PARENT);
	EXPECT_EQ(m.p.begun, begun);
	pacewait(&m.p, LOCK, begun + EPOCHNS, 0, CHILD);
	EXPECT_EQ(m.p.begun, begun + EPOCHNS);
	EXPECT_EQ(m.p.claimed, 0u);
}

TEST(Pace, WhoComesLateWithItsClockChangesNothing)
{
	Machine m;

	m.run(10, 600, 600);
	uint64_t begun = m.p.begun;
	pacewait(&m.p, LOCK, begun - 1, 0, PARENT);
	EXPECT_EQ(m.p.begun, begun);
}

} // namespace
