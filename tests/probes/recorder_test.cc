/*
 * The recorder counts every wait once, whatever happens to the process, its
 * threads and its tables.
 */
#include "tests/probes/profile.hh"

#include <errno.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>

static int
openfiles()
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while(readdir(d) != nullptr)
		n++;
	closedir(d);
	return n;
}

static void
waitonce(const void *object, uint32_t *idword)
{
	Waiting(object, idword).end();
}

static void
inthreads(void *(*f)(void *), int n, int atatime)
{
	std::vector<pthread_t> t((size_t)atatime);

	for(int i = 0; i < n; i += atatime) {
		for(pthread_t &x : t)
			NEED(pthread_create(&x, nullptr, f, nullptr) == 0);
		for(pthread_t &x : t)
			pthread_join(x, nullptr);
	}
}

TEST_F(RecorderTest, SilentAndOffWithoutADirectory)
{
	EXPECT_EQ(bare([] {
		uint32_t id = 0;

		close(2);
		recorderstart();
		NEED(probeon == 0);
		waitonce(&id, &id);
		NEED(id == 0 && initsite(1) == 0 && wakerstack(0) == 0);
	}),
	    0);
	EXPECT_TRUE(files().empty());
}

TEST_F(RecorderTest, OffWhenToldSo)
{
	EXPECT_EQ(bare([&] {
		setenv("RENDEZ_DIR", dir.c_str(), 1);
		setenv("RENDEZ", "off", 1);
		recorderstart();
		NEED(probeon == 0);
	}),
	    0);
	EXPECT_TRUE(files().empty());
}

TEST_F(RecorderTest, AWaitIsCountedOnceWithItsSitesAndItsTime)
{
	uintptr_t holder = (uintptr_t)openfiles;

	ASSERT_EQ(run([&] {
		uint32_t id = 0;
		int fds = openfiles();
		Waiting w(&id, &id, Kmutex, holder);

		errno = 4711;
		waitpark(&w.w);
		waitparked(&w.w);
		w.end();
		NEED(errno == 4711 && id > 1 && openfiles() == fds);
		recorderexit(0);
	}),
	    0);
	Profile p(fileof(pid));
	ASSERT_EQ(p.locks().size(), 1u);
	ASSERT_EQ(p.pairs().size(), 2u) << "the wait's and the one for what is lost";
	Fpair f = p.pairs()[1];
	EXPECT_EQ(f.waits, 1u);
	EXPECT_EQ(f.last, 1u);
	EXPECT_GT(f.ticks, 0u);
	EXPECT_EQ(f.max, f.ticks);
	EXPECT_EQ(f.op, Olock);
	EXPECT_EQ(f.end, Eacquired);
	EXPECT_NE(f.waiter, 0u);
	EXPECT_EQ(p.address(f.holder), holder);
	EXPECT_EQ(p.stack(f.waiter)[0], f.waitersite);
	EXPECT_EQ(p.histogram(), 1u);
	ASSERT_EQ(p.threads().size(), 1u);
	Fthread t = p.threads()[0];
	EXPECT_EQ(t.tid, pid);
	EXPECT_EQ(t.waits, 1u);
	EXPECT_EQ(t.waitticks, f.ticks);
	EXPECT_EQ(t.parks, 1u);
	EXPECT_LE(t.parkedticks, t.waitticks);
	EXPECT_EQ(p.header().pid, pid);
	EXPECT_EQ(p.header().ended, (uint32_t)Fexit);
	EXPECT_NE(p.header().starttime, 0u);
	EXPECT_GT(p.header().last[p.header().lastslot & 1].ns, p.header().start.ns);
	struct stat st;
	ASSERT_EQ(stat(fileof(pid).c_str(), &st), 0);
	EXPECT_EQ(st.st_mode & 07777, 0600u);
	EXPECT_GE(st.st_blocks * 512, st.st_size) << "reserved on the disk";
}

TEST_F(RecorderTest, EachPieceIsBlamedOnItsHolder)
{
	/* Holders 1, 2, 1; the last one's piece is merged with the first. */
	ASSERT_EQ(run([] {
		uint32_t id = 0;
		Waiting w(&id, &id, Kmutex, 0x1001);

		waitagain(&w.w, 0, 0x1002, 0);
		waitagain(&w.w, 0, 0x1001, 0);
		w.end();
	}),
	    0);
	Profile p(fileof(pid));
	uint64_t last[2] = {}, waits[2] = {};
	for(const Fpair &f : p.pairs())
		if(f.waits != 0) {
			ASSERT_TRUE(f.holder == 0x1001 || f.holder == 0x1002);
			last[f.holder & 1] += f.last;
			waits[f.holder & 1] += f.waits;
		}
	EXPECT_EQ(waits[1], 1u);
	EXPECT_EQ(waits[0], 1u);
	EXPECT_EQ(last[1], 1u);
	EXPECT_EQ(last[0], 0u);
	EXPECT_EQ(p.sum(&Fpair::ticks), p.ticks());
	EXPECT_EQ(p.histogram(), 1u);
}

TEST_F(RecorderTest, AShortWaitIsCountedAfterTheRelease)
{
	ASSERT_EQ(run([] {
		uint32_t id = 0;
		Waiting w(&id, &id, Kmutex, 0x1001);

		w.end();
		NEED(waitshort(&w.w, w.w.begun, 0x1001) == 1);
		/* Another one before it is paid: that one first. */
		NEED(waitshort(&w.w, w.w.begun, 0x1002) == 1);
		waitflush();
		waitflush();
		/* In a wait, a handler's own is counted at once. */
		Waiting u(&id, &id, Kmutex, 0x1003);
		Wait v = w.w;
		NEED(waitshort(&v, v.begun, 0x1004) == 0);
		u.end();
		/* One that was prepared; and one that was, before a handler's came. */
		uint64_t begun = w.w.begun;
		waitsoon(&w.w, begun + 1, 0x1001);
		NEED(waitshort(&w.w, begun + 1, 0x1001) == 1);
		waitflush();
		waitsoon(&w.w, begun + 2, 0x1001);
		waitsoon(&v, begun + 3, 0x1006);
		NEED(waitshort(&v, begun + 3, 0x1006) == 1);
		waitflush();
		NEED(waitshort(&w.w, begun + 2, 0x1001) == 1);
		waitflush();
		/* As many as you like at one place, and the lock's entry keeps up. */
		w.w.counted = Counting::counts;
		for(int i = 1; i <= 5000; i++) {
			w.w.acquired = i;
			NEED(waitshort(&w.w, w.w.begun, 0x1001) == 1);
			waitflush();
		}
		/* And one that is never paid is, when the process ends. */
		NEED(waitshort(&w.w, w.w.begun, 0x1005) == 1);
		recorderexit(0);
	}),
	    0);
	Profile p(fileof(pid));
	ASSERT_EQ(p.locks().size(), 1u);
	EXPECT_EQ(p.sum(&Fpair::last), 5009u);
	EXPECT_EQ(p.sum(&Fpair::waits), 5009u);
	EXPECT_EQ(p.sum(&Fpair::ticks), p.ticks());
	EXPECT_EQ(p.histogram(), 5009u);
	EXPECT_GT(p.lock(p.locks()[0]).acquired, 4980u);
}

TEST_F(RecorderTest, MoreHoldersThanAWaitRemembersAreUnknownOnes)
{
	ASSERT_EQ(run([] {
		uint32_t id = 0;
		Waiting w(&id, &id, Kmutex, 0x1000);

		for(uintptr_t h = 1; h < 100; h++)
			waitagain(&w.w, 0, 0x1000 + h, 0);
		w.end();
	}),
	    0);
	Profile p(fileof(pid));
	EXPECT_EQ(p.sum(&Fpair::waits), (uint64_t)MAXPIECES + 1);
	EXPECT_EQ(p.sum(&Fpair::last), 1u);
	EXPECT_EQ(p.sum(&Fpair::ticks), p.ticks());
}

TEST_F(RecorderTest, AWaitThatEndedEarlierIsAsLongAsItWas)
{
	uint64_t t = 0;

	ASSERT_EQ(run([] {
		uint32_t id = 0;
		/* One that ended before it began lasted no time. */
		Waiting v(&id, &id);
		uint64_t now = v.w.begun;
		waitend(&v.w, Etimeout, 0, now - 5);
		Waiting w(&id, &id, Kmutex, 0x1234, now - 1000);
		waitend(&w.w, Etimeout, 0, now);
	}),
	    0);
	Profile p(fileof(pid));
	for(const Fpair &f : p.pairs())
		if(f.holder == 0x1234)
			t = f.ticks;
	EXPECT_EQ(t, 1000u);
	EXPECT_EQ(p.sum(&Fpair::ticks), 1000u);
	EXPECT_EQ(p.waits(), 2u);
}

TEST_F(RecorderTest, NothingIsLostFromTheTotalsWhenEverythingIsFull)
{
	static uint32_t object[3000];
	constexpr uint64_t rounds = 3;

	ASSERT_EQ(run(
		      [] {
			      for(uint64_t r = 0; r < rounds; r++)
				      for(uint32_t &o : object)
					      Waiting(&o, &o, Kmutex, 0x1000 + r).end();
		      },
		      "1"),
	    0);
	Profile p(fileof(pid));
	EXPECT_EQ(p.waits(), std::size(object) * rounds);
	EXPECT_EQ(p.sum(&Fpair::last), p.waits());
	EXPECT_EQ(p.sum(&Fpair::waits), p.waits());
	EXPECT_EQ(p.sum(&Fpair::ticks), p.ticks());
	EXPECT_EQ(p.histogram(), p.waits());
	EXPECT_GT(p.section(Slocks).lost, 0u);
	EXPECT_GT(p.section(Spairs).lost, 0u);
	EXPECT_GT(p.sum(&Fpair::last, 1), 0u) << "lock 1 has what did not fit";
}

TEST_F(RecorderTest, TheIdWordIsAHintOnly)
{
	struct Object {
		uint32_t id, pad;
	};

	ASSERT_EQ(run([] {
		Object a = {}, b;
		uint32_t first;

		waitonce(&a, &a.id);
		first = a.id;
		NEED(first > 1);
		waitonce(&a, &a.id);
		NEED(a.id == first);
		/* A copy is another object. */
		b = a;
		waitonce(&b, &b.id);
		NEED(b.id != first && b.id > 1);
		/* The same memory as something else. */
		Waiting(&a, &a.id, Ksem).end();
		NEED(a.id != first && a.id != b.id);
		/* Any garbage. */
		for(uint32_t v : {1u, 77u, 4095u, 4096u, 0x7fffffffu, 0x80000fffu, 0x80001000u, 0xffffffffu}) {
			a.id = v;
			waitonce(&a, &a.id);
			NEED(a.id > 1 && a.id < 4096);
		}
	}),
	    0);
	Profile p(fileof(pid));
	EXPECT_EQ(p.locks().size(), 11u);
	EXPECT_EQ(p.waits(), 12u);
}

TEST_F(RecorderTest, AnInitialiserIsRemembered)
{
	uintptr_t site = (uintptr_t)openfiles;

	ASSERT_EQ(run([&] {
		uint32_t id = initsite(site);

		NEED(id & 0x80000000);
		NEED(initsite(site) == id);
		waitonce(&id, &id);
		NEED(!(id & 0x80000000));
	}),
	    0);
	Profile p(fileof(pid));
	ASSERT_EQ(p.locks().size(), 1u);
	EXPECT_EQ(p.address(p.lock(p.locks()[0]).init), site);
}

TEST_F(RecorderTest, InitialisersBeyondTheTableAreUnknown)
{
	ASSERT_EQ(run([] {
		uint32_t known = 0;

		for(uintptr_t pc = 1; pc < 20000; pc++)
			known += initsite(pc) != 0;
		NEED(known > 3000 && known <= 4096);
	}),
	    0);
}

TEST_F(RecorderTest, AnObjectWithoutAWordIsKnownByItsAddressUntilItIsGone)
{
	static long object;

	ASSERT_EQ(run([] {
		waitonce(&object, nullptr);
		waitonce(&object, nullptr);
		objectgone(&object);
		objectgone(&object);
		waitonce(&object, nullptr);
		Waiting(&object, nullptr, Kcond).end();
	}),
	    0);
	Profile p(fileof(pid));
	std::vector<uint32_t> l = p.locks();
	ASSERT_EQ(l.size(), 3u);
	std::sort(l.begin(), l.end());
	EXPECT_EQ(p.sum(&Fpair::waits, l[0]), 2u);
	EXPECT_TRUE(p.lock(l[0]).flags & Lgone);
	EXPECT_EQ(p.lock(l[1]).address, (uintptr_t)&object);
	EXPECT_FALSE(p.lock(l[1]).flags & Lgone);
}

TEST_F(RecorderTest, CountersOf32BitsAreExtended)
{
	ASSERT_EQ(run([] {
		uint32_t id = 0;

		for(uint64_t n = 0; n < (uint64_t)3 << 32; n += (uint64_t)1 << 30) {
			Waiting w(&id, &id);
			w.w.counted = Counting::counts;
			w.w.acquired = (uint32_t)n + 5;
			w.w.changes = 7;
			w.end();
		}
	}),
	    0);
	Profile p(fileof(pid));
	ASSERT_EQ(p.locks().size(), 1u);
	EXPECT_EQ(p.lock(p.locks()[0]).acquired, ((uint64_t)3 << 32) - ((uint64_t)1 << 30) + 5);
	EXPECT_EQ(p.lock(p.locks()[0]).changes, 7u);
}

TEST_F(RecorderTest, AnObjectThatTwoWaitForFirstAtTheSameTimeIsOneLock)
{
	static constexpr int objects = 400;

	ASSERT_EQ(run([] {
		inthreads(
		    [](void *) -> void * {
			    static uint32_t id[objects];
			    static std::atomic<int> here;
			    int i = here++ / 2;

			    while(here < 2 * (i + 1))
				    ;
			    waitonce(&id[i], &id[i]);
			    return nullptr;
		    },
		    2 * objects, 2);
		recorderexit(0);
	}),
	    0);
	Profile p(fileof(pid));
	int locks = 0;
	for(uint64_t i = 2; i < p.section(Slocks).count; i++)
		locks += p.lock((uint32_t)i).kind != 0;
	EXPECT_EQ(locks, objects);
	EXPECT_EQ(p.waits(), 2u * objects);
}

/* When the table begins to be full, objects that come and go share an entry, and what it has counted stays. */
TEST_F(RecorderTest, AnEntryThatTwoWouldTakeOverAtTheSameTimeKeepsItsCounts)
{
	static constexpr int others = 1100, rounds = 400;

	ASSERT_EQ(run([] {
		static uint32_t id[others];
		static long object;
		static std::atomic<int> here;

		for(uint32_t &i : id)
			waitonce(&i, &i);
		for(int i = 0; i < rounds; i++) {
			here = 0;
			inthreads(
			    [](void *) -> void * {
				    here++;
				    while(here < 2)
					    ;
				    waitonce(&object, nullptr);
				    return nullptr;
			    },
			    2, 2);
			objectgone(&object);
		}
		recorderexit(0);
	}),
	    0);
	Profile p(fileof(pid));
	uint64_t waits = 0, used = 0;
	for(uint32_t l : p.locks()) {
		used++;
		waits += p.sum(&Fpair::waits, l);
	}
	EXPECT_EQ(waits, others + 2u * rounds);
	EXPECT_LT(used, others + 20u);
}

TEST_F(RecorderTest, AnObjectThatNobodyWaitsForAnyMoreIsCountedOn)
{
	static Counting held, gone, left, freed, other;
	uint32_t skip = 0;

	ASSERT_EQ(run([&] {
		char *page = (char *)mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		Counting *unmapped = (Counting *)page;

		for(Counting *o : {&held, &gone, &left, &freed, &other, unmapped}) {
			o->wait();
			o->acquired = 5002;
			o->changes = 4;
		}
		holdsample(&held, held.id, 10, &skip);
		objectends(&gone, gone.id);
		memset(&gone, 0xff, sizeof gone);
		/* Nothing after these is believed. */
		freed.word = 0x80;
		other.id++;
		munmap(page, 4096);
		recorderexit(0);
	}),
	    0);
	Profile p(fileof(pid));
	for(uint32_t id : p.locks()) {
		const Flock &l = p.lock(id);
		bool last = l.address == (uintptr_t)&held || l.address == (uintptr_t)&gone ||
			    l.address == (uintptr_t)&left;

		EXPECT_TRUE(l.flags & Lcounts);
		EXPECT_EQ(l.acquired, last ? 5002u : 2u);
		EXPECT_EQ(l.changes, last ? 4u : 2u);
	}
	EXPECT_EQ(p.locks().size(), 6u);
}

TEST_F(RecorderTest, WhatTheRecorderTakesIsInTheLifeOfItsThreads)
{
	ASSERT_EQ(run([] {
		if(fork() == 0) {
			recorderforked();
			recorderexit(0);
			_exit(0);
		}
		wait(nullptr);
		recorderexit(0);
	}),
	    0);
	EXPECT_EQ(files().size(), 2u);
	for(const std::string &f : files()) {
		Profile p(f);
		const Fheader &h = p.header();

		ASSERT_EQ(p.threads().size(), 1u);
		EXPECT_EQ(p.threads()[0].born, h.start.ticks);
		EXPECT_GT(h.overhead, 0u);
		EXPECT_LE(h.overhead, h.last[h.lastslot & 1].ticks - p.threads()[0].born);
	}
}

TEST_F(RecorderTest, HoldsAreSampledAtRandomOneIn64AndLaterOneIn256)
{
	ASSERT_EQ(run([] {
		static uint32_t object[20];
		uint64_t total = 0;
		uint32_t skip = 0, same = 0, before;

		for(uint32_t &o : object)
			waitonce(&o, &o);
		for(int i = 0; i < 20000; i++) {
			before = skip;
			holdsample(&object[i % 20], object[i % 20], 10, &skip);
			total += skip;
			same += skip == before;
		}
		NEED(total > 4600000 && total < 4870000);
		NEED(same < 20000 / 32);
	}),
	    0);
	Profile p(fileof(pid));
	uint64_t holds = 0, ticks = 0;
	for(uint32_t id : p.locks()) {
		holds += p.lock(id).holds;
		ticks += p.lock(id).holdticks;
	}
	for(const Fhold &h : p.at<Farea>(Sareas, 0).hold) {
		EXPECT_EQ(h.max, 10u);
		holds += h.samples;
		ticks += h.ticks;
	}
	/* 2048, and the others four times. */
	EXPECT_EQ(holds, 73856u);
	EXPECT_EQ(ticks, 738560u);
}

static uint32_t shared[8];

template <bool orderly>
static void *
somewaits(void *)
{
	for(uint32_t i = 0; i < 100; i++)
		Waiting(&shared[i % 8], &shared[i % 8], Kmutex, 0x1000 + i % 5).end();
	if(orderly)
		threadgone();
	return nullptr;
}

TEST_F(RecorderTest, ThreadsThatComeAndGoGiveTheirPageBack)
{
	ASSERT_EQ(run([] { inthreads(somewaits<true>, 600, 20); }, "1"), 0);
	Profile p(fileof(pid));
	EXPECT_EQ(p.waits(), 60000u);
	EXPECT_EQ(p.sum(&Fpair::last), 60000u);
	EXPECT_EQ(p.sum(&Fpair::ticks), p.ticks());
	EXPECT_EQ(p.section(Sareas).lost, 0u);
	EXPECT_EQ(p.section(Spairs).lost, 0u);
	EXPECT_EQ(p.threads().size(), 601u);
	EXPECT_NE(p.threads()[5].died, 0u);
	EXPECT_EQ(p.threads()[5].area, 0u);
	for(uint64_t i = 1; i < p.section(Sareas).count; i++)
		EXPECT_EQ(p.at<Farea>(Sareas, i).thread, 0u);
}

TEST_F(RecorderTest, ThePagesOfThreadsThatVanishAreFoundAgain)
{
	ASSERT_EQ(run([] { inthreads(somewaits<false>, 600, 20); }, "1"), 0);
	Profile p(fileof(pid));
	EXPECT_EQ(p.waits(), 60000u);
	EXPECT_EQ(p.sum(&Fpair::last), 60000u);
	EXPECT_EQ(p.section(Sareas).lost, 0u);
}

TEST_F(RecorderTest, MoreThreadsThanEntriesAreCountedTogether)
{
	ASSERT_EQ(run([] { inthreads(somewaits<true>, 1500, 100); }, "1"), 0);
	Profile p(fileof(pid));
	EXPECT_GT(p.header().otherwaits, 0u);
	EXPECT_GT(p.section(Sthreads).lost, 0u);
	EXPECT_EQ(p.waits(), 150000u);
	EXPECT_EQ(p.sum(&Fpair::last), 150000u);
	EXPECT_EQ(p.sum(&Fpair::ticks), p.ticks());
}
