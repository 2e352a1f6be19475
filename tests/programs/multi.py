"""CPython's multiprocessing, whose locks are semaphores with names: multi.py METHOD N (fork, spawn or forkserver)."""
import multiprocessing, sys, threading

WORKERS = 3


def square(x):
	return x * x


def work(me, n, lock, total, permits, inside, most, queue, barrier, condition, turn, event, shared):
	event.wait()
	for i in range(n):
		with lock:
			total.value += 1
		with permits:
			with inside.get_lock():
				inside.value += 1
				most.value = max(most.value, inside.value)
			with inside.get_lock():
				inside.value -= 1
		queue.put(i)
		if i % 16 == 0:
			barrier.wait(60)
			with condition:
				condition.wait_for(lambda: turn.value % WORKERS == me, 60)
				turn.value += 1
				condition.notify_all()
	shared.append(me)


def main():
	c, n = multiprocessing.get_context(sys.argv[1]), int(sys.argv[2])
	lock, permits, queue, event = c.RLock(), c.BoundedSemaphore(2), c.Queue(4), c.Event()
	total, inside, most, turn = c.Value("l", 0, lock=False), c.Value("i", 0), c.Value("i", 0), c.Value("i", 0)
	with c.Manager() as manager:
		shared = manager.list()
		args = n, lock, total, permits, inside, most, queue, c.Barrier(WORKERS), c.Condition(), turn, event, shared
		workers = [c.Process(target=work, args=(i,) + args) for i in range(WORKERS)]
		for w in workers:
			w.start()
		event.set()
		queued = sum(queue.get() for _ in range(WORKERS * n))
		for w in workers:
			w.join()
		appended = sorted(shared)
	with c.Pool(3) as pool:
		# Several threads feed the pool at once.
		sums = [0] * 3
		def feed(i):
			sums[i] = sum(pool.imap_unordered(square, range(n), 7))
		feeders = [threading.Thread(target=feed, args=(i,)) for i in range(3)]
		for f in feeders:
			f.start()
		for f in feeders:
			f.join()
	print("locked", total.value, "queued", queued, "turns", turn.value, "most", most.value <= 2, "appended", appended, "pool", sums,
		"ended", [w.exitcode for w in workers])


if __name__ == "__main__":
	main()
