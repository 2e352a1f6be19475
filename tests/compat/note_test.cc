// Notes, swiproc and host calls; each test bears the numbers of the statements that it holds.
#include "compat/sys/pw.h"
#include "notes.hh"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <vector>

namespace {

// A sleep that lasts only if nothing is pending.
bool
interrupted()
{
	return raises([] {
		Rendez r = {};
		p9tsleep(&r, p9return0, nullptr, 0);
	});
}

TEST(Note, NT1_FiveAreQueuedAndTheSixthInterruptsEvenSo)
{
	std::thread([] {
		P9proc *me = p9up();

		for(int i = 0; i < 5; i++)
			EXPECT_EQ(p9postnote(me, 1, "n", P9NUser), 1);
		EXPECT_EQ(p9postnote(me, 1, "sixth", P9NUser), 0);
		EXPECT_TRUE(interrupted());
		EXPECT_FALSE(interrupted());
		EXPECT_EQ(p9postnote(me, 1, "n", 0), 1);
		EXPECT_TRUE(interrupted());
		EXPECT_EQ(p9postnote(me, 1, nullptr, P9NExit), 1);
		EXPECT_TRUE(interrupted());
		EXPECT_EQ(p9postnote(me, 1, "n", 4), 0);
		EXPECT_EQ(p9postnote(me, 1, "n", -1), 0);
		EXPECT_FALSE(interrupted());
		EXPECT_EQ(p9postnote(nullptr, 1, "n", P9NUser), 0);
	}).join();
}

thread_local std::string *heard;
thread_local bool full;

void
hears(void *ureg, char *text)
{
	EXPECT_EQ(ureg, nullptr);
	*heard += text;
	// Held until noted, and there is room for five.
	if(heard->size() == 1 && full) {
		P9proc *me = p9up();
		EXPECT_EQ(p9postnote(me, 1, "f", P9NUser), 1);
		EXPECT_EQ(p9postnote(me, 1, "g", P9NUser), 0);
		EXPECT_TRUE(interrupted());
		EXPECT_FALSE(interrupted());
	}
	p9noted(P9NCONT);
	ADD_FAILURE() << "noted has returned";
}

TEST(Note, NT1_NT5_TheHandlerGetsAllInOrderAndThoseThatCameMeanwhile)
{
	std::thread([] {
		std::string all;
		P9proc *me = p9up();

		heard = &all;
		full = true;
		EXPECT_EQ(p9notify(hears), 0);
		for(const char *c : {"a", "b", "c", "d", "e"})
			EXPECT_EQ(p9postnote(me, 0, c, P9NUser), 1);
		EXPECT_TRUE(interrupted());
		EXPECT_EQ(all, "abcdef");
		// The last was handled at this interruption: it makes no other.
		EXPECT_FALSE(interrupted());
		EXPECT_EQ(all, "abcdef");
		EXPECT_EQ(errorstring(), "interrupted");
	}).join();
}

TEST(Note, NT2_ANoteOfTheSystemFlushesIfNobodyHandlesIt)
{
	std::thread([] {
		std::string all;
		P9proc *me = p9up();

		for(int i = 0; i < 5; i++)
			p9postnote(me, 1, "u", P9NUser);
		EXPECT_EQ(p9postnote(me, 1, "x", P9NDebug), 1);
		for(int i = 0; i < 4; i++)
			EXPECT_EQ(p9postnote(me, 1, "y", P9NUser), 1);
		EXPECT_EQ(p9postnote(me, 1, "z", P9NUser), 0);
		heard = &all;
		p9notify(hears);
		// There is a handler now, so this one finds the queue full.
		EXPECT_EQ(p9postnote(me, 1, "x", P9NExit), 0);
		EXPECT_TRUE(interrupted());
		EXPECT_EQ(all, "xyyyy");
	}).join();
}

TEST(Note, NT3_BreaksSleepAndSemacquireButNoLock)
{
	static Rendez r;
	static long s;
	static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

	for(int way = 0; way < 4; way++) {
		std::atomic<bool> ended{false};
		Known k([&] {
			switch(way) {
			case 0:
				EXPECT_TRUE(raises([] { sleepon(&r); }));
				break;
			case 1:
				EXPECT_TRUE(raises([] { p9tsleep(&r, p9return0, nullptr, 1000000); }));
				break;
			case 2:
				EXPECT_EQ(p9semacquire(&s, 1), -1);
				EXPECT_EQ(errno, EINTR);
				break;
			case 3:
				EXPECT_EQ(p9tsemacquire(&s, 1000000), -1);
				EXPECT_EQ(errno, EINTR);
			}
			EXPECT_EQ(errorstring(), "interrupted");
			ended = true;
		});
		k.asleep();
		EXPECT_FALSE(ended.load());
		EXPECT_EQ(k.post(), 1);
	}
	pthread_mutex_lock(&m);
	std::atomic<bool> got{false};
	Known k([&] {
		pthread_mutex_lock(&m);
		got = true;
		pthread_mutex_unlock(&m);
		EXPECT_TRUE(interrupted());
	});
	k.asleep();
	k.post();
	napms(5);
	EXPECT_FALSE(got.load());
	pthread_mutex_unlock(&m);
}

TEST(Note, NT4_IsRememberedUntilTheNextWaitThatWouldWait)
{
	std::thread([] {
		long s = 2;

		p9postnote(p9up(), 1, "n", P9NUser);
		EXPECT_EQ(p9semacquire(&s, 1), 1);
		EXPECT_EQ(p9tsemacquire(&s, 1000), 1);
		EXPECT_EQ(p9semacquire(&s, 0), 0);
		EXPECT_EQ(p9tsemacquire(&s, 0), 0);
		EXPECT_EQ(p9semacquire(&s, 1), -1);
		EXPECT_FALSE(interrupted());
		p9postnote(p9up(), 1, "n", P9NUser);
		EXPECT_TRUE(interrupted());
		EXPECT_EQ(p9tsemacquire(&s, 1), 0);
	}).join();
}

TEST(Note, NT5_TheHandlerRunsBeforeTheInterruptedCallReturns)
{
	static long s;
	static std::string all;

	Known k([] {
		heard = &all;
		p9notify(hears);
		EXPECT_EQ(p9semacquire(&s, 1), -1);
		EXPECT_EQ(errno, EINTR);
		EXPECT_EQ(all, "x");
		EXPECT_EQ(errorstring(), "interrupted");
	});
	k.asleep();
	k.post("x");
}

TEST(Note, NT5_NotedOutsideOfAHandler)
{
	errno = 0;
	EXPECT_EQ(p9noted(P9NCONT), -1);
	EXPECT_EQ(errno, EINVAL);
}

void
declines(void *, char *)
{
	EXPECT_EQ(p9noted(P9NSAVE), -1);
	EXPECT_EQ(p9noted(P9NRSTR), -1);
	p9noted(P9NDFLT);
}

void
returns(void *, char *)
{
}

void
leaveslabels(void *, char *)
{
	if(p9waserror())
		abort();
	p9noted(P9NCONT);
}

void
erring(void *, char *)
{
	p9error("from the handler");
}

void
systemnote(void *, char *)
{
	p9postnote(p9up(), 1, "held", P9NUser);
	p9postnote(p9up(), 1, "system", P9NDebug);
	interrupted();
	_exit(3);
}

TEST(NoteDeathTest, NT5_TheDefaultEndsTheProcess)
{
	GTEST_FLAG_SET(death_test_style, "threadsafe");
	for(auto *f : {declines, returns, static_cast<void (*)(void *, char *)>(nullptr)})
		EXPECT_EXIT(
		    {
			    p9notify(f);
			    p9postnote(p9up(), 1, "hangup", P9NUser);
			    interrupted();
		    },
		    testing::ExitedWithCode(1), "^rendez: note: hangup\n");
	EXPECT_EXIT(
	    {
		    p9notify(systemnote);
		    p9postnote(p9up(), 1, "first", P9NUser);
		    interrupted();
	    },
	    testing::ExitedWithCode(1), "^rendez: note: system\n");
}

TEST(NoteDeathTest, ER3_ER8_LabelsEndAtAHandler)
{
	GTEST_FLAG_SET(death_test_style, "threadsafe");
	EXPECT_DEATH(
	    {
		    p9notify(leaveslabels);
		    p9postnote(p9up(), 1, "n", P9NUser);
		    interrupted();
	    },
	    "error stack");
	EXPECT_DEATH(
	    {
		    p9notify(erring);
		    p9postnote(p9up(), 1, "n", P9NUser);
		    interrupted();
	    },
	    "error stack: .*from the handler");
}

TEST(Note, NT6_PostersWakersAndTheSleeperNeverLockUp)
{
	static Rendez r;
	static std::atomic<int> event, over;
	const int rounds = 3000;

	event = over = 0;
	Known k([&] {
		while(!over.load())
			raises([] {
				p9sleep(
				    &r, [](void *) -> int { return event.load() || over.load(); }, nullptr);
				event = 0;
			});
	});
	std::thread wakers[2];
	for(auto &w : wakers)
		w = std::thread([&] {
			for(int i = 0; i < rounds; i++) {
				event = 1;
				p9wakeup(&r);
			}
		});
	for(int i = 0; i < rounds; i++)
		k.post();
	for(auto &w : wakers)
		w.join();
	over = 1;
	p9wakeup(&r);
}

TEST(Swiproc, NT7_NilIsNobody)
{
	p9swiproc(nullptr, 0);
	p9swiproc(nullptr, 1);
}

TEST(Swiproc, NT7_BreaksASleep)
{
	static Rendez r;

	for(int interp = 0; interp < 2; interp++) {
		Known k([] {
			EXPECT_TRUE(raises([] { sleepon(&r); }));
			EXPECT_FALSE(interrupted());
		});
		k.asleep();
		p9swiproc(k.proc(), interp);
	}
}

TEST(Swiproc, NT7_KilledIsRememberedTheOtherIsDropped)
{
	std::thread([] {
		long s = 0;

		p9swiproc(p9up(), 1);
		EXPECT_FALSE(interrupted());
		p9swiproc(p9up(), 0);
		EXPECT_TRUE(interrupted());
		EXPECT_FALSE(interrupted());
		p9swiproc(p9up(), 0);
		p9notkilled();
		EXPECT_FALSE(interrupted());
		p9swiproc(p9up(), 0);
		EXPECT_EQ(p9semacquire(&s, 1), -1);
		EXPECT_EQ(errno, EINTR);
	}).join();
}

TEST(Swiproc, NT7_OneThatLosesToAWakeupIsDropped)
{
	static Rendez r;
	static std::atomic<int> slept, sent;

	slept = sent = 0;
	Known k([] {
		for(int i = 0; i < 1000; i++) {
			EXPECT_FALSE(raises([] { sleepon(&r); }));
			slept = i + 1;
			while(sent.load() <= i)
				std::this_thread::yield();
			EXPECT_FALSE(interrupted());
		}
	});
	for(int i = 0; i < 1000; i++) {
		while(p9wakeup(&r) == 0)
			std::this_thread::yield();
		if(i % 3 == 0)
			while(slept.load() == i)
				std::this_thread::yield();
		p9swiproc(k.proc(), 1);
		while(slept.load() == i)
			std::this_thread::yield();
		sent = i + 1;
	}
}

// A host call that waits, until it has been interrupted.
void
hostcall(int fd)
{
	char c;

	p9osenter();
	long n = read(fd, &c, 1);
	EXPECT_EQ(n, -1);
	EXPECT_EQ(errno, EINTR);
	p9osleave();
}

TEST(Hostcall, NT7_NT8_IsInterruptedOnceAndRaises)
{
	static int fd[2];

	ASSERT_EQ(pipe(fd), 0);
	for(int way = 0; way < 3; way++) {
		Known k([] {
			EXPECT_TRUE(raises([] { hostcall(fd[0]); }));
			EXPECT_EQ(errorstring(), "interrupted");
			EXPECT_FALSE(interrupted());
		});
		for(int seen = 0; seen < 2; seen = k.call() == SYS_read ? seen + 1 : 0)
			std::this_thread::yield();
		if(way < 2)
			p9swiproc(k.proc(), way);
		else
			EXPECT_EQ(k.post(), 1);
	}
	close(fd[0]);
	close(fd[1]);
}

TEST(Hostcall, NT7_WhatIsPendingRaisesAtOnce)
{
	std::thread([] {
		p9postnote(p9up(), 1, "n", P9NUser);
		EXPECT_TRUE(raises([] {
			p9osenter();
			ADD_FAILURE();
		}));
		EXPECT_FALSE(raises([] {
			p9osenter();
			p9osleave();
		}));
	}).join();
}

TEST(Hostcall, NT8_TheSignalIsOpenInTheBracketOnlyIfItWasBlocked)
{
	static int fd[2];

	ASSERT_EQ(pipe(fd), 0);
	auto *k = new Known([] {
		sigset_t all, before, after;

		sigfillset(&all);
		pthread_sigmask(SIG_BLOCK, &all, &before);
		pthread_sigmask(SIG_SETMASK, nullptr, &all);
		EXPECT_TRUE(raises([] { hostcall(fd[0]); }));
		pthread_sigmask(SIG_SETMASK, nullptr, &after);
		for(int sig = 1; sig <= SIGRTMAX; sig++)
			EXPECT_EQ(sigismember(&after, sig), sigismember(&all, sig)) << sig;
		pthread_sigmask(SIG_SETMASK, &before, nullptr);
	});
	for(int seen = 0; seen < 2; seen = k->call() == SYS_read ? seen + 1 : 0)
		std::this_thread::yield();
	p9swiproc(k->proc(), 1);
	delete k;
	close(fd[0]);
	close(fd[1]);
}

TEST(Hostcall, NT7_NoSignalComesAfterTheBracket)
{
	static std::atomic<bool> over;

	over = false;
	Known k([] {
		int raised = 0;

		for(int i = 0; i < 20000 && (i < 800 || raised < 50); i++) {
			raised += raises([] {
				p9osenter();
				syscall(SYS_getppid);
				p9osleave();
			});
			timespec t = {0, 1000};
			EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, nullptr), 0);
		}
		over = true;
	});
	for(int i = 0; !over.load(); i++) {
		p9swiproc(k.proc(), 1);
		if(i % 16 == 0)
			std::this_thread::yield();
	}
}

std::atomic<int> caught;

void
catches(int)
{
	caught++;
}

TEST(Note, NT8_ASignalIsNoNoteToASleep)
{
	static Rendez r;
	static std::atomic<int> done;
	struct sigaction sa = {};
	pthread_t self;
	std::atomic<bool> known{false};

	sa.sa_handler = catches;
	sigaction(SIGUSR1, &sa, nullptr);
	done = caught = 0;
	Known k([&] {
		self = pthread_self();
		known = true;
		EXPECT_FALSE(raises([] {
			p9sleep(
			    &r, [](void *) -> int { return done.load(); }, nullptr);
		}));
		EXPECT_EQ(done.load(), 1);
	});
	while(!known.load())
		std::this_thread::yield();
	for(int i = 0; i < 10; i++) {
		k.asleep();
		pthread_kill(self, SIGUSR1);
		while(caught.load() <= i)
			std::this_thread::yield();
	}
	done = 1;
	p9wakeup(&r);
}

std::atomic<int> insidehandler;

// A wait inside a wait that is interrupted: whatever the inner does, a note ends the outer.
void
waitsinside(int)
{
	Rendez r = {};
	ukid_t me;
	timespec ts = {0, 1000000};
	long none = 0;

	switch(insidehandler.load()) {
	case 0:
		p9tsleep(&r, p9return0, nullptr, 1);
		break;
	case 1:
		p9tsemacquire(&none, 1);
		break;
	case 2:
		pw_wait(&ts);
		break;
	case 3:
		pw_getukid(&me);
		pw_post(me);
		pw_wait(nullptr);
		break;
	}
	insidehandler = -1;
}

TEST(Note, NT3_NT8_AWaitInAHandlerLeavesTheOuterOneToBeInterrupted)
{
	struct sigaction sa = {};

	sa.sa_handler = waitsinside;
	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &sa, nullptr);
	for(int i = 0; i < 4; i++)
		for(int swi = 0; swi < 2; swi++) {
			std::atomic<pthread_t> self{0};
			Known k([&] {
				self = pthread_self();
				EXPECT_TRUE(raises([] {
					Rendez r = {};
					sleepon(&r);
				}));
			});
			while(self.load() == 0)
				std::this_thread::yield();
			k.asleep();
			insidehandler = i;
			pthread_kill(self.load(), SIGUSR1);
			while(insidehandler.load() != -1)
				std::this_thread::yield();
			k.asleep();
			if(swi)
				p9swiproc(k.proc(), 1);
			else
				k.post();
		}
}

// The Note of the outer wait has been seen by the inner: both sleep on one word.
TEST(Note, NT3_PW12_APostThatTheInnerWaitSawIsThereForTheOuter)
{
	struct sigaction sa = {};

	sa.sa_handler = waitsinside;
	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &sa, nullptr);
	for(int i = 0; i < 200; i++) {
		std::atomic<pthread_t> self{0};
		std::thread t([&] {
			p9up();
			self = pthread_self();
			// Either it was met, or it was interrupted by the handler.
			unsigned long v = p9rendezvous(0x6e6f7465, 1);
			EXPECT_TRUE(v == 2 || v == ~0UL);
			if(v == ~0UL) {
				EXPECT_EQ(p9rendezvous(0x6e6f7465, 1), 2U);
			}
		});
		while(self.load() == 0)
			std::this_thread::yield();
		insidehandler = 2 + i % 2;
		pthread_kill(self.load(), SIGUSR1);
		while(p9rendezvous(0x6e6f7465, 2) != 1)
			;
		t.join();
	}
}

TEST(Note, NT8_NeedsNoSignal)
{
	static Rendez r;

	Known k([] {
		sigset_t all, before;

		sigfillset(&all);
		pthread_sigmask(SIG_BLOCK, &all, &before);
		EXPECT_TRUE(raises([] { sleepon(&r); }));
		pthread_sigmask(SIG_SETMASK, &before, nullptr);
	});
	k.asleep();
	EXPECT_EQ(k.post(), 1);
}

P9proc *volatile target;

void
posts(int)
{
	p9postnote(target, 1, "from a handler", P9NUser);
}

TEST(Note, NT9_PostedFromAHandlerThatInterruptedAPost)
{
	static std::atomic<bool> over;
	struct sigaction sa = {};
	timer_t timer;
	sigevent ev = {};
	itimerspec every = {{0, 50000}, {0, 50000}};

	over = false;
	sa.sa_handler = posts;
	sigaction(SIGUSR2, &sa, nullptr);
	Known k([] {
		while(!over.load())
			interrupted();
	});
	target = k.proc();
	ev.sigev_notify = SIGEV_SIGNAL;
	ev.sigev_signo = SIGUSR2;
	ASSERT_EQ(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	timer_settime(timer, 0, &every, nullptr);
	for(int i = 0; i < 50000; i++)
		k.post(i % 3 ? "user" : "system", i % 3 ? P9NUser : P9NExit);
	timer_delete(timer);
	signal(SIGUSR2, SIG_IGN);
	over = true;
}

TEST(Note, NT9_AThreadThatIsGoneGetsNone)
{
	P9proc *gone = nullptr;
	long tid = 0;

	std::thread([&] {
		gone = p9up();
		tid = syscall(SYS_gettid);
	}).join();
	// This libc's threads do not say that they end, and a join is over shortly before the thread is.
	while(syscall(SYS_tgkill, getpid(), tid, 0) == 0)
		std::this_thread::yield();
	EXPECT_EQ(p9postnote(gone, 1, "n", P9NUser), 0);
	p9swiproc(gone, 0);
	// Whoever is that now has nothing pending, whatever was posted to the one before.
	std::thread([&] {
		p9up();
		EXPECT_FALSE(interrupted());
	}).join();
}

TEST(Note, NT1_NT9_NoTextIsTornOrLost)
{
	static std::atomic<bool> over;
	static std::atomic<long> handled;
	static std::atomic<int> bad;
	const int posters = 3;
	std::atomic<long> queued{0};

	over = false;
	handled = bad = 0;
	Known k([] {
		p9notify([](void *, char *text) {
			size_t n = strlen(text);

			if(n == 0 || std::string(n, text[0]) != text || n != static_cast<size_t>(text[0] - 'a') + 1)
				bad++;
			handled++;
			p9noted(P9NCONT);
		});
		while(!over.load())
			interrupted();
		interrupted();
	});
	std::vector<std::thread> all;
	for(int p = 0; p < posters; p++)
		all.emplace_back([&] {
			for(int i = 0; i < 20000; i++) {
				char text[32] = {};
				int n = i % 26;

				memset(text, 'a' + n, static_cast<size_t>(n) + 1);
				queued += k.post(text);
			}
		});
	for(auto &t : all)
		t.join();
	over = true;
	while(handled.load() < queued.load())
		std::this_thread::yield();
	EXPECT_EQ(handled.load(), queued.load());
	EXPECT_EQ(bad.load(), 0);
}

} // namespace
