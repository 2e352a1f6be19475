// sleep, tsleep and wakeup; each test bears the number of the statement of the native contract that it holds.
#define RENDEZ_NOPLAINNAMES
#include "compat/plan9.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <pthread.h>
#include <thread>

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

// Until somebody sleeps in r.
void
asleep(Event *e)
{
	while(__atomic_load_n(&e->r.p, __ATOMIC_ACQUIRE) == nullptr)
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

} // namespace
