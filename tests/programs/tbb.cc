/*
 * oneTBB: queuing and spinning mutexes and readers-writer ones, std::mutex inside tasks, a bounded queue whose threads
 * block, concurrent containers, arenas entered by several threads, a pipeline and a flow graph.
 *
 *	tbb N		N rounds
 */
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>
#include <tbb/concurrent_hash_map.h>
#include <tbb/concurrent_queue.h>
#include <tbb/flow_graph.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/parallel_reduce.h>
#include <tbb/queuing_mutex.h>
#include <tbb/queuing_rw_mutex.h>
#include <tbb/spin_rw_mutex.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

namespace {

tbb::queuing_mutex queuing;
tbb::queuing_rw_mutex queuingrw;
tbb::spin_rw_mutex spinrw;
std::mutex plain;
long queued, written[2], spun, locked;

void
locks(int i)
{
	{
		tbb::queuing_mutex::scoped_lock l(queuing);
		queued++;
	}
	{
		tbb::queuing_rw_mutex::scoped_lock l(queuingrw, i % 8 == 0);
		if(i % 8 == 0) {
			written[0]++;
			written[1]++;
		} else if(written[0] != written[1])
			std::abort();
	}
	{
		tbb::spin_rw_mutex::scoped_lock l(spinrw, true);
		spun++;
	}
	std::lock_guard<std::mutex> l(plain);
	locked++;
}

/* Threads that put and threads that take; both block. */
long
bounded(int n)
{
	tbb::concurrent_bounded_queue<long> q;
	std::vector<std::jthread> threads;
	std::atomic<long> sum{0};

	q.set_capacity(4);
	for(int t = 0; t < 3; t++) {
		threads.emplace_back([&q, n] {
			for(int i = 0; i < n; i++)
				q.push(i);
		});
		threads.emplace_back([&q, &sum, n] {
			long v, s = 0;
			for(int i = 0; i < n; i++) {
				q.pop(v);
				s += v;
			}
			sum += s;
		});
	}
	threads.clear();
	return sum;
}

/* Two arenas, each entered by two threads. */
long
arenas(int n)
{
	tbb::task_arena arena[2] = {tbb::task_arena(2), tbb::task_arena(3)};
	std::vector<std::jthread> threads;
	std::atomic<long> sum{0};

	for(int t = 0; t < 4; t++)
		threads.emplace_back([&, t] {
			for(int i = 0; i < n / 100; i++)
				arena[t % 2].execute([&] {
					tbb::task_group g;
					for(int j = 0; j < 8; j++)
						g.run([&sum, j] {
							std::lock_guard<std::mutex> l(plain);
							sum += j;
						});
					g.wait();
				});
		});
	threads.clear();
	return sum;
}

long
pipeline(int n)
{
	long sum = 0, next = 0, last = -1;

	tbb::parallel_pipeline(
	    8, tbb::make_filter<void, long>(tbb::filter_mode::serial_in_order, [&](tbb::flow_control &f) {
		    if(next == n)
			    f.stop();
		    return next++;
	    }) & tbb::make_filter<long, long>(tbb::filter_mode::parallel, [](long v) {
		    return 2 * v;
	    }) & tbb::make_filter<long, void>(tbb::filter_mode::serial_in_order, [&](long v) {
		    if(v <= last)
			    std::abort();
		    last = v;
		    sum += v;
	    }));
	return sum;
}

long
graph(int n)
{
	tbb::flow::graph g;
	long sum = 0;
	tbb::flow::function_node<long, long> square(g, tbb::flow::unlimited, [](long v) { return v * v; });
	tbb::flow::function_node<long> add(g, tbb::flow::serial, [&](long v) { return sum += v; });

	tbb::flow::make_edge(square, add);
	for(int i = 0; i < n; i++)
		square.try_put(i % 100);
	g.wait_for_all();
	return sum;
}

} // namespace

int
main(int argc, char **argv)
{
	int n = argc > 1 ? std::atoi(argv[1]) : 10000;
	/* More threads than the machine has processors. */
	tbb::global_control more(tbb::global_control::max_allowed_parallelism, 6);
	tbb::task_arena six(6);
	tbb::concurrent_hash_map<int, long> map;
	long mapped = 0;

	six.execute([&] {
		tbb::parallel_for(0, n, locks);
		tbb::parallel_for(0, n, [&](int i) {
			tbb::concurrent_hash_map<int, long>::accessor a;
			map.insert(a, i % 16);
			a->second += i;
		});
	});
	for(auto &e : map)
		mapped += e.second;
	long reduced = tbb::parallel_reduce(
	    tbb::blocked_range<int>(0, n), 0L,
	    [](const tbb::blocked_range<int> &r, long s) {
		    for(int i = r.begin(); i != r.end(); i++)
			    s += i;
		    return s;
	    },
	    std::plus<long>());
	std::printf("queued %ld written %ld spun %ld locked %ld mapped %ld reduced %ld", queued, written[0], spun,
	    locked, mapped, reduced);
	std::printf(
	    " bounded %ld arenas %ld pipeline %ld graph %ld\n", bounded(n), arenas(n), pipeline(n), graph(n / 4));
	return 0;
}
