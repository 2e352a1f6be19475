// Names, lines and inlined functions, from files that the test compiles.
#include <gtest/gtest.h>
#include <gelf.h>
#include <fcntl.h>
#include <unistd.h>
#include "builder.hh"

static const char source[] = "struct Pool { int busy; long lock[5]; };\n"			// 1
			     "struct Pool pool;\n"						// 2
			     "static volatile int hidden[4];\n"					// 3
			     "extern void *volatile sink;\n"					// 4
			     "void *volatile sink;\n"						// 5
			     "__attribute__((noinline)) void leaf(void)\n"			// 6
			     "{ sink = __builtin_return_address(0); hidden[sink != 0] = 1; }\n" // 7
			     "static inline __attribute__((always_inline)) void inner(int n)\n" // 8
			     "{\n"								// 9
			     "	leaf();\n"							// 10
			     "	if(n) sink = 0;\n"						// 11
			     "}\n"								// 12
			     "void *outer(int n)\n"						// 13
			     "{\n"								// 14
			     "	void *p;\n"							// 15
			     "	inner(0);\n"							// 16
			     "	p = sink; sink = 0;\n"						// 17
			     "	return p;\n"							// 18
			     "}\n";								// 19

// A library made from the source, and where things are in it.
struct Library {
	Tempdir d;
	std::string path;
	std::vector<uint8_t> id;

	int
	run(const std::string &cmd)
	{
		return system(("cd " + d.path + " && " + cmd).c_str());
	}
	Library(const std::string &compiler)
	{
		d.file("lib.c", source);
		path = d.path + "/lib.so";
		if(run(compiler + " -g -O2 -fPIC -shared -Wl,--build-id=sha1 lib.c -o lib.so") != 0)
			path = "";
	}
	// The value of a symbol, from nm.
	uint64_t
	symbol(const char *name)
	{
		char buf[64] = "";
		FILE *f = popen(("nm " + d.path + "/whole.so 2>/dev/null | grep ' " + name + "$' || nm " + path +
				    " | grep ' " + name + "$'")
				    .c_str(),
		    "r");

		if(fgets(buf, sizeof buf, f) == nullptr)
			buf[0] = 0;
		pclose(f);
		return strtoull(buf, nullptr, 16);
	}
	// The address behind the call of leaf in outer.
	uint64_t
	call()
	{
		char buf[256];
		uint64_t at = 0;
		bool seen = false, in = false;
		FILE *f = popen(("objdump -d --no-show-raw-insn " + path).c_str(), "r");

		while(fgets(buf, sizeof buf, f) != nullptr) {
			if(strstr(buf, "<outer>:") != nullptr)
				in = true;
			if(seen) {
				at = strtoull(buf, nullptr, 16);
				break;
			}
			if(in && strstr(buf, "call") != nullptr && strstr(buf, "leaf") != nullptr)
				seen = true;
		}
		pclose(f);
		return at;
	}
	std::vector<uint8_t>
	buildid()
	{
		std::vector<uint8_t> v;
		char hex[128] = "";
		FILE *f = popen(("readelf -n " + path + " | sed -n 's/.*Build ID: //p'").c_str(), "r");

		if(fgets(hex, sizeof hex, f) != nullptr)
			for(char *s = hex; s[0] > ' ' && s[1] > ' '; s += 2)
				v.push_back((uint8_t)strtoul(std::string(s, 2).c_str(), nullptr, 16));
		pclose(f);
		return v;
	}
};

struct Open {
	Arena a{};
	Symbols *s = symopen(&a, 1);

	~Open()
	{
		symclose(s);
		afree(&a);
	}
	const Chain *
	code(const std::string &path, const std::vector<uint8_t> &id, uint64_t off)
	{
		return symcode(s, symmodule(s, path.c_str(), id.data(), (uint32_t)id.size()), off);
	}
};

static void
expectinlined(const Chain *c)
{
	ASSERT_EQ(c->n, 2);
	EXPECT_STREQ(c->site[0].function, "inner");
	EXPECT_EQ(c->site[0].line, 10);
	EXPECT_TRUE(c->site[0].inlined);
	ASSERT_NE(c->site[0].file, nullptr);
	EXPECT_NE(strstr(c->site[0].file, "lib.c"), nullptr);
	EXPECT_STREQ(c->site[1].function, "outer");
	EXPECT_EQ(c->site[1].line, 16);
	EXPECT_FALSE(c->site[1].inlined);
}

TEST(Symbols, FindsInlinedFunctionsAndTheLineOfTheCall)
{
	Library l("gcc");
	Open o;

	ASSERT_NE(l.path, "");
	ASSERT_NE(l.call(), 0u);
	expectinlined(o.code(l.path, l.buildid(), l.call()));
	EXPECT_EQ(o.code(l.path, l.buildid(), l.call()), o.code(l.path, l.buildid(), l.call())) << "asked for once";
}

TEST(Symbols, NeedsNoTableOfAddressRanges)
{
	Library l("gcc");
	Open o;

	if(l.run("objcopy --remove-section .debug_aranges lib.so") != 0)
		GTEST_SKIP() << "no objcopy";
	expectinlined(o.code(l.path, l.buildid(), l.call()));
}

TEST(Symbols, ReadsDebugInformationFromAnotherFile)
{
	Library l("gcc");
	Open o;
	uint64_t call = l.call();

	ASSERT_EQ(l.run("cp lib.so whole.so && objcopy --only-keep-debug lib.so lib.debug && "
			"objcopy --strip-all --add-gnu-debuglink=lib.debug lib.so"),
	    0);
	expectinlined(o.code(l.path, l.buildid(), call));
	EXPECT_STREQ(symdata(o.s, symmodule(o.s, l.path.c_str(), nullptr, 0), l.symbol("hidden") + 4), "hidden+0x4");
}

TEST(Symbols, NamesTheFunctionWithoutDebugInformation)
{
	Library l("gcc");
	Open o;
	uint64_t call = l.call();

	ASSERT_EQ(l.run("objcopy --strip-debug lib.so"), 0);
	const Chain *c = o.code(l.path, {}, call);
	ASSERT_EQ(c->n, 1);
	EXPECT_STREQ(c->site[0].function, "outer");
	EXPECT_EQ(c->site[0].file, nullptr);
	EXPECT_EQ(c->site[0].line, 0);
}

TEST(Symbols, NamesVariablesAndWhatLiesInThem)
{
	Library l("gcc");
	Open o;
	Module *m = symmodule(o.s, l.path.c_str(), nullptr, 0);

	EXPECT_STREQ(symdata(o.s, m, l.symbol("pool")), "pool");
	EXPECT_STREQ(symdata(o.s, m, l.symbol("pool") + 8), "pool+0x8");
	EXPECT_STREQ(symdata(o.s, m, l.symbol("hidden") + 8), "hidden+0x8");
	EXPECT_EQ(symdata(o.s, m, l.symbol("outer")), nullptr) << "a function is no variable";
	EXPECT_EQ(symdata(o.s, m, 0xfffffff), nullptr);
}

TEST(Symbols, DoesNotBelieveAFileThatWasReplaced)
{
	Library l("gcc");
	Open o;
	std::vector<uint8_t> id = l.buildid();

	ASSERT_EQ(id.size(), 20u);
	id[3] ^= 1;
	const Chain *c = o.code(l.path, id, l.call());
	ASSERT_EQ(c->n, 1);
	EXPECT_FALSE(c->site[0].named);
	EXPECT_EQ(strncmp(c->site[0].function, "lib.so+0x", 9), 0);
	EXPECT_NE(strstr(modulewarning(symmodule(o.s, l.path.c_str(), id.data(), 20)), "replaced"), nullptr);
}

TEST(Symbols, SurvivesFilesThatAreNone)
{
	Tempdir d;
	Open o;

	for(std::string path : {std::string("/dev/zero"), std::string("/nowhere"), std::string("[vdso]"),
		std::string(""), d.path, d.file("text", "no program"), d.file("short", "\177ELF")}) {
		const Chain *c = o.code(path, {1, 2, 3}, 0x10);

		EXPECT_EQ(c->n, 1) << path;
		EXPECT_FALSE(c->site[0].named);
	}
	EXPECT_STREQ(symcode(o.s, nullptr, 0x10)->site[0].function, "0x10");
}
