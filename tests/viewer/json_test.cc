// The JSON of version 1: the keys that other programs rely on, and their types.
#include <gtest/gtest.h>
#include <jansson.h>
#include "builder.hh"

static json_t *
written(const Report *r)
{
	char *buf = nullptr;
	size_t n = 0;
	FILE *f = open_memstream(&buf, &n);
	json_error_t e;

	EXPECT_EQ(writejson(f, r), 0);
	fclose(f);
	json_t *o = json_loadb(buf, n, 0, &e);
	EXPECT_NE(o, nullptr) << e.text << " line " << e.line;
	free(buf);
	return o;
}

static std::string
string(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	EXPECT_TRUE(json_is_string(v)) << key;
	return json_is_string(v) ? json_string_value(v) : "";
}

static json_int_t
integer(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	EXPECT_TRUE(json_is_integer(v)) << key;
	return json_integer_value(v);
}

static void
expectsite(json_t *s, const char *function)
{
	ASSERT_TRUE(json_is_object(s));
	EXPECT_EQ(string(s, "function"), function);
	EXPECT_TRUE(json_is_null(json_object_get(s, "file")));
	EXPECT_TRUE(json_is_null(json_object_get(s, "line")));
	EXPECT_EQ(string(s, "module"), "/nowhere/prog");
	EXPECT_EQ(string(s, "offset").substr(0, 2), "0x");
}

TEST(Json, HasTheKeysOfVersionOne)
{
	Builder b;
	int m = b.module("/nowhere/prog", 0x400000, 0x10000, 0x400000);
	uint32_t l = b.lock(Kmutex, 0x7000, FPC(m, 0x10)), c = b.lock(Kcond, 0x8000);

	b.locks[l].flags = Lcounts;
	b.locks[l].acquired = 100;
	b.locks[l].changes = 40;
	b.locks[l].holds = 2;
	b.locks[l].holdticks = 400;
	b.locks[l].holdmax = 300;
	b.pair(l, 2, 2000, b.stack({FPC(m, 0x100), FPC(m, 0x180)}), FPC(m, 0x200), b.stack({FPC(m, 0x300)}));
	b.pair(c, 1, 50, b.stack({FPC(m, 0x110)})).end = Etimeout;
	b.pairs.back().op = Owait;
	b.thread(42, "worker", 2000, 3000);
	b.h.section[Spairs].lost = 3;
	b.h.section[Sareas].lost = 5;
	b.h.stackscut = 6;
	Made made(b.bytes());
	json_t *o = written(made.r), *p, *k, *q, *h;

	EXPECT_EQ(string(o, "format"), "rendez-report");
	EXPECT_EQ(integer(o, "version"), 1);
	p = json_array_get(json_object_get(o, "processes"), 0);
	EXPECT_EQ(integer(p, "pid"), 1234);
	EXPECT_EQ(string(p, "program"), "/nowhere/prog");
	EXPECT_EQ(string(p, "ended"), "exit");
	EXPECT_EQ(integer(p, "duration_ns"), 500000);
	EXPECT_EQ(integer(p, "lost"), 3) << "a thread without a page has lost nothing";
	EXPECT_EQ(integer(p, "threads_unwatched"), 5);
	EXPECT_EQ(integer(p, "threads_unlisted"), 0);
	EXPECT_EQ(integer(p, "waits_unlisted"), 0);
	EXPECT_EQ(integer(p, "waits_unrecorded"), 0);
	EXPECT_EQ(integer(p, "stacks_cut"), 6);
	EXPECT_EQ(integer(json_array_get(json_object_get(p, "threads"), 0), "tid"), 42);
	EXPECT_EQ(string(json_array_get(json_object_get(p, "threads"), 0), "name"), "worker");
	k = json_array_get(json_object_get(p, "locks"), 0);
	EXPECT_EQ(string(k, "kind"), "mutex");
	EXPECT_EQ(string(k, "address"), "0x7000");
	string(k, "name");
	expectsite(json_object_get(k, "init"), "prog+0x10");
	EXPECT_EQ(integer(k, "acquired"), 100);
	EXPECT_EQ(integer(k, "owner_changes"), 40);
	EXPECT_EQ(integer(k, "contended"), 2);
	EXPECT_EQ(integer(k, "waits"), 2);
	EXPECT_EQ(integer(k, "timeouts"), 0);
	h = json_object_get(k, "wait_ns");
	EXPECT_EQ(integer(h, "total"), 1000);
	EXPECT_EQ(integer(h, "max"), 1000);
	EXPECT_EQ(json_integer_value(json_array_get(json_array_get(json_object_get(h, "histogram"), 0), 0)), 512);
	EXPECT_EQ(json_integer_value(json_array_get(json_array_get(json_object_get(h, "histogram"), 0), 1)), 2);
	h = json_object_get(k, "hold_ns");
	EXPECT_EQ(integer(h, "samples"), 2);
	EXPECT_EQ(integer(h, "total"), 200);
	EXPECT_EQ(integer(h, "max"), 150);
	q = json_array_get(json_object_get(k, "pairs"), 0);
	EXPECT_EQ(string(q, "op"), "lock");
	EXPECT_EQ(string(q, "end"), "acquired");
	EXPECT_EQ(integer(q, "waits"), 2);
	EXPECT_EQ(integer(q, "wait_ns"), 1000);
	expectsite(json_object_get(q, "waiter"), "prog+0x100");
	expectsite(json_object_get(q, "holder"), "prog+0x200");
	expectsite(json_object_get(q, "waker"), "prog+0x300");
	EXPECT_EQ(json_array_size(json_object_get(q, "waiter_stack")), 2u);
	expectsite(json_array_get(json_object_get(q, "waiter_stack"), 1), "prog+0x180");
	EXPECT_EQ(json_array_size(json_object_get(q, "waker_stack")), 1u);

	k = json_array_get(json_object_get(p, "locks"), 1);
	EXPECT_EQ(string(k, "kind"), "cond");
	for(const char *key : {"init", "acquired", "owner_changes", "hold_ns"})
		EXPECT_TRUE(json_is_null(json_object_get(k, key))) << key;
	EXPECT_EQ(integer(k, "timeouts"), 1);
	q = json_array_get(json_object_get(k, "pairs"), 0);
	EXPECT_EQ(string(q, "op"), "wait");
	EXPECT_EQ(string(q, "end"), "timeout");
	EXPECT_TRUE(json_is_null(json_object_get(q, "holder")));
	EXPECT_TRUE(json_is_null(json_object_get(q, "waker")));
	EXPECT_EQ(json_array_size(json_object_get(q, "waker_stack")), 0u);
	json_decref(o);
}

TEST(Json, HasNoStatusThatIsNotKnown)
{
	Builder b;

	for(int ended : {Fexit, Fsignal, Fexec, Frunning}) {
		b.h.ended = (uint32_t)ended;
		Made made(b.bytes());
		json_t *o = written(made.r), *p = json_array_get(json_object_get(o, "processes"), 0);

		EXPECT_EQ(json_is_null(json_object_get(p, "status")), ended == Fexec || ended == Frunning) << ended;
		EXPECT_TRUE(json_object_get(p, "status") != nullptr);
		json_decref(o);
	}
}

TEST(Json, IsValidWhateverTheFileSays)
{
	Builder b;
	uint32_t l = b.lock(Kmutex, UINT64_MAX);

	b.pair(l, UINT64_MAX, UINT64_MAX, b.stack({1}));
	b.pair(l, UINT64_MAX, UINT64_MAX, b.stack({1}));
	b.thread(-5, "\xff\"\\\n", 5, 1);
	b.h.pid = -1;
	memset(b.h.exe, '"', sizeof b.h.exe);
	Made made(b.bytes());
	json_t *o = written(made.r);

	ASSERT_NE(o, nullptr);
	json_decref(o);
}

TEST(Json, OfNothingHasNoProcesses)
{
	Report *r = reportnew(0);
	json_t *o = written(r);

	EXPECT_EQ(json_array_size(json_object_get(o, "processes")), 0u);
	json_decref(o);
	reportfree(r);
}

TEST(Load, KeepsALineOfQuietProcesses)
{
	Tempdir d;
	Builder b;
	Made made(b.bytes());
	b.h.pid = 1235;
	Made second(b.bytes());
	char err[ERRLEN], *line = quietline(&made.process()), *other = quietline(&second.process());
	Report *r = reportnew(0);

	d.file(QUIETFILE, std::string(line) + other + line + "{broken");
	EXPECT_TRUE(hasprofiles(d.path.c_str()));
	EXPECT_EQ(load(r, d.path.c_str(), err), 3);
	ASSERT_EQ(r->nprocess, 2) << "one process is there once, however often it is found";
	EXPECT_EQ(r->process[1].pid, 1235);
	EXPECT_STREQ(r->process[1].args, "prog -x");
	EXPECT_STREQ(r->process[1].ended, "exit");
	EXPECT_EQ(r->process[1].durationns, 500000u);
	free(line);
	free(other);
	reportfree(r);
}

TEST(Load, ADamagedFileDoesNotHideTheOthers)
{
	Tempdir d;
	Builder b;
	char err[ERRLEN];
	Report *r = reportnew(0);

	d.file("1.rendez", b.bytes());
	d.file("2.rendez", b.bytes().substr(0, 100));
	d.file("3.rendez", "");
	d.file("notes.txt", "mine");
	EXPECT_EQ(load(r, d.path.c_str(), err), 1);
	ASSERT_EQ(r->nwarning, 1);
	EXPECT_NE(strstr(r->warning[0], "2.rendez: damaged"), nullptr) << "and no word of what is not made yet";
	EXPECT_EQ(r->unread, 1);
	reportfree(r);
}

TEST(Load, SaysThatThereIsNothing)
{
	Tempdir d;
	char err[ERRLEN];
	Report *r = reportnew(0);

	EXPECT_EQ(load(r, d.path.c_str(), err), -1);
	EXPECT_NE(strstr(err, "no profiles"), nullptr);
	EXPECT_FALSE(hasprofiles(d.path.c_str()));
	reportfree(r);
}
