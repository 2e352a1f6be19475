// A thread that waits for something, and whether it does yet.
#ifndef WAITER_HH
#define WAITER_HH

#include <atomic>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <unistd.h>

class Waiter {
      public:
	template <class F>
	explicit Waiter(F f)
	    : t([this, f] {
		      tid = gettid();
		      f();
	      })
	{
	}

	~Waiter()
	{
		join();
	}

	void
	join()
	{
		if(t.joinable())
			t.join();
	}

	// Until it sleeps in the kernel.
	void
	asleep() const
	{
		while(tid == 0 || state() != 'S')
			std::this_thread::yield();
	}

	pthread_t
	handle()
	{
		return t.native_handle();
	}

      private:
	char
	state() const
	{
		char line[512] = "";
		FILE *f = fopen(("/proc/self/task/" + std::to_string(tid.load()) + "/stat").c_str(), "r");

		if(f == nullptr)
			return 0;
		const char *got = fgets(line, sizeof line, f);
		fclose(f);
		const char *p = got != nullptr ? strrchr(line, ')') : nullptr;
		return p != nullptr ? p[2] : 0;
	}

	std::atomic<int> tid{0};
	std::thread t;
};

#endif
