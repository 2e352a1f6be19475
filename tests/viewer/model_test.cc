// The model: what is added up, what is named, what comes first.
#include <gtest/gtest.h>
#include <unistd.h>
#include "builder.hh"

static Builder
twolocks()
{
	Builder b;
	int m = b.module("/nowhere/prog", 0x400000, 0x10000, 0x400000);
	uint32_t x = b.lock(Kmutex, 0x7000, FPC(m, 0x10)), y = b.lock(Kmutex, 0x8000, FPC(m, 0x20)),
		 c = b.lock(Kcond, 0x9000);

	b.pair(x, 2, 2000, b.stack({FPC(m, 0x100)}), FPC(m, 0x200));
	b.pair(y, 3, 6000, b.stack({FPC(m, 0x110)}), FPC(m, 0x210));
	b.pair(c, 5, 90000, b.stack({FPC(m, 0x120)}), 0, b.stack({FPC(m, 0x130)}));
	return b;
}

TEST(Model, OrdersByTotalWaitWithIdlenessApart)
{
	Made m(twolocks().bytes());
	const Process &p = m.process();

	ASSERT_EQ(p.nlock, 3);
	EXPECT_EQ(p.lock[0].address, 0x8000u);
	EXPECT_EQ(p.lock[0].ns, 3000u);
	EXPECT_EQ(p.lock[1].address, 0x7000u);
	EXPECT_EQ(p.lock[2].kind, Kcond);
	EXPECT_TRUE(p.lock[2].idle);
	EXPECT_STREQ(p.lock[2].pair[0].waker->function, "prog+0x130");
	EXPECT_EQ(p.lock[2].pair[0].holder, nullptr);
	EXPECT_STREQ(p.lock[0].name, "initialised at prog+0x20");
}

TEST(Model, WhatFoundNoRoomIsInTheTotals)
{
	Builder b = twolocks();

	/* as the recorder leaves them: a lock's pair without places, and the pairs of the lock that is none */
	b.pair(2, 4, 400, 0);
	b.pair(1, 7, 7000, b.stack({FPC(0, 0x140)}));
	b.pair(1, 5, 500, 0);
	b.pair(1, 6, 60, b.stack({FPC(0, 0x150)})).op = Owait;
	Made m(b.bytes());
	const Process &p = m.process();

	EXPECT_EQ(p.waits, 2u + 3 + 5 + 4 + 7 + 5 + 6);
	EXPECT_EQ(p.ns, 49000u + 200 + 3500 + 250 + 30);
	ASSERT_EQ(p.nlock, 5);
	EXPECT_STREQ(p.lock[0].name, "all that did not fit the profile");
	EXPECT_EQ(p.lock[0].waits, 12u);
	EXPECT_EQ(p.lock[0].kind, -1);
	EXPECT_FALSE(p.lock[0].idle);
	EXPECT_STREQ(p.lock[4].name, "all events that did not fit the profile");
	EXPECT_TRUE(p.lock[4].idle);
	EXPECT_EQ(p.lock[2].address, 0x7000u);
	ASSERT_EQ(p.lock[2].npair, 2);
	EXPECT_STREQ(p.lock[2].pair[1].waiter->function, "an unknown place");
	EXPECT_EQ(p.lock[2].pair[1].waiterstack->n, 0);
}

TEST(Model, AddsThreadsOwnPagesToTheSharedTable)
{
	Builder b = twolocks();
	Farea a{};

	a.thread = (uint32_t)b.thread(1, "t", 2000, 0) + 1;
	a.pair[3] = b.pairs[0];
	a.pair[3].end = Eacquired;
	a.pair[7] = b.pairs[0];
	a.pair[7].end = Etimeout;
	a.hold[1] = Fhold{2, 4, 8000, 4000};
	b.areas.push_back(a);
	b.locks[2].holds = 1;
	b.locks[2].holdticks = 2000;
	b.locks[2].holdmax = 2000;
	Made m(b.bytes(3));
	const Lock &l = m.process().lock[m.process().lock[0].address == 0x7000 ? 0 : 1];

	EXPECT_EQ(l.waits, 6u);
	EXPECT_EQ(l.contended, 4u);
	EXPECT_EQ(l.timeouts, 2u);
	EXPECT_EQ(l.ns, 3000u);
	EXPECT_EQ(l.npair, 2) << "the same sites and end are one pair, another end is another";
	EXPECT_EQ(l.holds, 5u);
	EXPECT_EQ(l.holdns, 5000u);
	EXPECT_EQ(l.holdmax, 2000u);
	EXPECT_EQ(l.hist[0].count, 6u);
	EXPECT_EQ(l.hist[0].upper, 512u);
}

TEST(Model, OneStackUnderTwoNumbersIsOne)
{
	Builder b;
	uint32_t l = b.lock(Kmutex, 1);

	b.pair(l, 1, 10, b.stack({11, 12}), 5);
	b.pair(l, 1, 10, b.stack({11, 12}), 5);
	Made m(b.bytes());

	EXPECT_EQ(m.process().lock[0].npair, 1);
	EXPECT_EQ(m.process().lock[0].pair[0].waits, 2u);
}

TEST(Model, AWaitOverTwoHoldersIsOneWait)
{
	Builder b;
	uint32_t l = b.lock(Kmutex, 1), s = b.stack({11});

	b.pair(l, 1, 10, s, 5).last = 0;
	b.pair(l, 1, 20, s, 6);
	Made m(b.bytes());
	const Lock &k = m.process().lock[0];

	EXPECT_EQ(k.waits, 1u);
	EXPECT_EQ(k.ns, 15u);
	EXPECT_EQ(k.npair, 2);
}

TEST(Model, OneWaitIsAsLongAsTheLongest)
{
	Builder b;
	uint32_t l = b.lock(Kmutex, 1), s = b.stack({11});

	/* Two pieces of half a nanosecond too much each. */
	b.pair(l, 1, 11, s, 5).last = 0;
	b.pair(l, 1, 21, s, 6).max = 32;
	Made m(b.bytes());
	const Lock &k = m.process().lock[0];

	EXPECT_EQ(k.waits, 1u);
	EXPECT_EQ(k.max, 16u);
	EXPECT_EQ(k.ns, 16u);
}

TEST(Model, SurvivesIndicesThatPointNowhere)
{
	Builder b = twolocks();
	Farea a{};

	b.pair(99, 1, 1, 1);
	b.pair(0, 1, 1, 1);
	b.pair(2, 1, 1, 99, FPC(77, 5), 99);
	b.pair(2, 1, 1, 99).waitersite = FPC(77, 5);
	b.pairs.back().op = 200;
	b.pairs.back().end = 200;
	a.thread = 99;
	a.current.lock = 99;
	a.hold[0].lock = 99;
	b.areas.push_back(a);
	a.thread = (uint32_t)b.thread(1, "t", 5, 0) + 1;
	b.areas.push_back(a);
	b.locks[3].kind = 4711;
	Made m(b.bytes());

	EXPECT_EQ(m.process().nunfinished, 1);
	EXPECT_EQ(m.process().unfinished[0].lock, nullptr);
	EXPECT_EQ(m.process().nlock, 3);
}

TEST(Model, NamesWithControlCharactersAreMadeHarmless)
{
	Builder b;

	b.thread(7, "a\033[31m\xff", 2000, 3000);
	memset(b.h.exe, 'x', sizeof b.h.exe);
	memset(b.h.args, 'y', sizeof b.h.args);
	Made m(b.bytes());

	EXPECT_STREQ(m.process().thread[0].name, "a\\x1b[31m\\xff");
	EXPECT_EQ(strlen(m.process().program), (size_t)FPATH);
	EXPECT_EQ(strlen(m.process().args), (size_t)FARGS);
}

TEST(Model, WhatStillWaitsIsSaid)
{
	Builder b = twolocks();
	Farea a{};

	a.thread = (uint32_t)b.thread(1, "t", 2000, 0) + 1;
	a.current.lock = 2;
	a.current.begun = 901000;
	a.current.waiter = 1;
	a.current.holder = FPC(0, 0x300);
	b.areas.push_back(a);
	b.threads[0].area = 1;
	Made m(b.bytes());
	const Process &p = m.process();

	EXPECT_EQ(p.thread[0].waitingns, 50000u);
	EXPECT_EQ(p.thread[0].ns, 0u);
	EXPECT_EQ(p.lock[0].address, 0x7000u) << "what is waited for still is dear too";
	EXPECT_EQ(p.lock[0].waiting, 1u);
	EXPECT_EQ(p.lock[0].waitingns, 50000u);
	ASSERT_EQ(p.nunfinished, 1);
	EXPECT_EQ(p.unfinished[0].ns, 50000u);
	EXPECT_EQ(p.unfinished[0].lock->address, 0x7000u);
	EXPECT_STREQ(p.unfinished[0].holder->function, "prog+0x300");
}

TEST(Model, WhatStillWaitsInAProcessThatRunsHasWaitedUntilNow)
{
	struct timespec t;
	Builder b;
	Farea a{};

	clock_gettime(CLOCK_MONOTONIC, &t);
	b.h.ended = Frunning;
	b.h.pid = getpid();
	b.h.starttime = 0;
	b.h.clockkind = 0;
	b.h.start.ns = b.h.start.ticks = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec - 1000000000;
	b.h.last[0] = b.h.start;
	a.thread = (uint32_t)b.thread(1, "t", b.h.start.ticks, 0) + 1;
	a.current.lock = b.lock(Kmutex, 0x7000);
	a.current.begun = b.h.start.ticks + 1000;
	b.areas.push_back(a);
	b.threads[0].area = 1;
	Made m(b.bytes());

	EXPECT_STREQ(m.process().ended, "running");
	EXPECT_GE(m.process().thread[0].waitingns, 999999000u);
	EXPECT_GE(m.process().thread[0].livedns, m.process().thread[0].waitingns);
	EXPECT_EQ(m.process().unfinished[0].ns, m.process().lock[0].waitingns);
}

TEST(Model, ALaterProgramOfTheSameProcessIsAnExec)
{
	Report *r = reportnew(0);
	Builder b;

	for(uint64_t t : {2000, 1000}) {
		b.h.realtime = t;
		b.h.ended = t == 1000 ? Frunning : Fexit;
		Profile *p = parse(b.bytes());
		reportadd(r, p);
		profilefree(p);
	}
	reportdone(r);
	EXPECT_EQ(r->process[0].realtime, 1000u);
	EXPECT_TRUE(r->process[0].exec);
	EXPECT_STREQ(r->process[0].ended, "exit");
	EXPECT_FALSE(r->process[1].exec);
	reportfree(r);
}

TEST(Group, LocksFromOnePlaceAreOneRow)
{
	Builder b;
	int m = b.module("/nowhere/prog", 0x400000, 0x10000, 0x400000), n;
	uint32_t s = b.stack({FPC(m, 0x100)});

	for(int i = 0; i < 1000; i++) {
		uint32_t l = b.lock(Kmutex, 0x10000 + 64 * (uint64_t)i, FPC(m, 0x10));

		b.locks[l].flags = Lcounts;
		b.locks[l].acquired = 10;
		b.pair(l, 1, 20, s, FPC(m, 0x200));
		b.pair(l, 2, 40, s, FPC(m, 0x210));
	}
	b.lock(Kmutex, 0x5, FPC(m, 0x10));
	Made made(b.bytes());
	Lock *row = grouplocks(made.r, &made.process(), &n);

	ASSERT_EQ(n, 1) << "and a lock that nobody waited for is no row";
	EXPECT_EQ(row[0].count, 1000);
	EXPECT_EQ(row[0].waits, 3000u);
	EXPECT_EQ(row[0].ns, 30000u);
	EXPECT_EQ(row[0].acquired, 10000u);
	ASSERT_EQ(row[0].npair, 2);
	EXPECT_EQ(row[0].pair[0].ns, 20000u);
	EXPECT_EQ(row[0].hist[0].count, 3000u);
}

static Site
site(const char *function, const char *module)
{
	Site s{};

	s.function = function;
	s.module = module;
	s.named = 1;
	return s;
}

static const char *
own(std::vector<Site> v)
{
	std::vector<const Site *> f;
	static std::string name;

	for(const Site &s : v)
		f.push_back(&s);
	name = ownsite(f.data(), (int)f.size(), "/bin/prog")->function;
	return name.c_str();
}

TEST(Site, PassesOverTheRuntime)
{
	EXPECT_STREQ(own({site("work", "/bin/prog"), site("main", "/bin/prog")}), "work");
	EXPECT_STREQ(own({site("std::mutex::lock", "/bin/prog"), site("work", "/bin/prog")}), "work");
	EXPECT_STREQ(
	    own({site("std::condition_variable::wait", "/lib/libstdc++.so.6"), site("work", "/bin/prog")}), "work");
	EXPECT_STREQ(own({site("x", "/lib/librendez.so"), site("work", "/bin/prog")}), "work");
}

TEST(Site, PassesOverAWrapperLibrary)
{
	EXPECT_STREQ(own({site("g_mutex_lock", "/lib/libglib-2.0.so.0"), site("work", "/bin/prog")}), "work");
	EXPECT_STREQ(
	    own({site("lock_slow", "/l/w.so"), site("wrap_lock", "/l/w.so"), site("work", "/bin/prog")}), "work");
}

TEST(Site, StaysWithALibrarysOwnLocking)
{
	EXPECT_STREQ(own({site("get", "/l/cache.so"), site("work", "/bin/prog")}), "get");
	EXPECT_STREQ(own({site("lockit", "/l/c.so"), site("get", "/l/c.so"), site("work", "/bin/prog")}), "lockit");
	EXPECT_STREQ(own({site("waiter", "/l/c.so"), site("start_thread", "/lib/libc.so.6")}), "waiter");
	EXPECT_STREQ(own({site("lock_table", "/bin/prog"), site("work", "/bin/prog")}), "lock_table");
}

TEST(Site, FallsBackToWhatThereIs)
{
	EXPECT_STREQ(own({site("rz", "/lib/librendez.so"), site("std::mutex::lock", "/bin/prog")}), "std::mutex::lock");
}

TEST(Demangle, LeavesTheNameOnly)
{
	struct {
		const char *symbol, *name;
	} t[] = {
	    {"main", "main"},
	    {"pthread_mutex_lock@@GLIBC_2.2.5", "pthread_mutex_lock"},
	    {"_Z3fooi", "foo"},
	    {"_ZN5QueueIiE4pushERKi", "Queue<int>::push"},
	    {"_Z3maxIiET_S0_S0_", "max<int>"},
	    {"_ZNSt6threadC1IRFvvEJEvEEOT_DpOT0_", "std::thread::thread<void (&)(), , void>"},
	    {"_ZNK1AclEi", "A::operator()"},
	    {"_ZN1AlsEi", "A::operator<<"},
	    {"_ZN1AcvbEv", "A::operator bool"},
	    {"_ZN12_GLOBAL__N_13runEv", "(anonymous namespace)::run"},
	    {"_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()"},
	    {"_Znot mangled", "_Znot mangled"},
	};
	Arena a = {nullptr};

	for(auto &c : t)
		EXPECT_STREQ(demangle(&a, c.symbol), c.name);
	EXPECT_STREQ(nameonly(&a, "std::function<void (int)> make<int>(int (*)(char))"), "make<int>");
	EXPECT_STREQ(nameonly(&a, "A::~A()"), "A::~A");
	EXPECT_STREQ(demanglewhole(&a, "_ZZL5firstiE5alpha"), "first(int)::alpha");
	EXPECT_STREQ(demanglewhole(&a, "plain"), "plain");
	afree(&a);
}

TEST(Model, Misuses)
{
	Builder b;
	int m = b.module("/nowhere/prog", 0x400000, 0x10000, 0x400000);
	uint32_t s1 = b.stack({FPC(m, 0x100)}), s2 = b.stack({FPC(m, 0x200), FPC(m, 0x210)});

	b.misuse(Munlockother, Kmutex, 0x9000, s1, Yheld, s2);
	b.misuse(Mwaitfree, Kmutex, 0x9000, 77);
	b.misuse((Misuse)NMISUSE, Kmutex, 0x9000, s1);
	b.misuse(Mrelock, (Kind)NKIND, 0x9000, s1);
	b.misuse(Mrelock, Kmutex, 0x9000, s1, (Yonder)99, s2);
	b.h.misuses = FMISUSES + 5;
	Made made(b.bytes());
	const Process &p = made.process();

	ASSERT_EQ(p.nwrong, 3);
	EXPECT_EQ(p.wronglost, 5u);
	EXPECT_EQ(p.wrong[0].what, Munlockother);
	EXPECT_STREQ(p.wrong[0].name, "0x9000");
	EXPECT_EQ(p.wrong[0].tid, 7);
	EXPECT_EQ(p.wrong[0].othertid, 8);
	EXPECT_EQ(p.wrong[0].stack->n, 1);
	EXPECT_EQ(p.wrong[0].other->n, 2);
	EXPECT_EQ(p.wrong[1].stack, nullptr);
	EXPECT_EQ(p.wrong[1].yonder, Ynone);
	EXPECT_EQ(p.wrong[2].yonder, Ynone);
	EXPECT_EQ(p.wrong[2].other, nullptr);
}
