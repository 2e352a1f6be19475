/*
 * Stacks that are not a thread's own: a signal handler's, on the stack that it
 * interrupted or on another, and a coroutine's.
 */
#include "tests/probes/stack.hh"

#include <signal.h>
#include <ucontext.h>

static void
onsignal(int)
{
	StackTest::take(0);
	after = after + 1;
}

/* A handler's stack goes on in what it interrupted. */
static void
interrupted(bool elsewhere)
{
	struct sigaction sa = {};
	stack_t ss = {};

	if(elsewhere) {
		ss.ss_size = 65536;
		ss.ss_sp = mmap(nullptr, ss.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		sigaltstack(&ss, nullptr);
	}
	sa.sa_handler = onsignal;
	sigaction(SIGUSR1, &sa, nullptr);
	/* All that it will meet is met once: on a stack of unknown size nothing new is found out. */
	for(int i = 0; i < 2; i++) {
		nest(3, [] { raise(SIGUSR1); });
		sa.sa_flags = elsewhere ? SA_ONSTACK : 0;
		sigaction(SIGUSR1, &sa, nullptr);
	}
}

class OddStackTest : public StackTest {
      protected:
	/* As backtrace saw it, and the interrupted function is not the end of it. */
	void
	expectinterrupted()
	{
		Profile p(fileof(pid));
		bool truncated = true, begun = false;
		size_t signal = 0;

		ASSERT_NE(found->id[0], 0u);
		std::vector<Fpc> f = p.stack(found->id[0], &truncated);
		EXPECT_FALSE(truncated);
		size_t skip = skipped(0, p.address(f[0]));
		ASSERT_EQ(f.size(), (size_t)found->n[0] - skip);
		for(size_t k = 0; k < f.size(); k++) {
			uintptr_t mine = p.address(f[k]), theirs = (uintptr_t)found->frame[0][k + skip];

			/* The interrupted instruction is not a call: it is written as the one before its end. */
			if(!begun && mine == theirs + 1) {
				begun = true;
				signal = k;
			} else {
				EXPECT_EQ(mine, theirs) << "frame " << k;
			}
		}
		EXPECT_TRUE(begun);
		EXPECT_LT(signal, f.size() - 5);
	}
};

TEST_F(OddStackTest, OfAHandlerGoesOnInWhatItInterrupted)
{
	ASSERT_EQ(run([] {
		warm();
		interrupted(false);
	}),
	    0);
	expectinterrupted();
}

TEST_F(OddStackTest, OfAHandlerOnAStackOfItsOwnGoesOnInWhatItInterrupted)
{
	ASSERT_EQ(run([] {
		warm();
		interrupted(true);
	}),
	    0);
	expectinterrupted();
}

static ucontext_t back, coroutine;

static void
oncoroutine()
{
	nest(2, [] { StackTest::take(0, false); });
	swapcontext(&coroutine, &back);
}

TEST_F(OddStackTest, OfACoroutineIsSafeAtBothEndsOfItsMemory)
{
	ASSERT_EQ(run([] {
		size_t size = 65536;
		char *m = (char *)mmap(nullptr, size + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		warm();
		NEED(mprotect(m + 4096, size, PROT_READ | PROT_WRITE) == 0);
		getcontext(&coroutine);
		coroutine.uc_stack.ss_sp = m + 4096;
		coroutine.uc_stack.ss_size = size;
		coroutine.uc_link = nullptr;
		nest(2, [] { take(1); });
		for(int i = 0; i < 3; i++) {
			makecontext(&coroutine, oncoroutine, 0);
			swapcontext(&back, &coroutine);
		}
		nest(2, [] { take(2); });
	}),
	    0);
	EXPECT_NE(found->id[0], 0u);
	expectsame(1);
	expectsame(2);
}
