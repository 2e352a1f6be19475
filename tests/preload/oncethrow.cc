// An exception thrown by the initialiser of std::call_once passes through, and another caller tries again.
#include <atomic>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

static std::once_flag flag;
static std::atomic<int> tries, done, caught;

static void
call()
{
	for(;;) {
		try {
			std::call_once(flag, [] {
				if(tries.fetch_add(1, std::memory_order_relaxed) < 3)
					throw std::runtime_error("not yet");
				done.fetch_add(1, std::memory_order_relaxed);
			});
			return;
		} catch(std::runtime_error &) {
			caught.fetch_add(1, std::memory_order_relaxed);
		}
	}
}

int
main()
{
	std::vector<std::thread> threads;

	for(int i = 0; i < 8; i++)
		threads.emplace_back(call);
	for(auto &t : threads)
		t.join();
	if(tries != 4 || done != 1 || caught != 3) {
		std::printf(
		    "not ok oncethrow: %d tries, %d done, %d caught\n", tries.load(), done.load(), caught.load());
		return 1;
	}
	std::puts("ok oncethrow");
}
