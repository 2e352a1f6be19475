// semacquire, tsemacquire and semrelease; each test bears the number of the statement that it holds.
#include "notes.hh"

#include <cerrno>
#include <climits>
#include <csignal>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <memory>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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
	EXPECT_EQ(errorstring(), "bad arg in system call");
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

TEST(Sem, SE6_SE10_SE14_WhatIsReleasedIsAcquired)
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

TEST(Sem, SE5_ANoteInterrupts)
{
	static long s;

	for(int timed = 0; timed < 2; timed++) {
		s = 0;
		Known k([timed] {
			EXPECT_EQ(timed ? p9tsemacquire(&s, 1000000) : p9semacquire(&s, 1), -1);
			EXPECT_EQ(errno, EINTR);
			EXPECT_EQ(errorstring(), "interrupted");
			EXPECT_EQ(s, 0);
		});
		k.asleep();
		EXPECT_EQ(k.post(), 1);
	}
}

TEST(Sem, SE1_SE2_TheValueGoesBeforeTheNote)
{
	std::thread([] {
		long s = 2;

		p9postnote(p9up(), 1, "n", P9NUser);
		EXPECT_EQ(p9semacquire(&s, 1), 1);
		EXPECT_EQ(p9tsemacquire(&s, 10), 1);
		EXPECT_EQ(p9tsemacquire(&s, 10), -1);
		EXPECT_EQ(s, 0);
		EXPECT_EQ(p9tsemacquire(&s, 1), 0);
	}).join();
}

TEST(Sem, SE7_WokenInTheOrderOfTheirSleep)
{
	static long s;
	std::atomic<int> place{0};
	std::unique_ptr<Known> k[3];
	std::atomic<int> got[3] = {};

	s = 0;
	for(int i = 0; i < 3; i++) {
		k[i] = std::make_unique<Known>([&, i] {
			EXPECT_EQ(p9semacquire(&s, 1), 1);
			got[i] = ++place;
		});
		k[i]->asleep();
	}
	for(int i = 0; i < 3; i++) {
		EXPECT_EQ(p9semrelease(&s, 1), 1);
		while(place.load() == i)
			std::this_thread::yield();
	}
	for(int i = 0; i < 3; i++)
		EXPECT_EQ(got[i].load(), i + 1);
	for(auto &p : k)
		p.reset();
}

TEST(Sem, SE8_OtherAddressesAreLeftAlone)
{
	static long s[2];
	static std::atomic<int> woken;

	s[0] = s[1] = 0;
	woken = 0;
	{
		Known other([] {
			EXPECT_EQ(p9semacquire(&s[1], 1), 1);
			woken++;
		});
		Known mine([] { EXPECT_EQ(p9semacquire(&s[0], 1), 1); });
		other.asleep();
		mine.asleep();
		// The eldest of all sleeps elsewhere: it does not count.
		EXPECT_EQ(p9semrelease(&s[0], 1), 1);
		while(__atomic_load_n(&s[0], __ATOMIC_RELAXED) != 0)
			std::this_thread::yield();
		EXPECT_EQ(woken.load(), 0);
		EXPECT_EQ(p9semrelease(&s[1], 1), 1);
	}
	EXPECT_EQ(woken.load(), 1);
}

TEST(Sem, SE5_SE9_WhoIsInterruptedPassesItsWakeOn)
{
	static long s;

	for(int i = 0; i < 300; i++) {
		std::atomic<int> got{0}, interrupted{0}, left{2};
		s = 0;
		{
			auto f = [&] {
				if(p9semacquire(&s, 1) == 1)
					got++;
				else
					interrupted++;
				left--;
			};
			Known a(f), b(f);
			a.asleep();
			b.asleep();
			std::thread t([&] { a.post(); });
			p9semrelease(&s, 1);
			t.join();
			// If a was interrupted the unit is b's; if it was not, b still waits, and it is a that has it.
			while(got.load() == 0)
				std::this_thread::yield();
			while(left.load() > 0) {
				if(left.load() == 1 && interrupted.load() == 0)
					p9semrelease(&s, 1);
				std::this_thread::yield();
			}
		}
		EXPECT_EQ(got.load() + interrupted.load(), 2);
	}
}

TEST(Sem, SE11_AWakeTooManyIsWaitedOut)
{
	long s = 0;
	std::atomic<int> got{0};
	Known k([&] { got = p9semacquire(&s, 1); });

	for(int i = 0; i < 20; i++) {
		k.asleep();
		syscall(SYS_futex, &s, 1 /* FUTEX_WAKE */, 1, nullptr, nullptr, 0);
	}
	k.asleep();
	EXPECT_EQ(got.load(), 0);
	EXPECT_EQ(p9semrelease(&s, 1), 1);
	while(got.load() == 0)
		std::this_thread::yield();
	EXPECT_EQ(s, 0);
}

TEST(Sem, SE12_AWaiterMayGoWithItsStack)
{
	static long s;

	s = 0;
	for(int i = 0; i < 300; i++) {
		std::thread t([] {
			p9up();
			EXPECT_EQ(p9semacquire(&s, 1), 1);
		});
		p9semrelease(&s, 1);
		t.join();
	}
	EXPECT_EQ(s, 0);
}

TEST(Sem, SE6_SE9_SE14_NothingIsLostToNotes)
{
	static long s;
	static std::atomic<long> got, notes;
	static std::atomic<bool> over;
	const int rounds = 20000;

	s = 0;
	got = notes = 0;
	over = false;
	{
		std::vector<std::unique_ptr<Known>> all;
		for(int i = 0; i < 4; i++)
			all.push_back(std::make_unique<Known>([i] {
				while(!over.load()) {
					int r = i == 0	 ? p9semacquire(&s, 0)
						: i == 1 ? p9tsemacquire(&s, 1)
							 : p9semacquire(&s, 1);
					if(r == 1)
						got++;
					else if(r == -1)
						notes++;
				}
			}));
		std::thread noter([&] {
			for(int i = 0; !over.load(); i++) {
				all[static_cast<size_t>(i % 4)]->post();
				std::this_thread::yield();
			}
			for(auto &k : all)
				k->post();
		});
		for(int i = 0; i < rounds; i++)
			p9semrelease(&s, 1);
		while(got.load() < rounds)
			std::this_thread::yield();
		over = true;
		noter.join();
	}
	EXPECT_EQ(got.load(), rounds);
	EXPECT_EQ(s, 0);
}

// The number of the call for two words.
enum { WAITV = 449 };

void
without(long call)
{
	sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	sock_fprog prog = {sizeof code / sizeof code[0], code};

	if(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) != 0)
		_exit(2);
}

TEST(SemDeathTest, SE5_WithoutTheCallForTwoWords)
{
	GTEST_FLAG_SET(death_test_style, "threadsafe");
	EXPECT_EXIT(
	    {
		    static long s;
		    static int bad;
		    without(WAITV);
		    {
			    Known k([] {
				    bad |= p9semacquire(&s, 1) != -1 || errno != EINTR;
				    bad |= p9semacquire(&s, 1) != 1;
				    bad |= p9tsemacquire(&s, 25) != 0;
			    });
			    k.asleep();
			    napms(25);
			    k.post();
			    napms(25);
			    p9semrelease(&s, 1);
		    }
		    _exit(bad);
	    },
	    testing::ExitedWithCode(0), "");
}

// Between this process and a child that has the memory elsewhere; known: as threads that may get notes.
void
betweentwo(bool known)
{
	int fd = static_cast<int>(syscall(SYS_memfd_create, "sem", 0));
	const size_t size = 4096;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(ftruncate(fd, size), 0);
	void *a = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(a, MAP_FAILED);
	auto *mine = static_cast<long *>(a);
	if(known)
		p9up();
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

TEST(Sem, SE13_SharedMemoryAtTwoAddresses)
{
	std::thread([] { betweentwo(false); }).join();
	std::thread([] { betweentwo(true); }).join();
}

} // namespace
