// The reader: what is damaged is refused or survived, in every form.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include "builder.hh"

TEST(Read, TakesAFullAndACutFile)
{
	Builder b;

	b.lock(Kmutex, 0x1000);
	for(size_t room : {0, 100}) {
		Profile *p = parse(b.bytes(room));

		ASSERT_NE(p, nullptr);
		EXPECT_EQ(p->nlock, 3 + room);
		EXPECT_EQ(p->lock[2].address, 0x1000u);
		profilefree(p);
	}
}

TEST(Read, RefusesWhatIsNoProfile)
{
	std::string err;

	for(std::string s : {std::string(), std::string("rendez"), std::string(5000, 'x'), std::string(5000, '\0')}) {
		EXPECT_EQ(parse(s, &err), nullptr);
		EXPECT_NE(err.find("not a profile"), std::string::npos) << err;
	}
}

TEST(Read, SaysThatAProfileIsNewer)
{
	std::string err;
	Builder b;

	b.h.version = FVERSION + 1;
	EXPECT_EQ(parse(b.bytes(), &err), nullptr);
	EXPECT_NE(err.find("newer profile (version 3)"), std::string::npos) << err;
}

TEST(Read, SaysThatAProfileIsOlder)
{
	std::string err;
	Builder b;

	b.h.version = FVERSION - 1;
	EXPECT_EQ(parse(b.bytes(), &err), nullptr);
	EXPECT_NE(err.find("older profile (version 1)"), std::string::npos) << err;
}

TEST(Read, RefusesSectionsOutsideTheFile)
{
	for(int s = 0; s < NSECT; s++)
		for(int how = 0; how < 4; how++) {
			Builder b;
			std::string err, bytes;
			Fheader h;

			b.lock(Kmutex, 1);
			bytes = b.bytes(2);
			memcpy(&h, bytes.data(), sizeof h);
			if(how == 0)
				h.section[s].off = bytes.size() + 8;
			else if(how == 1)
				h.section[s].count = UINT64_MAX / 8;
			else if(how == 2)
				h.section[s].size++;
			else
				h.section[s].off++;
			memcpy(&bytes[0], &h, sizeof h);
			EXPECT_EQ(parse(bytes, &err), nullptr) << s << " " << how;
			EXPECT_NE(err.find("damaged"), std::string::npos) << err;
		}
}

TEST(Read, SurvivesBeingCutAnywhere)
{
	Builder b;
	uint32_t l = b.lock(Kmutex, 1);

	b.module("/nowhere/lib", 0x1000, 0x1000, 0);
	b.pair(l, 1, 100, b.stack({FPC(0, 16)}));
	std::string whole = b.bytes(1);
	for(size_t n = 0; n < whole.size(); n += 97) {
		Profile *p = parse(whole.substr(0, n));

		if(p != nullptr)
			profilefree(p);
	}
}

TEST(Read, GivesNoStackThatReachesOut)
{
	const Fpc *frames;
	int truncated;
	Builder b;

	uint32_t good = b.stack({1, 2, 3}, true);
	b.stacks.push_back(Fstack{1, 2, 2, 0});
	b.stacks.push_back(Fstack{1, 0xffffffff, 2, 0});
	b.stacks.push_back(Fstack{1, 0, FMAXFRAMES + 1, 0});
	Profile *p = parse(b.bytes());
	ASSERT_NE(p, nullptr);
	EXPECT_EQ(profilestack(p, good, &frames, &truncated), 3);
	EXPECT_EQ(frames[2], 3u);
	EXPECT_TRUE(truncated);
	for(uint32_t id : {0u, 2u, 3u, 4u, 5u, 0xffffffffu})
		EXPECT_EQ(profilestack(p, id, &frames, &truncated), 0) << id;
	profilefree(p);
}

TEST(Read, TurnsTicksIntoNanoseconds)
{
	Builder b;
	Profile *p = parse(b.bytes());

	EXPECT_EQ(profilens(p, 1000000), 500000u);
	EXPECT_FALSE(p->clockunsure);
	profilefree(p);
	b.h.last[0] = Fclock{0, 0};
	p = parse(b.bytes());
	EXPECT_TRUE(p->clockunsure);
	profilefree(p);
	b.h.clockkind = 0;
	p = parse(b.bytes());
	EXPECT_FALSE(p->clockunsure);
	EXPECT_EQ(profilens(p, 123), 123u);
	profilefree(p);
}

TEST(Read, AForkedChildHasItsParentsClock)
{
	Builder b;

	b.h.before = Fclock{1000, 5000};
	b.h.start = b.h.last[0] = Fclock{1001000, 505000};
	Profile *p = parse(b.bytes());
	EXPECT_FALSE(p->clockunsure);
	EXPECT_EQ(profilens(p, 1000000), 500000u);
	EXPECT_EQ(p->endticks, 1001000u);
	profilefree(p);
	/* A later one is a lie. */
	b.h.before = Fclock{2000000, 6000};
	p = parse(b.bytes());
	EXPECT_TRUE(p->clockunsure);
	profilefree(p);
}

TEST(Read, AProcessLivedUntilTheLastThingItTellsATimeOf)
{
	Builder b;
	Farea a{};

	b.threads.push_back(Fthread{});
	b.threads[0].tid = 1;
	b.threads[0].born = 1000;
	b.threads[0].seen = 2000000;
	Profile *p = parse(b.bytes());
	EXPECT_EQ(p->endticks, 2000000u);
	profilefree(p);
	a.thread = 1;
	a.current.begun = 3000000;
	b.areas.push_back(a);
	p = parse(b.bytes());
	EXPECT_EQ(p->endticks, 2000000u);
	profilefree(p);
	b.areas[0].current.lock = 2;
	p = parse(b.bytes());
	EXPECT_EQ(p->endticks, 3000000u);
	profilefree(p);
}

TEST(Read, RefusesATimeThatCannotBe)
{
	std::string err;
	Builder b;

	b.thread(1, "t", 1000, 7ull << 60);
	EXPECT_EQ(parse(b.bytes(), &err), nullptr);
	EXPECT_NE(err.find("damaged profile: it tells of a time that cannot be"), std::string::npos) << err;
}

TEST(Read, TakesPlainFilesOnly)
{
	char err[ERRLEN];
	Tempdir d;

	EXPECT_EQ(profileread("/dev/zero", err), nullptr);
	EXPECT_EQ(profileread(d.path.c_str(), err), nullptr);
	ASSERT_EQ(mkfifo((d.path + "/fifo").c_str(), 0600), 0);
	EXPECT_EQ(profileread((d.path + "/fifo").c_str(), err), nullptr);
	EXPECT_EQ(profileread((d.path + "/nothing").c_str(), err), nullptr);
	EXPECT_NE(strstr(err, "No such file"), nullptr);
}

TEST(Read, KnowsWhetherTheWriterLives)
{
	Fheader h{};

	h.pid = getpid();
	h.starttime = 1;
	EXPECT_FALSE(profilealive("", &h)) << "a pid that is used again";
	h.starttime = 0;
	EXPECT_TRUE(profilealive("", &h));
	h.pidns = 1;
	EXPECT_FALSE(profilealive("", &h)) << "a pid of another namespace, and nobody has the file";
}

TEST(Compact, LosesNothing)
{
	Tempdir d;
	Builder b;
	char err[ERRLEN];
	struct stat st;
	uint32_t l = b.lock(Kmutex, 0x4000);

	b.pairs.push_back(Fpair{});
	b.pair(l, 3, 300, b.stack({5, 6}));
	b.pairs.push_back(Fpair{});
	b.pair(l, 4, 400, b.stack({7, 8}));
	Profile *p = parse(b.bytes(500));
	ASSERT_NE(p, nullptr);
	ASSERT_EQ(compact(p, (d.path + "/x").c_str()), 0);
	EXPECT_EQ(compact(p, (d.path + "/x").c_str()), EEXIST) << "never over another's file";
	profilefree(p);
	stat((d.path + "/x").c_str(), &st);
	EXPECT_LT(st.st_size, 4000);
	EXPECT_EQ(st.st_mode & 0777, 0600u);
	p = profileread((d.path + "/x").c_str(), err);
	ASSERT_NE(p, nullptr) << err;
	EXPECT_EQ(p->npair, 2u);
	EXPECT_EQ(p->pair[1].ticks, 400u);
	EXPECT_EQ(p->nlock, 3u);
	EXPECT_EQ(p->nstack, 2u);
	EXPECT_EQ(p->nframe, 4u);
	profilefree(p);
}
