"""What was measured, as a table and as two pictures."""
import json, math, os, statistics

WAYS = ("on", "off")
INK = {"native": "#777777", "on": "#c2410c", "off": "#1d4ed8"}
WORDS = {"native": "glibc", "on": "preloaded, recording", "off": "preloaded"}


def report(raw, rows, out):
	rounds = {}
	if os.path.exists(raw):
		with open(raw) as f:
			for r in map(json.loads, f):
				rounds.setdefault(r["row"], []).append(r["figures"])
	table = [line(row, name, bar, rounds[row.name]) for row in rows if row.name in rounds for name, bar in row.figures.items()]
	text = layout(table)
	print(text, end="")
	for name, s in ("table.txt", text), ("ratios.svg", bars(table)), ("threads.svg", threads(rounds)):
		with open(os.path.join(out, name), "w") as f:
			f.write(s)


def line(row, name, bar, rounds):
	"""A figure's name, its bar, the native median, and for each way the ratios: median, least, greatest."""
	ratios = {w: sorted(r[w][name] / r["native"][name] for r in rounds if r["native"][name]) for w in WAYS}
	return {"name": row.name + " " + name, "bar": bar, "n": len(rounds),
		"figures": {w: statistics.median(r[w][name] for r in rounds) for w in ("native",) + WAYS},
		"ratios": {w: (statistics.median(x), x[0], x[-1]) if x else None for w, x in ratios.items()}}


def reached(bar, ratio):
	return ratio <= bar[1] if bar[0] == "<" else ratio >= bar[1]


def layout(table):
	rows = [("", "rounds", "native", "recording", "", "", "preloaded", "", "bar", "aim")]
	for t in table:
		cells = [t["name"], str(t["n"]), "%.4g" % t["figures"]["native"]]
		for w in WAYS:
			r = t["ratios"][w]
			cells += ["%.2f" % r[0], "%.2f-%.2f" % r[1:]] if r else ["%.4g" % t["figures"][w], ""]
			if w == "on":
				missed = t["bar"] and r and not reached(t["bar"], r[0])
				cells.append("missed" if missed else "")
		cells += ["%s= %.2f" % t["bar"][:2], "%.2f" % t["bar"][2] if t["bar"][2] else ""] if t["bar"] else ["", ""]
		rows.append(cells)
	width = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
	return "".join("  ".join([r[0].ljust(width[0])] + [c.rjust(w) for c, w in zip(r[1:], width[1:])]).rstrip() + "\n" for r in rows)


def svg(width, height, parts):
	return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">\n'
		'<rect width="100%%" height="100%%" fill="white"/>\n%s\n</svg>\n' % (width, height, "\n".join(parts)))


def text(x, y, s, anchor="start", fill="black"):
	s = s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
	return '<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>' % (x, y, anchor, fill, s)


def stroke(x1, y1, x2, y2, ink, width=1, dash=""):
	return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%g"%s/>' % (x1, y1, x2, y2, ink, width,
		' stroke-dasharray="%s"' % dash if dash else "")


def legend(x, y, ways):
	parts = []
	for w in ways:
		parts += ['<rect x="%d" y="%d" width="12" height="8" fill="%s"/>' % (x, y - 8, INK[w]), text(x + 17, y, WORDS[w])]
		x += 40 + 7 * len(WORDS[w])
	return parts


def bars(table):
	"""How many times better than glibc, whichever way better is; a tick is the bar that must be reached."""
	table = [t for t in table if t["bar"] and all(t["ratios"].values())]
	left, unit, top, step = 230, 180, 60, 26
	most = 4
	height = top + step * len(table) + 20
	better = lambda bar, r: min(most, 1 / r if bar[0] == "<" else r) if r else most
	parts = [text(10, 20, "Times better than glibc 2.36 (throughput: ours/glibc; time: glibc/ours); thin: least to greatest; black: the bar")]
	parts += legend(left, 40, WAYS)
	for i in range(most + 1):
		x = left + unit * i
		parts += [stroke(x, top - 5, x, height - 15, "#cccccc" if i != 1 else "#444444"), text(x, height - 3, str(i), "middle")]
	for k, t in enumerate(table):
		y = top + step * k
		parts.append(text(left - 8, y + 14, t["name"], "end", "#b00000" if not reached(t["bar"], t["ratios"]["on"][0]) else "black"))
		for j, w in enumerate(WAYS):
			r = t["ratios"][w]
			a, b = sorted(unit * better(t["bar"], x) for x in r[1:])
			parts.append('<rect x="%d" y="%.1f" width="%.1f" height="8" fill="%s"/>' % (left, y + 2 + 9 * j, unit * better(t["bar"], r[0]), INK[w]))
			parts.append(stroke(left + a, y + 6 + 9 * j, left + b, y + 6 + 9 * j, "#999999", 1.5))
		x = left + unit * better(t["bar"], t["bar"][1])
		parts.append(stroke(x, y, x, y + 21, "black", 2))
	return svg(left + unit * most + 30, height, parts)


def threads(rounds):
	"""The cost of an operation over the number of threads at one mutex, both axes logarithmic."""
	points = {w: [] for w in INK}
	for name, rs in rounds.items():
		p = name.split("/")
		if p[0] == "contended" and p[2:] == ["50", "50"] and int(p[1]) >= 4:
			for w in INK:
				points[w].append((int(p[1]), statistics.median(1e9 / r[w]["throughput"] for r in rs)))
	if not points["native"]:
		return svg(300, 40, [text(10, 20, "No row contended/*/50/50 was measured.")])
	left, right, top, bottom = 70, 690, 60, 400
	xs = sorted({x for p in points.values() for x, _ in p})
	ys = [y for p in points.values() for _, y in p]
	lo, hi = math.log(min(xs)), math.log(max(xs) if max(xs) > min(xs) else 2 * min(xs))
	low, high = math.floor(math.log2(min(ys))), math.ceil(math.log2(max(ys) * 1.01))
	px = lambda x: left + (right - left) * (math.log(x) - lo) / (hi - lo)
	py = lambda y: bottom - (bottom - top) * (math.log2(y) - low) / (high - low)
	parts = [text(10, 20, "Nanoseconds an operation, threads at one mutex (50 turns in, 50 out)")] + legend(left, 40, INK)
	for x in xs:
		parts += [stroke(px(x), top, px(x), bottom, "#eeeeee"), text(px(x), bottom + 16, str(x), "middle")]
	for e in range(low, high + 1):
		parts += [stroke(left, py(2**e), right, py(2**e), "#dddddd"), text(left - 6, py(2**e) + 4, "%g" % 2**e, "end")]
	for w, p in points.items():
		p.sort()
		parts.append('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>' % (INK[w], " ".join("%.1f,%.1f" % (px(x), py(y)) for x, y in p)))
		parts += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (px(x), py(y), INK[w]) for x, y in p]
	return svg(right + 30, bottom + 40, parts)
