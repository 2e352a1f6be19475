/*
 * A stack that the recorder takes is the stack that there is, and taking it
 * needs nothing of the program: no allocation, no descriptor, no readable memory that
 * is not there.
 */
#include "tests/probes/stack.hh"

#include <pthread.h>

#include <atomic>

static std::atomic<int> mallocs; /* of the whole process */

#ifndef __SANITIZE_ADDRESS__
extern "C" void *__libc_malloc(size_t);

extern "C" void *
malloc(size_t n)
{
	mallocs.fetch_add(1, std::memory_order_relaxed);
	return __libc_malloc(n);
}
#endif

TEST_F(StackTest, IsTheStackThatThereIs)
{
	ASSERT_EQ(run([] {
		warm();
		nest(12, [] { take(0); });
	}),
	    0);
	expectsame(0);
}

TEST_F(StackTest, IsTheSameNumberWhenItIsTheSameStack)
{
	ASSERT_EQ(run([] {
		warm();
		for(int i = 0; i < 3; i++)
			nest(5, [i] { take(i); });
		for(int i = 3; i < 6; i++)
			nest(i, [i] { take(i); });
	}),
	    0);
	EXPECT_EQ(found->id[0], found->id[1]);
	EXPECT_EQ(found->id[0], found->id[2]);
	for(int i = 0; i < 6; i++)
		expectsame(i);
}

TEST_F(StackTest, NeedsNoMalloc)
{
	ASSERT_EQ(run([] {
		static uint32_t id;
		int before = mallocs;

		nest(3, [] { take(0, false); });
		nest(4, [] {
			Waiting w(&id, nullptr);
			waitpark(&w.w);
			w.end();
		});
		found->mallocs = mallocs - before;
	}),
	    0);
	EXPECT_NE(found->id[0], 0u);
	EXPECT_EQ(found->mallocs, 0);
}

static __attribute__((noinline)) void
withalloca(size_t n, const std::function<void()> &f)
{
	char *p = (char *)__builtin_alloca(n);

	memset(p, 1, n);
	__asm__ volatile("" ::"r"(p) : "memory");
	f();
	after = after + 1;
}

static __attribute__((noinline)) void
aligned(const std::function<void()> &f)
{
	alignas(128) char b[256];

	__asm__ volatile("" ::"r"(b) : "memory");
	f();
	after = after + b[0];
}

/* With arguments above its frame, which it must find: the realigned frame remembers where it was. */
static __attribute__((noinline)) void
alignedwithargs(int a, int b, int c, int d, int e, int g, int h, int i, const std::function<void()> &f)
{
	alignas(64) char x[64];
	char *p = (char *)__builtin_alloca((size_t)h);

	__asm__ volatile("" ::"r"(x), "r"(p) : "memory");
	f();
	after = after + a + b + c + d + e + g + h + i + x[0];
}

TEST_F(StackTest, GoesThroughFramesOfAnySizeAndAlignment)
{
	ASSERT_EQ(run([] {
		warm();
		for(int i = 0; i < 4; i++)
			withalloca((size_t)i * 3000 + 16, [i] {
				aligned([i] { alignedwithargs(1, 2, 3, 4, 5, 6, 100 * i + 1, 8, [i] { take(i); }); });
			});
	}),
	    0);
	for(int i = 0; i < 4; i++)
		expectsame(i);
	EXPECT_EQ(found->id[1], found->id[2]);
}

TEST_F(StackTest, GoesThroughALibraryThatCallsBack)
{
	ASSERT_EQ(run([] {
		int a[2] = {2, 1};

		warm();
		qsort(a, 2, sizeof a[0], [](const void *, const void *) {
			take(0);
			after = after + 1;
			return 0;
		});
	}),
	    0);
	expectsame(0);
}

TEST_F(StackTest, IsCutWhereItIsTooDeep)
{
	bool truncated = false;

	ASSERT_EQ(run([] { nest(200, [] { take(0, false); }); }), 0);
	Profile p(fileof(pid));
	EXPECT_EQ(p.stack(found->id[0], &truncated).size(), (size_t)FMAXFRAMES);
	EXPECT_TRUE(truncated);
}

TEST_F(StackTest, EndsInCodeWithoutUnwindInformation)
{
	/* push %rbp; call *%rdi; pop %rbp; ret */
	static const uint8_t code[] = {0x55, 0xff, 0xd7, 0x5d, 0xc3};
	static uintptr_t made;
	bool truncated = false;
	Found *shared = found;

	ASSERT_EQ(run([] {
		void *m = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memcpy(m, code, sizeof code);
		found->frame[1][0] = m;
		for(int i = 0; i < 2; i++)
			((void (*)(void (*)()))m)([] {
				take(0, false);
				after = after + 1;
			});
	}),
	    0);
	made = (uintptr_t)shared->frame[1][0];
	Profile p(fileof(pid));
	std::vector<Fpc> f = p.stack(found->id[0], &truncated);
	EXPECT_TRUE(truncated);
	ASSERT_GE(f.size(), 2u);
	EXPECT_EQ(FPCMODULE(f.back()), -1);
	EXPECT_EQ(f.back(), made + 3);
}

static void *
threadtakes(void *n)
{
	nest(7, [n] { StackTest::take((int)(long)n); });
	return nullptr;
}

static void
threadstake(int n)
{
	pthread_t t[8];

	for(long i = 0; i < n; i++)
		NEED(pthread_create(&t[i], nullptr, threadtakes, (void *)i) == 0);
	for(long i = 0; i < n; i++)
		pthread_join(t[i], nullptr);
}

TEST_F(StackTest, OfAThreadEndsWhereTheThreadBegan)
{
	ASSERT_EQ(run([] {
		warm();
		/* Whoever comes second while a frame is looked into has a stack that ends there; later all are whole. */
		threadstake(8);
		threadstake(1);
		threadstake(8);
	}),
	    0);
	for(int i = 0; i < 8; i++)
		expectsame(i);
}

/* Every path of left steps, each to one of two functions. */
template <int n>
static __attribute__((noinline)) void
paths(int left)
{
	if(left == 0) {
		StackTest::take(0, false);
	} else {
		paths<0>(left - 1);
		paths<1>(left - 1);
	}
	after = after + n;
}

TEST_F(StackTest, StacksThatFindNoRoomAreUnknownAndCounted)
{
	ASSERT_EQ(run([] { paths<0>(12); }, "1"), 0);
	Profile p(fileof(pid));
	EXPECT_EQ(found->id[0], 0u);
	EXPECT_GT(p.section(Sframes).lost + p.section(Sstacks).lost, 0u);
}
