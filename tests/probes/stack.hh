/*
 * For the tests of stacks: what a child's stack was, by the recorder and by
 * glibc's backtrace.
 */
#ifndef TESTS_PROBES_STACK_HH
#define TESTS_PROBES_STACK_HH

#include "tests/probes/profile.hh"

#include <execinfo.h>

/* What a child found, where the test can see it. */
struct Found {
	uint32_t id[16];
	void *frame[16][64];
	int n[16];
	int mallocs;
};

class StackTest : public RecorderTest {
      public:
	static inline Found *found;

	void
	SetUp() override
	{
		RecorderTest::SetUp();
		found = (Found *)mmap(
		    nullptr, sizeof(Found), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		memset(found, 0, sizeof *found);
	}

	void
	TearDown() override
	{
		munmap(found, sizeof *found);
		RecorderTest::TearDown();
	}

	/* Here, by the recorder and by glibc; the frame of the caller of this comes first in both. */
	static __attribute__((noinline)) void
	take(int i, bool compare = true)
	{
		uint32_t id = wakerstack((uintptr_t)__builtin_return_address(0));

		found->id[i] = id;
		if(compare)
			found->n[i] = backtrace(found->frame[i], 64);
	}

	/* backtrace's frame that is the recorder's first: take's own come before it. */
	size_t
	skipped(int i, uintptr_t first)
	{
		int k = 0;

		while(k < found->n[i] && (uintptr_t)found->frame[i][k] != first)
			k++;
		return (size_t)k;
	}

	/* Recorder's frames against backtrace's. */
	void
	expectsame(int i)
	{
		Profile p(fileof(pid));
		bool truncated = true;

		ASSERT_NE(found->id[i], 0u);
		std::vector<Fpc> f = p.stack(found->id[i], &truncated);
		EXPECT_FALSE(truncated);
		size_t skip = skipped(i, p.address(f[0]));
		ASSERT_EQ(f.size(), (size_t)found->n[i] - skip);
		for(size_t k = 0; k < f.size(); k++)
			EXPECT_EQ(p.address(f[k]), (uintptr_t)found->frame[i][k + skip]) << "frame " << k;
	}

	/* glibc's own loads its library the first time. */
	static void
	warm()
	{
		void *f[4];

		backtrace(f, 4);
	}
};

static volatile int after; /* so that nothing above is a tail call */

static __attribute__((noinline)) void
nest(int depth, const std::function<void()> &f)
{
	if(depth > 0)
		nest(depth - 1, f);
	else
		f();
	after = after + 1;
}

#endif
