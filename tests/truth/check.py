#!/usr/bin/env python3
"""Hold the report to the truth: check.py [--rendez COMMAND] [--build DIR] [-v] [PROGRAM...]

Runs each program under "rendez run", reads "rendez report --format=json", and compares with what the program
measured itself: the waits of every lock and every pair of sites within 2 % or 0.1 ms, their number and that of the
acquisitions exactly, every wait blamed on the right line and none missing; sampled mean holds within 10 %.  Without --rendez the programs run
natively, but for the one that is linked with the library, and only their own truth is checked for sense.  One line a program; the status is 1 if one failed.
"""
import argparse, json, math, os, re, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "preload"))
from watch import build, watch

PROGRAMS = ["held", "wrapped", "overtaken", "holds", "counts", "waits", "readers", "native"]
WRAPPER = "wraplib.c"


def sites():
	"""FILE.c:NAME -> (FILE.c, line), from the comments that name them."""
	found = {}
	for name in os.listdir(HERE):
		if name.endswith(".c"):
			with open(os.path.join(HERE, name)) as f:
				for number, line in enumerate(f, 1):
					for site in re.findall(r"/\* site: (\w+) \*/", line):
						key = name + ":" + site
						if key in found:
							sys.exit("two sites %s" % key)
						found[key] = (name, number)
	return found


SITES = sites()


def place(site):
	"""A SITE of the report as (file, line)."""
	return site and site["file"] and (os.path.basename(site["file"]), site["line"])


def show(site):
	p = place(site)
	return "%s:%s" % p if p else site and "%(module)s+%(offset)s" % site


def names(text):
	"""The places of a truth's space-separated sites; None stands for "nobody"."""
	return text and [SITES[t] for t in text.split()]


def within(got, least, most, part=0.02, slack=100000):
	return least - max(part * least, slack) <= got <= most + max(part * most, slack)


def frame(site, stack, want):
	"""Is the site one of want, or behind the wrapper library's frames in the stack?"""
	if place(site) in want:
		return True
	for s in stack or []:
		if place(s) in want:
			return True
		if not place(s) or place(s)[0] != WRAPPER:
			return False
	return False


def matches(pair, truth):
	if pair["op"] != truth["op"] or pair["end"] != truth["end"]:
		return False
	if not frame(pair["waiter"], pair.get("waiter_stack"), names(truth["waiter"])):
		return False
	holder, waker = names(truth["holder"]), names(truth["waker"])
	if (holder is None) != (pair["holder"] is None) or (holder and place(pair["holder"]) not in holder):
		return False
	# Who comes upon a lock that was just released, or looks for itself, was woken by nobody: a few may (checkpairs).
	if pair["op"].endswith("lock") and pair["waker"] is None:
		return True
	return not waker or frame(pair["waker"], pair.get("waker_stack"), waker)


class Check:
	def __init__(self, verbose):
		self.bad, self.verbose = [], verbose

	def that(self, good, fmt, *args):
		if not good:
			self.bad.append(fmt % args)
		elif self.verbose:
			print("  " + fmt % args)


def lockof(process, truth):
	"""The report's lock that the truth speaks of: by address, unless that is not known, and kind, and by who made it."""
	found = [l for l in process["locks"] if l["kind"] == truth["kind"]]
	if truth["address"] != "(nil)":
		found = [l for l in found if int(l["address"], 16) == int(truth["address"], 16)]
	if truth["init"]:
		found = [l for l in found if place(l["init"]) in names(truth["init"])]
	return found


def checklock(c, process, truth):
	what = "%s %s %s" % (truth["kind"], truth["address"], truth["init"] or "")
	found = lockof(process, truth)
	c.that(len(found) == 1, "%s: listed %d times", what, len(found))
	if len(found) != 1:
		return
	lock = found[0]
	what += lock["name"]
	low, high = truth["waits"]
	c.that(low <= lock["waits"] <= high, "%s: %d waits, truly %d to %d", what, lock["waits"], low, high)
	c.that(lock["timeouts"] == truth["timeouts"], "%s: %d timeouts, truly %d", what, lock["timeouts"], truth["timeouts"])
	c.that(sum(n for _, n in lock["wait_ns"]["histogram"]) == lock["waits"], "%s: the histogram has as many as there are waits", what)
	c.that(lock["wait_ns"]["max"] <= lock["wait_ns"]["total"], "%s: the longest is no longer than all", what)
	if truth["acquired"] >= 0 and lock["acquired"] is not None:
		c.that(lock["acquired"] == truth["acquired"], "%s: %d acquired, truly %d", what, lock["acquired"], truth["acquired"])
	if truth["changes"] > 0:
		c.that(lock["owner_changes"] == truth["changes"], "%s: %d owner changes, truly %d", what, lock["owner_changes"],
			truth["changes"])
	if not truth["others"]:
		least, most = (sum(p[k] for p in truth["pairs"]) for k in ("least_ns", "wait_ns"))
		c.that(within(lock["wait_ns"]["total"], least, most), "%s: %d ns in all, truly %d to %d", what, lock["wait_ns"]["total"],
			least, most)
	checkpairs(c, what, lock, truth)
	checkholds(c, what, lock, truth)


def checkpairs(c, what, lock, truth):
	waiters = {t["waiter"] for t in truth["pairs"]}
	seen = set()
	for t in truth["pairs"]:
		mine = [i for i, p in enumerate(lock["pairs"]) if matches(p, t)]
		seen.update(mine)
		ns = sum(lock["pairs"][i]["wait_ns"] for i in mine)
		n = sum(lock["pairs"][i]["waits"] for i in mine)
		arrow = "%s: %s <- %s" % (what, t["waiter"], t["holder"] or t["waker"])
		c.that(within(ns, t["least_ns"], t["wait_ns"]), "%s: %d ns, truly %d to %d", arrow, ns, t["least_ns"], t["wait_ns"])
		if t["waits"] >= 0:
			c.that(n == t["waits"], "%s: %d waits, truly %d", arrow, n, t["waits"])
		if t["waker"]:
			unwoken = sum(lock["pairs"][i]["waits"] for i in mine if lock["pairs"][i]["waker"] is None)
			c.that(unwoken <= max(1, n // 20), "%s: %d of %d waits ended by no waker", arrow, unwoken, n)
	for i, p in enumerate(lock["pairs"]):
		known = any(frame(p["waiter"], p.get("waiter_stack"), names(w)) for w in waiters)
		if i not in seen and (known or not truth["others"]):
			c.that(False, "%s: blamed wrongly: %s %s <- held %s, woken %s, %s, %d ns", what, p["op"], show(p["waiter"]),
				show(p["holder"]), show(p["waker"]), p["end"], p["wait_ns"])


WEIGHTS = 1, 4 # how many holds a timed one stands for: early in a thread's life, and later (probes/wait.c)


def checkholds(c, what, lock, truth):
	"""
	10 %, and three standard errors of what the scheduler added to a few holds: nothing on a quiet machine.  Of the holds that
	it stretched out of all measure hardly one is timed; where one was, it is left out (it stands for WEIGHTS holds), and so are they all in the truth.
	"""
	if truth["holds"] == 0:
		return
	h = lock["hold_ns"]
	c.that(h and h["samples"] >= 300, "%s: %s hold samples of %d holds", what, h and h["samples"], truth["holds"])
	if h and h["samples"]:
		true = truth["hold_calm"]
		means = [(h["total"] - w * h["max"]) / (h["samples"] - w) for w in (WEIGHTS if h["max"] > truth["hold_limit"] else [0])]
		mean = min(means, key=lambda m: abs(m - true))
		slack = 0.1 * true + 3 * math.sqrt(truth["hold_noise"] / h["samples"])
		c.that(abs(mean - true) <= slack, "%s: mean hold %.0f ns of %d samples, truly %.0f (%+.1f %%)", what, mean, h["samples"],
			true, 100 * (mean / true - 1))


def sense(c, truth):
	"""Natively: every site is there, every number makes sense."""
	for lock in truth["locks"]:
		for p in lock["pairs"]:
			for key in ("waiter", "holder", "waker"):
				for site in (p[key] or "").split():
					c.that(site in SITES, "site %s", site)
			c.that(0 < p["least_ns"] <= p["wait_ns"], "%s waited %d to %d ns", p["waiter"], p["least_ns"], p["wait_ns"])
		c.that(0 < lock["waits"][0] <= lock["waits"][1], "waits %s", lock["waits"])
		c.that(lock["holds"] == 0 or lock["hold_mean"] > 0, "mean hold %.0f", lock["hold_mean"])


def one(name, program, a, scratch):
	c = Check(a.verbose)
	profile = os.path.join(scratch, name)
	cmd = [program]
	if a.rendez:
		cmd = [a.rendez, "run", "-o", profile, "--", program]
	status, out, err = watch(cmd, 120, os.path.abspath("truth-hang.log"))
	try:
		truths = [json.loads(line) for line in out.splitlines()]
	except ValueError:
		truths = []
	if status != 0 or not truths:
		c.that(False, "status %s, output %r, errors %r", status, out[-200:], err[-300:])
	elif not a.rendez:
		for truth in truths:
			sense(c, truth)
	else:
		r = subprocess.run([a.rendez, "report", "--format=json", "--stacks", profile], capture_output=True, text=True)
		report = json.loads(r.stdout)
		c.that(report["format"] == "rendez-report" and report["version"] == 1, "the format is ours")
		for truth in truths:
			process = [p for p in report["processes"] if p["pid"] == truth["pid"]]
			c.that(len(process) == 1, "one profile of the process")
			if len(process) == 1:
				c.that(process[0]["lost"] == 0, "%d lost", process[0]["lost"])
				for lock in truth["locks"]:
					checklock(c, process[0], lock)
	for line in err.splitlines():
		if line.startswith(name + ": "):
			print("  " + line)
	for bad in c.bad:
		print("  not so: " + bad)
	print("%s truth/%s" % ("not ok" if c.bad else "ok", name), flush=True)
	return not c.bad


def main():
	a = argparse.ArgumentParser()
	a.add_argument("--rendez")
	a.add_argument("--build")
	a.add_argument("-v", "--verbose", action="store_true")
	a.add_argument("program", nargs="*")
	a = a.parse_args()
	a.rendez = a.rendez and os.path.abspath(a.rendez)
	top = os.path.abspath(a.build) if a.build else tempfile.mkdtemp(prefix="rendez-truth.")
	os.makedirs(top, exist_ok=True)
	src = lambda n: os.path.join(HERE, n + ".c")
	build(os.path.join(top, "libwrap.so"), [src("wraplib")], "library")
	good = True
	with tempfile.TemporaryDirectory(prefix="rendez-truth.") as scratch:
		for name in a.program or PROGRAMS:
			extra = []
			if name == "wrapped":
				extra = ["-L" + top, "-lwrap", "-Wl,-rpath," + top]
			if name == "native":
				if not a.rendez:
					continue
				lib = os.path.dirname(a.rendez)
				# A call at a function's end is to be a call.
				extra = ["-fno-optimize-sibling-calls", "-L" + lib, "-l:librendez.so", "-Wl,-rpath," + lib]
			program = build(os.path.join(top, name), [src(name)], extra=extra)
			good &= one(name, program, a, scratch)
	if not a.build:
		shutil.rmtree(top)
	sys.exit(0 if good else 1)


main()
