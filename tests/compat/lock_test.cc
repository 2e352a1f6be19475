// lock, canlock, unlock: Plan 9 lock(2); each test bears the number of what it holds in the native contract.
#define RENDEZ_NOPLAINNAMES
#include "compat/plan9.h"

#include "waiter.hh"

#include <gtest/gtest.h>
#include <memory>
#include <sys/mman.h>
#include <sys/wait.h>
#include <vector>

namespace {

TEST(Lock, CanlockTakesOnlyWhatIsFree)
{
	P9lock l = {};

	EXPECT_EQ(p9canlock(&l), 1);
	EXPECT_EQ(p9canlock(&l), 0);
	p9unlock(&l);
	p9lock(&l);
	EXPECT_EQ(p9canlock(&l), 0);
	p9unlock(&l);
	EXPECT_EQ(l.word, 0U);
}

TEST(Lock, AWaiterSleepsAndGetsIt)
{
	P9lock l = {};

	p9lock(&l);
	Waiter w([&] {
		p9lock(&l);
		p9unlock(&l);
	});
	w.asleep();
	p9unlock(&l);
	w.join();
	EXPECT_EQ(p9canlock(&l), 1);
}

// Fact 5: tries and locks at the same time, more threads than processors.
TEST(Lock, FACT5_TriesNeverBreakExclusion)
{
	P9lock l = {};
	long in = 0, count = 0;
	std::atomic<long> took{0};
	std::vector<std::unique_ptr<Waiter>> all;

	for(int k = 0; k < 8; k++)
		all.push_back(std::make_unique<Waiter>([&, k] {
			for(int i = 0; i < 20000; i++) {
				if((i + k) % 3 == 0)
					p9lock(&l);
				else if(!p9canlock(&l))
					continue;
				EXPECT_EQ(in++, 0);
				count++;
				EXPECT_EQ(--in, 0);
				took++;
				p9unlock(&l);
			}
		}));
	all.clear();
	EXPECT_EQ(count, took.load());
}

struct Shared {
	P9lock l;
	long count;
};

TEST(Lock, WorksInMemoryThatProcessesShare)
{
	auto *s = static_cast<Shared *>(
	    mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	const int procs = 4, rounds = 20000;

	ASSERT_NE(s, MAP_FAILED);
	for(int k = 0; k < procs; k++)
		if(fork() == 0) {
			for(int i = 0; i < rounds; i++) {
				p9lock(&s->l);
				s->count++;
				p9unlock(&s->l);
			}
			_exit(0);
		}
	for(int k = 0; k < procs; k++) {
		int status = -1;

		wait(&status);
		EXPECT_EQ(status, 0);
	}
	EXPECT_EQ(s->count, procs * rounds);
	munmap(s, sizeof *s);
}

TEST(LockDeathTest, UnlockOfAFreeOnePanics)
{
	GTEST_FLAG_SET(death_test_style, "threadsafe");
	EXPECT_DEATH(
	    {
		    P9lock l = {};
		    p9unlock(&l);
	    },
	    "unlock of a Lock that nobody holds");
}

} // namespace
