/*
 * For the tests of the recorder: it records one process, once, so each test
 * runs its part in a child and then looks at the profile that the child left.
 */
#ifndef TESTS_PROBES_PROFILE_HH
#define TESTS_PROBES_PROFILE_HH

#include <gtest/gtest.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

/* C11's words for what these headers need; probeon is an int of the same form. */
#define _Atomic
#define _Static_assert static_assert
extern "C" {
#include "probes/probe.h"
}
#undef _Atomic
#undef _Static_assert

/* A profile as it lies on the disk. */
struct Profile {
	std::vector<uint8_t> file;

	explicit Profile(const std::string &path)
	{
		int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
		struct stat st;

		if(fd < 0 || fstat(fd, &st) != 0 || (size_t)st.st_size < sizeof(Fheader)) {
			ADD_FAILURE() << "no profile " << path;
			abort();
		}
		file.resize((size_t)st.st_size);
		EXPECT_EQ(read(fd, file.data(), file.size()), st.st_size);
		close(fd);
		EXPECT_EQ(memcmp(header().magic, FMAGIC, sizeof header().magic), 0);
		EXPECT_EQ(header().filesize, file.size());
	}

	const Fheader &
	header() const
	{
		return *(const Fheader *)file.data();
	}

	const Fsection &
	section(Fsect s) const
	{
		return header().section[s];
	}

	template <typename T>
	const T &
	at(Fsect s, uint64_t i) const
	{
		EXPECT_LT(i, section(s).count);
		return *(const T *)(file.data() + section(s).off + i * section(s).size);
	}

	/* All pairs, of the shared table and of living threads. */
	std::vector<Fpair>
	pairs() const
	{
		std::vector<Fpair> v;

		for(uint64_t i = 0; i < section(Spairs).count; i++)
			add(v, at<Fpair>(Spairs, i));
		for(uint64_t i = 0; i < section(Sareas).count; i++) {
			const Farea &a = at<Farea>(Sareas, i);

			for(int k = 0; a.thread != 0 && k < FTHREADPAIRS; k++)
				add(v, a.pair[k]);
		}
		return v;
	}

	std::vector<Fthread>
	threads() const
	{
		std::vector<Fthread> v;

		for(uint64_t i = 0; i < section(Sthreads).count; i++)
			if(at<Fthread>(Sthreads, i).tid != 0)
				v.push_back(at<Fthread>(Sthreads, i));
		return v;
	}

	/* Locks that were waited for. */
	std::vector<uint32_t>
	locks() const
	{
		std::vector<uint32_t> v;
		std::vector<bool> seen(section(Slocks).count);

		for(const Fpair &p : pairs())
			if(p.waits != 0 && !seen[p.lock]) {
				seen[p.lock] = true;
				v.push_back(p.lock);
			}
		return v;
	}

	const Flock &
	lock(uint32_t id) const
	{
		return at<Flock>(Slocks, id);
	}

	/* Of all pairs, or of a lock's. */
	uint64_t
	sum(uint64_t Fpair::*field, uint32_t lock = 0) const
	{
		uint64_t n = 0;

		for(const Fpair &p : pairs())
			if(lock == 0 || p.lock == lock)
				n += p.*field;
		return n;
	}

	uint64_t
	histogram() const
	{
		uint64_t n = 0;

		for(const Fpair &p : pairs())
			for(uint32_t c : p.histogram)
				n += c;
		return n;
	}

	/* Waits that threads counted, and those that no thread did. */
	uint64_t
	waits() const
	{
		uint64_t n = header().otherwaits;

		for(const Fthread &t : threads())
			n += t.waits;
		return n;
	}

	uint64_t
	ticks() const
	{
		uint64_t n = header().otherticks;

		for(const Fthread &t : threads())
			n += t.waitticks;
		return n;
	}

	/* The frames of a stack, innermost first. */
	std::vector<Fpc>
	stack(uint32_t id, bool *truncated = nullptr) const
	{
		const Fstack &s = at<Fstack>(Sstacks, id - 1);
		std::vector<Fpc> v;

		if(truncated != nullptr)
			*truncated = (s.n & Struncated) != 0;
		for(uint32_t i = 0; i < (s.n & ~Struncated); i++)
			v.push_back(at<Fpc>(Sframes, s.first + i));
		return v;
	}

	/* The run-time address of a site. */
	uintptr_t
	address(Fpc pc) const
	{
		return FPCMODULE(pc) < 0 ? FPCOFF(pc)
					 : FPCOFF(pc) + at<Fmodule>(Smodules, (uint64_t)FPCMODULE(pc)).bias;
	}

      private:
	void
	add(std::vector<Fpair> &v, const Fpair &p) const
	{
		if(p.lock != 0 && p.lock < section(Slocks).count)
			v.push_back(p);
	}
};

class RecorderTest : public testing::Test {
      protected:
	std::string dir;

	void
	SetUp() override
	{
		const char *tmp = getenv("TMPDIR");
		std::string name = std::string(tmp != nullptr ? tmp : "/tmp") + "/rendez-test.XXXXXX";

		ASSERT_NE(mkdtemp(&name[0]), nullptr);
		dir = name;
	}

	void
	TearDown() override
	{
		for(const std::string &f : files())
			unlink(f.c_str());
		rmdir(dir.c_str());
	}

	std::vector<std::string>
	files()
	{
		std::vector<std::string> v;
		DIR *d = opendir(dir.c_str());

		while(struct dirent *e = d != nullptr ? readdir(d) : nullptr)
			if(e->d_name[0] != '.')
				v.push_back(dir + "/" + e->d_name);
		if(d != nullptr)
			closedir(d);
		return v;
	}

	std::string
	fileof(int pid)
	{
		return dir + "/" + std::to_string(pid) + ".0.rendez";
	}

	/* Runs f in a child that records (unless it has other ideas before start): the wait status; pid is set. */
	int
	run(const std::function<void()> &f, const char *mib = nullptr)
	{
		return bare([&] {
			setenv("RENDEZ_DIR", dir.c_str(), 1);
			if(mib != nullptr)
				setenv("RENDEZ_SIZE", mib, 1);
			recorderstart();
			f();
		});
	}

	int
	bare(const std::function<void()> &f)
	{
		int status = -1;

		unsetenv("RENDEZ_DIR");
		unsetenv("RENDEZ");
		pid = fork();
		if(pid == 0) {
			f();
			_exit(0);
		}
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		return status;
	}

	int pid = 0;
};

/* A child's way to fail: which line says the exit status. */
#define NEED(x) \
	do \
		if(!(x)) \
			_exit(__LINE__ % 200 + 1); \
	while(0)

/* One wait for object. */
struct Waiting {
	Wait w;

	Waiting(const void *object, uint32_t *idword, Kind kind = Kmutex, uintptr_t holder = 0, uint64_t since = 0)
	{
		memset(&w, 0, sizeof w);
		w.object = object;
		w.idword = idword;
		w.kind = kind;
		w.op = Olock;
		w.pc = (uintptr_t)__builtin_return_address(0);
		waitbegin(&w, holder, since);
	}

	void
	end(End how = Eacquired, uint32_t waker = 0)
	{
		waitend(&w, how, waker, 0);
	}
};

/* An object that counts, as a mutex does. */
struct Counting {
	uint32_t word, id, acquired, changes;
	char room[COUNTED - 4 * sizeof(uint32_t)];

	static int
	counts(const void *object, uint32_t id, uint32_t *acquired, uint32_t *changes)
	{
		const Counting *o = (const Counting *)object;

		*acquired = o->acquired;
		*changes = o->changes;
		return o->word == 0 && o->id == id;
	}

	/* It is held and waited for. */
	void
	wait()
	{
		Wait w;

		memset(&w, 0, sizeof w);
		w.object = this;
		w.idword = &id;
		w.kind = Kmutex;
		w.op = Olock;
		w.counted = counts;
		w.acquired = ++acquired;
		w.changes = ++changes;
		waitbegin(&w, 0x1001, 0);
		w.acquired = ++acquired;
		w.changes = ++changes;
		waitend(&w, Eacquired, 0, 0);
	}
};

#endif
