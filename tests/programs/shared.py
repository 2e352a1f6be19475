"""Programs whose locks are shared by processes, some killed while they hold them, some without what is preloaded."""
import os

from bench import HERE, Clock


def lmdb(b):
	"""Two robust mutexes in the lock file; writers and readers are killed in the middle of a transaction."""
	program, n = b.compile("lmdb.c", pc="lmdb"), b.pick(300, 20000)
	os.mkdir(b.path("env"))
	with Clock() as t:
		out = b.run([program, b.path("env"), str(n), str(b.pick(20, 400))])
	b.report()
	return out.strip(), 12 * n / t.seconds, "transactions/s"


def interprocess(b):
	"""Boost.Interprocess, between a process that is preloaded and one that is not."""
	b.header("boost/interprocess/managed_shared_memory.hpp")
	program, n = b.compile("interprocess.cc"), b.pick(20000, 1000000)
	with Clock() as t:
		out = b.run([program, "rendez-%d" % os.getpid(), str(n)])
	b.report()
	return out.strip(), 4 * n / t.seconds, "rounds/s"


def multiprocessing(b):
	"""CPython's: semaphores with names, inherited by fork and opened again after spawn."""
	n, out = b.pick(100, 3000), []
	with Clock() as t:
		for method in "fork", "spawn", "forkserver":
			out.append(b.run(["/usr/bin/python3", os.path.join(HERE, "multi.py"), method, str(n)]).strip())
	b.report()
	return " | ".join(out), 9 * n / t.seconds, "rounds/s"


def forks(b):
	"""A process that forks while its threads hold and wait for every kind of lock."""
	program, n = b.compile("forks.c"), b.pick(200, 600)
	with Clock() as t:
		out = b.run([program, str(n)])
	b.report()
	return out.strip(), n / t.seconds, "children/s"


PROGRAMS = [lmdb, interprocess, multiprocessing, forks]
