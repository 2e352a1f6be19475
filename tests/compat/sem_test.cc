// semacquire, tsemacquire and semrelease; each test bears the number of the statement that it holds.
#define RENDEZ_NOPLAINNAMES
#include "compat/plan9.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

namespace {

TEST(Sem, SE1_TakesOneIfThereIsOne)
{
	long s = 2;

	EXPECT_EQ(p9semacquire(&s, 1), 1);
	EXPECT_EQ(p9semacquire(&s, 0), 1);
	EXPECT_EQ(s, 0);
	EXPECT_EQ(p9semacquire(&s, 0), 0);
	EXPECT_EQ(s, 0);
}

TEST(Sem, SE2_WaitsNoLongerThanItMay)
{
	long s = 0;
	auto start = std::chrono::steady_clock::now();

	EXPECT_EQ(p9tsemacquire(&s, 0), 0);
	EXPECT_EQ(p9tsemacquire(&s, 30), 0);
	EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(29));
	s = 1;
	EXPECT_EQ(p9tsemacquire(&s, 0), 1);
}

TEST(Sem, SE3_ReleaseReturnsTheValueItMade)
{
	long s = 3;

	EXPECT_EQ(p9semrelease(&s, 4), 7);
	EXPECT_EQ(s, 7);
}

TEST(Sem, SE4_BadArguments)
{
	long s = 5, negative = -1, full = INT_MAX;
	char bytes[2 * sizeof(long)] = {};
	auto *crooked = reinterpret_cast<long *>(reinterpret_cast<uintptr_t>(bytes) | 1);

	EXPECT_EQ(p9semrelease(&s, 0), 5);
	errno = 0;
	EXPECT_EQ(p9semrelease(&s, -1), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(p9semacquire(&negative, 1), -1);
	EXPECT_EQ(p9semacquire(&negative, 0), -1);
	EXPECT_EQ(p9tsemacquire(&negative, 10), -1);
	EXPECT_EQ(p9semrelease(&negative, 1), -1);
	EXPECT_EQ(p9semrelease(&full, 1), -1);
	EXPECT_EQ(full, INT_MAX);
	errno = 0;
	EXPECT_EQ(p9semacquire(crooked, 0), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(p9semacquire(nullptr, 0), -1);
}

void
nothing(int)
{
}

TEST(Sem, SE5_AHandlerInterrupts)
{
	long s = 0;
	struct sigaction sa = {};
	std::atomic<int> result{2}, error{0};

	sa.sa_handler = nothing;
	sigaction(SIGUSR1, &sa, nullptr);
	std::thread t([&] {
		result = p9semacquire(&s, 1);
		error = errno;
	});
	while(result.load() == 2) {
		pthread_kill(t.native_handle(), SIGUSR1);
		std::this_thread::sleep_for(std::chrono::milliseconds(1));
	}
	t.join();
	EXPECT_EQ(result.load(), -1);
	EXPECT_EQ(error.load(), EINTR);
	EXPECT_EQ(s, 0);
}

TEST(Sem, SE6_SE14_WhatIsReleasedIsAcquired)
{
	const int threads = 4, rounds = 20000;
	long s = 0;
	std::atomic<long> got{0};
	std::vector<std::thread> all;

	for(int i = 0; i < threads; i++) {
		all.emplace_back([&] {
			for(int k = 0; k < rounds; k++)
				p9semrelease(&s, 1);
		});
		all.emplace_back([&, i] {
			for(int k = 0; k < rounds; k++) {
				int r;
				do
					r = i == 0   ? p9semacquire(&s, 0)
					    : i == 1 ? p9tsemacquire(&s, 1)
						     : p9semacquire(&s, 1);
				while(r == 0);
				ASSERT_EQ(r, 1);
				got++;
			}
		});
	}
	for(auto &t : all)
		t.join();
	EXPECT_EQ(got.load(), static_cast<long>(threads) * rounds);
	EXPECT_EQ(s, 0);
}

TEST(Sem, SE8_OneReleaseOfNWakesN)
{
	long s = 0, other = 0;
	std::atomic<int> woken{0};
	std::vector<std::thread> all;

	for(int i = 0; i < 3; i++)
		all.emplace_back([&] {
			p9semacquire(&s, 1);
			woken++;
		});
	p9semrelease(&other, 1);
	EXPECT_EQ(woken.load(), 0);
	p9semrelease(&s, 3);
	for(auto &t : all)
		t.join();
	EXPECT_EQ(woken.load(), 3);
	EXPECT_EQ(s, 0);
}

TEST(Sem, SE13_SharedMemoryAtTwoAddresses)
{
	int fd = static_cast<int>(syscall(SYS_memfd_create, "sem", 0));
	const size_t size = 4096;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(ftruncate(fd, size), 0);
	void *a = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(a, MAP_FAILED);
	auto *mine = static_cast<long *>(a);
	pid_t pid = fork();
	ASSERT_GE(pid, 0);
	if(pid == 0) {
		void *b = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		auto *theirs = static_cast<long *>(b);
		int bad = b == MAP_FAILED || b == a;
		for(int i = 0; i < 1000 && !bad; i++) {
			bad = p9semacquire(&theirs[0], 1) != 1;
			p9semrelease(&theirs[1], 1);
		}
		_exit(bad);
	}
	for(int i = 0; i < 1000; i++) {
		p9semrelease(&mine[0], 1);
		ASSERT_EQ(p9semacquire(&mine[1], 1), 1);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	EXPECT_EQ(status, 0);
	munmap(a, size);
	close(fd);
}

} // namespace
