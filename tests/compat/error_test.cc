// waserror, error and the error string; each test bears the numbers of the statements that it holds.
#include "notes.hh"

#include <csignal>
#include <gtest/gtest.h>
#include <pthread.h>

namespace {

TEST(Error, ER1_ZeroAtFirstThenNot)
{
	volatile int first = 0, second = 0;

	if(p9waserror()) {
		second = second + 1;
	} else {
		first = first + 1;
		p9error("one");
	}
	EXPECT_EQ(first, 1);
	EXPECT_EQ(second, 1);
}

volatile int trail;

void
inner()
{
	if(p9waserror()) {
		trail = trail * 10 + 1;
		p9nexterror();
	}
	p9error("deep");
}

void
outer()
{
	if(p9waserror()) {
		trail = trail * 10 + 2;
		p9nexterror();
	}
	inner();
	p9poperror();
}

TEST(Error, ER1_ER2_ER4_BlocksRunFromTheInnermost)
{
	trail = 0;
	EXPECT_TRUE(raises(outer));
	EXPECT_EQ(trail, 12);
	EXPECT_EQ(errorstring(), "deep");
}

TEST(Error, ER2_TheBlockHasNoLabelAnyMore)
{
	volatile int times = 0;

	if(p9waserror()) {
		times = times + 1;
		// Had the label of this block stayed, this error would come to it again.
		EXPECT_TRUE(raises([] { p9error("second"); }));
	} else {
		p9error("first");
	}
	EXPECT_EQ(times, 1);
	EXPECT_DEATH(p9nexterror(), "error stack");
}

TEST(Error, ER3_ABalancedStackServesForEver)
{
	for(int i = 0; i < 1000; i++)
		EXPECT_FALSE(raises([] {}));
	for(int i = 0; i < 1000; i++)
		EXPECT_TRUE(raises([] { p9error("again"); }));
}

int
leaveslabel(void *)
{
	if(p9waserror())
		abort();
	return 1;
}

TEST(ErrorDeathTest, ER3_AnUnbalancedStackPanics)
{
	GTEST_FLAG_SET(death_test_style, "threadsafe");
	EXPECT_DEATH(p9poperror(), "error stack");
	EXPECT_DEATH(
	    {
		    Rendez r = {};
		    p9up();
		    p9sleep(&r, leaveslabel, nullptr);
	    },
	    "error stack");
}

int
nest(int depth)
{
	if(depth == 0)
		p9error("bottom");
	if(p9waserror())
		return 1;
	int n = nest(depth - 1);
	p9poperror();
	return n + 1;
}

TEST(Error, ER4_LabelsNest)
{
	EXPECT_EQ(nest(64), 64);
}

TEST(ErrorDeathTest, ER4_OverflowAndEmptyPanic)
{
	GTEST_FLAG_SET(death_test_style, "threadsafe");
	EXPECT_DEATH(nest(65), "error stack");
	EXPECT_DEATH(p9error("lonely"), "error stack: .*lonely");
}

TEST(Error, ER5_TheTextIsCutBeforeTheJump)
{
	static char longtext[1000];

	memset(longtext, 'x', sizeof longtext - 1);
	EXPECT_TRUE(raises([] { p9error(longtext); }));
	EXPECT_EQ(errorstring(), std::string(P9ERRMAX - 1, 'x'));
	// Never inside a character: two bytes each, and 127 is odd.
	for(size_t i = 0; i + 2 < sizeof longtext; i += 2)
		memcpy(longtext + i, "\xc3\xa9", 2);
	EXPECT_TRUE(raises([] { p9error(longtext); }));
	EXPECT_EQ(errorstring(), std::string(longtext, P9ERRMAX - 2));
}

TEST(Error, ER5_TheTextMayBeTheErrorString)
{
	EXPECT_TRUE(raises([] { p9error("what it is"); }));
	EXPECT_TRUE(raises([] { p9error(p9up()->errstr); }));
	EXPECT_EQ(errorstring(), "what it is");
	EXPECT_TRUE(raises([] { p9error(p9up()->errstr + 5); }));
	EXPECT_EQ(errorstring(), "it is");
}

TEST(Error, ER6_TheErrorStringLastsAndIsSwapped)
{
	char mine[P9ERRMAX] = "mine", small[4] = "abc";

	EXPECT_TRUE(raises([] { p9error("theirs"); }));
	EXPECT_FALSE(raises([] {}));
	EXPECT_STREQ(p9up()->errstr, "theirs");
	EXPECT_EQ(p9errstr(mine, sizeof mine), 0);
	EXPECT_STREQ(mine, "theirs");
	EXPECT_EQ(errorstring(), "mine");
	p9errstr(small, sizeof small);
	EXPECT_STREQ(small, "min");
	EXPECT_EQ(errorstring(), "abc");
	p9errstr(small, 0);
	p9rerrstr(small, 2);
	EXPECT_STREQ(small, "a");
	std::thread([] { EXPECT_EQ(errorstring(), ""); }).join();
}

TEST(Error, ER6_Werrstr)
{
	p9werrstr("%s %d %ld %lu %ux %lux %c %% %ud", "text", -5, -6000000000L, 6000000000UL, 255U, 0xfeedfacecafeUL,
	    '!', 7U);
	EXPECT_EQ(errorstring(), "text -5 -6000000000 6000000000 ff feedfacecafe ! % 7");
	p9werrstr("open: %r");
	EXPECT_EQ(errorstring(), "open: text -5 -6000000000 6000000000 ff feedfacecafe ! % 7");
	p9werrstr("%u%%%lu%s", 1U, 2UL, static_cast<const char *>(nullptr));
	EXPECT_EQ(errorstring(), "1%2<nil>");
	p9werrstr("%d is %-5s, %d", 1, "x", 2);
	EXPECT_EQ(errorstring(), "1 is %-5s, %d");
	p9werrstr("%p %x %", reinterpret_cast<void *>(0x10), 0);
	EXPECT_EQ(errorstring(), "0x10 0 %");
	p9werrstr("");
	EXPECT_EQ(errorstring(), "");
	p9werrstr("%s%s", std::string(P9ERRMAX, 'x').c_str(), "tail");
	EXPECT_EQ(errorstring(), std::string(P9ERRMAX - 1, 'x'));
}

TEST(ErrorDeathTest, PanicSaysItInOneLine)
{
	EXPECT_DEATH(p9panic("%s at %d", "bad", 3), "rendez: panic: bad at 3\n");
}

TEST(Error, ER7_TheSignalMaskIsNotTouched)
{
	sigset_t one, now;
	volatile int changed = 1;

	sigemptyset(&one);
	sigaddset(&one, SIGUSR2);
	if(p9waserror()) {
		pthread_sigmask(SIG_SETMASK, nullptr, &now);
		EXPECT_TRUE(sigismember(&now, SIGUSR2));
		EXPECT_EQ(changed, 2);
		pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
		return;
	}
	changed = 2;
	pthread_sigmask(SIG_BLOCK, &one, nullptr);
	p9error("jump");
}

TEST(Error, ER8_NoFunctionButTheseChangesLabels)
{
	volatile int caught = 0;

	if(p9waserror()) {
		caught = 1;
	} else {
		long s = 1;
		Rendez r = {};
		pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

		pthread_mutex_lock(&m);
		pthread_mutex_unlock(&m);
		p9tsleep(&r, p9return0, nullptr, 1);
		EXPECT_EQ(p9tsemacquire(&s, 1), 1);
		EXPECT_EQ(p9tsemacquire(&s, 1), 0);
		// Another thread's labels are its own.
		std::thread([] { EXPECT_TRUE(raises([] { p9error("elsewhere"); })); }).join();
		EXPECT_NE(errorstring(), "elsewhere");
		p9error("here");
	}
	EXPECT_EQ(caught, 1);
	EXPECT_EQ(errorstring(), "here");
}

void
handler(int)
{
	EXPECT_TRUE(raises([] { p9error("in a handler"); }));
}

TEST(Error, ER8_AHandlerWithLabelsOfItsOwn)
{
	struct sigaction sa = {};

	sa.sa_handler = handler;
	sigaction(SIGUSR1, &sa, nullptr);
	EXPECT_FALSE(raises([] { raise(SIGUSR1); }));
	EXPECT_TRUE(raises([] {
		raise(SIGUSR1);
		p9error("after it");
	}));
	EXPECT_EQ(errorstring(), "after it");
}

} // namespace
