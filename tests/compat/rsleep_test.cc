// rsleep and rwakeup; each test bears the number of the statement of the native contract that it holds.
#define RENDEZ_NOPLAINNAMES
#include "compat/plan9.h"

#include "waiter.hh"

#include <csetjmp>
#include <csignal>
#include <gtest/gtest.h>
#include <memory>
#include <sys/wait.h>
#include <vector>

extern "C" {
struct Self;
Self *selfget();
void selfkick(Self *, uint32_t bits);
void procabandon(int (*keep)(const void *, void *), void *arg);
}

namespace {

struct Place {
	P9qlock l = {};
	Rendez r = {nullptr, &l};
	std::vector<int> order;
	std::vector<std::unique_ptr<Waiter>> all;

	void
	sleeper(int k)
	{
		all.push_back(std::make_unique<Waiter>([this, k] {
			p9qlock(&l);
			p9rsleep(&r);
			order.push_back(k);
			p9qunlock(&l);
		}));
		all.back()->asleep();
	}

	void
	queuer(int k)
	{
		all.push_back(std::make_unique<Waiter>([this, k] {
			p9qlock(&l);
			order.push_back(k);
			p9qunlock(&l);
		}));
		all.back()->asleep();
	}
};

TEST(Rsleep, RZ1_ReleasesTheLockAndHoldsItAgain)
{
	Place p;

	p.sleeper(1);
	EXPECT_EQ(p9canqlock(&p.l), 1);
	EXPECT_EQ(p9rwakeup(&p.r), 1);
	EXPECT_EQ(p9rwakeup(&p.r), 0);
	EXPECT_TRUE(p.order.empty());
	p9qunlock(&p.l);
	p.all.clear();
	EXPECT_EQ(p.order.size(), 1U);
	EXPECT_EQ(p.l.q.word, 0U);
	EXPECT_EQ(p.r.p, nullptr);
}

TEST(Rsleep, RZ1_HandsTheLockToTheNextInItsQueue)
{
	P9qlock l = {};
	Rendez r = {nullptr, &l};
	std::atomic<bool> got{false};

	p9qlock(&l);
	Waiter w([&] {
		p9qlock(&l);
		got = true;
		p9rwakeup(&r);
		p9qunlock(&l);
	});
	w.asleep();
	p9rsleep(&r);
	EXPECT_TRUE(got);
	EXPECT_EQ(p9canqlock(&l), 0);
	p9qunlock(&l);
}

TEST(Rsleep, RZ1_RwakeupMovesTheFirstToTheFrontOfTheQueue)
{
	Place p;

	for(int k = 1; k <= 3; k++)
		p.sleeper(k);
	p9qlock(&p.l);
	p.queuer(10);
	p.queuer(11);
	EXPECT_EQ(p9rwakeup(&p.r), 1);
	p9qunlock(&p.l);
	while(!p9canqlock(&p.l))
		std::this_thread::yield();
	EXPECT_EQ(p.order, (std::vector<int>{1, 10, 11}));
	EXPECT_EQ(p9rwakeupall(&p.r), 2);
	p9qunlock(&p.l);
	p.all.clear();
	EXPECT_EQ(p.order, (std::vector<int>{1, 10, 11, 2, 3}));
}

TEST(Rsleep, RZ1_RwakeupallKeepsTheOrderOfTheSleepers)
{
	Place p;

	for(int k = 1; k <= 5; k++)
		p.sleeper(k);
	p9qlock(&p.l);
	p.queuer(10);
	EXPECT_EQ(p9rwakeupall(&p.r), 5);
	EXPECT_EQ(p9rwakeupall(&p.r), 0);
	p9qunlock(&p.l);
	p.all.clear();
	EXPECT_EQ(p.order, (std::vector<int>{1, 2, 3, 4, 5, 10}));
	EXPECT_EQ(p.l.q.word, 0U);
}

TEST(Rsleep, RZ2_NT3_ANoteDoesNotEndIt)
{
	P9qlock l = {};
	Rendez r = {nullptr, &l};
	std::atomic<Self *> self{nullptr};
	std::atomic<bool> back{false};
	Waiter w([&] {
		self = selfget();
		p9qlock(&l);
		p9rsleep(&r);
		back = true;
		p9qunlock(&l);
	});

	w.asleep();
	selfkick(self, 1);
	usleep(20000);
	EXPECT_FALSE(back);
	w.asleep();
	p9qlock(&l);
	EXPECT_EQ(p9rwakeup(&r), 1);
	p9qunlock(&l);
}

// A buffer of few places, more threads than processors; notes at all of them.
TEST(Rsleep, RZ1_RZ2_UnderFireNothingIsLost)
{
	const int n = 4, each = 20000, room = 3;
	P9qlock l = {};
	Rendez full = {nullptr, &l}, empty = {nullptr, &l};
	int filled = 0;
	long put = 0, taken = 0;
	std::atomic<Self *> selves[2 * n] = {};
	std::atomic<int> left{2 * n};
	std::vector<std::unique_ptr<Waiter>> all;

	for(int k = 0; k < n; k++) {
		all.push_back(std::make_unique<Waiter>([&, k] {
			selves[k] = selfget();
			for(int i = 1; i <= each; i++) {
				p9qlock(&l);
				while(filled == room)
					p9rsleep(&full);
				filled++;
				put += i;
				if(i % 16 == 0)
					p9rwakeupall(&empty);
				else
					p9rwakeup(&empty);
				p9qunlock(&l);
			}
			left--;
		}));
		all.push_back(std::make_unique<Waiter>([&, k] {
			selves[n + k] = selfget();
			for(int i = 1; i <= each; i++) {
				p9qlock(&l);
				while(filled == 0)
					p9rsleep(&empty);
				filled--;
				taken += i;
				p9rwakeup(&full);
				p9qunlock(&l);
			}
			left--;
		}));
	}
	for(int k = 0; left > 0; k = (k + 1) % (2 * n)) {
		if(Self *s = selves[k])
			selfkick(s, 1);
		usleep(500);
	}
	all.clear();
	EXPECT_EQ(put, taken);
	EXPECT_EQ(filled, 0);
	EXPECT_EQ(l.q.word, 0U);
	EXPECT_EQ(full.p, nullptr);
	EXPECT_EQ(empty.p, nullptr);
}

thread_local sigjmp_buf away;

void
leave(int)
{
	procabandon(nullptr, nullptr);
	siglongjmp(away, 1);
}

// A handler leaves the wait for good: in the Rendez, in the lock's queue, or as the lock is handed over.
TEST(Rsleep, RZ1_AWaitThatWasLeftIsUndone)
{
	struct sigaction sa = {};

	sa.sa_handler = leave;
	sa.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &sa, nullptr);
	for(int i = 0; i < 300; i++) {
		Place p;
		Waiter a([&] {
			if(sigsetjmp(away, 0) == 0) {
				p9qlock(&p.l);
				p9rsleep(&p.r);
				ADD_FAILURE();
			}
		});

		a.asleep();
		p.sleeper(1);
		p9qlock(&p.l);
		if(i % 3 == 0) {
			pthread_kill(a.handle(), SIGUSR1);
			a.join();
			EXPECT_EQ(p9rwakeupall(&p.r), 1);
		} else {
			EXPECT_EQ(p9rwakeupall(&p.r), 2);
			pthread_kill(a.handle(), SIGUSR1);
			if(i % 3 == 1)
				a.join();
		}
		p9qunlock(&p.l);
		a.join();
		p.all.clear();
		ASSERT_EQ(p.l.q.word, 0U);
		EXPECT_EQ(p.order.size(), 1U);
	}
}

TEST(Rsleep, PX7_NobodySleepsInAForkedChild)
{
	Place p;

	p.sleeper(1);
	p9qlock(&p.l);
	if(pid_t child = fork(); child == 0) {
		bool back = false;

		if(p9rwakeup(&p.r) != 0 || p9rwakeupall(&p.r) != 0)
			_exit(1);
		p9qunlock(&p.l);
		Waiter w([&] {
			p9qlock(&p.l);
			p9rsleep(&p.r);
			back = true;
			p9qunlock(&p.l);
		});
		w.asleep();
		p9qlock(&p.l);
		if(p9rwakeup(&p.r) != 1)
			_exit(2);
		p9qunlock(&p.l);
		w.join();
		_exit(back ? 0 : 3);
	} else {
		int status = -1;

		waitpid(child, &status, 0);
		EXPECT_EQ(status, 0);
	}
	EXPECT_EQ(p9rwakeup(&p.r), 1);
	p9qunlock(&p.l);
}

TEST(RsleepDeathTest, RZ1_WithoutTheLockPanics)
{
	GTEST_FLAG_SET(death_test_style, "threadsafe");
	P9qlock l = {};
	Rendez r = {nullptr, &l}, none = {};

	EXPECT_DEATH(p9rsleep(&r), "rsleep in a Rendez whose QLock nobody holds");
	EXPECT_DEATH(p9rwakeup(&r), "rwakeup in a Rendez whose QLock nobody holds");
	EXPECT_DEATH(p9rwakeupall(&r), "rwakeupall in a Rendez whose QLock nobody holds");
	EXPECT_DEATH(p9rsleep(&none), "rsleep in a Rendez");
}

} // namespace
