/*
 * The C++ library's face: std::mutex and its kin, condition_variable with its
 * clocks, call_once that throws, counting_semaphore, futures.
 */
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <future>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

#define MUST(e) \
	do { \
		if(!(e)) { \
			std::printf("not ok stdcpp: line %d: %s\n", __LINE__, #e); \
			std::fflush(stdout); \
			std::_Exit(1); \
		} \
	} while(0)

/* A bounded queue, producers and consumers waiting on either end, some with a timeout. */
class Queue {
	std::mutex m;
	std::condition_variable notempty;
	std::condition_variable_any notfull;
	std::deque<long> q;

      public:
	void
	put(long v)
	{
		std::unique_lock<std::mutex> l(m);
		notfull.wait(l, [&] { return q.size() < 8; });
		q.push_back(v);
		l.unlock();
		notempty.notify_one();
	}
	long
	get(int how)
	{
		std::unique_lock<std::mutex> l(m);
		while(q.empty())
			if(how % 3 == 0)
				notempty.wait(l);
			else if(how % 3 == 1)
				notempty.wait_for(l, 1ms);
			else
				notempty.wait_until(l, std::chrono::system_clock::now() + 1ms);
		long v = q.front();
		q.pop_front();
		notfull.notify_all();
		return v;
	}
};

static void
queues()
{
	constexpr long each = 2000;
	Queue q;
	std::vector<std::thread> t;
	std::vector<std::future<long>> sums;
	for(int p = 0; p < 3; p++)
		t.emplace_back([&] {
			for(long i = 1; i <= each; i++)
				q.put(i);
		});
	for(int c = 0; c < 3; c++)
		sums.push_back(std::async(std::launch::async, [&, c] {
			long sum = 0;
			for(long i = 0; i < each; i++)
				sum += q.get(c);
			return sum;
		}));
	long all = 0;
	for(auto &s : sums)
		all += s.get();
	for(auto &x : t)
		x.join();
	MUST(all == 3 * each * (each + 1) / 2);
}

static void
mutexes()
{
	std::timed_mutex tm;
	std::recursive_mutex rm;
	std::recursive_timed_mutex rtm;
	std::shared_timed_mutex sm;
	long n = 0;

	tm.lock();
	std::thread([&] {
		MUST(!tm.try_lock());
		MUST(!tm.try_lock_for(2ms));
		MUST(!tm.try_lock_until(std::chrono::system_clock::now() + 2ms));
	}).join();
	tm.unlock();
	std::vector<std::thread> t;
	for(int i = 0; i < 4; i++)
		t.emplace_back([&] {
			for(int j = 0; j < 2000; j++) {
				std::scoped_lock l(rm, rtm, tm); /* deadlock avoidance by trylock */
				std::lock_guard<std::recursive_mutex> again(rm);
				std::unique_lock<std::shared_timed_mutex> w(sm);
				n++;
			}
		});
	for(int i = 0; i < 2; i++)
		t.emplace_back([&] {
			for(int j = 0; j < 500; j++) {
				std::shared_lock<std::shared_timed_mutex> r(sm, 1s);
				MUST(r.owns_lock() && n >= 0);
			}
		});
	for(auto &x : t)
		x.join();
	MUST(n == 4 * 2000);
}

static void
onces()
{
	std::once_flag flag;
	std::atomic<int> tries{0}, done{0};
	std::vector<std::thread> t;
	for(int i = 0; i < 6; i++)
		t.emplace_back([&] {
			try {
				std::call_once(flag, [&] {
					if(tries++ < 3)
						throw 1; /* the next one tries */
					std::this_thread::yield();
					done++;
				});
			} catch(int) {
			}
		});
	for(auto &x : t)
		x.join();
	MUST(done == 1 && tries == 4);
}

static void
semaphores()
{
	std::counting_semaphore<4> s(2);
	std::atomic<int> in{0};
	std::vector<std::thread> t;
	for(int i = 0; i < 6; i++)
		t.emplace_back([&] {
			for(int j = 0; j < 500; j++) {
				while(!s.try_acquire_for(50ms))
					;
				MUST(++in <= 2);
				in--;
				s.release();
			}
		});
	for(auto &x : t)
		x.join();
	MUST(s.try_acquire() && s.try_acquire() && !s.try_acquire());
}

/* An exception passes frames that hold and wait: unwinding is the program's own. */
static void
throws()
{
	std::mutex m;
	for(int i = 0; i < 100; i++)
		try {
			std::lock_guard<std::mutex> l(m);
			throw std::runtime_error("x");
		} catch(const std::exception &) {
			MUST(m.try_lock());
			m.unlock();
		}
}

int
main()
{
	queues();
	mutexes();
	onces();
	semaphores();
	throws();
	std::puts("ok stdcpp");
	return 0;
}
