// RWLocks; each test bears the number of the statement of the native contract that it holds.
#define RENDEZ_NOPLAINNAMES
#include "compat/plan9.h"

#include "waiter.hh"

#include <csetjmp>
#include <csignal>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <sys/wait.h>
#include <vector>

extern "C" {
struct Self;
Self *selfget();
void selfkick(Self *, uint32_t bits);
void procabandon(int (*keep)(const void *, void *), void *arg);
}

namespace {

TEST(Rwlock, QL3_TriesTakeWhatIsToBeHadAtOnce)
{
	P9rwlock l = {};

	EXPECT_EQ(p9canrlock(&l), 1);
	EXPECT_EQ(p9canrlock(&l), 1);
	EXPECT_EQ(p9canwlock(&l), 0);
	p9runlock(&l);
	p9runlock(&l);
	EXPECT_EQ(p9canwlock(&l), 1);
	EXPECT_EQ(p9canwlock(&l), 0);
	EXPECT_EQ(p9canrlock(&l), 0);
	p9wunlock(&l);
	p9rlock(&l);
	p9runlock(&l);
	p9wlock(&l);
	p9wunlock(&l);
	EXPECT_EQ(l.q.word, 0U);
}

// Who queued in the order of a word of 'r' and 'w', and the batches that were in at the same time.
struct Queued {
	P9rwlock l = {};
	std::mutex m;
	std::vector<std::string> batches;
	std::atomic<int> in{0}, goout{0};
	std::vector<std::unique_ptr<Waiter>> all;

	void
	put(char how)
	{
		all.push_back(std::make_unique<Waiter>([this, how] {
			if(how == 'w')
				p9wlock(&l);
			else
				p9rlock(&l);
			{
				std::lock_guard<std::mutex> g(m);
				if(in++ == 0)
					batches.emplace_back();
				batches.back() += how;
			}
			while(goout == 0)
				std::this_thread::yield();
			{
				std::lock_guard<std::mutex> g(m);
				if(--in == 0)
					goout = 0;
			}
			if(how == 'w')
				p9wunlock(&l);
			else
				p9runlock(&l);
		}));
		all.back()->asleep();
	}

	// n are in; they go.
	void
	pass(int n)
	{
		while(in < n)
			std::this_thread::yield();
		usleep(2000);
		EXPECT_EQ(in, n);
		goout = 1;
		while(goout == 1)
			std::this_thread::yield();
	}
};

TEST(Rwlock, QL3_InOrderWithReadersTogetherUpToTheNextWriter)
{
	Queued q;

	p9wlock(&q.l);
	for(char c : std::string("rrwrrrwwr"))
		q.put(c);
	p9wunlock(&q.l);
	for(int n : {2, 1, 3, 1, 1, 1})
		q.pass(n);
	q.all.clear();
	EXPECT_EQ(q.batches, (std::vector<std::string>{"rr", "w", "rrr", "w", "w", "r"}));
	EXPECT_EQ(q.l.q.word, 0U);
}

TEST(Rwlock, QL3_TheLastReaderStartsTheWriterAndNoReaderOvertakesIt)
{
	Queued q;

	p9rlock(&q.l);
	p9rlock(&q.l);
	q.put('w');
	EXPECT_EQ(p9canrlock(&q.l), 0);
	q.put('r');
	p9runlock(&q.l);
	usleep(2000);
	EXPECT_EQ(q.in, 0);
	p9runlock(&q.l);
	q.pass(1);
	q.pass(1);
	q.all.clear();
	EXPECT_EQ(q.batches, (std::vector<std::string>{"w", "r"}));
}

TEST(Rwlock, QL3_UnderFireExcludesAndLosesNobody)
{
	P9rwlock l = {};
	long a = 0, b = 0;
	std::atomic<long> wrote{0}, readers{0};
	std::vector<std::unique_ptr<Waiter>> all;

	for(int k = 0; k < 8; k++)
		all.push_back(std::make_unique<Waiter>([&, k] {
			for(int i = 0; i < 20000; i++) {
				int how = (i * 7 + k) % 10;
				if(how == 0) {
					if(!p9canwlock(&l))
						continue;
				} else if(how < 3) {
					p9wlock(&l);
				} else {
					if(how == 3 && !p9canrlock(&l))
						continue;
					if(how > 3)
						p9rlock(&l);
					readers++;
					EXPECT_EQ(a, b);
					readers--;
					p9runlock(&l);
					continue;
				}
				EXPECT_EQ(readers, 0);
				a++;
				EXPECT_EQ(a, b + 1);
				b++;
				wrote++;
				p9wunlock(&l);
			}
		}));
	all.clear();
	EXPECT_EQ(a, wrote);
	EXPECT_EQ(l.q.word, 0U);
}

TEST(Rwlock, QL2_NT3_ANoteDoesNotEndTheWait)
{
	for(int write = 0; write < 2; write++) {
		P9rwlock l = {};
		std::atomic<Self *> self{nullptr};
		std::atomic<bool> got{false};

		p9wlock(&l);
		Waiter w([&, write] {
			self = selfget();
			if(write)
				p9wlock(&l);
			else
				p9rlock(&l);
			got = true;
			if(write)
				p9wunlock(&l);
			else
				p9runlock(&l);
		});
		w.asleep();
		selfkick(self, 1);
		usleep(20000);
		EXPECT_FALSE(got);
		p9wunlock(&l);
	}
}

thread_local sigjmp_buf away;

void
leave(int)
{
	procabandon(nullptr, nullptr);
	siglongjmp(away, 1);
}

// A writer that readers wait behind goes, while readers are in or as the lock is handed over: they come in.
TEST(Rwlock, QL3_AWriterThatLeavesItsWaitLetsInWhoIsBehindIt)
{
	struct sigaction sa = {};

	sa.sa_handler = leave;
	sa.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &sa, nullptr);
	for(int i = 0; i < 300; i++) {
		P9rwlock l = {};
		int write = i % 2;

		p9rlock(&l);
		Waiter a([&] {
			if(sigsetjmp(away, 0) == 0) {
				p9wlock(&l);
				ADD_FAILURE();
			}
		});
		a.asleep();
		Waiter b([&, write] {
			if(write) {
				p9wlock(&l);
				p9wunlock(&l);
			} else {
				p9rlock(&l);
				p9runlock(&l);
			}
		});
		b.asleep();
		pthread_kill(a.handle(), SIGUSR1);
		if(i % 3 == 0) {
			a.join();
			if(!write)
				b.join();
		}
		p9runlock(&l);
		a.join();
		b.join();
		ASSERT_EQ(l.q.word, 0U);
	}
}

TEST(Rwlock, PX7_NobodyWaitsInAForkedChild)
{
	P9rwlock l = {};

	p9wlock(&l);
	Waiter a([&] {
		p9rlock(&l);
		p9runlock(&l);
	});
	a.asleep();
	if(pid_t child = fork(); child == 0) {
		p9wunlock(&l);
		if(l.q.word != 0 || !p9canrlock(&l))
			_exit(1);
		p9runlock(&l);
		_exit(0);
	} else {
		int status = -1;

		waitpid(child, &status, 0);
		EXPECT_EQ(status, 0);
	}
	p9wunlock(&l);
}

TEST(RwlockDeathTest, QL3_UnlockOfWhatIsNotHeldPanics)
{
	GTEST_FLAG_SET(death_test_style, "threadsafe");
	P9rwlock l = {};

	EXPECT_DEATH(p9runlock(&l), "runlock of a RWLock that nobody reads");
	EXPECT_DEATH(p9wunlock(&l), "wunlock of a RWLock that nobody writes");
	p9wlock(&l);
	EXPECT_DEATH(p9runlock(&l), "runlock of a RWLock that nobody reads");
	p9wunlock(&l);
	p9rlock(&l);
	EXPECT_DEATH(p9wunlock(&l), "wunlock of a RWLock that nobody writes");
	p9runlock(&l);
}

} // namespace
