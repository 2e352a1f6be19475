// Sections that no handler interrupts.  Each test is a child of its own: what is said of wrappers holds for a whole process.
#include "shared.hh"

#include <cerrno>
#include <csetjmp>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <vector>

extern "C" {
struct Sigs {
	uint64_t mask;
	int masked;
};
void sectionbegin(Sigs *);
void sectionend(const Sigs *);
int sectionsnone();
void sectionasync(int);
int sectionsputoff();
void sigswrapped(void (*with)(int, void *, void *), void (*without)(int, void *, void *));
void sigsunwrapped();
int sigputoff(int, void *, void *);
}

namespace {

using Handler = void (*)(int, const siginfo_t *, uint64_t masked, uint64_t context);

// What a handler was called with, and when.
struct Call {
	int sig, code, value;
	pid_t pid;
	uint64_t masked, context; // while it runs, and where it returns to
	bool inside;		  // a section
	bool alternate;		  // the stack
};

bool inside;
Call call[64];
int calls;
Handler handler[65];
char stack[1 << 16];

uint64_t
bit(int sig)
{
	return uint64_t{1} << (sig - 1);
}

// Masked, the kernel ends the process for one.
const uint64_t faults = bit(SIGSEGV) | bit(SIGBUS) | bit(SIGFPE) | bit(SIGILL) | bit(SIGTRAP) | bit(SIGSYS);

// The thread's mask, as the kernel has it.
uint64_t
masked()
{
	uint64_t m = 0;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, nullptr, &m, sizeof m);
	return m;
}

void
mask(int how, uint64_t m)
{
	syscall(SYS_rt_sigprocmask, how, &m, nullptr, sizeof m);
}

void
record(int sig, const siginfo_t *i, void *context)
{
	uint64_t back = 0;
	char here = 0;

	memcpy(&back, &static_cast<ucontext_t *>(context)->uc_sigmask, sizeof back);
	uint64_t now = masked();
	call[calls++] = {sig, i->si_code, i->si_value.sival_int, i->si_pid, now, back, inside,
	    &here >= stack && &here < stack + sizeof stack};
	if(handler[sig] != nullptr)
		handler[sig](sig, i, now, back);
}

void
wrapper(int sig, void *info, void *context)
{
	if(sigputoff(sig, info, context) == 0)
		record(sig, static_cast<const siginfo_t *>(info), context);
}

// Of a handler that was installed without SA_SIGINFO; the kernel writes no info.
void
plainwrapper(int sig, void *, void *context)
{
	siginfo_t none = {};

	if(sigputoff(sig, nullptr, context) == 0)
		record(sig, &none, context);
}

void
install(int sig, unsigned flags = 0, uint64_t more = 0, Handler h = nullptr)
{
	struct sigaction sa = {};

	handler[sig] = h;
	sa.sa_sigaction = reinterpret_cast<void (*)(int, siginfo_t *, void *)>(wrapper);
	sa.sa_flags = static_cast<int>(SA_SIGINFO | flags);
	memcpy(&sa.sa_mask, &more, sizeof more);
	ASSERT_EQ(sigaction(sig, &sa, nullptr), 0);
}

struct Section {
	Section()
	{
		sectionbegin(&s);
		inside = true;
	}

	~Section()
	{
		inside = outer;
		sectionend(&s);
	}

	Sigs s = {};
	bool outer = inside;
};

void
queue(int sig, int value)
{
	union sigval v = {};

	v.sival_int = value;
	ASSERT_EQ(sigqueue(getpid(), sig, v), 0);
}

// What f finds, in a child whose handlers are all wrapped.
void
apart(const std::function<void()> &f)
{
	fflush(stdout);
	EXPECT_EQ(status(child([&] {
		sigswrapped(wrapper, plainwrapper);
		f();
		EXPECT_TRUE(sectionsnone());
		fflush(stdout);
		return testing::Test::HasFailure() ? 1 : 0;
	})),
	    0);
}

std::vector<int>
values(int sig)
{
	std::vector<int> v;

	for(int i = 0; i < calls; i++) {
		EXPECT_FALSE(call[i].inside);
		if(call[i].sig == sig)
			v.push_back(call[i].value);
	}
	return v;
}

using Values = std::vector<int>;

TEST(Sigoff, RunsAtTheEndOnceAsItWasSent)
{
	apart([] {
		install(SIGUSR1);
		{
			Section s;

			EXPECT_EQ(sectionsputoff(), 1);
			queue(SIGUSR1, 42);
			EXPECT_EQ(calls, 0);
		}
		ASSERT_EQ(calls, 1);
		EXPECT_FALSE(call[0].inside);
		EXPECT_EQ(call[0].code, SI_QUEUE);
		EXPECT_EQ(call[0].value, 42);
		EXPECT_EQ(call[0].pid, getpid());
		{
			Section s;

			kill(getpid(), SIGUSR1);
		}
		ASSERT_EQ(calls, 2);
		EXPECT_EQ(call[1].code, SI_USER);
		EXPECT_EQ(call[1].pid, getpid());
		{
			Section s;

			syscall(SYS_tgkill, getpid(), tid(), SIGUSR1);
		}
		ASSERT_EQ(calls, 3);
		EXPECT_EQ(call[2].code, SI_TKILL);
		{
			Section s;
		}
		queue(SIGUSR1, 43);
		ASSERT_EQ(calls, 4);
		EXPECT_EQ(call[3].value, 43);
	});
}

void
installplain(int sig, int flags)
{
	struct sigaction sa = {};

	sa.sa_sigaction = reinterpret_cast<void (*)(int, siginfo_t *, void *)>(plainwrapper);
	sa.sa_flags = flags;
	sigaction(sig, &sa, nullptr);
}

TEST(Sigoff, WithoutInfo)
{
	apart([] {
		installplain(SIGUSR1, 0);
		installplain(SIGUSR2, static_cast<int>(SA_RESETHAND));
		installplain(SIGRTMIN, 0);
		for(int i = 1; i < 4; i++) {
			// What was on the stack before is no matter.
			char dirt[4096];
			memset(dirt, i, sizeof dirt);
			__asm__ volatile("" : : "r"(dirt) : "memory");
			calls = 0;
			{
				Section s;

				kill(getpid(), SIGUSR1);
				if(i == 1)
					raise(SIGUSR2);
				for(int k = 0; k < 3; k++)
					queue(SIGRTMIN, k);
				EXPECT_EQ(calls, 0);
			}
			EXPECT_EQ(values(SIGUSR1).size(), 1U);
			EXPECT_EQ(values(SIGUSR2).size(), i == 1 ? 1U : 0U);
			EXPECT_EQ(values(SIGRTMIN).size(), 3U);
			EXPECT_EQ(masked(), 0U);
		}
		struct sigaction sa = {};
		sigaction(SIGUSR2, nullptr, &sa);
		EXPECT_EQ(sa.sa_handler, SIG_DFL);
	});
}

TEST(Sigoff, FromAnotherProcess)
{
	apart([] {
		pid_t me = getpid(), other;

		install(SIGUSR2);
		{
			Section s;

			other = child([me] {
				union sigval v = {};

				v.sival_int = 7;
				return sigqueue(me, SIGUSR2, v);
			});
			int st = -1;
			while(waitpid(other, &st, 0) != other)
				EXPECT_EQ(errno, EINTR);
			EXPECT_EQ(st, 0);
			EXPECT_EQ(calls, 0);
		}
		ASSERT_EQ(calls, 1);
		EXPECT_EQ(call[0].value, 7);
		EXPECT_EQ(call[0].pid, other);
	});
}

TEST(Sigoff, SectionsNest)
{
	apart([] {
		install(SIGUSR1);
		{
			Section a;
			{
				Section b;
				{
					Section c;

					queue(SIGUSR1, 1);
				}
				EXPECT_EQ(calls, 0);
			}
			EXPECT_EQ(calls, 0);
			// All are masked by now: it stays pending.
			install(SIGUSR2);
			queue(SIGUSR2, 2);
			EXPECT_EQ(calls, 0);
		}
		EXPECT_EQ(values(SIGUSR1), Values{1});
		EXPECT_EQ(values(SIGUSR2), Values{2});
	});
}

TEST(Sigoff, SeveralInOneSection)
{
	const std::vector<int> all = {SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGRTMIN, SIGRTMAX - 1};

	apart([&] {
		for(int sig : all)
			install(sig);
		uint64_t before = masked();
		{
			Section s;

			for(int sig : all)
				queue(sig, sig);
			EXPECT_EQ(calls, 0);
		}
		for(int sig : all)
			EXPECT_EQ(values(sig), Values{sig});
		EXPECT_EQ(masked(), before);
	});
}

// Two that come at once: the kernel calls the one wrapper on top of the other, which has not begun.
TEST(Sigoff, OneOnTopOfAnotherThatIsPutOff)
{
	apart([] {
		const uint64_t both = bit(SIGUSR1) | bit(SIGUSR2), before = masked();

		install(SIGUSR1);
		install(SIGUSR2);
		for(int i = 0; i < 3; i++) {
			calls = 0;
			mask(SIG_BLOCK, both);
			queue(SIGUSR1, 1);
			queue(SIGUSR2, 2);
			{
				Section s;

				mask(SIG_UNBLOCK, both);
				EXPECT_EQ(masked() | bit(SIGKILL) | bit(SIGSTOP), ~faults);
				EXPECT_EQ(calls, 0);
			}
			EXPECT_EQ(values(SIGUSR1), Values{1});
			EXPECT_EQ(values(SIGUSR2), Values{2});
			EXPECT_EQ(masked(), before);
		}
	});
}

TEST(Sigoff, WhileAnotherHandlerRuns)
{
	apart([] {
		install(SIGUSR2);
		install(SIGUSR1, 0, 0, [](int, const siginfo_t *, uint64_t now, uint64_t) {
			int before = calls;
			{
				Section s;

				queue(SIGUSR2, 5);
				queue(SIGUSR1, 6); // masked by its own handler
				EXPECT_EQ(calls, before);
			}
			EXPECT_EQ(calls, before + 1);
			EXPECT_EQ(masked(), now);
			if(before > 2)
				handler[SIGUSR1] = nullptr;
		});
		{
			Section s;

			queue(SIGUSR1, 1);
		}
		EXPECT_EQ(values(SIGUSR1), (Values{1, 6, 6}));
		EXPECT_EQ(values(SIGUSR2), (Values{5, 5}));
		EXPECT_EQ(masked(), 0U);
	});
}

TEST(Sigoff, MasksAreRight)
{
	apart([] {
		for(uint64_t before : {uint64_t{0}, bit(SIGALRM) | bit(SIGRTMIN + 3), ~bit(SIGUSR1)}) {
			before &= ~(bit(SIGKILL) | bit(SIGSTOP));
			mask(SIG_SETMASK, before);
			install(SIGUSR1, 0, bit(SIGHUP) | bit(SIGRTMAX));
			calls = 0;
			{
				Section s;

				queue(SIGUSR1, 1);
				EXPECT_EQ(calls, 0);
			}
			ASSERT_EQ(calls, 1);
			EXPECT_EQ(call[0].context, before);
			EXPECT_EQ(call[0].masked, before | bit(SIGUSR1) | bit(SIGHUP) | bit(SIGRTMAX));
			EXPECT_EQ(masked(), before);
		}
	});
}

sigjmp_buf away;

TEST(Sigoff, AHandlerMayJumpAway)
{
	apart([] {
		mask(SIG_SETMASK, bit(SIGALRM));
		install(SIGUSR1, 0, 0, [](int, const siginfo_t *, uint64_t, uint64_t) { siglongjmp(away, 1); });
		for(static int i = 0; i < 3; i++) {
			calls = 0;
			if(sigsetjmp(away, 1) == 0) {
				Sigs s = {};

				sectionbegin(&s);
				queue(SIGUSR1, i);
				EXPECT_EQ(calls, 0);
				sectionend(&s);
				ADD_FAILURE();
			}
			EXPECT_TRUE(sectionsnone());
			EXPECT_EQ(values(SIGUSR1), Values{i});
			EXPECT_EQ(masked(), bit(SIGALRM));
		}
	});
}

bool
isdefault(int sig)
{
	struct sigaction sa = {};

	sigaction(sig, nullptr, &sa);
	return sa.sa_handler == SIG_DFL;
}

TEST(Sigoff, OneShotRunsOnceAndIsGone)
{
	apart([] {
		for(unsigned flags : {unsigned{SA_RESETHAND}, unsigned{SA_RESETHAND} | SA_NODEFER}) {
			install(SIGUSR1, flags, 0,
			    [](int sig, const siginfo_t *, uint64_t, uint64_t) { EXPECT_TRUE(isdefault(sig)); });
			calls = 0;
			{
				Section s;

				queue(SIGUSR1, 3);
				EXPECT_EQ(calls, 0);
			}
			EXPECT_EQ(values(SIGUSR1), Values{3});
			EXPECT_TRUE(isdefault(SIGUSR1));
		}
	});
}

TEST(Sigoff, NotDeferredByItself)
{
	apart([] {
		install(SIGUSR1, SA_NODEFER);
		{
			Section s;

			queue(SIGUSR1, 1);
			EXPECT_EQ(calls, 0);
		}
		EXPECT_EQ(values(SIGUSR1), Values{1});
		EXPECT_EQ(call[0].masked, 0U);
	});
}

TEST(Sigoff, OnTheAlternateStack)
{
	apart([] {
		stack_t ss = {};

		ss.ss_sp = stack;
		ss.ss_size = sizeof stack;
		sigaltstack(&ss, nullptr);
		install(SIGUSR1, SA_ONSTACK);
		install(SIGUSR2);
		{
			Section s;

			queue(SIGUSR1, 1);
			queue(SIGUSR2, 2);
		}
		ASSERT_EQ(calls, 2);
		for(int i = 0; i < 2; i++)
			EXPECT_TRUE(call[i].alternate || call[i].sig != SIGUSR1);
		EXPECT_EQ(values(SIGUSR1), Values{1});
		EXPECT_EQ(values(SIGUSR2), Values{2});
	});
}

TEST(Sigoff, RealTimeOnesKeepTheirNumberAndOrder)
{
	apart([] {
		install(SIGRTMIN);
		{
			Section s;

			for(int i = 1; i <= 5; i++)
				queue(SIGRTMIN, i);
			EXPECT_EQ(calls, 0);
		}
		EXPECT_EQ(values(SIGRTMIN), (Values{1, 2, 3, 4, 5}));
	});
}

TEST(Sigoff, AFaultOfOnesOwnIsNotPutOff)
{
	apart([] {
		static Sigs s;
		auto *nowhere = static_cast<volatile char *>(
		    mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

		install(SIGSEGV, 0, 0, [](int, const siginfo_t *i, uint64_t, uint64_t) {
			if(i->si_code > 0)
				siglongjmp(away, 1);
		});
		sectionbegin(&s);
		if(sigsetjmp(away, 1) == 0) {
			*nowhere = 1;
			ADD_FAILURE();
		}
		EXPECT_EQ(calls, 1);
		sectionend(&s);
		{
			Section t;

			kill(getpid(), SIGSEGV);
			EXPECT_EQ(calls, 1);
		}
		ASSERT_EQ(calls, 2);
		EXPECT_EQ(call[1].code, SI_USER);
	});
}

// It could be either, so it is taken for a fault.
TEST(Sigoff, AFaultWithoutInfoIsNotPutOff)
{
	apart([] {
		static Sigs s;
		auto *nowhere = static_cast<volatile char *>(
		    mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

		installplain(SIGSEGV, 0);
		handler[SIGSEGV] = [](int, const siginfo_t *, uint64_t, uint64_t) { siglongjmp(away, 1); };
		sectionbegin(&s);
		if(sigsetjmp(away, 1) == 0) {
			*nowhere = 1;
			ADD_FAILURE();
		}
		EXPECT_EQ(calls, 1);
		sectionend(&s);
	});
}

// The kernel takes no more: the handler runs where it must not, and all else is as if it had not been tried.
TEST(Sigoff, WhatCannotBeSentAgainIsHandledAtOnce)
{
	apart([] {
		struct rlimit none = {};

		getrlimit(RLIMIT_SIGPENDING, &none);
		none.rlim_cur = 0;
		install(SIGRTMIN, SA_RESETHAND);
		mask(SIG_BLOCK, bit(SIGRTMIN));
		queue(SIGRTMIN, 9);
		setrlimit(RLIMIT_SIGPENDING, &none);
		{
			Section s;

			mask(SIG_UNBLOCK, bit(SIGRTMIN));
			EXPECT_EQ(calls, 1);
			EXPECT_EQ(masked(), 0U);
		}
		ASSERT_EQ(calls, 1);
		EXPECT_EQ(call[0].value, 9);
		EXPECT_EQ(call[0].masked, bit(SIGRTMIN));
		EXPECT_TRUE(isdefault(SIGRTMIN));
	});
}

TEST(Sigoff, LeavesErrno)
{
	apart([] {
		install(SIGUSR1);
		{
			Section s;

			errno = 4711;
			syscall(SYS_tgkill, getpid(), tid(), SIGUSR1);
		}
		EXPECT_EQ(errno, 4711);
		EXPECT_EQ(calls, 1);
	});
}

// Masked by the kernel: nothing is put off, and a signal comes at the end even so.
void
masks()
{
	calls = 0;
	{
		Section s;

		EXPECT_EQ(masked() | bit(SIGKILL) | bit(SIGSTOP), ~faults);
		queue(SIGUSR1, 1);
		EXPECT_EQ(calls, 0);
	}
	EXPECT_EQ(values(SIGUSR1), Values{1});
	EXPECT_EQ(masked(), 0U);
}

TEST(Sigoff, MasksIfAHandlerIsNotWrapped)
{
	apart([] {
		install(SIGUSR1);
		catching(SIGTERM, 0);
		masks();
		EXPECT_EQ(sectionsputoff(), 0);
		// It stays so.
		signal(SIGTERM, SIG_DFL);
		masks();
		EXPECT_EQ(sectionsputoff(), 0);
	});
}

// It may be anybody's: a fault is never put off.
TEST(Sigoff, AHandlerOfFaultsIsNoMatter)
{
	apart([] {
		catching(SIGSEGV, 0);
		catching(SIGSYS, 0);
		install(SIGUSR1);
		{
			Section s;

			EXPECT_EQ(masked(), 0U);
		}
		EXPECT_EQ(sectionsputoff(), 1);
	});
}

TEST(Sigoff, MasksOnceItIsSaidThatSomeAreNotWrapped)
{
	apart([] {
		install(SIGUSR1);
		{
			Section s;

			EXPECT_EQ(masked(), 0U);
			// A section that has begun ends as it began.
			sigsunwrapped();
			queue(SIGUSR1, 1);
			EXPECT_EQ(calls, 0);
		}
		EXPECT_EQ(values(SIGUSR1), Values{1});
		EXPECT_EQ(sectionsputoff(), 0);
		masks();
		sigswrapped(wrapper, plainwrapper);
		masks();
	});
}

TEST(Sigoff, MasksWhereACancellationMayStrikeAnywhere)
{
	apart([] {
		install(SIGUSR1);
		sectionasync(1);
		masks();
		sectionasync(0);
		{
			Section s;

			EXPECT_EQ(masked(), 0U);
			sectionasync(1);
			{
				Section t;

				queue(SIGUSR1, 1);
			}
			sectionasync(0);
			// It came at the inner one's end, and was put off to the outer one's.
			EXPECT_EQ(calls, 1);
		}
		EXPECT_EQ(calls, 2);
		EXPECT_EQ(masked(), 0U);
		EXPECT_EQ(sectionsputoff(), 1);
	});
}

// One is handled where it is; one that is only sent is put off, also where all may come again before their handlers return.
TEST(Sigoff, MasksNoFaults)
{
	for(bool async : {false, true})
		apart([async] {
			static char *page;

			page = static_cast<char *>(mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
			install(SIGSEGV, SA_NODEFER, 0, [](int, const siginfo_t *i, uint64_t, uint64_t) {
				if(i->si_code > 0)
					mprotect(page, 4096, PROT_READ | PROT_WRITE);
			});
			install(SIGUSR1);
			sectionasync(async);
			{
				Section s;

				queue(SIGUSR1, 1);
				*page = 1;
				ASSERT_EQ(calls, 1);
				EXPECT_TRUE(call[0].inside);
				for(int i = 0; i < 2; i++)
					syscall(SYS_tgkill, getpid(), tid(), SIGSEGV);
				EXPECT_EQ(calls, 1);
			}
			sectionasync(false);
			ASSERT_EQ(calls, 3);
			EXPECT_FALSE(call[1].inside || call[2].inside);
			EXPECT_EQ(call[1].sig + call[2].sig, SIGUSR1 + SIGSEGV);
			EXPECT_EQ(masked(), 0U);
		});
}

TEST(Sigoff, MasksUntilSomebodySaysThatAllAreWrapped)
{
	EXPECT_EQ(status(child([] {
		install(SIGUSR1);
		masks();
		sigswrapped(wrapper, plainwrapper);
		{
			Section s;

			EXPECT_EQ(masked(), 0U);
		}
		fflush(stdout);
		return testing::Test::HasFailure() ? 1 : 0;
	})),
	    0);
}

} // namespace
