// What the tests of sleeping, notes and errors share.
#ifndef RENDEZ_TESTS_NOTES_HH
#define RENDEZ_TESTS_NOTES_HH

#define RENDEZ_NOPLAINNAMES
#include "compat/plan9.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

// Whether f raises an error.  Nothing in f may want to be destroyed.
template<typename F>
__attribute__((noinline)) bool
raises(const F &f)
{
	if(p9waserror())
		return true;
	f();
	p9poperror();
	return false;
}

inline std::string
errorstring()
{
	char buf[P9ERRMAX];

	p9rerrstr(buf, sizeof buf);
	return buf;
}

// A thread that others know.
class Known {
public:
	template<typename F>
	explicit Known(F f)
	    : t([this, f] {
		      tid = static_cast<int>(syscall(SYS_gettid));
		      who = p9up();
		      f();
	      })
	{
		while(who.load() == nullptr)
			std::this_thread::yield();
	}
	~Known() { t.join(); }
	P9proc *proc() { return who.load(); }
	int post(const char *msg = "note", int flag = P9NUser) { return p9postnote(proc(), 1, msg, flag); }

	// Until it waits in a system call for a futex, and has for two looks.
	void asleep()
	{
		for(int seen = 0; seen < 2;) {
			long nr = call();
			seen = nr == SYS_futex || nr == 449 ? seen + 1 : 0;
			std::this_thread::yield();
		}
	}

	// The system call that it is in, -1 if none.
	long call()
	{
		char path[64], line[32] = {};

		snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid.load());
		FILE *f = fopen(path, "re");
		if(f == nullptr)
			return -1;
		if(fgets(line, sizeof line, f) == nullptr)
			line[0] = 'r';
		fclose(f);
		return line[0] == 'r' ? -1 : strtol(line, nullptr, 10);
	}

private:
	std::atomic<P9proc *> who{nullptr};
	std::atomic<int> tid{0};
	std::thread t;
};

inline void
napms(int ms)
{
	std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

// A sleep that only a wakeup or a note ends.
inline void
sleepon(Rendez *r)
{
	p9sleep(r, p9return0, nullptr);
}

#endif
