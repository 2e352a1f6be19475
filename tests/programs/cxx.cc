/*
 * What the C++ library makes of the locks: mutexes of four kinds, both
 * condition variables, call_once, semaphores, a latch, a shared mutex, futures.
 * Prints what was counted: the same whatever the timing.
 */
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <thread>
#include <vector>

namespace {

constexpr int NTHREAD = 4;

std::mutex lock;
std::recursive_mutex again;
std::timed_mutex timed;
std::shared_mutex shared;
std::counting_semaphore<8> permits(2);
std::once_flag once;
long locked, recursed, timedsum, written, onced;
std::atomic<int> inside{0}, most{0};

/* A bounded queue with both kinds of condition variable. */
class Queue {
      public:
	void
	put(long v)
	{
		std::unique_lock<std::mutex> l(m);
		notfull.wait(l, [this] { return q.size() < 8; });
		q.push_back(v);
		notempty.notify_one();
	}

	long
	take()
	{
		std::unique_lock<std::mutex> l(m);
		while(!notempty.wait_for(l, std::chrono::milliseconds(20), [this] { return !q.empty(); }))
			;
		long v = q.front();
		q.pop_front();
		notfull.notify_one();
		return v;
	}

      private:
	std::mutex m;
	std::condition_variable notempty;
	std::condition_variable_any notfull;
	std::deque<long> q;
};

Queue queue;

void
work(int n)
{
	std::call_once(once, [] { onced++; });
	for(int i = 0; i < n; i++) {
		{
			std::lock_guard<std::mutex> l(lock);
			locked += i;
		}
		if(i % 4 == 0) {
			std::scoped_lock l(again, lock);
			std::lock_guard<std::recursive_mutex> m(again);
			recursed++;
		}
		if(i % 8 == 0) {
			while(!timed.try_lock_for(std::chrono::milliseconds(50)))
				;
			timedsum++;
			timed.unlock();
		}
		if(i % 16 == 0) {
			std::unique_lock<std::shared_mutex> l(shared);
			written++;
		} else if(i % 4 == 1) {
			std::shared_lock<std::shared_mutex> l(shared);
			if(written < 0)
				std::abort();
		}
		if(i % 32 == 0) {
			permits.acquire();
			int now = inside.fetch_add(1, std::memory_order_relaxed) + 1;
			int was = most.load(std::memory_order_relaxed);
			while(was < now && !most.compare_exchange_weak(was, now, std::memory_order_relaxed))
				;
			inside.fetch_sub(1, std::memory_order_relaxed);
			permits.release();
			queue.put(i);
		}
	}
}

} // namespace

int
main(int argc, char **argv)
{
	int n = (argc > 1 ? std::atoi(argv[1]) : 10000) / NTHREAD;
	long items = static_cast<long>((n + 31) / 32) * NTHREAD;
	std::latch begun(NTHREAD);
	std::vector<std::jthread> threads;

	auto sum = std::async(std::launch::async, [items] {
		long s = 0;
		for(long i = 0; i < items; i++)
			s += queue.take();
		return s;
	});
	for(int i = 0; i < NTHREAD; i++)
		threads.emplace_back([n, &begun] {
			begun.arrive_and_wait();
			work(n);
		});
	threads.clear();
	std::printf("locked %ld recursed %ld timed %ld written %ld once %ld queued %ld, at most two inside: %s\n",
	    locked, recursed, timedsum, written, onced, sum.get(), most.load() <= 2 ? "yes" : "no");
	return 0;
}
