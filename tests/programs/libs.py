"""Libraries that lock in ways of their own, each under many threads in a small program of ours that says what it counted."""
import shutil

from bench import Clock, Failed, Missing


def run(b, argv, n):
	with Clock() as t:
		out = b.run(argv + [str(n)])
	b.report()
	return out.strip(), n / t.seconds, "rounds/s"


def glib(b):
	"""GMutex and GCond are futexes of GLib's own, GRecMutex and GRWLock pthread's; queues and a pool of threads."""
	return run(b, [b.compile("glib.c", pc="glib-2.0")], b.pick(20000, 400000))


def uv(b):
	"""libuv's locks, its loop and the pool of threads behind it."""
	return run(b, [b.compile("uv.c", pc="libuv")], b.pick(20000, 400000))


def gomp(b):
	"""OpenMP with gcc's runtime, whose locks are futexes of its own."""
	return run(b, [b.compile("omp.c", "-fopenmp", name="gomp")], b.pick(1000, 20000))


def llvmomp(b):
	"""OpenMP with clang's runtime, whose threads sleep on pthread's locks when there is nothing to do."""
	if shutil.which("clang") is None:
		raise Missing("no clang")
	return run(b, [b.compile("omp.c", "-fopenmp", name="llvmomp", compiler="clang")], b.pick(200, 4000))


def tbb(b):
	return run(b, [b.compile("tbb.cc", pc="tbb")], b.pick(10000, 400000))


def allocators(b):
	"""jemalloc and tcmalloc, preloaded before and after what b preloads; both fork while others allocate."""
	program, n = b.compile("malloc.c"), b.pick(20000, 400000)
	preloaded, said, rates = b.preloaded.get("LD_PRELOAD", ""), set(), []
	for allocator in "libjemalloc.so.2", "libtcmalloc_minimal.so.4":
		if not b.loads(allocator):
			raise Missing("no " + allocator)
		for order in [allocator, preloaded], [preloaded, allocator]:
			b.preloaded["LD_PRELOAD"] = ":".join(filter(None, order))
			out, rate, unit = run(b, [program], n)
			said.add(out)
			rates.append(rate)
	if len(said) != 1:
		raise Failed("it differs by the allocator: %s" % said)
	return said.pop(), sum(rates) / len(rates), unit


PROGRAMS = [glib, uv, gomp, llvmomp, tbb, allocators]
