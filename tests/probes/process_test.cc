/*
 * The recorder in a process that forks, is interrupted, is killed, or cannot have a
 * profile: no wait is counted twice or in another's file.
 */
#include "tests/probes/profile.hh"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <algorithm>
#include <atomic>

static void
waitonce(const void *object, uint32_t *idword)
{
	Waiting(object, idword).end();
}

static int
forkcall()
{
	return fork();
}

static int
rawclone()
{
	return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

// What the process that ran has written; nobody writes more.
template <typename T>
static bool
told(const int (&pipefd)[2], T &what)
{
	bool whole = read(pipefd[0], &what, sizeof what) == (ssize_t)sizeof what;

	close(pipefd[0]);
	close(pipefd[1]);
	return whole;
}

class ForkTest : public RecorderTest, public testing::WithParamInterface<int (*)()> {};

TEST_P(ForkTest, AChildHasAProfileOfItsOwn)
{
	static uint32_t id;
	int pipefd[2], child = 0, grandchild = 0, ids[2];

	ASSERT_EQ(pipe(pipefd), 0);
	ASSERT_EQ(run([&] {
		int status, pids[2];

		id = initsite((uintptr_t)waitonce);
		waitonce(&id, &id);
		pids[0] = GetParam()();
		if(pids[0] == 0) {
			uint32_t was = id;

			for(int i = 0; i < 5; i++)
				waitonce(&id, &id);
			NEED(id == was);
			pids[0] = getpid();
			pids[1] = GetParam()();
			if(pids[1] == 0) {
				for(int i = 0; i < 7; i++)
					waitonce(&id, &id);
				recorderexit(9);
				_exit(0);
			}
			NEED(waitpid(pids[1], &status, 0) == pids[1] && status == 0);
			NEED(write(pipefd[1], pids, sizeof pids) == sizeof pids);
			_exit(0);
		}
		NEED(waitpid(pids[0], &status, 0) == pids[0] && status == 0);
		waitonce(&id, &id);
	}),
	    0);
	ASSERT_TRUE(told(pipefd, ids));
	child = ids[0];
	grandchild = ids[1];
	Profile p(fileof(pid)), c(fileof(child)), g(fileof(grandchild));
	EXPECT_EQ(p.waits(), 2u);
	EXPECT_EQ(c.waits(), 5u);
	EXPECT_EQ(g.waits(), 7u);
	EXPECT_EQ(g.header().before.ticks, p.header().start.ticks);
	ASSERT_EQ(c.threads().size(), 1u);
	EXPECT_GT(c.threads()[0].seen, c.header().start.ticks);
	EXPECT_EQ(g.sum(&Fpair::last), 7u);
	EXPECT_EQ(c.header().pid, child);
	EXPECT_EQ(c.header().ppid, pid);
	EXPECT_EQ(g.header().ended, (uint32_t)Fexit);
	EXPECT_EQ(g.header().status, 9);
	EXPECT_EQ(p.header().forkfailed, 0u);
	EXPECT_STREQ(g.header().exe, p.header().exe);
	ASSERT_EQ(g.locks().size(), 1u);
	EXPECT_EQ(g.address(g.lock(g.locks()[0]).init), (uintptr_t)waitonce);
}

TEST_P(ForkTest, AChildThatCannotHaveOneSaysSoInItsParents)
{
	ASSERT_EQ(run([&] {
		static uint32_t id;
		std::string aside = dir + ".aside";
		int status, child;

		waitonce(&id, &id);
		NEED(rename(dir.c_str(), aside.c_str()) == 0);
		child = GetParam()();
		if(child == 0) {
			waitonce(&id, &id);
			NEED(probeon == 0);
			waitonce(&id, &id);
			_exit(0);
		}
		NEED(waitpid(child, &status, 0) == child && status == 0);
		NEED(rename(aside.c_str(), dir.c_str()) == 0);
		waitonce(&id, &id);
	}),
	    0);
	Profile p(fileof(pid));
	EXPECT_EQ(p.header().forkfailed, 1u);
	EXPECT_EQ(p.waits(), 2u);
	EXPECT_EQ(files().size(), 1u);
}

TEST_P(ForkTest, AChildCountsWhatIsItsOwn)
{
	static Counting known, later, made;
	bool handled = GetParam() != rawclone;
	int pipefd[2], pids[2], ids[2];

	ASSERT_EQ(pipe(pipefd), 0);
	ASSERT_EQ(run([&] {
		int status;

		known.wait();
		/* The recorder is not told of these; but it looks. */
		known.acquired = 100000;
		later.acquired = 5000;
		pids[0] = GetParam()();
		if(pids[0] == 0) {
			if(handled)
				recorderforked();
			made.id = initsite((uintptr_t)waitonce);
			made.acquired = made.changes = 18;
			made.wait();
			known.wait();
			later.wait();
			pids[0] = getpid();
			pids[1] = GetParam()();
			if(pids[1] == 0) {
				if(handled)
					recorderforked();
				known.acquired += 3;
				known.wait();
				recorderexit(0);
				_exit(0);
			}
			NEED(waitpid(pids[1], &status, 0) == pids[1] && status == 0);
			later.acquired += 10;
			NEED(write(pipefd[1], pids, sizeof pids) == sizeof pids);
			recorderexit(0);
			_exit(0);
		}
		NEED(waitpid(pids[0], &status, 0) == pids[0] && status == 0);
		recorderexit(0);
	}),
	    0);
	ASSERT_TRUE(told(pipefd, ids));
	Profile p(fileof(pid)), c(fileof(ids[0])), g(fileof(ids[1]));
	ASSERT_EQ(p.locks().size(), 1u);
	EXPECT_EQ(p.lock(p.locks()[0]).acquired, 100000u);
	/* Without the handler a child counts from its first wait on. */
	ASSERT_EQ(c.locks().size(), 3u);
	for(uint32_t id : c.locks()) {
		const Flock &l = c.lock(id);
		uint64_t want = l.address == (uintptr_t)&known	 ? 2
				: l.address == (uintptr_t)&later ? 12
				: handled			 ? 20
								 : 2;

		EXPECT_TRUE(l.flags & Lcounts);
		EXPECT_EQ(l.acquired, want);
	}
	ASSERT_EQ(g.locks().size(), 1u);
	EXPECT_EQ(g.lock(g.locks()[0]).acquired, handled ? 5u : 1u);
}

TEST_F(RecorderTest, WaitsWhileAChildsProfileIsMadeAreCountedAsLost)
{
	static constexpr int threads = 8;
	static std::atomic<int> ready;

	ASSERT_EQ(run([&] {
		int status, child = fork();

		if(child == 0) {
			pthread_t t[threads];

			recorderforked();
			for(pthread_t &x : t)
				NEED(pthread_create(
					 &x, nullptr,
					 [](void *) -> void * {
						 static uint32_t id;

						 ready++;
						 while(ready < threads)
							 ;
						 for(int i = 0; i < 10000; i++)
							 waitonce(&id, &id);
						 return nullptr;
					 },
					 nullptr) == 0);
			for(pthread_t x : t)
				pthread_join(x, nullptr);
			recorderexit(0);
			_exit(0);
		}
		NEED(waitpid(child, &status, 0) == child && status == 0);
	}),
	    0);
	for(const std::string &f : files()) {
		Profile p(f);

		EXPECT_EQ(p.waits() + p.section(Sthreads).lost, f == fileof(pid) ? 0 : threads * 10000u);
	}
}

INSTANTIATE_TEST_SUITE_P(Ways, ForkTest, testing::Values(forkcall, _Fork, rawclone));

TEST_F(RecorderTest, AWaitThatWasOpenOverAForkIsTheParents)
{
	ASSERT_EQ(run([] {
		uint32_t id = 0;
		Waiting w(&id, &id);
		int status, child = fork();

		w.end();
		if(child == 0)
			_exit(0);
		waitpid(child, &status, 0);
	}),
	    0);
	EXPECT_EQ(Profile(fileof(pid)).waits(), 1u);
	for(const std::string &f : files())
		EXPECT_EQ(Profile(f).waits(), f == fileof(pid) ? 1u : 0u);
}

static uint32_t insignal;
static volatile sig_atomic_t handled;

static void
handler(int)
{
	Waiting w(&insignal, &insignal);

	waitpark(&w.w);
	waitparked(&w.w);
	w.end();
	wakerstack(0);
	handled = handled + 1;
}

TEST_F(RecorderTest, AHandlerMayWaitInTheMiddleOfTheRecorder)
{
	static uint32_t object[40];
	constexpr int signals = 5000;
	int done[2];
	int pipefd[2];

	ASSERT_EQ(pipe(pipefd), 0);
	ASSERT_EQ(run([&] {
		struct sigaction sa = {};
		pthread_t t, me = pthread_self();
		int n[2] = {0, 0};

		sa.sa_handler = handler;
		sa.sa_flags = SA_RESTART;
		sigaction(SIGUSR1, &sa, nullptr);
		pthread_create(
		    &t, nullptr,
		    [](void *arg) -> void * {
			    for(int i = 0; i < signals; i++) {
				    int before = handled;

				    pthread_kill(*(pthread_t *)arg, SIGUSR1);
				    while(handled == before)
					    sched_yield();
			    }
			    return nullptr;
		    },
		    &me);
		while(handled < signals) {
			Waiting w(&object[n[0] % 40], n[0] & 1 ? &object[n[0] % 40] : nullptr);
			if(n[0] & 2) {
				waitpark(&w.w);
				waitparked(&w.w);
			}
			w.end();
			n[0]++;
		}
		pthread_join(t, nullptr);
		n[1] = handled;
		NEED(write(pipefd[1], n, sizeof n) == sizeof n);
	}),
	    0);
	ASSERT_TRUE(told(pipefd, done));
	Profile p(fileof(pid));
	EXPECT_EQ(p.waits(), (uint64_t)(done[0] + done[1]));
	EXPECT_EQ(p.sum(&Fpair::last), p.waits());
	EXPECT_EQ(p.sum(&Fpair::ticks), p.ticks());
	EXPECT_EQ(p.histogram(), p.waits());
}

TEST_F(RecorderTest, AProfileSurvivesSIGKILLAndSaysWhatWasWaitedFor)
{
	static uint32_t outer, inner;
	int status = run([] {
		Waiting w(&outer, &outer, Kcond);
		waitpark(&w.w);
		{
			/* As a handler would. */
			Waiting v(&inner, &inner);
			v.end();
		}
		raise(SIGKILL);
	});

	EXPECT_TRUE(WIFSIGNALED(status));
	Profile p(fileof(pid));
	const Farea &a = p.at<Farea>(Sareas, 0);
	EXPECT_EQ(p.header().ended, (uint32_t)Frunning);
	EXPECT_EQ(p.lock(a.current.lock).address, (uintptr_t)&outer);
	EXPECT_NE(a.current.waiter, 0u);
	EXPECT_NE(a.current.begun, 0u);
	EXPECT_EQ(p.waits(), 1u);
}

TEST_F(RecorderTest, AWaitLeftByALongjmpIsNotWaitedForAnyMore)
{
	ASSERT_EQ(run([] {
		uint32_t id = 0;
		Waiting w(&id, &id);

		waitdropped(nullptr, nullptr);
	}),
	    0);
	EXPECT_EQ(Profile(fileof(pid)).at<Farea>(Sareas, 0).current.lock, 0u);
}

/* Where the handler below jumps to. */
static sigjmp_buf out;
static volatile sig_atomic_t mayjump;
static uintptr_t target;

static void
jumps(int)
{
	if(!mayjump)
		return;
	mayjump = 0;
	waitdropped([](uintptr_t frame, const void *) { return (int)(frame > target); }, nullptr);
	siglongjmp(out, 1);
}

/* Each at another depth: its stack is found anew. */
static __attribute__((noinline)) void
waitat(int depth, const void *object)
{
	if(depth > 0) {
		waitat(depth - 1, object);
		__asm__ volatile("");
		return;
	}
	Waiting w(object, nullptr);
	waitpark(&w.w);
	waitparked(&w.w);
	w.end();
	wakerstack(0);
}

/* Signals at random moments of many waits, at each of which the handler jumps out of all. */
static void
jumpabout(int rounds)
{
	static char objects[64];
	pthread_t t, me = pthread_self();
	static std::atomic<int> over;
	volatile int n = 0;

	over = 0;
	target = (uintptr_t)__builtin_frame_address(0);
	signal(SIGUSR1, jumps);
	pthread_create(
	    &t, nullptr,
	    [](void *arg) -> void * {
		    for(unsigned i = 1; !over; i = i * 1103515245 + 12345) {
			    pthread_kill(*(pthread_t *)arg, SIGUSR1);
			    for(unsigned k = (i >> 16) % 8192; k > 0; k--)
				    __asm__ volatile("");
		    }
		    return nullptr;
	    },
	    &me);
	while(n < rounds) {
		n = n + 1;
		if(sigsetjmp(out, 1) != 0)
			continue;
		mayjump = 1;
		for(int i = 0; i < 200; i++)
			waitat(i % 20, &objects[i % 64]);
		mayjump = 0;
	}
	mayjump = 0;
	over = 1;
	pthread_join(t, nullptr);
}

TEST_F(RecorderTest, AJumpOutOfTheRecorderLeavesNothingThatIsDone)
{
	int pipefd[2], before;
	uint64_t waits[2];

	ASSERT_EQ(pipe(pipefd), 0);
	ASSERT_EQ(run([&] {
		static uint32_t late[100];
		uint64_t w[2];

		jumpabout(5000);
		Profile p(fileof(getpid()));
		w[0] = p.threads()[0].waits;
		w[1] = p.header().stackscut;
		for(uint32_t &o : late)
			waitat(30, &o);
		NEED(write(pipefd[1], w, sizeof w) == sizeof w);
	}),
	    0);
	ASSERT_TRUE(told(pipefd, waits));
	Profile p(fileof(pid));
	/* Its own again, each with a stack, at the end for nothing. */
	EXPECT_EQ(p.threads()[0].waits, waits[0] + 100);
	EXPECT_EQ(p.header().stackscut, waits[1]);
	EXPECT_EQ(p.at<Farea>(Sareas, 0).current.lock, 0u);
	before = 0;
	for(const Fpair &pair : p.pairs())
		before += pair.waits != 0 && pair.waiter == 0 && pair.lock > OTHERS;
	EXPECT_EQ(before, 0);
}

TEST_F(RecorderTest, AChildMayJumpOutOfTheMakingOfItsProfile)
{
	ASSERT_EQ(run([&] {
		for(int i = 0; i < 20; i++) {
			int status, child = fork();

			if(child == 0) {
				static uint32_t id;

				recorderforked();
				jumpabout(1);
				waitonce(&id, &id);
				_exit(0);
			}
			NEED(waitpid(child, &status, 0) == child && status == 0);
		}
	}),
	    0);
	for(const std::string &f : files()) {
		if(f == fileof(pid))
			continue;
		Profile p(f);
		EXPECT_GT(p.waits(), 0u);
		EXPECT_EQ(p.header().otherwaits, 0u);
	}
}

TEST_F(RecorderTest, AJumpToTheHandlersOwnFrameLeavesTheInterruptedWait)
{
	ASSERT_EQ(run([] {
		uint32_t outer = 0, inner = 0;
		Waiting w(&outer, &outer);

		waitdropped([](uintptr_t, const void *) { return 1; }, nullptr);
		NEED(waitopened());
		{
			Waiting v(&inner, &inner);
			v.end();
		}
		raise(SIGKILL);
	}),
	    SIGKILL);
	Profile p(fileof(pid));
	EXPECT_NE(p.at<Farea>(Sareas, 0).current.lock, 0u);
}

/* The code of a library that nothing here needs. */
static void
waitin(const char *library, const char *name)
{
	static uint32_t id;
	void *h = dlopen(library, RTLD_NOW);
	Wait w = {};

	NEED(h != nullptr);
	w.object = w.idword = &id;
	w.kind = Kmutex;
	w.pc = (uintptr_t)dlsym(h, name) + 1;
	NEED(w.pc != 1);
	waitbegin(&w, 0, 0);
	waitend(&w, Eacquired, 0, 0);
	id = 0;
}

TEST_F(RecorderTest, AChildsModulesAreThoseOfTheFork)
{
	int pipefd[2], child;

	ASSERT_EQ(pipe(pipefd), 0);
	ASSERT_EQ(run([&] {
		int status, go[2];
		char c = 0;

		NEED(pipe(go) == 0);
		child = fork();
		if(child == 0) {
			recorderforked();
			NEED(read(go[0], &c, 1) == 1);
			waitin("libnss_compat.so.2", "_nss_compat_getpwnam_r");
			_exit(0);
		}
		waitin("libBrokenLocale.so.1", "__ctype_get_mb_cur_max");
		NEED(write(go[1], &c, 1) == 1);
		NEED(waitpid(child, &status, 0) == child && status == 0);
		NEED(write(pipefd[1], &child, sizeof child) == sizeof child);
	}),
	    0);
	ASSERT_TRUE(told(pipefd, child));
	Profile p(fileof(pid)), c(fileof(child));
	uint64_t n = p.section(Smodules).used;
	ASSERT_EQ(c.section(Smodules).used, n);
	for(uint64_t i = 0; i < n - 1; i++)
		EXPECT_STREQ(c.at<Fmodule>(Smodules, i).path, p.at<Fmodule>(Smodules, i).path);
	EXPECT_STREQ(basename(p.at<Fmodule>(Smodules, n - 1).path), "libBrokenLocale.so.1");
	EXPECT_STREQ(basename(c.at<Fmodule>(Smodules, n - 1).path), "libnss_compat.so.2");
}

TEST_F(RecorderTest, AForkHandlerBeforeOursMayWait)
{
	static Counting known;
	int pipefd[2], child;

	ASSERT_EQ(pipe(pipefd), 0);
	ASSERT_EQ(run([&] {
		int status;

		known.wait();
		child = fork();
		if(child == 0) {
			known.wait();
			known.acquired += 5000;
			recorderforked();
			known.wait();
			recorderexit(0);
			_exit(0);
		}
		NEED(waitpid(child, &status, 0) == child && status == 0);
		NEED(write(pipefd[1], &child, sizeof child) == sizeof child);
	}),
	    0);
	ASSERT_TRUE(told(pipefd, child));
	Profile c(fileof(child));
	ASSERT_EQ(c.locks().size(), 1u);
	/* From the first wait on, whose holder had it already. */
	EXPECT_EQ(c.lock(c.locks()[0]).acquired, 5003u);
}

TEST_F(RecorderTest, AFileThatMayNotBeMadeIsSaidAndHarmsNobody)
{
	int err[2];
	char line[512];
	ssize_t n;

	ASSERT_EQ(pipe(err), 0);
	EXPECT_EQ(bare([&] {
		struct rlimit lim = {4096, RLIM_INFINITY};

		dup2(err[1], 2);
		setrlimit(RLIMIT_FSIZE, &lim);
		setenv("RENDEZ_DIR", dir.c_str(), 1);
		recorderstart();
		NEED(probeon == 0);
	}),
	    0);
	n = read(err[0], line, sizeof line);
	ASSERT_GT(n, 0);
	EXPECT_EQ(std::count(line, line + n, '\n'), 1);
	EXPECT_NE(std::string(line, (size_t)n).find("limit"), std::string::npos);
	EXPECT_TRUE(files().empty());
	EXPECT_EQ(bare([&] {
		dup2(err[1], 2);
		setenv("RENDEZ_DIR", (dir + "/none").c_str(), 1);
		recorderstart();
		NEED(probeon == 0);
	}),
	    0);
	n = read(err[0], line, sizeof line);
	ASSERT_GT(n, 0);
	EXPECT_NE(std::string(line, (size_t)n).find("no such directory"), std::string::npos);
	close(err[0]);
	close(err[1]);
}

TEST_F(RecorderTest, ARelativeDirectoryIsWhereItWasAtTheStart)
{
	int status = bare([&] {
		static uint32_t id;
		int s, child;

		NEED(chdir(dir.c_str()) == 0);
		setenv("RENDEZ_DIR", ".", 1);
		recorderstart();
		NEED(probeon != 0 && chdir("/") == 0);
		child = fork();
		if(child == 0) {
			waitonce(&id, &id);
			NEED(probeon != 0);
			_exit(0);
		}
		waitpid(child, &s, 0);
		NEED(s == 0);
	});

	EXPECT_EQ(status, 0);
	EXPECT_EQ(files().size(), 2u);
}

TEST_F(RecorderTest, ASecondProfileOfTheSamePidHasAnotherName)
{
	ASSERT_EQ(bare([&] {
		std::string taken = dir + "/" + std::to_string(getpid()) + ".0.rendez";
		/* Not even through a symbolic link. */
		NEED(symlink("/nonexistent", taken.c_str()) == 0);
		setenv("RENDEZ_DIR", dir.c_str(), 1);
		recorderstart();
		NEED(probeon != 0);
	}),
	    0);
	EXPECT_EQ(Profile(dir + "/" + std::to_string(pid) + ".1.rendez").header().pid, pid);
}
