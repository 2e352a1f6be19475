// Whether others compute on the processors, so that to give one up is dear: what is learned, and the bounds of it.
#include <gtest/gtest.h>

extern "C" {
#include "compat/crowd.h"
}

namespace {

const uint64_t SLICE = 3000000;

TEST(Crowd, WhatTurnsByTurnCostIsNoCrowd)
{
	Crowd c = {};

	crowdtell(&c, 1000000000, CROWDLOST - 1);
	EXPECT_FALSE(crowdis(&c, 1000000000));
}

TEST(Crowd, WhoHasLostASliceGivesWayNoMoreForManyTimesAsLong)
{
	Crowd c = {};
	uint64_t now = 1000000000;

	EXPECT_FALSE(crowdis(&c, now));
	crowdtell(&c, now, SLICE);
	EXPECT_TRUE(crowdis(&c, now));
	EXPECT_TRUE(crowdis(&c, now + SLICE * WORTH - 1));
	EXPECT_FALSE(crowdis(&c, now + SLICE * WORTH));
}

TEST(Crowd, WhoGaveWayBeforeItWasKnownAddsNothing)
{
	Crowd c = {};
	uint64_t now = 1000000000;

	crowdtell(&c, now, SLICE);
	crowdtell(&c, now + 1, 100 * SLICE);
	EXPECT_FALSE(crowdis(&c, now + SLICE * WORTH));
}

TEST(Crowd, WhereItLastsEverLessIsLostDownToABound)
{
	Crowd c = {};
	uint64_t now = 1000000000, begun = now, lost = 0;

	while(now < begun + 100 * (uint64_t)CROWDMAXNS) {
		now += SLICE;
		lost += SLICE;
		crowdtell(&c, now, SLICE);
		ASSERT_TRUE(crowdis(&c, now));
		now = c.until;
	}
	EXPECT_EQ(c.lasts, (uint64_t)CROWDMAXNS);
	EXPECT_LT(lost, (now - begun) / 500);
	EXPECT_GT(lost, (now - begun) / 1000);
}

TEST(Crowd, WhereItHasNotLastedItBeginsAnew)
{
	Crowd c = {};
	uint64_t now = 1000000000;

	for(int i = 0; i < 10; i++) {
		crowdtell(&c, now, SLICE);
		now = c.until;
	}
	now += CROWDMAXNS;
	crowdtell(&c, now, SLICE);
	EXPECT_EQ(c.lasts, SLICE * WORTH);
}

} // namespace
