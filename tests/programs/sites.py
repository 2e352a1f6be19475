"""The places of a report held against what gdb says of the same addresses."""
import json, os, re, shutil, subprocess

from bench import HERE, Failed

PAIRS = 50 # of those with most wait


def greatest(processes):
	"""The different SITEs of the pairs with most wait: {(module, offset, function, file, line)}."""
	pairs = [p for process in processes for lock in process["locks"] for p in lock["pairs"]]
	pairs.sort(key=lambda p: -p["wait_ns"])
	sites = [p[who] for p in pairs[:PAIRS] for who in ("waiter", "holder", "waker")]
	return {tuple(s[k] for k in ("module", "offset", "function", "file", "line")) for s in sites if s}


def ask(module, addresses):
	"""What gdbnames.py says of each."""
	p = subprocess.run(["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-ex", "python addresses = %r" % addresses,
		"-ex", "source " + os.path.join(HERE, "gdbnames.py"), module], stdin=subprocess.DEVNULL, capture_output=True, text=True)
	lines = [json.loads(line) for line in p.stdout.splitlines() if line.startswith("{")]
	if len(lines) != len(addresses):
		raise Failed("gdb on %s: %s" % (module, p.stderr.strip()[-300:]))
	return lines


def called(name, full):
	"""Whether it is the name in what gdb calls the function, which has its parameters, and may have its result."""
	squeeze = lambda s: re.sub(r"\s+(?=[>,(*&])|(?<=[,(<])\s+", "", s)
	return full is not None and re.search(r"(^|[^\w:])" + re.escape(squeeze(name)) + r"(\(|$| \[clone )", squeeze(full)) is not None


def disagreement(site, gdb):
	"""
	What differs, or nothing.  A place may be that of the outer function of an inlined one: then gdb's line is of the inner one's code and says
	nothing of ours.
	"""
	module, offset, function, file, line = site
	if function == "%s+%s" % (os.path.basename(module), offset):
		return gdb["symbol"] or gdb["functions"]
	inner = gdb["functions"][:1]
	if not any(called(function, f) for f in gdb["functions"] + [gdb["symbol"]]):
		return "another function"
	if not gdb["functions"]:
		return file and "a line"
	if called(function, inner[0]) and (os.path.basename(file or ""), line or 0) != (os.path.basename(gdb["file"] or ""), gdb["line"]):
		return "another line"
	return None


def hold(processes):
	"""What to say of all, and whether they agree."""
	if shutil.which("gdb") is None:
		return "sites: skipped, no gdb", True
	modules = {}
	for site in sorted(greatest(processes), key=str):
		# Code made at run time is of no file.
		if os.path.isfile(site[0]):
			modules.setdefault(site[0], []).append(site)
	bad, nameless, agree = [], 0, 0
	for module, sites in modules.items():
		# The call is before its return address.
		for site, gdb in zip(sites, ask(module, [int(s[1], 16) - 1 for s in sites])):
			wrong = disagreement(site, gdb)
			if wrong:
				bad.append("%s+%s is %s (%s:%s), gdb says %s" % (os.path.basename(module), site[1], *site[2:], gdb))
			else:
				agree += 1
				nameless += not gdb["symbol"] and not gdb["functions"]
	if bad:
		return "sites: %d agree, %d do not: %s" % (agree, len(bad), "; ".join(bad[:3])), False
	return "sites: %d agree, %d of them nameless" % (agree, nameless), True
