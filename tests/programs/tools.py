"""Programs that run from beginning to end by themselves."""
import glob, os, re, shutil, subprocess

from bench import HERE, Clock, Failed, Missing, digest


def roundtrip(b, pack, unpack, megabytes):
	data = b.data(megabytes)
	with Clock() as t:
		for argv, source, result in (pack, data, "packed"), (unpack, b.path("packed"), "unpacked"):
			with open(source, "rb") as i, open(b.path(result), "wb") as o:
				b.run(argv, stdin=i, stdout=o)
	b.report()
	if digest(b.path("unpacked")) != digest(data):
		raise Failed("the round trip changed the data")
	return digest(b.path("packed")), megabytes / t.seconds, "MB/s"


def pigz(b):
	return roundtrip(b, ["pigz", "-p", "4", "-n", "-T", "-c"], ["pigz", "-d", "-c"], b.pick(20, 200))


def pbzip2(b):
	return roundtrip(b, ["pbzip2", "-p4", "-c"], ["pbzip2", "-d", "-p4", "-c"], b.pick(5, 200))


def git(b):
	"""index-pack with several threads, over a repository of many versions of many files."""
	versions = b.pick(400, 2000)
	stream = os.path.join(b.build, "git-stream-%d" % versions)
	if not os.path.exists(stream):
		lines = open(b.data(16), "rb").read()
		with open(stream + ".new", "wb") as f:
			for i in range(versions):
				f.write(b"commit refs/heads/main\ncommitter a <a@b> %d +0000\ndata 0\n" % (1600000000 + i))
				for j in range(8):
					text = lines[j * 20000:j * 20000 + 20000 + i * 5200 // versions] + b"%d" % i
					f.write(b"M 100644 inline f%d\ndata %d\n%s\n" % (j, len(text), text))
		os.rename(stream + ".new", stream)
	pack = stream + ".pack"
	if not os.path.exists(pack):
		b.run(["git", "init", "-q", "--bare", "r"], native=True)
		with open(stream, "rb") as f:
			b.run(["git", "-C", "r", "fast-import", "--quiet"], native=True, stdin=f)
		b.run(["git", "-C", "r", "-c", "pack.threads=1", "repack", "-adfq"], native=True)
		made, = glob.glob(b.path("r/objects/pack/*.pack"))
		shutil.copy(made, pack + ".new")
		os.rename(pack + ".new", pack)
	rounds = b.pick(3, 10)
	with Clock() as t:
		for _ in range(rounds):
			out = b.run(["git", "index-pack", "--threads=4", "-o", b.path("idx"), pack])
			os.chmod(b.path("idx"), 0o600)
	b.report()
	return out.strip() + " " + digest(b.path("idx")), rounds / t.seconds, "packs/s"


def stress_ng(b):
	"""
	One after the other, for the threads of its mutex test are of a real-time policy and leave the others what they leave: also
	who is to end them at the time, and until that they go on and count.  So what is timed is the whole run.  And it is done several
	times: which threads happen to share a processor makes one run twice as fast as the next.  (By number it fails now and
	then: not a thread was made when that is reached.)  The rate is the geometric mean.
	"""
	rate = 1
	for name, goes, seconds in ("mutex", b.pick(2, 20), 1), ("sem", 1, b.pick(1, 10)):
		with Clock() as t:
			n = sum(metric(b, name, seconds) for _ in range(goes))
		rate *= n / t.seconds
	b.report()
	return "successful", rate ** .5, "ops/s"


def metric(b, name, seconds):
	# One of its processes may be kept by the others' threads from making any until the time is over, also natively: that is a failure to
	# it, and counts here with the operations of the others.
	out = b.run(["stress-ng", "--" + name, "4", "--timeout", "%ds" % seconds, "--metrics-brief"],
		stderr=subprocess.STDOUT, status=(0, 2, 3))
	# stress-ng: metrc: [PID] NAME, operations, ...
	m = re.search(r"metrc: \[\d+\] %s +(\d+) " % name, out)
	wrong = [l for l in out.splitlines() if "fail:" in l and "could not create any pthreads" not in l]
	if not m or wrong or "run completed" not in out:
		raise Failed("it said " + out)
	return int(m.group(1))


def python(b):
	"""The interpreter's own tests of threads, queues and futures."""
	py = "/usr/bin/python3"
	if not glob.glob("/usr/lib/python3*/test/test_queue.py"):
		raise Missing("no libpython3-testsuite")
	tests = b.pick(["test_queue", "test_thread"], ["test_threading", "test_queue", "test_concurrent_futures", "test_thread"])
	with Clock() as t:
		out = b.run([py, "-m", "test", "-u", "cpu"] + tests)
	b.report()
	m = re.search(r"(?:Tests r|R)esult: (\w+)", out)
	return "%s of %s" % (m and m.group(1), " ".join(tests)), 1 / t.seconds, "runs/s"


def javaclass(b, name, n, *flags):
	classes = os.path.join(b.build, "java")
	made, source = os.path.join(classes, name + ".class"), os.path.join(HERE, name + ".java")
	if not os.path.exists(made) or os.path.getmtime(made) < os.path.getmtime(source):
		b.run(["javac", "-d", classes, source], native=True)
	with Clock() as t:
		out = b.run(["java", "-XX:-UsePerfData", *flags, "-cp", classes, name, str(n)])
	b.report()
	return out.strip(), n / t.seconds, "ops/s"


def java(b):
	"""Monitors, java.util.concurrent locks and a blocking queue, all contended."""
	return javaclass(b, "Contended", b.pick(200000, 10000000))


def monitors(b):
	"""wait, notify and interrupt with many threads, in a small heap that the collector is always busy with."""
	return javaclass(b, "Monitors", b.pick(1000, 50000), "-Xmx64m")


def node(b):
	"""Worker threads that compute and wait for each other."""
	n = b.pick(20000, 2000000)
	with Clock() as t:
		out = b.run(["node", os.path.join(HERE, "workers.js"), str(n)])
	b.report()
	return out.strip(), n / t.seconds, "ops/s"


def cxx(b):
	"""std::mutex, condition_variable, call_once, counting_semaphore and others."""
	program, n = b.compile("cxx.cc"), b.pick(500000, 10000000)
	with Clock() as t:
		out = b.run([program, str(n)])
	b.report()
	return out.strip(), n / t.seconds, "ops/s"


PROGRAMS = [pigz, pbzip2, git, stress_ng, python, java, monitors, node, cxx]
