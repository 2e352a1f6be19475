/*
 * Boost.Interprocess between two processes, two threads in each: a mutex, a recursive one, a timed wait, a bounded
 * queue on a mutex and two conditions, a semaphore and a mutex with names, all in a segment of shared memory.  The
 * second process runs without what is preloaded in the first.
 *
 *	interprocess NAME N	N rounds a thread
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <boost/date_time/posix_time/posix_time_types.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/interprocess_condition.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/interprocess_recursive_mutex.hpp>
#include <boost/interprocess/sync/interprocess_semaphore.hpp>
#include <boost/interprocess/sync/interprocess_sharable_mutex.hpp>
#include <boost/interprocess/sync/named_mutex.hpp>
#include <boost/interprocess/sync/named_semaphore.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <boost/interprocess/sync/sharable_lock.hpp>

namespace {

using namespace boost::interprocess;

enum { NTHREAD = 2, ROOM = 4 };

struct Shared {
	interprocess_mutex mutex, queue;
	interprocess_recursive_mutex again;
	interprocess_condition notempty, notfull, turned;
	interprocess_semaphore permits{2};
	interprocess_sharable_mutex sharable;
	long counted = 0, recursed = 0, named = 0, written = 0, sum = 0, items[ROOM] = {};
	int head = 0, length = 0, inside = 0, most = 0, turn = 0, wrong = 0;
};

using Lock = scoped_lock<interprocess_mutex>;

void
put(Shared &s, long v)
{
	Lock l(s.queue);
	while(s.length == ROOM)
		s.notfull.wait(l);
	s.items[(s.head + s.length++) % ROOM] = v;
	s.notempty.notify_one();
}

void
take(Shared &s)
{
	Lock l(s.queue);
	while(s.length == 0)
		s.notempty.wait(l);
	s.sum += s.items[s.head];
	s.head = (s.head + 1) % ROOM;
	s.length--;
	s.notfull.notify_one();
}

/* Thread 0 of each process puts, thread 1 takes; the two of each rank take turns. */
void
work(Shared &s, const std::string &name, int side, int thread, int n)
{
	named_mutex nm(open_only, (name + "m").c_str());
	named_semaphore ns(open_only, (name + "s").c_str());

	for(int i = 0; i < n; i++) {
		{
			Lock l(s.mutex);
			s.counted++;
		}
		{
			scoped_lock<interprocess_recursive_mutex> l(s.again), m(s.again);
			s.recursed++;
		}
		if(i % 4 == 0) {
			scoped_lock<named_mutex> l(nm);
			s.named++;
		}
		if(i % 4 == 1) {
			s.permits.wait();
			ns.wait();
			Lock l(s.mutex);
			s.inside++;
			s.most = std::max(s.most, s.inside);
			l.unlock();
			l.lock();
			s.inside--;
			l.unlock();
			ns.post();
			s.permits.post();
		}
		if(i % 8 == 2) {
			scoped_lock<interprocess_sharable_mutex> l(s.sharable);
			s.written++;
		} else if(i % 8 == 3) {
			sharable_lock<interprocess_sharable_mutex> l(s.sharable);
			s.wrong += s.written < 0;
		}
		if(thread == 0)
			put(s, i);
		else
			take(s);
		if(thread == 0 && i % 8 == 0) {
			Lock l(s.mutex);
			while(s.turn % 2 != side)
				s.turned.timed_wait(l, boost::posix_time::microsec_clock::universal_time() +
							   boost::posix_time::seconds(60));
			s.turn++;
			s.turned.notify_all();
		}
	}
}

void
both(const std::string &name, int side, int n)
{
	managed_shared_memory segment(open_only, name.c_str());
	Shared &s = *segment.find<Shared>("shared").first;
	std::thread taker([&] { work(s, name, side, 1, n); });

	work(s, name, side, 0, n);
	taker.join();
}

void
forget(const std::string &name)
{
	shared_memory_object::remove(name.c_str());
	named_mutex::remove((name + "m").c_str());
	named_semaphore::remove((name + "s").c_str());
}

} // namespace

int
main(int argc, char **argv)
{
	if(argc < 3)
		return 2;
	std::string name = argv[1];
	int n = std::atoi(argv[2]), status;

	if(argc > 3) {
		both(name, 1, n);
		return 0;
	}
	forget(name);
	managed_shared_memory segment(create_only, name.c_str(), 65536);
	Shared &s = *segment.construct<Shared>("shared")();
	named_mutex nm(create_only, (name + "m").c_str());
	named_semaphore ns(create_only, (name + "s").c_str(), 2);
	pid_t pid = fork();
	if(pid == 0) {
		unsetenv("LD_PRELOAD");
		execl("/proc/self/exe", argv[0], argv[1], argv[2], "bare", nullptr);
		_exit(127);
	}
	both(name, 0, n);
	waitpid(pid, &status, 0);
	std::printf("status %d, counted %ld recursed %ld named %ld written %ld sum %ld left %d turns %d, at most two "
		    "inside: %s\n",
	    status, s.counted, s.recursed, s.named, s.written, s.sum, s.length, s.turn,
	    s.most <= 2 && !s.wrong ? "yes" : "no");
	forget(name);
	return 0;
}
