"""What every program here is run with: a scratch folder, what is preloaded, a time limit, and its end."""
import hashlib, json, os, random, shutil, signal, subprocess, tempfile, time

from sane import wrongs

LIMIT = 900
HERE = os.path.dirname(os.path.abspath(__file__))


class Failed(Exception):
	pass

SHMROOM = 3 << 30  # a profile takes 4 MB, and a program may leave hundreds


class Missing(Exception):
	pass


class Bench:
	def __init__(self, scratch, build, preload, part, rendez):
		self.scratch, self.build, self.part, self.rendez = scratch, build, part, rendez
		# In memory if there is room, as rendez run does it: the program writes into mapped files.
		shm = os.statvfs("/dev/shm") if os.path.isdir("/dev/shm") else None
		self.inmemory = tempfile.TemporaryDirectory(prefix="rz", dir="/dev/shm") \
			if rendez and shm and shm.f_bavail * shm.f_frsize >= SHMROOM else None
		self.profiles = os.path.join(self.inmemory.name if self.inmemory else scratch, "profiles")
		self.env = {k: v for k, v in os.environ.items() if not k.startswith(("LD_", "RENDEZ", "MALLOC_", "PG", "GIT_"))}
		self.env.update(LC_ALL="C.UTF-8", HOME=scratch, TMPDIR=scratch)
		self.preloaded = dict(self.env)
		if preload:
			self.preloaded["LD_PRELOAD"] = ":".join(preload)
		if rendez:
			if self.inmemory:
				os.chmod(self.inmemory.name, 0o755)
			os.mkdir(self.profiles)
			os.chmod(self.profiles, 0o1777)
			self.preloaded["RENDEZ_DIR"] = self.profiles

	def path(self, name):
		return os.path.join(self.scratch, name)

	def pick(self, quick, full):
		"""How much to do: the part of the full size that was asked for, 0 the quick one."""
		if isinstance(full, int):
			return max(quick, int(full * self.part))
		return full if self.part == 1 else quick

	def header(self, name):
		"""A header that must be there."""
		if not os.path.exists(os.path.join("/usr/include", name)):
			raise Missing("no " + name)

	def loads(self, library):
		"""Whether the loader finds it."""
		return subprocess.run(["/bin/true"], env=dict(self.env, LD_PRELOAD=library), stderr=subprocess.PIPE).stderr == b""

	def compile(self, source, *flags, name="", compiler="", pc=""):
		"""The program made of a source of this folder, with pkg-config's pc if given; made once."""
		path, base = os.path.join(HERE, source), os.path.splitext(source)
		program = os.path.join(self.build, name or base[0])
		if os.path.exists(program) and os.path.getmtime(program) > os.path.getmtime(path):
			return program
		if pc:
			found = subprocess.run(["pkg-config", "--cflags", "--libs", pc], capture_output=True, text=True)
			if found.returncode != 0:
				raise Missing("no " + pc)
			flags += tuple(found.stdout.split())
		compilers = {".c": ["gcc", "-std=gnu11"], ".cc": ["g++", "-std=c++20"]}[base[1]]
		self.run([compiler or compilers[0], compilers[1], "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-o", program + ".new", path,
			"-pthread", *flags], native=True)
		os.rename(program + ".new", program)
		return program

	def start(self, argv, native=False, **more):
		"""Start a program in a session of its own; its output goes to a file."""
		if shutil.which(argv[0]) is None:
			raise Missing("no " + argv[0])
		more.setdefault("stdin", subprocess.DEVNULL)
		more.setdefault("stdout", subprocess.PIPE)
		more.setdefault("stderr", open(self.path("stderr"), "ab"))
		more.setdefault("cwd", self.scratch)
		more.setdefault("env", self.env if native else self.preloaded)
		return subprocess.Popen(argv, start_new_session=True, **more)

	def run(self, argv, native=False, status=(0,), **more):
		"""Run it to its end, which may have one of these statuses: its standard output."""
		p = self.start(argv, native, **more)
		try:
			out, _ = p.communicate(timeout=LIMIT)
		except subprocess.TimeoutExpired:
			self.end(p, signal.SIGKILL)
			raise Failed("%s did not end in %d s" % (argv[0], LIMIT)) from None
		if p.returncode not in status:
			raise Failed("%s: status %d: %s" % (" ".join(argv[:4]), p.returncode, self.complaint(out)))
		return (out or b"").decode(errors="replace")

	def complaint(self, out=b""):
		with open(self.path("stderr"), "rb") as f:
			return ((out or b"")[-200:] + b" " + f.read()[-400:]).decode(errors="replace").replace("\n", " | ")

	def end(self, p, sig=signal.SIGTERM):
		"""End what start() started, and all of its session."""
		os.killpg(p.pid, sig)
		try:
			p.wait(60)
		except subprocess.TimeoutExpired:
			os.killpg(p.pid, signal.SIGKILL)
			p.wait()
			raise Failed("%s did not end when told to" % p.args[0]) from None

	def serve(self, argv, ready, **more):
		"""Start a server and wait until ready() is true."""
		p = self.start(argv, stdout=open(self.path("server"), "wb"), **more)
		limit = time.monotonic() + 120
		while not ready():
			if p.poll() is not None:
				raise Failed("%s ended: status %d: %s" % (argv[0], p.returncode, self.complaint()))
			if time.monotonic() > limit:
				self.end(p, signal.SIGKILL)
				raise Failed("%s does not answer: %s" % (argv[0], self.complaint()))
			time.sleep(0.05)
		return p

	def stop(self, p):
		"""The server ends when told to, of itself and in good order."""
		self.end(p)
		if p.returncode not in (0, -signal.SIGTERM):
			raise Failed("%s: status %d: %s" % (p.args[0], p.returncode, self.complaint()))
		self.report()

	def answers(self, argv, **more):
		p = subprocess.run(argv, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
			stderr=subprocess.DEVNULL, timeout=60, **more)
		return p.returncode == 0

	def report(self):
		"""The run left profiles, and they can be read and make sense."""
		if self.rendez:
			if not os.listdir(self.profiles):
				raise Failed("it made no profile: the library was not loaded")
			self.run([self.rendez, "report", self.profiles], native=True)
			wrong = wrongs(json.loads(self.run([self.rendez, "report", "--format=json", self.profiles], native=True)))
			if wrong:
				raise Failed("its report: %s (%d such)" % ("; ".join(wrong[:3]), len(wrong)))

	def data(self, megabytes):
		"""A file that compresses somewhat, the same at every call; made once."""
		path = os.path.join(self.build, "data-%d" % megabytes)
		if not os.path.exists(path):
			r = random.Random(1)
			words = [r.randbytes(r.randint(2, 9)) for _ in range(5000)]
			with open(path + ".new", "wb") as f:
				while f.tell() < megabytes << 20:
					f.write(b" ".join(r.choices(words, k=20000)) + r.randbytes(4000))
				f.truncate(megabytes << 20)
			os.rename(path + ".new", path)
		return path


class Clock:
	"""with Clock() as t: ...; t.seconds"""
	def __enter__(self):
		self.begun = time.monotonic()
		return self

	def __exit__(self, *_):
		self.seconds = time.monotonic() - self.begun


def digest(path):
	h = hashlib.sha256()
	with open(path, "rb") as f:
		while chunk := f.read(1 << 20):
			h.update(chunk)
	return h.hexdigest()[:16]
