// sleep, tsleep and wakeup; each test bears the number of the statement of the native contract that it holds.
#include "notes.hh"

#include <csetjmp>
#include <csignal>
#include <gtest/gtest.h>
#include <memory>
#include <pthread.h>
#include <sys/wait.h>
#include <vector>

// What this library's siglongjmp does before it jumps; here that is libc's.
extern "C" void procabandon(int (*keep)(const void *, void *), void *arg);

namespace {

using Clock = std::chrono::steady_clock;

struct Event {
	Rendez r = {};
	std::atomic<int> done{0};
	std::atomic<int> looked{0};
};

int
isdone(void *arg)
{
	auto *e = static_cast<Event *>(arg);

	e->looked.fetch_add(1);
	return e->done.load();
}

void
await(Event *e)
{
	while(!e->done.load())
		p9sleep(&e->r, isdone, e);
}

// Until somebody sleeps in r, or looks for the last time.
void
asleep(Event *e)
{
	while(__atomic_load_n(&e->r.p, __ATOMIC_ACQUIRE) == nullptr ||
	      (reinterpret_cast<uintptr_t>(__atomic_load_n(&e->r.p, __ATOMIC_ACQUIRE)) & 1) != 0)
		std::this_thread::yield();
}

long
elapsedms(Clock::time_point since)
{
	return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - since).count();
}

TEST(Sleep, SL1_TrueOnEntryReturnsAndLeavesNobody)
{
	Event e;

	e.done = 1;
	p9sleep(&e.r, isdone, &e);
	EXPECT_EQ(e.r.p, nullptr);
	EXPECT_EQ(p9wakeup(&e.r), 0);
}

TEST(Sleep, SL2_SL5_SL6_WakeupEndsOneSleep)
{
	Event e;
	std::thread t([&] { await(&e); });

	asleep(&e);
	e.done = 1;
	// Between publishing and testing the sleeper may see the event itself: then there is nobody to wake.
	int woken = p9wakeup(&e.r);
	EXPECT_TRUE(woken == 0 || woken == 1);
	t.join();
	EXPECT_EQ(e.r.p, nullptr);
}

TEST(Sleep, SL4_TheConditionIsLookedAtOncePerSleep)
{
	Event e;

	p9tsleep(&e.r, isdone, &e, 1);
	EXPECT_EQ(e.looked.load(), 1);
}

TEST(Sleep, SL5_AWakeupOfNobodyIsNotRemembered)
{
	Event e;

	EXPECT_EQ(p9wakeup(&e.r), 0);
	auto t = Clock::now();
	p9tsleep(&e.r, isdone, &e, 30);
	EXPECT_GE(elapsedms(t), 29);
}

Event *handled;

void
handler(int)
{
	handled->done = 1;
	p9wakeup(&handled->r);
}

TEST(Sleep, SL7_AHandlerWakesTheSleepThatItInterrupted)
{
	for(int i = 0; i < 200; i++) {
		Event e;
		struct sigaction sa = {};

		handled = &e;
		sa.sa_handler = handler;
		sigaction(SIGUSR1, &sa, nullptr);
		std::thread t([&] { await(&e); });
		if(i % 2)
			asleep(&e);
		pthread_kill(t.native_handle(), SIGUSR1);
		t.join();
	}
}

TEST(SleepDeathTest, SL8_DoubleSleepPanics)
{
	GTEST_FLAG_SET(death_test_style, "threadsafe");
	EXPECT_DEATH(
	    {
		    Event e;
		    std::thread t([&] { await(&e); });
		    asleep(&e);
		    p9sleep(&e.r, isdone, &e);
	    },
	    "double sleep");
}

TEST(Sleep, SL2_NoWakeupIsLost)
{
	Event ping, pong;
	const int rounds = 50000;
	std::thread t([&] {
		for(int i = 0; i < rounds; i++) {
			await(&ping);
			ping.done = 0;
			pong.done = 1;
			p9wakeup(&pong.r);
		}
	});

	for(int i = 0; i < rounds; i++) {
		ping.done = 1;
		p9wakeup(&ping.r);
		await(&pong);
		pong.done = 0;
	}
	t.join();
}

TEST(Tsleep, TS1_NeverShorterByTheTimer)
{
	for(int ms : {1, 5, 20}) {
		Event e;
		auto t = Clock::now();

		p9tsleep(&e.r, isdone, &e, ms);
		EXPECT_GE(elapsedms(t), ms - 1);
		EXPECT_EQ(e.r.p, nullptr);
	}
}

TEST(Tsleep, TS5_Return0IsADelayThatAWakeupCutsShort)
{
	Event e;
	auto start = Clock::now();
	std::thread t([&] { p9tsleep(&e.r, p9return0, nullptr, 60000); });

	asleep(&e);
	while(p9wakeup(&e.r) == 0)
		std::this_thread::yield();
	t.join();
	EXPECT_LT(elapsedms(start), 60000);
	EXPECT_EQ(p9return0(&e), 0);
	p9tsleep(&e.r, p9return0, nullptr, 0);
}

TEST(Tsleep, TS2_TS3_TimeoutsAndWakeupsMeetWithoutHarm)
{
	// The Rendez is on the sleeper's stack and gone after each sleep; the waker has a lock that says whether it is there.
	std::atomic<Rendez *> where{nullptr};
	std::atomic<bool> over{false};
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	std::thread t([&] {
		while(!over.load()) {
			pthread_mutex_lock(&m);
			if(Rendez *r = where.load())
				p9wakeup(r);
			pthread_mutex_unlock(&m);
		}
	});

	for(int i = 0; i < 2000; i++) {
		Rendez r = {};

		pthread_mutex_lock(&m);
		where = &r;
		pthread_mutex_unlock(&m);
		p9tsleep(&r, p9return0, nullptr, i % 2);
		pthread_mutex_lock(&m);
		where = nullptr;
		pthread_mutex_unlock(&m);
		EXPECT_EQ(r.p, nullptr);
	}
	over = true;
	t.join();
}

TEST(Sleep, SL3_ASleepMayEndWithItsConditionFalse)
{
	Event e;
	std::atomic<int> ended{0};
	std::thread t([&] {
		p9sleep(&e.r, isdone, &e);
		ended = 1;
		await(&e);
	});

	// One that comes before the event is an end of the sleep all the same; who loops waits on.
	asleep(&e);
	while(ended.load() == 0)
		p9wakeup(&e.r);
	EXPECT_EQ(e.done.load(), 0);
	e.done = 1;
	p9wakeup(&e.r);
	t.join();
}

TEST(Sleep, SL9_DifferentRendezesDoNotMeet)
{
	Event a, b;
	std::atomic<int> ended{0};
	std::thread ta([&] {
		await(&a);
		ended++;
	});
	std::thread tb([&] {
		await(&b);
		ended++;
	});

	asleep(&a);
	asleep(&b);
	b.done = 1;
	p9wakeup(&b.r);
	tb.join();
	EXPECT_EQ(ended.load(), 1);
	EXPECT_NE(a.r.p, nullptr);
	a.done = 1;
	p9wakeup(&a.r);
	ta.join();
}

// A note for the calling thread.
void
noteme()
{
	ASSERT_EQ(p9postnote(p9up(), 1, "note", P9NUser), 1);
}

TEST(Sleep, SL10_AnInterruptedSleepRaises)
{
	static Event e;
	std::atomic<int> after{0};

	Known k([&] {
		EXPECT_TRUE(raises([&] {
			p9sleep(&e.r, isdone, &e);
			after = 1;
		}));
		EXPECT_EQ(errorstring(), "interrupted");
		EXPECT_EQ(e.r.p, nullptr);
	});
	asleep(&e);
	k.post();
	while(e.r.p != nullptr)
		std::this_thread::yield();
	EXPECT_EQ(after.load(), 0);
}

TEST(SleepDeathTest, SL10_ER4_WithoutALabelItPanics)
{
	GTEST_FLAG_SET(death_test_style, "threadsafe");
	EXPECT_DEATH(
	    {
		    Event e;
		    noteme();
		    p9sleep(&e.r, isdone, &e);
	    },
	    "error stack: .*interrupted");
}

TEST(Sleep, SL11_PendingAtEntryItRaisesEvenIfTheConditionIsTrue)
{
	std::thread([] {
		static Event e;

		e.done = 1;
		noteme();
		EXPECT_TRUE(raises([] { p9sleep(&e.r, isdone, &e); }));
		EXPECT_EQ(e.looked.load(), 1);
		EXPECT_EQ(e.r.p, nullptr);
		EXPECT_FALSE(raises([] { p9sleep(&e.r, isdone, &e); }));
	}).join();
}

int
falseandnoted(void *arg)
{
	noteme();
	return isdone(arg);
}

TEST(Sleep, SL4_SL11_ANoteWhileTheConditionIsTested)
{
	std::thread([] {
		static Event e;

		EXPECT_TRUE(raises([] { p9sleep(&e.r, falseandnoted, &e); }));
		EXPECT_EQ(e.looked.load(), 1);
	}).join();
}

TEST(Sleep, SL12_ANoteAfterTheWakeupRaisesAndTheWakeupIsUsedUp)
{
	static Rendez r, quiet;
	static std::atomic<int> posted, checked;
	const int rounds = 500;

	posted = checked = 0;
	Known k([] {
		for(int i = 0; i < rounds; i++) {
			int raised = raises([] { sleepon(&r); });
			while(posted.load() <= i)
				std::this_thread::yield();
			// Either this sleep was interrupted or the next is; and no wakeup is left for that.
			raised += raises([] { p9tsleep(&quiet, p9return0, nullptr, 0); });
			EXPECT_EQ(raised, 1);
			auto t = Clock::now();
			EXPECT_FALSE(raises([] { p9tsleep(&quiet, p9return0, nullptr, 1); }));
			EXPECT_GE(elapsedms(t), 1);
			checked = i + 1;
		}
	});
	for(int i = 0; i < rounds; i++) {
		while(p9wakeup(&r) == 0)
			std::this_thread::yield();
		k.post();
		posted = i + 1;
		while(checked.load() == i)
			std::this_thread::yield();
	}
}

TEST(Sleep, SL13_ANoteInterruptsOneSleep)
{
	std::thread([] {
		static Rendez r;

		for(int i = 0; i < 100; i++) {
			noteme();
			EXPECT_TRUE(raises([] { sleepon(&r); }));
			EXPECT_FALSE(raises([] { p9tsleep(&r, p9return0, nullptr, 0); }));
		}
	}).join();
}

TEST(Sleep, SL14_ARendezMayGoWhenTheWakeupHasReturned)
{
	for(int i = 0; i < 2000; i++) {
		auto e = std::make_unique<Event>();
		std::thread t([&] { await(e.get()); });

		e->done = 1;
		p9wakeup(&e->r);
		t.join();
	}
}

// In the child nobody sleeps in what a thread of the parent's slept in: nobody is woken, and there is room for one.
TEST(Sleep, SL5_SL8_PX7_AForkedChildFindsNobodyAsleep)
{
	static Event e, other;

	for(int reused = 0; reused < 2; reused++) {
		e.done = other.done = 0;
		std::thread t([] { await(&e); });
		asleep(&e);
		pid_t child = fork();
		if(child == 0) {
			std::thread *u = nullptr;

			// The sleeper's Proc is another's by now, and that one sleeps too.
			if(reused) {
				u = new std::thread([] { await(&other); });
				asleep(&other);
			}
			if(p9wakeup(&e.r) != 0)
				_exit(1);
			p9tsleep(&e.r, isdone, &e, 1);
			if(e.r.p != nullptr)
				_exit(2);
			std::thread v([] { await(&e); });
			asleep(&e);
			e.done = 1;
			p9wakeup(&e.r);
			v.join();
			if(u != nullptr) {
				if(other.r.p == nullptr)
					_exit(3);
				other.done = 1;
				p9wakeup(&other.r);
				u->join();
			}
			_exit(0);
		}
		int status = -1;
		waitpid(child, &status, 0);
		EXPECT_EQ(status, 0);
		e.done = 1;
		p9wakeup(&e.r);
		t.join();
	}
}

sigjmp_buf out;

void
jumpsout(int)
{
	procabandon(nullptr, nullptr);
	siglongjmp(out, 1);
}

TEST(Sleep, SL8_ASleepThatIsLeftByAJumpLeavesNobody)
{
	static Event e;
	static std::atomic<pthread_t> self;
	static std::atomic<int> left;
	struct sigaction sa = {};

	sa.sa_handler = jumpsout;
	sigaction(SIGUSR1, &sa, nullptr);
	left = 0;
	self = 0;
	std::thread t([] {
		p9up();
		for(static int i = 0; i < 500; i++)
			if(sigsetjmp(out, 1) == 0) {
				self = pthread_self();
				await(&e);
				ADD_FAILURE();
			} else {
				EXPECT_EQ(e.r.p, nullptr);
				left = left + 1;
				// Nothing is left of it in the next sleep.
				EXPECT_FALSE(raises([] { p9tsleep(&e.r, isdone, &e, 0); }));
			}
	});
	for(int i = 0; i < 500; i++) {
		while(self.load() == 0)
			std::this_thread::yield();
		pthread_t who = self.exchange(0);
		for(int k = i % 5 * 20; k > 0; k--)
			if(k % 2)
				p9wakeup(&e.r);
		pthread_kill(who, SIGUSR1);
		while(left.load() == i)
			std::this_thread::yield();
	}
	t.join();
}

TEST(Tsleep, TS3_NothingTouchesARendezThatIsGone)
{
	static std::atomic<Rendez *> where;
	static std::atomic<bool> over;
	const int rounds = 1500;

	where = nullptr;
	over = false;
	std::thread t([] {
		while(!over.load())
			if(Rendez *r = where.exchange(nullptr)) {
				p9wakeup(r);
				where.store(r);
			} else {
				std::this_thread::yield();
			}
	});
	for(int i = 0; i < rounds; i++) {
		Rendez r = {};
		Rendez *mine = &r;

		where = mine;
		p9tsleep(&r, p9return0, nullptr, i % 100 == 0 ? 1 : 0);
		// Not while the waker has it: it must outlive that.
		while(!where.compare_exchange_strong(mine, nullptr)) {
			mine = &r;
			std::this_thread::yield();
		}
		EXPECT_EQ(r.p, nullptr);
		memset(&r, 0xff, sizeof r);
	}
	over = true;
	t.join();
}

TEST(Tsleep, TS4_TS5_ANoteRaises)
{
	Known k([] {
		EXPECT_TRUE(raises([] { p9tsleep(&p9up()->sleep, p9return0, nullptr, 1000000); }));
		EXPECT_EQ(errorstring(), "interrupted");
		EXPECT_FALSE(raises([] { p9tsleep(&p9up()->sleep, p9return0, nullptr, 1); }));
		noteme();
		EXPECT_TRUE(raises([] { p9tsleep(&p9up()->sleep, p9return0, nullptr, 0); }));
	});
	k.asleep();
	k.post();
}

void
sleepsinside(int)
{
	Event e;

	p9tsleep(&e.r, isdone, &e, 1);
	EXPECT_EQ(e.r.p, nullptr);
}

// A handler's tsleep has a timer of its own, and the one that it interrupted still has its.
TEST(Tsleep, TS6_OneInAnotherHasItsOwnTime)
{
	struct sigaction sa = {};

	sa.sa_handler = sleepsinside;
	sigaction(SIGUSR1, &sa, nullptr);
	std::thread t([] {
		Event e;
		auto start = Clock::now();

		pthread_kill(pthread_self(), SIGUSR1);
		p9tsleep(&e.r, isdone, &e, 50);
		EXPECT_GE(elapsedms(start), 49);
		EXPECT_EQ(e.r.p, nullptr);
	});
	for(int i = 0; i < 10; i++) {
		pthread_kill(t.native_handle(), SIGUSR1);
		std::this_thread::sleep_for(std::chrono::milliseconds(2));
	}
	t.join();
}

TEST(Tsleep, TS2_AnEventATimeoutAndANoteAtOnce)
{
	static Event e, other;
	static std::atomic<bool> over;

	over = false;
	Known k([] {
		for(int i = 0; i < 700; i++) {
			raises([] { p9tsleep(&e.r, isdone, &e, 1); });
			// No stale wake ends this one early: only a note may.
			auto t = Clock::now();
			if(i % 50 == 0 && !raises([] { p9tsleep(&other.r, isdone, &other, 2); })) {
				EXPECT_GE(elapsedms(t), 1);
			}
		}
		over = true;
	});
	std::thread w([] {
		while(!over.load()) {
			p9wakeup(&e.r);
			std::this_thread::sleep_for(std::chrono::microseconds(900));
		}
	});
	while(!over.load()) {
		k.post();
		std::this_thread::sleep_for(std::chrono::microseconds(1100));
	}
	w.join();
}

} // namespace
