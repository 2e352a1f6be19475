#!/usr/bin/env python3
"""Hold the report against the world: how long each thread slept as the kernel saw it, what its places are called as gdb sees them.

	tests/programs/world.py --build DIR --rendez COMMAND [--quick] [-v] [NAME...]

Runs programs of this folder under `rendez run` while bpftrace sums the futex calls of every thread, and compares for
every thread the report's parked_ns with the time of the calls in which the library sleeps.  One line a program: "ok
NAME: ..."; "not ok" when a thread is off by more than TOLERANCE; "skipped" where the program is not installed, or
there is no bpftrace, or the kernel does not let us trace.  Without NAMEs: FIVE.  -v: a line a thread, too.  Of the same report the
places of the pairs with most wait are held against gdb's names and lines (sites.py); without gdb the line says so.

world.bt says by the call's operation and value whose sleep it is, and sums only the library's: libc's own sleeps
(joins, locks that libc runs) and those that the program makes itself are in no report.  The report has
finished waits only; what the end of the program cut off is left out of the sum, too.  The recorder reads its clock
outside the call, and a thread may lose the processor or be traced in between, so a thread whose sleeps are shorter
than MEAN on the average says nothing and is only counted.
"""
import argparse, collections, json, os, shutil, subprocess, sys, tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench import HERE, Bench, Failed, Missing
import servers, sites, tools

FIVE = ["pigz", "pbzip2", "redis", "mariadb", "node"]
TOLERANCE = 0.05
LEAST = 20e6 # ns parked, else the thread is not compared
MEAN = 500e3 # ns a sleep, likewise
KEYS = 65536 # threads of the whole machine that are told apart

Sum = collections.namedtuple("Sum", "name ns n mutex")


class World(Bench):
	"""What runs preloaded elsewhere runs under the command here, each run with a folder of profiles of its own."""
	def __init__(self, scratch, build, part, rendez):
		super().__init__(scratch, build, [], part, rendez)
		self.runs = []

	def start(self, argv, native=False, **more):
		if not native:
			self.runs.append(os.path.join(self.profiles, str(len(self.runs))))
			argv = [self.rendez, "run", "-o", self.runs[-1], "--"] + argv
		return super().start(argv, True, **more)

	def report(self):
		"""They are read at the end, all together."""


class Tracer:
	"""with Tracer() as t: ...; t.maps: what world.bt summed."""
	def __enter__(self):
		for program in "bpftrace", "unshare":
			if shutil.which(program) is None:
				raise Missing("no " + program)
		# It looks for the tracing file system where some machines have none: mounted for it alone.
		script = 'test -e /sys/kernel/tracing/events || mount -t tracefs none /sys/kernel/tracing; exec bpftrace -f json "$@"'
		self.p = subprocess.Popen(["unshare", "-m", "sh", "-c", script, "sh", os.path.join(HERE, "world.bt"), str(os.getpid())],
			text=True, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
			env=dict(os.environ, BPFTRACE_MAP_KEYS_MAX=str(KEYS)))
		for line in self.p.stdout:
			if "ready" in line:
				return self
		raise Missing("bpftrace cannot trace here: " + self.p.communicate()[1].strip().split("\n")[-1])

	def __exit__(self, *_):
		os.kill(os.getpid(), 0) # world.bt's end; bpftrace misses a signal that comes while it is not waiting for events
		try:
			out, _ = self.p.communicate(timeout=60)
		except subprocess.TimeoutExpired:
			self.p.kill()
			raise Failed("bpftrace did not end") from None
		self.maps = collections.defaultdict(dict)
		for line in out.splitlines():
			m = json.loads(line) if line else {}
			if m.get("type") == "lost_events":
				raise Failed("the tracer lost events")
			if m.get("type") == "map":
				self.maps.update(m["data"])
		if any(len(m) >= KEYS for m in self.maps.values() if isinstance(m, dict)):
			raise Failed("more threads than the tracer tells apart")


def reported(b):
	"""The processes of all runs."""
	return [p for run in b.runs
		for p in json.loads(b.run([b.rendez, "report", "--format=json", run], native=True))["processes"]]


def told(processes):
	"""What the report says, by thread; a thread that executes programs is in several profiles."""
	threads = {}
	for p in processes:
		if p["lost"]:
			raise Failed("the recorder lost %d events" % p["lost"])
		mutex = {u["tid"] for u in p["unfinished"] if u["lock"] and u["lock"]["kind"] == "mutex"}
		for t in p["threads"]:
			old = threads.get(t["tid"], Sum("", 0, 0, False))
			threads[t["tid"]] = Sum(t["name"], old.ns + t["parked_ns"], old.n + t["parks"], t["tid"] in mutex)
	return threads


def seen(maps, tid, mutex):
	"""What the kernel says of a thread.  A wait for a mutex sleeps in pieces that time out: if it is unfinished, so are they."""
	at = lambda name: maps[name].get(str(tid), 0)
	return at("@ns") + (0 if mutex else at("@late")), at("@n")


def hold(b, program, verbose):
	"""The line to print about a program, and whether it is well."""
	with Tracer() as t:
		program(b)
	processes = reported(b)
	places, agree = sites.hold(processes)
	compared, short, bad, worst = 0, 0, [], (0, "")
	for tid, r in sorted(told(processes).items()):
		ns, n = seen(t.maps, tid, r.mutex)
		if max(r.ns, ns) < LEAST:
			continue
		off = r.ns / ns - 1 if ns else float("inf")
		line = "%s/%d: report %.2f ms in %d, kernel %.2f ms in %d, %+.2f %%" % (r.name, tid, r.ns / 1e6, r.n, ns / 1e6, n, off * 100)
		if verbose:
			print("\t" + line)
		if max(r.ns, ns) < MEAN * max(r.n, n):
			short += 1
			continue
		compared += 1
		worst = max(worst, (abs(off), line))
		if abs(off) > TOLERANCE:
			bad.append(line)
	name = program.__name__
	if bad or not agree:
		return "not ok %s: %s" % (name, "; ".join(bad + [places])), False
	if not compared:
		return "not ok %s: no thread to compare, %d with short sleeps" % (name, short), False
	return "ok %s: %d threads, %d more with short sleeps; the worst %s; %s" % (name, compared, short, worst[1], places), True


def main():
	p = argparse.ArgumentParser(usage=__doc__)
	p.add_argument("--build", required=True)
	p.add_argument("--rendez", required=True)
	p.add_argument("--quick", action="store_true")
	p.add_argument("-v", dest="verbose", action="store_true")
	p.add_argument("name", nargs="*")
	a = p.parse_args()
	a.build, a.rendez = os.path.abspath(a.build), os.path.abspath(a.rendez)
	os.makedirs(a.build, exist_ok=True)
	known = {f.__name__: f for f in tools.PROGRAMS + servers.PROGRAMS}
	for n in a.name:
		if n not in known:
			sys.exit("no such program: %s; there are: %s" % (n, " ".join(known)))
	bad = 0
	for n in a.name or FIVE:
		# Not below TMPDIR's owner-only folders: postgres runs as another user.
		with tempfile.TemporaryDirectory(prefix="rz", dir="/tmp") as scratch:
			os.chmod(scratch, 0o755)
			try:
				line, well = hold(World(scratch, a.build, 0 if a.quick else 1, a.rendez), known[n], a.verbose)
				bad += not well
			except Missing as e:
				line = "skipped %s: %s" % (n, e)
			except Failed as e:
				line, bad = "not ok %s: %s" % (n, e), bad + 1
			print(line, flush=True)
	sys.exit(1 if bad else 0)


main()
