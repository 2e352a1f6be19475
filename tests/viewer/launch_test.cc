// Which programs are refused, and why; and the order of preloaded libraries.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include "builder.hh"

static int
look(const std::string &prog, std::string *err = nullptr, std::string *asan = nullptr)
{
	char why[ERRLEN] = "";
	Launch l;
	int r = launchcheck(prog.c_str(), &l, why);

	if(err != nullptr)
		*err = why;
	if(asan != nullptr)
		*asan = l.asan != nullptr ? l.asan : "";
	launchfree(&l);
	return r;
}

static bool
compile(Tempdir &d, const char *how, std::string *path)
{
	d.file("m.c", "int main(void) { return 0; }\n");
	*path = d.path + "/prog";
	return system(("cd " + d.path + " && " + how + " m.c -o prog >/dev/null 2>&1").c_str()) == 0;
}

static void
refused(const char *how, const char *why)
{
	Tempdir d;
	std::string path, err;

	if(!compile(d, how, &path))
		GTEST_SKIP() << "cannot build with: " << how;
	EXPECT_EQ(look(path, &err), 126);
	EXPECT_NE(err.find(why), std::string::npos) << err;
	/* and so is a script that it is the interpreter of */
	std::string script = d.file("script", "#!" + path + " x\n");
	chmod(script.c_str(), 0755);
	EXPECT_EQ(look(script, &err), 126);
	EXPECT_NE(err.find(why), std::string::npos) << err;
}

TEST(Launch, TakesAnOrdinaryProgram)
{
	Tempdir d;
	std::string path, err;

	ASSERT_TRUE(compile(d, "gcc", &path));
	EXPECT_EQ(look(path, &err), 0) << err;
	EXPECT_EQ(look("sh", &err), 0) << err;
	ASSERT_TRUE(compile(d, "gcc -no-pie", &path));
	EXPECT_EQ(look(path, &err), 0) << err;
}

TEST(Launch, RefusesStatic)
{
	refused("gcc -static", "statically linked");
}

TEST(Launch, RefusesStaticPie)
{
	refused("gcc -static-pie", "statically linked");
}

TEST(Launch, RefusesAnotherLibc)
{
	refused("musl-gcc", "another C library");
}

TEST(Launch, RefusesAnotherMachine)
{
	Tempdir d;
	std::string path, err;

	ASSERT_TRUE(compile(d, "gcc", &path));
	FILE *f = fopen(path.c_str(), "r+");
	fseek(f, 18, SEEK_SET); // e_machine
	fputc(0xf3, f);
	fclose(f);
	EXPECT_EQ(look(path, &err), 126);
	EXPECT_NE(err.find("another machine"), std::string::npos) << err;
}

TEST(Launch, RefusesThirtyTwoBits)
{
	refused("gcc -m32 -nostdlib -Wl,-e,main", "32-bit");
}

TEST(Launch, RefusesThreadSanitizerOfGcc)
{
	refused("gcc -fsanitize=thread", "ThreadSanitizer");
}

TEST(Launch, RefusesThreadSanitizerOfClang)
{
	refused("clang -fsanitize=thread", "ThreadSanitizer");
}

TEST(Launch, KnowsTheAddressSanitizerOfGcc)
{
	Tempdir d;
	std::string path, asan, err;

	if(!compile(d, "gcc -fsanitize=address", &path))
		GTEST_SKIP() << "no libasan";
	EXPECT_EQ(look(path, &err, &asan), 0) << err;
	EXPECT_EQ(asan.substr(0, 10), "libasan.so");
}

TEST(Launch, RefusesSetuidOfAnother)
{
	Tempdir d;
	std::string path, err;

	if(getuid() != 0)
		GTEST_SKIP() << "needs to give a file away";
	ASSERT_TRUE(compile(d, "gcc", &path));
	ASSERT_EQ(chown(path.c_str(), 1, 1), 0);
	ASSERT_EQ(chmod(path.c_str(), 04755), 0);
	EXPECT_EQ(look(path, &err), 126);
	EXPECT_NE(err.find("setuid"), std::string::npos) << err;
	ASSERT_EQ(chmod(path.c_str(), 02755), 0);
	EXPECT_EQ(look(path, &err), 126);
	EXPECT_NE(err.find("setgid"), std::string::npos) << err;
	ASSERT_EQ(chmod(path.c_str(), 02745), 0);
	EXPECT_EQ(look(path, &err), 0) << "setgid without execution by the group is something else";
}

TEST(Launch, RefusesWhatIsNoProgram)
{
	Tempdir d;
	std::string err;

	EXPECT_EQ(look("/nowhere/prog", &err), 127);
	EXPECT_EQ(look("no-such-program-anywhere", &err), 127);
	EXPECT_EQ(look("", &err), 127);
	EXPECT_EQ(look(d.path, &err), 126);
	EXPECT_NE(err.find("directory"), std::string::npos) << err;
	EXPECT_EQ(look(d.file("plain", "x"), &err), 126);
	EXPECT_EQ(look("/dev/null", &err), 126);
	std::string bad = d.file("bad", "\177ELF and no more");
	chmod(bad.c_str(), 0755);
	EXPECT_EQ(look(bad, &err), 126);
}

TEST(Launch, FollowsScripts)
{
	Tempdir d;
	std::string err, s;

	s = d.file("good", "#! /bin/sh -e\n");
	chmod(s.c_str(), 0755);
	EXPECT_EQ(look(s, &err), 0) << err;
	s = d.file("env", "#!/usr/bin/env sh\n");
	chmod(s.c_str(), 0755);
	EXPECT_EQ(look(s, &err), 0) << err;
	s = d.file("gone", "#!/nowhere/sh\n");
	chmod(s.c_str(), 0755);
	EXPECT_EQ(look(s, &err), 126);
	s = d.file("empty", "#!\n");
	chmod(s.c_str(), 0755);
	EXPECT_EQ(look(s, &err), 126);
	s = d.path + "/self";
	d.file("self", "#!" + s + "\n");
	chmod(s.c_str(), 0755);
	EXPECT_EQ(look(s, &err), 126) << "a script that is its own interpreter";
	s = d.file("plain", "echo a script without a first line\n");
	chmod(s.c_str(), 0755);
	EXPECT_EQ(look(s, &err), 0) << err;
}

static std::string
preload(const char *old, const char *asan, int *first)
{
	char *s = preloadwith("/l/librendez.so", old, asan, first);
	std::string r = s;

	free(s);
	return r;
}

TEST(Preload, ComesFirstButForTheAddressSanitizer)
{
	int first;

	EXPECT_EQ(preload(nullptr, nullptr, &first), "/l/librendez.so");
	EXPECT_FALSE(first);
	EXPECT_EQ(preload("", nullptr, &first), "/l/librendez.so");
	EXPECT_EQ(preload("/x/libjemalloc.so.2 b.so", nullptr, &first), "/l/librendez.so:/x/libjemalloc.so.2 b.so");
	EXPECT_FALSE(first);
	EXPECT_EQ(preload("/x/libasan.so.8:b.so", nullptr, &first), "/x/libasan.so.8:/l/librendez.so:b.so");
	EXPECT_TRUE(first);
	EXPECT_EQ(preload(" libasan.so.8", "libasan.so.8", &first), "libasan.so.8:/l/librendez.so");
	EXPECT_EQ(preload("b.so", "libasan.so.8", &first), "libasan.so.8:/l/librendez.so:b.so");
	EXPECT_TRUE(first);
	EXPECT_EQ(preload("b.so:libasan.so.8", nullptr, &first), "/l/librendez.so:b.so:libasan.so.8");
	EXPECT_FALSE(first);
}
