"""What must hold of every report, whatever the program: no time below nothing or beyond a life, sums that agree."""

SLACK = 1e6 # ns: clocks of several processors are read at several places


def wrongs(report, lost=0):
	"""What is wrong with a report read from JSON, a line each; at most so many waits may be lost."""
	found = []

	def hold(true, *what):
		if not true:
			found.append(" ".join(map(str, what)))

	for p in report["processes"]:
		who, life = "%s %d:" % (p["program"], p["pid"]), p["duration_ns"] + SLACK
		hold(p["duration_ns"] >= 0, who, "it lived", p["duration_ns"], "ns")
		hold(p["lost"] <= lost, who, p["lost"], "waits were lost")
		for t in p["threads"]:
			thread = "%s thread %d:" % (who, t["tid"])
			hold(0 <= t["lived_ns"] <= life, thread, "lived", t["lived_ns"], "of", p["duration_ns"], "ns")
			for what in "wait_ns", "parked_ns":
				hold(0 <= t[what] <= t["lived_ns"] + SLACK, thread, what, t[what], "in a life of", t["lived_ns"])
		for l in p["locks"]:
			lock, w = "%s %s %s:" % (who, l["kind"], l["name"]), l["wait_ns"]
			hold(0 <= w["max"] <= life, lock, "longest wait", w["max"], "in", p["duration_ns"], "ns")
			hold(w["max"] <= w["total"] <= w["max"] * l["waits"], lock, l["waits"], "waits of at most", w["max"], "make", w["total"])
			hold(sum(n for _, n in w["histogram"]) == l["waits"], lock, "the histogram has other than", l["waits"], "waits")
			hold(l["timeouts"] <= l["waits"], lock, l["timeouts"], "timeouts in", l["waits"], "waits")
			if l["acquired"] is not None:
				hold(l["contended"] <= l["acquired"] + len(p["threads"]), lock, l["contended"], "contended of", l["acquired"])
			if h := l["hold_ns"]:
				hold(0 <= h["max"] <= life and h["max"] <= h["total"], lock, "longest hold", h["max"], "of", h["total"])
			for pair in l["pairs"]:
				hold(0 <= pair["max_ns"] <= w["max"], lock, "a pair's longest wait", pair["max_ns"], "of", w["max"])
				hold(pair["ended"] <= pair["waits"], lock, pair["ended"], "ended of", pair["waits"], "waits of a pair")
			if l["pairs"]:
				hold(sum(q["wait_ns"] for q in l["pairs"]) <= w["total"] * 1.001 + SLACK, lock, "the pairs waited longer than", w["total"])
		for u in p["unfinished"]:
			hold(0 <= u["wait_ns"] <= life, who, "an unfinished wait of", u["wait_ns"], "in", p["duration_ns"], "ns")
	return found
