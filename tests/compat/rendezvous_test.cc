// rendezvous and rfork, between threads and between processes; each test bears the numbers of the statements that it holds.
#define RENDEZ_NOPLAINNAMES
#include "compat/plan9.h"
#include "compat/sys/pw.h"
#include "shared.hh"

#include <cerrno>
#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <pthread.h>
#include <string>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <thread>
#include <vector>

namespace {

constexpr unsigned long None = ~0UL;

// Whether a note is pending for the caller, until now.
bool
tooknote()
{
	struct timespec ms = {0, 1000000};

	return pw_wait(&ms) != 0 && errno == EINTR;
}

// All places of this user's file taken by threads that live, then free again: 0, or the number of what went wrong.
int
allfull()
{
	const size_t places = 8192, size = 64;
	ukid_t ukid;
	int wrong = 0;

	if(pw_getukid(&ukid) != 0)
		return 1;
	int fd = open("/dev/shm/rendez-61234", O_RDWR | O_CLOEXEC);
	struct stat st = {};
	if(fd < 0 || fstat(fd, &st) != 0)
		return 2;
	void *map = mmap(nullptr, static_cast<size_t>(st.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if(map == MAP_FAILED)
		return 3;
	// Each begins with the word that says who has it.
	char *first = static_cast<char *>(map) + static_cast<size_t>(st.st_size) - places * size;
	std::vector<std::atomic<uint32_t> *> taken;
	for(size_t i = 0; i < places; i++) {
		auto *life = reinterpret_cast<std::atomic<uint32_t> *>(first + i * size);
		uint32_t nobody = 0;
		if(life->compare_exchange_strong(nobody, static_cast<uint32_t>(getpid())))
			taken.push_back(life);
	}
	std::thread([&] {
		if(taken.size() != places - 1)
			wrong = 4;
		else if(p9rendezvous(9, 1) != None || errno != ENOMEM)
			wrong = 5;
		else if(pw_getukid(&ukid) != -1 || errno != ENOMEM)
			wrong = 6;
		else if(pw_wait(nullptr) != -1 || errno != ENOMEM)
			wrong = 7;
		taken.front()->store(0);
		if(wrong == 0 && pw_getukid(&ukid) != 0)
			wrong = 8;
	}).join();
	for(auto *life : taken)
		life->store(0);
	return wrong;
}

// One waits; then a process is killed that was about to leave, and had said so.  0: they meet all the same.
int
meetretired()
{
	std::atomic<int> id{0};
	std::thread t([&] {
		id = tid();
		p9rendezvous(11, 1);
	});

	while(id == 0)
		usleep(100);
	asleep(id);
	int fd = open("/dev/shm/rendez-61234", O_RDWR | O_CLOEXEC);
	uint32_t one = 1;
	// After the magic and the size.
	if(fd < 0 || pwrite(fd, &one, sizeof one, 16) != sizeof one)
		_exit(4);
	close(fd);
	alarm(20);
	int wrong = p9rendezvous(11, 2) != 1;
	t.join();
	return wrong;
}

// What a program run anew does.
__attribute__((constructor)) void
role()
{
	const char *r = getenv("SHARED_ROLE");

	if(r == nullptr)
		return;
	std::string what = r;
	unsigned long v = 0;
	if(what.rfind("meet ", 0) == 0) {
		printf("%d\n", tid());
		fflush(stdout);
		v = p9rendezvous(strtoul(r + 5, nullptr, 0), 77);
		printf("%lu\n", v);
		fflush(stdout);
	} else if(what == "full") {
		if(setresuid(61234, 61234, 61234) != 0)
			_exit(3);
		printf("%d\n", allfull());
		fflush(stdout);
	} else if(what == "retired") {
		// Else the new user may not see that its threads sleep.
		if(setresuid(61234, 61234, 61234) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0)
			_exit(3);
		printf("%d\n", meetretired());
		fflush(stdout);
	} else if(what == "self") {
		// As another user, or before a strange file: two threads meet all the same.
		if(getenv("SHARED_UID") != nullptr && setresuid(61234, 61234, 61234) != 0)
			_exit(3);
		std::thread t([] { p9rendezvous(9, 1); });
		v = p9rendezvous(9, 2);
		t.join();
		printf("%lu\n", v);
		fflush(stdout);
	}
	exit(0);
}

// One who waits at a tag in a thread.
struct Waiter {
	std::atomic<int> id{0}, error{0};
	std::atomic<unsigned long> got{12345};
	std::thread t;

	explicit Waiter(unsigned long tag, unsigned long value)
	    : t([=, this] {
		      id = tid();
		      unsigned long v = p9rendezvous(tag, value);
		      error = errno;
		      got = v;
	      })
	{
		while(id == 0)
			usleep(100);
	}
	void
	await()
	{
		asleep(id);
	}
	unsigned long
	end()
	{
		t.join();
		return got;
	}
};

TEST(Rendezvous, RV1_RV2_BothGetTheOthersValue)
{
	static int x, y;
	Waiter w(1, 11);

	w.await();
	EXPECT_EQ(p9rendezvous(1, 22), 11U);
	EXPECT_EQ(w.end(), 22U);
	std::thread t([] { EXPECT_EQ(p9rendezvousp(&x, &x), &y); });
	EXPECT_EQ(p9rendezvousp(&x, &y), &x);
	t.join();
}

TEST(Rendezvous, RV3_RV13_DisjointPairsAndOneLeft)
{
	const int n = 7;
	std::atomic<int> met{0};
	std::atomic<unsigned long> partner[n + 1] = {};
	std::vector<std::thread> all;

	for(int i = 0; i < n; i++)
		all.emplace_back([&, i] {
			partner[i] = p9rendezvous(3, static_cast<unsigned long>(i));
			met++;
		});
	while(met != n - 1)
		usleep(100);
	usleep(20000);
	EXPECT_EQ(met, n - 1);
	partner[n] = p9rendezvous(3, n);
	for(auto &t : all)
		t.join();
	for(int i = 0; i <= n; i++) {
		ASSERT_LE(partner[i], static_cast<unsigned long>(n));
		EXPECT_NE(partner[i], static_cast<unsigned long>(i));
		EXPECT_EQ(partner[partner[i]], static_cast<unsigned long>(i));
	}
}

TEST(Rendezvous, RV13_WaitsUntilSomebodyComes)
{
	Waiter w(13, 1);

	w.await();
	usleep(150000);
	w.await();
	EXPECT_EQ(p9rendezvous(13, 2), 1U);
	EXPECT_EQ(w.end(), 2U);
}

TEST(Rendezvous, RV4_AnyWordPasses)
{
	for(unsigned long v : {0UL, 1UL, 1UL << 63, None - 1, None}) {
		Waiter w(4, v);
		w.await();
		EXPECT_EQ(p9rendezvous(4, ~v), v);
		EXPECT_EQ(w.end(), ~v);
	}
}

TEST(Rendezvous, RV5_WhatWasWrittenIsSeen)
{
	long a = 0, b = 0;
	std::thread t([&] {
		for(int i = 1; i <= 20000; i++) {
			a = i;
			p9rendezvous(5, 0);
			p9rendezvous(5, 0);
			if(b != i)
				abort();
		}
	});
	for(int i = 1; i <= 20000; i++) {
		p9rendezvous(5, 0);
		ASSERT_EQ(a, i);
		b = i;
		p9rendezvous(5, 0);
	}
	t.join();
}

TEST(Rendezvous, RV6_TagsAreWholeWords)
{
	std::vector<std::unique_ptr<Waiter>> all;

	for(unsigned long k = 0; k < 40; k++)
		all.push_back(std::make_unique<Waiter>(6 + 32 * k, 100 + k));
	all.push_back(std::make_unique<Waiter>(6 + (1UL << 63), 140));
	all.push_back(std::make_unique<Waiter>(6 + (1UL << 32), 141));
	for(auto &w : all)
		w->await();
	EXPECT_EQ(p9rendezvous(6 + (1UL << 32), 1), 141U);
	EXPECT_EQ(p9rendezvous(6 + (1UL << 63), 1), 140U);
	for(unsigned long k = 40; k-- > 0;)
		EXPECT_EQ(p9rendezvous(6 + 32 * k, k), 100 + k);
	for(auto &w : all)
		w->end();
}

TEST(Rendezvous, RV7_RV10_InterruptedByAHandler)
{
	catching(SIGUSR1, 0);
	Waiter w(7, 1);
	w.await();
	while(w.got == 12345) {
		pthread_kill(w.t.native_handle(), SIGUSR1);
		usleep(1000);
	}
	EXPECT_EQ(w.end(), None);
	EXPECT_EQ(w.error, EINTR);
	// Nobody is there: the next is the first.
	Waiter second(7, 2);
	second.await();
	EXPECT_EQ(p9rendezvous(7, 3), 2U);
	EXPECT_EQ(second.end(), 3U);
}

TEST(Rendezvous, RV7_AHandlerThatRestartsDoesNot)
{
	catching(SIGUSR2, SA_RESTART);
	Waiter w(8, 1);
	w.await();
	for(int i = 0; i < 20; i++) {
		pthread_kill(w.t.native_handle(), SIGUSR2);
		usleep(500);
	}
	EXPECT_EQ(w.got, 12345U);
	EXPECT_EQ(p9rendezvous(8, 2), 1U);
	EXPECT_EQ(w.end(), 2U);
}

TEST(Rendezvous, RV8_EitherThePartnerOrTheNote)
{
	const unsigned long rounds = 30000;
	static long go, done;
	std::atomic<P9proc *> self{nullptr};
	std::atomic<unsigned long> noted{0}, broken{0}, posted{0}, met{0};

	// Mostly either may be first; in one round of sixteen it is the note, in another the partner.
	go = done = 0;
	std::thread t([&] {
		self = p9up();
		for(unsigned long i = 0; i < rounds; i++) {
			if(p9rendezvous(80, 2 * i) == i) {
				// The partner first: the note stays.
				while(!tooknote())
					;
			} else {
				// The note first: the partner waits for us.
				noted++;
				if(p9rendezvous(80, 2 * i + 1) != i)
					broken++;
			}
			p9semrelease(&done, 1);
		}
	});
	std::thread noter([&] {
		for(unsigned long i = 0; i < rounds; i++) {
			p9semacquire(&go, 1);
			spin(i * 7 % 300);
			while(i % 16 == 8 && met <= i)
				sched_yield();
			p9postnote(self, 1, "note", P9NUser);
			posted++;
		}
	});
	while(self.load() == nullptr)
		usleep(100);
	for(unsigned long i = 0; i < rounds; i++) {
		p9semrelease(&go, 1);
		spin(i * 11 % 300);
		while(i % 16 == 0 && posted <= i)
			sched_yield();
		if(p9rendezvous(80, i) / 2 != i)
			broken++;
		met++;
		p9semacquire(&done, 1);
	}
	t.join();
	noter.join();
	EXPECT_EQ(broken, 0U);
	EXPECT_GT(noted, 0U);
	EXPECT_LT(noted, rounds);
}

TEST(Rendezvous, RV9_RV10_NT3_PendingAtEntry)
{
	P9proc *s = p9up();

	p9postnote(s, 1, "note", P9NUser);
	errno = 0;
	EXPECT_EQ(p9rendezvous(90, 1), None);
	EXPECT_EQ(errno, EINTR);
	EXPECT_STREQ(p9up()->errstr, "interrupted");
	EXPECT_FALSE(tooknote());
	Waiter w(90, 2);
	w.await();
	p9postnote(s, 1, "note", P9NUser);
	EXPECT_EQ(p9rendezvous(90, 3), 2U);
	EXPECT_TRUE(tooknote());
	EXPECT_EQ(w.end(), 3U);
}

TEST(Rendezvous, NT3_ANoteEndsTheWait)
{
	std::atomic<P9proc *> s{nullptr};
	std::atomic<int> id{0}, error{0};
	std::thread t([&] {
		s = p9up();
		id = tid();
		EXPECT_EQ(p9rendezvous(91, 1), None);
		error = errno;
	});

	while(id == 0)
		;
	asleep(id);
	p9postnote(s, 1, "note", P9NUser);
	t.join();
	EXPECT_EQ(error, EINTR);
}

TEST(Rendezvous, RV11_ForkKeepsTheGroup)
{
	pid_t pid = child([] { return p9rendezvous(110, 1) == 2 ? 0 : 1; });

	EXPECT_EQ(p9rendezvous(110, 2), 1U);
	EXPECT_EQ(status(pid), 0);
}

TEST(Rendezvous, RV11_RforkBeginsAnother)
{
	for(int flag : {P9RFREND, P9RFNAMEG}) {
		pid_t pid = p9rfork(P9RFPROC | P9RFFDG | flag);
		ASSERT_GE(pid, 0);
		if(pid == 0) {
			// Its own child it meets; the parent's waiter it does not.
			pid_t grand = child([] { return p9rendezvous(111, 7) == 8 ? 0 : 1; });
			if(p9rendezvous(111, 8) != 7 || status(grand) != 0)
				_exit(1);
			p9rendezvous(112, 5);
			_exit(2);
		}
		usleep(20000);
		asleep(pid);
		Waiter w(112, 6);
		w.await();
		usleep(20000);
		EXPECT_EQ(w.got, 12345U);
		kill(pid, SIGKILL);
		EXPECT_EQ(status(pid), 1000 + SIGKILL);
		EXPECT_EQ(p9rendezvous(112, 9), 6U);
		EXPECT_EQ(w.end(), 9U);
	}
	errno = 0;
	EXPECT_EQ(p9rfork(1 << 5), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(p9rfork(P9RFFDG), 0);
	pid_t pid = child([] {
		Waiter w(113, 1);
		w.await();
		// The process itself changes; the waiter stays in the old one, and is not met.
		if(p9rfork(P9RFREND) != 0)
			return 1;
		Waiter other(113, 2);
		other.await();
		if(p9rendezvous(113, 3) != 2)
			return 2;
		_exit(0);
	});
	EXPECT_EQ(status(pid), 0);
}

TEST(Rendezvous, RV11_UnrelatedProgramsMeetInANamedGroup)
{
	std::string name = "test" + std::to_string(getpid());
	int a, b, c, d;
	pid_t pa = program("meet 115", name.c_str(), &a);
	asleep(static_cast<int>(readnumber(a)));
	// Neither another name's nor no name's.
	pid_t pc = program("meet 115", (name + "x").c_str(), &c);
	asleep(static_cast<int>(readnumber(c)));
	pid_t pd = program("meet 115", nullptr, &d);
	asleep(static_cast<int>(readnumber(d)));
	pid_t pb = program("meet 115", name.c_str(), &b);
	EXPECT_NE(readnumber(b), 0U);
	EXPECT_EQ(readnumber(b), 77U);
	EXPECT_EQ(readnumber(a), 77U);
	EXPECT_EQ(status(pa), 0);
	EXPECT_EQ(status(pb), 0);
	kill(pc, SIGKILL);
	kill(pd, SIGKILL);
	status(pc);
	status(pd);
}

TEST(Rendezvous, RV12_AKilledWaiterIsNotMet)
{
	pid_t pid = child([] { return static_cast<int>(p9rendezvous(120, 1)); });

	asleep(pid);
	kill(pid, SIGKILL);
	EXPECT_EQ(status(pid), 1000 + SIGKILL);
	Waiter w(120, 2);
	w.await();
	EXPECT_EQ(p9rendezvous(120, 3), 2U);
	EXPECT_EQ(w.end(), 3U);
}

TEST(Rendezvous, RV12_NorOneThatHasBecomeAnotherProgram)
{
	auto *t = common<std::atomic<int>>();
	pid_t pid = child([&] {
		std::thread w([&] {
			*t = tid();
			p9rendezvous(121, 1);
		});
		w.detach();
		while(*t == 0)
			;
		asleep(*t);
		execl("/bin/sleep", "sleep", "100", nullptr);
		return 1;
	});

	while(*t == 0)
		usleep(100);
	std::string exe = "/proc/" + std::to_string(pid) + "/comm";
	for(char c[16] = {}; strncmp(c, "sleep", 5) != 0; usleep(1000)) {
		int fd = open(exe.c_str(), O_RDONLY);
		if(read(fd, c, sizeof c) < 0)
			break;
		close(fd);
	}
	Waiter w(121, 2);
	w.await();
	EXPECT_EQ(p9rendezvous(121, 3), 2U);
	w.end();
	kill(pid, SIGKILL);
	status(pid);
}

TEST(Rendezvous, RV14_OneDoesNotMeetItself)
{
	Waiter w(140, 1);

	w.await();
	EXPECT_EQ(p9rendezvous(140, 2), 1U);
	w.end();
	Waiter again(140, 3);
	again.await();
	EXPECT_EQ(again.got, 12345U);
	EXPECT_EQ(p9rendezvous(140, 4), 3U);
	again.end();
}

unsigned long nested;

void
meeting(int)
{
	int saved = errno;

	nested = p9rendezvous(142, 1);
	if(errno != EDEADLK)
		nested = 0;
	errno = saved;
}

TEST(Rendezvous, RV14_NotWithinAWaitOfTheSameThread)
{
	struct sigaction sa = {};

	sa.sa_handler = meeting;
	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &sa, nullptr);
	Waiter w(141, 1);
	w.await();
	pthread_kill(w.t.native_handle(), SIGUSR2);
	usleep(20000);
	EXPECT_EQ(p9rendezvous(141, 2), 1U);
	EXPECT_EQ(w.end(), 2U);
	EXPECT_EQ(nested, None);
}

// The file of another user, who has none yet: made strange, then used.
class File : public testing::Test {
      protected:
	const std::string name = "/dev/shm/rendez-61234";
	void
	SetUp() override
	{
		if(getuid() != 0)
			GTEST_SKIP() << "needs another user";
		remove(name.c_str());
	}
	void
	TearDown() override
	{
		remove(name.c_str());
	}
	// What two threads of that user get, and what was said.
	unsigned long
	use(const char *role = "self")
	{
		int out;
		setenv("SHARED_UID", "1", 1);
		pid_t pid = program(role, nullptr, &out);
		unsetenv("SHARED_UID");
		unsigned long v = readnumber(out);
		EXPECT_EQ(status(pid), 0);
		close(out);
		return v;
	}
	void
	make(const std::string &text, int mode, unsigned owner)
	{
		int fd = open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
		ASSERT_GE(fd, 0);
		ASSERT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
		ASSERT_EQ(fchown(fd, owner, owner), 0);
		ASSERT_EQ(fchmod(fd, static_cast<mode_t>(mode)), 0);
		close(fd);
	}
	bool
	exists()
	{
		struct stat st;
		return lstat(name.c_str(), &st) == 0;
	}
};

TEST_F(File, TheLastThatLeavesUnlinksIt)
{
	EXPECT_EQ(use(), 1U);
	EXPECT_FALSE(exists());
}

TEST_F(File, PW7_AllPlacesAreTaken)
{
	EXPECT_EQ(use("full"), 0U);
}

TEST_F(File, ALeaverThatIsKilledRetiresNobody)
{
	EXPECT_EQ(use("retired"), 0U);
	EXPECT_FALSE(exists());
}

TEST_F(File, AnothersIsLeftAlone)
{
	make("mine", 0666, 0);
	EXPECT_EQ(use(), 1U);
	EXPECT_TRUE(exists());
}

TEST_F(File, OneOpenToOthersIsLeftAlone)
{
	make("", 0644, 61234);
	EXPECT_EQ(use(), 1U);
	EXPECT_TRUE(exists());
}

TEST_F(File, ALinkIsNotFollowed)
{
	ASSERT_EQ(symlink("/dev/shm/rendez-elsewhere", name.c_str()), 0);
	EXPECT_EQ(use(), 1U);
	EXPECT_NE(access("/dev/shm/rendez-elsewhere", F_OK), 0);
}

TEST_F(File, NonsenseIsReplaced)
{
	make(std::string(100000, '\xa5'), 0600, 61234);
	EXPECT_EQ(use(), 1U);
	EXPECT_FALSE(exists());
}

TEST_F(File, ADirectoryIsLeftAlone)
{
	ASSERT_EQ(mkdir(name.c_str(), 0700), 0);
	EXPECT_EQ(use(), 1U);
	EXPECT_TRUE(exists());
}

} // namespace
