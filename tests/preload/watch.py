"""Build test programs, and run one under watch: a time limit, and every stack of a run that hangs.

Shared by the drivers of tests/preload, tests/stress and tests/truth.  Standard library only.
"""
import glob, os, shutil, signal, subprocess, sys, time

CFLAGS = ["-O2", "-g", "-Wall", "-Wextra", "-Werror"]


def build(out, sources, kind="program", extra=()):
	"""Compile sources (the first names the result) to out unless it is newer; exits with the compiler's complaint."""
	deps = list(sources) + glob.glob(os.path.join(os.path.dirname(sources[0]) or ".", "*.h"))
	if os.path.exists(out) and all(os.path.getmtime(d) <= os.path.getmtime(out) for d in deps):
		return out
	cxx = any(s.endswith(".cc") for s in sources)
	cc = [os.environ.get("CXX", "g++"), "-std=gnu++20"] if cxx else [os.environ.get("CC", "gcc"), "-std=gnu11"]
	shared = ["-shared", "-fPIC"] if kind == "library" else []
	cmd = cc + CFLAGS + shared + ["-o", out] + list(sources) + ["-pthread", "-ldl"] + list(extra)
	if subprocess.run(cmd).returncode != 0:
		sys.exit("cannot build " + sources[0])
	return out


def session(sid):
	"""The living processes of a session: a test may have forked."""
	pids = []
	for p in os.listdir("/proc"):
		if p.isdigit():
			try:
				with open("/proc/%s/stat" % p) as f:
					rest = f.read().rpartition(")")[2].split()
				if int(rest[3]) == sid and rest[0] != "Z":
					pids.append(int(p))
			except (OSError, IndexError, ValueError):
				pass
	return pids


def stacks(pid):
	"""All stacks of a process by gdb, or what the kernel says of its threads."""
	if shutil.which("gdb"):
		try:
			return subprocess.run(["gdb", "-nx", "-batch", "-p", str(pid), "-ex", "thread apply all bt 25"],
				stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
				text=True, errors="replace").stdout
		except subprocess.TimeoutExpired:
			pass
	text = ""
	for task in sorted(glob.glob("/proc/%d/task/*" % pid)):
		for name in ("stat", "syscall", "wchan"):
			try:
				with open(os.path.join(task, name)) as f:
					text += "%s/%s: %s\n" % (task, name, f.read().strip())
			except OSError:
				pass
	return text


def watch(cmd, limit, log, env=None, cwd=None):
	"""Run cmd in a session of its own.  Returns (status or None if it hung, stdout, stderr); a hang's stacks go to log."""
	p = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
		cwd=cwd, text=True, errors="replace", start_new_session=True)
	try:
		out, err = p.communicate(timeout=limit)
		status = p.returncode
	except subprocess.TimeoutExpired:
		status = None
		with open(log, "a") as f:
			f.write("%s: not over after %d s\n" % (" ".join(cmd), limit))
			for pid in session(p.pid):
				f.write("\n== process %d ==\n%s" % (pid, stacks(pid)))
		for pid in session(p.pid):
			os.kill(pid, signal.SIGKILL)
		out, err = p.communicate()
	for pid in session(p.pid):
		os.kill(pid, signal.SIGKILL)
	return status, out, err


def preload(env, lib):
	"""env with lib first among its preloads."""
	env = dict(env)
	if lib:
		env["LD_PRELOAD"] = lib + (":" + env["LD_PRELOAD"] if env.get("LD_PRELOAD") else "")
	return env
