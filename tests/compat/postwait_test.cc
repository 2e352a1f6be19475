// postwait, between threads and between processes; each test bears the numbers of the statements that it holds.
#define RENDEZ_NOPLAINNAMES
#include "compat/plan9.h"
#include "compat/sys/pw.h"
#include "shared.hh"

#include <cerrno>
#include <chrono>
#include <gtest/gtest.h>
#include <pthread.h>
#include <set>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

// What a program run anew does: it says its id and waits to be posted to.
__attribute__((constructor)) void
role()
{
	if(getenv("SHARED_ROLE") == nullptr)
		return;
	ukid_t id = 0;
	pw_getukid(&id);
	printf("%llu\n", static_cast<unsigned long long>(id));
	fflush(stdout);
	printf("%d\n", pw_wait(nullptr));
	fflush(stdout);
	exit(0);
}

ukid_t
mine()
{
	ukid_t id = 0;

	EXPECT_EQ(pw_getukid(&id), 0);
	return id;
}

int
poll()
{
	struct timespec zero = {};

	return pw_wait(&zero);
}

// A thread that waits for a post, for ever or for ts.
struct Waiter {
	std::atomic<ukid_t> id{0};
	std::atomic<int> tid_{0}, result{99}, error{0};
	struct timespec ts;
	std::thread t;

	explicit Waiter(const struct timespec *limit = nullptr)
	    : ts(limit != nullptr ? *limit : timespec{}), t([=, this] {
		      tid_ = tid();
		      id = mine();
		      int r = pw_wait(limit != nullptr ? &ts : nullptr);
		      error = errno;
		      result = r;
	      })
	{
		while(id == 0)
			usleep(100);
	}
	void
	await()
	{
		asleep(tid_);
	}
	int
	end()
	{
		t.join();
		return result;
	}
};

TEST(Postwait, PW1_EachThreadHasItsId)
{
	std::set<ukid_t> all = {mine()};

	EXPECT_EQ(mine(), *all.begin());
	EXPECT_NE(mine(), 0U);
	std::vector<std::unique_ptr<Waiter>> waiters;
	for(int i = 0; i < 20; i++) {
		waiters.push_back(std::make_unique<Waiter>());
		EXPECT_TRUE(all.insert(waiters.back()->id).second);
	}
	for(auto &w : waiters) {
		EXPECT_EQ(pw_post(w->id), 0);
		EXPECT_EQ(w->end(), 0);
	}
	errno = 0;
	EXPECT_EQ(pw_getukid(nullptr), -1);
	EXPECT_EQ(errno, EFAULT);
	errno = 0;
	EXPECT_EQ(pw_getukid(reinterpret_cast<ukid_t *>(8)), -1);
	EXPECT_EQ(errno, EFAULT);
}

TEST(Postwait, PW2_TheDeadAreNotPostedTo)
{
	std::set<ukid_t> all;

	for(int i = 0; i < 200; i++) {
		ukid_t id = 0;
		std::thread([&] { id = mine(); }).join();
		EXPECT_TRUE(all.insert(id).second);
		errno = 0;
		EXPECT_EQ(pw_post(id), -1);
		EXPECT_EQ(errno, EINVAL);
	}
	for(ukid_t id : {0UL, 1UL, ~0UL, static_cast<unsigned long>(mine()) + 1, 1UL << 63 | mine()})
		EXPECT_EQ(pw_post(id), -1);
	// Killed.
	auto *id = common<std::atomic<ukid_t>>();
	pid_t pid = child([&] {
		*id = mine();
		return pw_wait(nullptr);
	});
	while(*id == 0)
		usleep(100);
	kill(pid, SIGKILL);
	status(pid);
	EXPECT_EQ(pw_post(*id), -1);
}

TEST(Postwait, PW3_AFlagNotACount)
{
	Waiter w;

	for(int i = 0; i < 3; i++)
		EXPECT_EQ(pw_post(mine()), 0);
	EXPECT_EQ(poll(), 0);
	EXPECT_EQ(poll(), -1);
	EXPECT_EQ(pw_post(w.id), 0);
	EXPECT_EQ(w.end(), 0);
	// Before it first waits.
	std::atomic<ukid_t> id{0};
	std::atomic<bool> posted{false};
	std::thread t([&] {
		id = mine();
		while(!posted)
			usleep(100);
		EXPECT_EQ(pw_wait(nullptr), 0);
	});
	while(id == 0)
		usleep(100);
	EXPECT_EQ(pw_post(id), 0);
	posted = true;
	t.join();
}

TEST(Postwait, PW3_PW11_BetweenProcesses)
{
	int out;
	pid_t pid = program("wait", nullptr, &out);
	ukid_t id = readnumber(out);

	asleep(pid);
	EXPECT_EQ(pw_post(id), 0);
	EXPECT_EQ(readnumber(out), 0U);
	EXPECT_EQ(status(pid), 0);
	EXPECT_EQ(pw_post(id), -1);
}

TEST(Postwait, PW4_InterruptedByAHandler)
{
	catching(SIGUSR1, 0);
	Waiter w;
	w.await();
	while(w.result == 99) {
		pthread_kill(w.t.native_handle(), SIGUSR1);
		usleep(1000);
	}
	EXPECT_EQ(w.end(), -1);
	EXPECT_EQ(w.error, EINTR);
}

TEST(Postwait, NT3_InterruptedByANote)
{
	p9postnote(p9up(), 1, "note", P9NUser);
	pw_post(mine());
	EXPECT_EQ(pw_wait(nullptr), 0);
	errno = 0;
	EXPECT_EQ(pw_wait(nullptr), -1);
	EXPECT_EQ(errno, EINTR);
	EXPECT_STREQ(p9up()->errstr, "interrupted");
}

TEST(Postwait, PW5_ZeroPolls)
{
	errno = 0;
	EXPECT_EQ(poll(), -1);
	EXPECT_EQ(errno, PW_NOTPOSTED);
	EXPECT_EQ(errno, EAGAIN);
	pw_post(mine());
	EXPECT_EQ(poll(), 0);
}

TEST(Postwait, PW6_PW7_TheTimeThatIsLeft)
{
	struct timespec ts = {0, 30000000};
	auto start = Clock::now();

	errno = 0;
	EXPECT_EQ(pw_wait(&ts), -1);
	EXPECT_EQ(errno, PW_EXPIRED);
	EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(30));
	EXPECT_EQ(ts.tv_sec, 0);
	EXPECT_EQ(ts.tv_nsec, 0);
	struct timespec minute = {60, 0}, ever = {INT64_MAX, 0};
	Waiter w(&minute), long_(&ever);
	w.await();
	usleep(1000);
	EXPECT_EQ(pw_post(w.id), 0);
	EXPECT_EQ(w.end(), 0);
	EXPECT_LT(w.ts.tv_sec, 60);
	EXPECT_GT(w.ts.tv_sec, 30);
	EXPECT_EQ(pw_post(long_.id), 0);
	EXPECT_EQ(long_.end(), 0);
	catching(SIGUSR1, SA_RESTART);
	Waiter s(&minute);
	s.await();
	pthread_kill(s.t.native_handle(), SIGUSR1);
	EXPECT_EQ(s.end(), -1);
	EXPECT_EQ(s.error, EINTR);
	EXPECT_LT(s.ts.tv_sec, 60);
	EXPECT_GT(s.ts.tv_sec, 30);
}

TEST(Postwait, PW8_NotATimeConsumesNothing)
{
	pw_post(mine());
	for(struct timespec ts : {timespec{0, -1}, timespec{0, 1000000000}, timespec{-1, 0}}) {
		errno = 0;
		EXPECT_EQ(pw_wait(&ts), -1);
		EXPECT_EQ(errno, EINVAL);
	}
	errno = 0;
	EXPECT_EQ(pw_wait(reinterpret_cast<struct timespec *>(16)), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(poll(), 0);
}

TEST(Postwait, PW9_ToAllWhateverBecomesOfEach)
{
	Waiter a, b;
	ukid_t targets[] = {a.id, 0, b.id, mine()};
	int errors[] = {7, 7, 7, 7};

	errno = 0;
	EXPECT_EQ(pw_postv(4, targets, errors), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(errors[0], 0);
	EXPECT_EQ(errors[1], EINVAL);
	EXPECT_EQ(errors[2], 0);
	EXPECT_EQ(errors[3], 0);
	EXPECT_EQ(a.end(), 0);
	EXPECT_EQ(b.end(), 0);
	EXPECT_EQ(poll(), 0);
	targets[0] = mine();
	EXPECT_EQ(pw_postv(1, targets, nullptr), 0);
	EXPECT_EQ(poll(), 0);
	EXPECT_EQ(pw_postv(0, nullptr, nullptr), 0);
	errno = 0;
	EXPECT_EQ(pw_postv(-1, targets, errors), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(pw_postv(1, nullptr, nullptr), -1);
}

TEST(Postwait, PW10_TheLargestCount)
{
	std::vector<ukid_t> all(static_cast<size_t>(pw_getvmax()) + 1, mine());

	EXPECT_EQ(pw_getvmax(), 1024);
	EXPECT_EQ(pw_postv(pw_getvmax(), all.data(), nullptr), 0);
	EXPECT_EQ(poll(), 0);
	errno = 0;
	EXPECT_EQ(pw_postv(pw_getvmax() + 1, all.data(), nullptr), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(poll(), -1);
}

// A child that has become another user since it knew the region; without that right it stays who it is.
TEST(Postwait, PW11_NobodyIsRefused)
{
	ukid_t id = mine();
	pid_t pid = child([id] {
		ukid_t own;
		if(pw_getukid(&own) != 0 || (getuid() == 0 && setuid(65534) != 0))
			return 2;
		return pw_post(id) == 0 ? 0 : errno;
	});

	EXPECT_EQ(status(pid), 0);
	EXPECT_EQ(pw_wait(nullptr), 0);
}

TEST(Postwait, PW12_APostAtTheEndOfTheTimeIsNotLost)
{
	const int rounds = 30000;
	static long go, done;
	std::atomic<ukid_t> id{0};
	std::atomic<long> got{0}, expired{0}, lost{0}, ended{0};

	// Mostly either may be first; in one round of sixteen it is the time.
	go = done = 0;
	std::thread t([&] {
		id = mine();
		for(int i = 0; i < rounds; i++) {
			struct timespec ts = {0, 1 + i * 37 % 60000};
			p9semrelease(&go, 1);
			int r = pw_wait(&ts);
			ended++;
			p9semacquire(&done, 1);
			if(r == 0)
				got++;
			else
				expired++;
			// Posted to by now: consumed, or still there; once.
			if((poll() == 0) == (r == 0))
				lost++;
		}
	});
	while(id == 0)
		usleep(100);
	for(int i = 0; i < rounds; i++) {
		p9semacquire(&go, 1);
		spin(static_cast<unsigned long>(i * 13 % 400));
		while(i % 16 == 8 && ended <= i)
			sched_yield();
		pw_post(id);
		p9semrelease(&done, 1);
	}
	t.join();
	EXPECT_EQ(lost, 0);
	EXPECT_GT(got, 0);
	EXPECT_GT(expired, 0);
}

std::atomic<ukid_t> target;

void
posting(int)
{
	int saved = errno;

	pw_post(target);
	errno = saved;
}

TEST(Postwait, PW13_InAHandlerThatInterruptsAnything)
{
	struct sigaction sa = {};
	std::atomic<bool> over{false};
	std::atomic<long> woken{0};

	sa.sa_handler = posting;
	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &sa, nullptr);
	std::thread w([&] {
		target = mine();
		while(!over) {
			pw_wait(nullptr);
			woken++;
		}
	});
	while(target == 0)
		usleep(100);
	std::thread busy([&] {
		while(!over) {
			pw_post(mine());
			poll();
			pw_post(target);
		}
	});
	for(int i = 0; i < 2000; i++) {
		pthread_kill(busy.native_handle(), SIGUSR2);
		usleep(10);
	}
	over = true;
	busy.join();
	pw_post(target);
	w.join();
	EXPECT_GT(woken, 0);
}

TEST(Postwait, PW14_TheChildIsAnother)
{
	ukid_t id = mine();

	pw_post(id);
	pid_t pid = child([=] {
		if(mine() == id)
			return 1;
		if(poll() == 0)
			return 2;
		// And it can post to its parent.
		return pw_post(id) == 0 ? 0 : 3;
	});
	EXPECT_EQ(status(pid), 0);
	EXPECT_EQ(poll(), 0);
}

} // namespace
