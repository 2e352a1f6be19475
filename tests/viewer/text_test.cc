// The text of a report, and its numbers.
#include <gtest/gtest.h>
#include "builder.hh"

static std::string
text(const std::string &bytes, int stacks = 0)
{
	Text t{};
	Made m(bytes);
	char *buf = nullptr;
	size_t n = 0;
	FILE *f = open_memstream(&buf, &n);

	t.f = f;
	t.stacks = stacks;
	t.histogram = stacks;
	writetext(&t, m.r);
	fclose(f);
	std::string s(buf, n);
	free(buf);
	return s;
}

static bool
has(const std::string &s, const char *what)
{
	return s.find(what) != std::string::npos;
}

TEST(Human, ThreeDigitsAndAUnit)
{
	Num b;
	struct {
		uint64_t ns;
		const char *s;
	} t[] = {{0, "0"}, {1, "1 ns"}, {999, "999 ns"}, {1000, "1.00 us"}, {9994, "9.99 us"}, {9996, "10.0 us"},
	    {99960, "100 us"}, {999499, "999 us"}, {999600, "1.00 ms"}, {12345678, "12.3 ms"}, {999600000, "1.00 s"},
	    {61000000000, "61.0 s"}, {UINT64_MAX, "18446744074 s"}};

	for(auto &c : t)
		EXPECT_STREQ(humanns(&b, c.ns), c.s);
	EXPECT_STREQ(humancount(&b, 0), "0");
	EXPECT_STREQ(humancount(&b, 999), "999");
	EXPECT_STREQ(humancount(&b, 1000), "1,000");
	EXPECT_STREQ(humancount(&b, UINT64_MAX), "18,446,744,073,709,551,615");
	EXPECT_STREQ(humanshare(&b, 1, 0), "-");
	EXPECT_STREQ(humanshare(&b, 1, 3), "33.3%");
	EXPECT_STREQ(humanshare(&b, 1, 1000000), "<0.01%");
	EXPECT_STREQ(humanshare(&b, 5, 3), "100.0%");
	EXPECT_STREQ(humanbytes(&b, 3 << 20), "3.00 MiB");
}

TEST(Stats, MedianAndSpread)
{
	double odd[] = {3, 1, 2}, even[] = {4, 1, 2, 3};

	EXPECT_EQ(stats(odd, 3).median, 2);
	EXPECT_EQ(stats(even, 4).median, 2.5);
	EXPECT_EQ(stats(even, 4).max, 4);
	EXPECT_EQ(stats(even, 0).n, 0);
}

TEST(Text, SaysWhoWaitedForWhom)
{
	Builder b;
	int m = b.module("/nowhere/prog", 0x400000, 0x10000, 0x400000);
	uint32_t l = b.lock(Kmutex, 0x7000, FPC(m, 0x10)), c = b.lock(Kcond, 0x8000, FPC(m, 0x20));

	b.pair(l, 3, 3000, b.stack({FPC(m, 0x100)}), FPC(m, 0x200));
	b.pair(l, 1, 1000, b.stack({FPC(m, 0x101)}), FPC(m, 0x201)).end = Etimeout;
	b.pair(c, 1, 8000, b.stack({FPC(m, 0x110)}), 0, b.stack({FPC(m, 0x300), FPC(m, 0x310)}));
	std::string s = text(b.bytes());

	EXPECT_TRUE(has(s, "75.0%  1.50 us         3  waited at prog+0x100 <- held at prog+0x200\n")) << s;
	EXPECT_TRUE(has(s, "waited at prog+0x101 [timeout] <- held at prog+0x201\n")) << s;
	EXPECT_TRUE(has(s, "waited at prog+0x110 <- signalled at prog+0x300\n")) << s;
	EXPECT_TRUE(has(s, "mutex initialised at prog+0x10\n")) << s;
	EXPECT_LT(s.find("Waits for a lock"), s.find("Waits for an event")) << s;
	EXPECT_TRUE(has(s, "mostly idleness")) << s;
	EXPECT_FALSE(has(s, "may be a lock")) << s;
	b.locks[c].kind = Ksem + 1;
	EXPECT_TRUE(has(text(b.bytes()), "But a semaphore may be a lock")) << s;
	b.locks[c].kind = Kcond + 1;
	EXPECT_TRUE(has(s, "exited with status 0")) << s;
	EXPECT_FALSE(has(s, "prog+0x310")) << s;
	EXPECT_FALSE(has(s, "\033")) << "no colour but on a terminal";
	EXPECT_EQ(s, text(b.bytes())) << "the same each time";
	EXPECT_TRUE(has(text(b.bytes(), 1), "prog+0x310")) << "the whole stack";
}

TEST(Text, SaysWhyThereMayBeNoWaits)
{
	Builder b;
	std::string s = text(b.bytes());

	EXPECT_TRUE(has(s, "No thread waited for another")) << s;
	EXPECT_TRUE(has(s, "0 waits recorded, 0 lost")) << s;
}

TEST(Text, WarnsOfWhatWasLost)
{
	Builder b;

	b.h.section[Spairs].lost = 2;
	b.h.section[Slocks].lost = 5;
	b.h.section[Sareas].lost = 3;
	b.h.section[Sthreads].lost = 10;
	b.h.otherwaits = 20;
	b.h.stackscut = 8;
	b.h.forkfailed = 1;
	b.pair(1, 4, 4000, 0);
	std::string file = b.bytes(), s;
	Fheader h;

	/* As when four threads more than there are entries were counted. */
	memcpy(&h, file.data(), sizeof h);
	h.section[Sthreads].used = h.section[Sthreads].count + 4;
	memcpy(&file[0], &h, sizeof h);
	s = text(file, 1);

	EXPECT_TRUE(has(s, "  all that did not fit the profile\n")) << s;
	EXPECT_TRUE(has(s, "waited at an unknown place <- holder not seen\n")) << s;
	EXPECT_TRUE(has(s, "7 events found no room in the profile (see RENDEZ_SIZE)")) << s;
	EXPECT_TRUE(has(s, "4 waits recorded, 13 lost")) << "the events, and the waits that are in no count\n" << s;
	EXPECT_TRUE(has(s, "6 waits began while this profile was being made, unrecorded")) << s;
	EXPECT_TRUE(has(s, "7 threads came when the profile had no page free (see RENDEZ_SIZE)")) << s;
	EXPECT_TRUE(has(s, "4 threads found no room in the profile (see RENDEZ_SIZE), without a row")) << s;
	EXPECT_TRUE(has(s, "20 waits counted with the locks but with no thread")) << s;
	EXPECT_TRUE(has(s, "8 stacks ended early")) << s;
	EXPECT_TRUE(has(s, "1 child process could not")) << s;
}

TEST(Text, CountsAWaitThatHadNotEnded)
{
	Builder b;
	Farea a{};

	a.thread = (uint32_t)b.thread(1, "stuck", 2000, 0) + 1;
	a.current.lock = b.lock(Kmutex, 0x7000);
	a.current.begun = 901000;
	b.areas.push_back(a);
	b.threads[0].area = 1;
	std::string s = text(b.bytes());

	b.locks[2].holds = 3;
	EXPECT_FALSE(has(s, "hold times")) << s;
	EXPECT_TRUE(has(text(b.bytes()), "ended; hold times are sampled\n"));
	EXPECT_FALSE(has(s, "No thread waited")) << s;
	EXPECT_TRUE(has(s, "Waits for a lock: 0 in 0 waits, and 50.0 us in 1 that had not ended\n")) << s;
	EXPECT_TRUE(has(s, "  and 50.0 us in 1 wait that had not ended\n")) << s;
	EXPECT_TRUE(has(s, "stuck (50.0 us of it in a wait that had not ended)\n")) << s;
}

TEST(Text, SaysHowTheProcessEnded)
{
	Builder b;

	b.h.ended = Fsignal;
	b.h.status = 9;
	EXPECT_TRUE(has(text(b.bytes()), "killed by SIGKILL"));
	b.h.ended = Frunning;
	EXPECT_TRUE(has(text(b.bytes()), "end not seen"));
}
