// qlock and its kin; each test bears the number of the statement of the native contract that it holds.
#define RENDEZ_NOPLAINNAMES
#include "compat/p9error.h"
#include "compat/plan9.h"

#include "waiter.hh"

#include <csetjmp>
#include <csignal>
#include <gtest/gtest.h>
#include <memory>
#include <sys/wait.h>
#include <vector>

// Of compat/self.h and compat/proc.h.
extern "C" {
void procabandon(int (*keep)(const void *, void *), void *arg);
}

namespace {

// eqlock; false: it was interrupted.
bool
eqlocked(P9qlock *l)
{
	if(p9waserror()) {
		EXPECT_STREQ(p9up()->errstr, "interrupted");
		return false;
	}
	p9eqlock(l);
	p9poperror();
	return true;
}

TEST(Qlock, QL1_CanqlockTakesOnlyWhatIsFree)
{
	P9qlock l = {};

	EXPECT_EQ(p9canqlock(&l), 1);
	EXPECT_EQ(p9canqlock(&l), 0);
	p9qunlock(&l);
	p9qlock(&l);
	EXPECT_EQ(p9canqlock(&l), 0);
	p9qunlock(&l);
	EXPECT_EQ(l.q.word, 0U);
}

TEST(Qlock, QL1_HandsOffInTheOrderOfComing)
{
	const int n = 12;
	P9qlock l = {};
	std::vector<int> order;
	std::vector<std::unique_ptr<Waiter>> all;

	p9qlock(&l);
	for(int k = 0; k < n; k++) {
		all.push_back(std::make_unique<Waiter>([&, k] {
			p9qlock(&l);
			order.push_back(k);
			p9qunlock(&l);
		}));
		all.back()->asleep();
	}
	p9qunlock(&l);
	all.clear();
	for(int k = 0; k < n; k++)
		EXPECT_EQ(order[(size_t)k], k);
	EXPECT_EQ(l.q.word, 0U);
	EXPECT_EQ(l.q.first, nullptr);
}

TEST(Qlock, QL1_NobodyComesBetweenAnUnlockAndTheNext)
{
	P9qlock l = {};

	for(int i = 0; i < 500; i++) {
		p9qlock(&l);
		Waiter w([&] {
			p9qlock(&l);
			p9qunlock(&l);
		});
		w.asleep();
		p9qunlock(&l);
		// It is the other's already, or was.
		if(p9canqlock(&l)) {
			w.join();
			p9qunlock(&l);
		}
	}
	EXPECT_EQ(l.q.word, 0U);
}

TEST(Qlock, QL1_UnderFireExcludesAndLosesNobody)
{
	P9qlock l = {};
	long in = 0, count = 0;
	std::atomic<long> took{0};
	std::vector<std::unique_ptr<Waiter>> all;

	for(int k = 0; k < 8; k++)
		all.push_back(std::make_unique<Waiter>([&, k] {
			for(int i = 0; i < 20000; i++) {
				if((i + k) % 4 != 0)
					p9qlock(&l);
				else if(!p9canqlock(&l))
					continue;
				EXPECT_EQ(in++, 0);
				count++;
				EXPECT_EQ(--in, 0);
				took++;
				p9qunlock(&l);
			}
		}));
	all.clear();
	EXPECT_EQ(count, took.load());
	EXPECT_EQ(l.q.word, 0U);
}

TEST(Qlock, QL1_TheNextHolderMayFreeIt)
{
	struct Object {
		P9qlock l = {};
		int users = 4;
	};

	for(int i = 0; i < 3000; i++) {
		auto *o = new Object;
		std::vector<std::unique_ptr<Waiter>> all;

		for(int k = 0; k < 4; k++)
			all.push_back(std::make_unique<Waiter>([=] {
				p9qlock(&o->l);
				bool last = --o->users == 0;
				p9qunlock(&o->l);
				if(last) {
					memset((void *)o, 0xff, sizeof *o);
					delete o;
				}
			}));
	}
}

TEST(Qlock, QL2_NT3_ANoteDoesNotEndQlock)
{
	P9qlock l = {};
	std::atomic<P9proc *> self{nullptr};
	std::atomic<bool> got{false};

	p9qlock(&l);
	Waiter w([&] {
		self = p9up();
		p9qlock(&l);
		got = true;
		p9qunlock(&l);
		// It is pending still, for the next wait that it may end.
		P9qlock held = {};
		p9qlock(&held);
		EXPECT_FALSE(eqlocked(&held));
	});
	w.asleep();
	p9postnote(self, 1, "stop", P9NUser);
	usleep(20000);
	EXPECT_FALSE(got);
	w.asleep();
	p9qunlock(&l);
}

TEST(Eqlock, QL2_APendingNoteEndsItOnlyWhenItWouldWait)
{
	P9qlock l = {};

	p9postnote(p9up(), 1, "stop", P9NUser);
	EXPECT_TRUE(eqlocked(&l));
	EXPECT_FALSE(eqlocked(&l));
	EXPECT_EQ(l.q.first, nullptr);
	EXPECT_EQ(l.q.word, 1U);
	p9qunlock(&l);
	EXPECT_EQ(l.q.word, 0U);
}

TEST(Eqlock, QL2_NT3_ANotePullsItOutOfTheMiddle)
{
	P9qlock l = {};
	std::vector<int> order;
	std::atomic<P9proc *> self[3] = {};
	std::unique_ptr<Waiter> w[3];

	p9qlock(&l);
	for(int k = 0; k < 3; k++) {
		w[k] = std::make_unique<Waiter>([&, k] {
			self[k] = p9up();
			if(!eqlocked(&l))
				return;
			order.push_back(k);
			p9qunlock(&l);
		});
		w[k]->asleep();
	}
	p9postnote(self[1], 1, "stop", P9NUser);
	w[1]->join();
	p9qunlock(&l);
	w[0]->join();
	w[2]->join();
	EXPECT_EQ(order, (std::vector<int>{0, 2}));
	EXPECT_EQ(l.q.word, 0U);
}

// Whoever wins: interrupted and nothing pending, or held and the note pending.  One that is neither waits for a note that is not there.
TEST(Eqlock, QL2_HandOffAgainstNoteHasOneWinner)
{
	const int rounds = 20000;
	P9qlock l = {}, mine = {};
	std::atomic<P9proc *> self{nullptr};
	std::atomic<int> go{0}, posted{0}, done{0};
	long got = 0, broken = 0;
	unsigned seed = 1;
	Waiter w([&] {
		self = p9up();
		p9qlock(&mine);
		for(int i = 1; i <= rounds; i++) {
			while(go < i)
				std::this_thread::yield();
			bool held = eqlocked(&l);
			while(posted < i)
				std::this_thread::yield();
			if(held) {
				got++;
				EXPECT_FALSE(eqlocked(&mine));
				p9qunlock(&l);
			} else {
				broken++;
			}
			done = i;
		}
	});

	while(self == nullptr)
		std::this_thread::yield();
	for(int i = 1; i <= rounds; i++) {
		p9qlock(&l);
		go = i;
		while(l.q.first == nullptr && rand_r(&seed) % 64 != 0)
			std::this_thread::yield();
		for(int k = rand_r(&seed) % 64; k > 0; k--)
			__asm__ volatile("");
		if(i % 2) {
			p9postnote(self, 1, "stop", P9NUser);
			for(int k = rand_r(&seed) % 256; k > 0; k--)
				__asm__ volatile("");
			p9qunlock(&l);
		} else {
			p9qunlock(&l);
			for(int k = rand_r(&seed) % 256; k > 0; k--)
				__asm__ volatile("");
			p9postnote(self, 1, "stop", P9NUser);
		}
		posted = i;
		while(done < i)
			std::this_thread::yield();
		ASSERT_EQ(l.q.word, 0U);
	}
	w.join();
	EXPECT_EQ(got + broken, rounds);
	EXPECT_GT(got, 0);
	EXPECT_GT(broken, 0);
}

thread_local sigjmp_buf away;

void
leave(int)
{
	procabandon(nullptr, nullptr);
	siglongjmp(away, 1);
}

// A handler leaves the wait for good, while the lock is held or as it is handed over.
TEST(Qlock, QL1_AWaitThatWasLeftIsUndone)
{
	struct sigaction sa = {};

	sa.sa_handler = leave;
	sa.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &sa, nullptr);
	for(int i = 0; i < 300; i++) {
		P9qlock l = {};

		p9qlock(&l);
		Waiter a([&] {
			if(sigsetjmp(away, 0) == 0) {
				p9qlock(&l);
				ADD_FAILURE();
			}
		});
		a.asleep();
		Waiter b([&] {
			p9qlock(&l);
			p9qunlock(&l);
		});
		b.asleep();
		pthread_kill(a.handle(), SIGUSR1);
		if(i % 3 == 0)
			a.join();
		p9qunlock(&l);
		a.join();
		b.join();
		ASSERT_EQ(l.q.word, 0U);
	}
}

TEST(Qlock, PX7_AForkedChildHasWhatTheForkingThreadHeldAndNobodyWaits)
{
	P9qlock l = {};
	std::atomic<bool> over{false};

	p9qlock(&l);
	Waiter a([&] {
		p9qlock(&l);
		p9qunlock(&l);
	});
	a.asleep();
	if(pid_t child = fork(); child == 0) {
		p9qunlock(&l);
		if(l.q.word != 0 || l.q.first != nullptr)
			_exit(1);
		p9qlock(&l);
		Waiter b([&] {
			p9qlock(&l);
			over = true;
			p9qunlock(&l);
		});
		b.asleep();
		p9qunlock(&l);
		b.join();
		_exit(over ? 0 : 2);
	} else {
		int status = -1;

		waitpid(child, &status, 0);
		EXPECT_EQ(status, 0);
	}
	p9qunlock(&l);
}

TEST(QlockDeathTest, QL3_UnlockOfAFreeOnePanics)
{
	GTEST_FLAG_SET(death_test_style, "threadsafe");
	EXPECT_DEATH(
	    {
		    P9qlock l = {};
		    p9qunlock(&l);
	    },
	    "qunlock of a QLock that nobody holds");
}

} // namespace
