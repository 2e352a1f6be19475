"""The rows of the benchmark: what is run, and the bar of each figure, as a ratio to glibc's in the same round."""
from collections import namedtuple

# figures: name: (bar, aim); ("<", x) must be at most x, (">", x) at least.  None: only shown.  An aim of 0: none.
# pin: where the threads run (lab.c); fifo: whether they are SCHED_FIFO.
Row = namedtuple("Row", "name args pin figures fifo", defaults=(False,))


def less(bar, aim=0):
	return "<", bar, aim


def more(bar, aim=0):
	return ">", bar, aim


def contended(t, inside, outside, throughput, wait=None, share=None):
	return Row("contended/%d/%d/%d" % (t, inside, outside), "contended %d %d %d" % (t, inside, outside), None,
		{"throughput": throughput, "wait": wait, "share": share})


def fifo(name, figures):
	return Row("fifo/" + name, name.replace("/", " "), None, figures, True)


ROWS = [
	Row("pairs/threads", "pairs 2", None, {"mutex": less(.95, .8), "recursive": less(.95, .8), "errorcheck": less(.95, .8),
		"adaptive": less(.95, .8), "trylock": None, "rdlock": less(.9, .7), "wrlock": less(.7, .5), "sem": less(1, .8),
		"once": less(1, .6), "signal": less(.8, .6), "broadcast": None, "spin": None,
		"floor": None, "call": None}), # the last two are what no lock can do without
	Row("pairs/single", "pairs 1", None, {"mutex": less(1.1, 1), "recursive": None, "errorcheck": None, "adaptive": None,
		"trylock": None, "rdlock": None, "wrlock": None, "sem": None, "once": None, "signal": None, "broadcast": None,
		"spin": None, "floor": None, "call": None}),
	contended(4, 50, 50, more(1.4, 2.1), less(.6, .5)),
	Row("apart/4", "apart 4", None, {"wait": None}), # what the kernel alone makes of four threads: no lock is in it
	contended(16, 50, 50, more(1.8, 2.3), less(.5), more(1)),
	contended(64, 50, 50, more(1.8, 2.3), less(.5), more(1)),
	contended(2, 50, 50, more(.97, 1.15)),
	contended(2, 50, 500, more(.97, 1.15)),
	contended(2, 1000, 1000, more(1.5, 2.1)),
	contended(16, 1000, 1000, more(1.2, 1.4)),
	Row("oversubscribed/8", "oversubscribed 8", None, {"throughput": more(1.4, 1.7), "wait": less(.6)}),
	Row("oversubscribed/32", "oversubscribed 32", None, {"throughput": more(1.4, 1.7), "wait": less(.6)}),
	Row("broadcast/4", "broadcast 4", None, {"round": less(.75, .59)}),
	Row("broadcast/16", "broadcast 16", None, {"round": less(.6, .34)}),
	Row("broadcast/64", "broadcast 64", None, {"round": less(.55, .39)}),
	Row("condpingpong/same", "condpingpong", "same", {"trips": more(1.8)}),
	Row("condpingpong/split", "condpingpong", "split", {"trips": more(1.1, 5)}),
	Row("sempingpong/same", "sempingpong", "same", {"trips": more(.97, 1)}),
	Row("sempingpong/split", "sempingpong", "split", {"trips": more(1, 5)}),
	Row("queue/1/1", "queue 1 1", None, {"throughput": more(1.2, 2)}),
	Row("queue/4/4", "queue 4 4", None, {"throughput": more(1, 1.3)}),
	Row("queue/16/16", "queue 16 16", None, {"throughput": more(1, 1.5)}),
	Row("rwmixed/2/95", "rwmixed 2 95", None, {"throughput": more(1, 1.2)}),
	Row("rwmixed/2/50", "rwmixed 2 50", None, {"throughput": more(1, 1.2)}),
	Row("rwmixed/16/95", "rwmixed 16 95", None, {"throughput": more(1, 1.2)}),
	Row("rwmixed/16/50", "rwmixed 16 50", None, {"throughput": more(1, 1.2)}),
	Row("barrier/2", "barrier 2", None, {"rounds": more(1, 1.5)}),
	Row("barrier/4", "barrier 4", None, {"rounds": more(1, 1.5)}),
	Row("barrier/16", "barrier 16", None, {"rounds": more(1, 1.5)}),
	fifo("contended/16/50/50", {"throughput": more(1)}),
	fifo("broadcast/16", {"round": less(1)}),
	fifo("queue/4/4", {"throughput": more(1)}),
	fifo("queue/16/16", {"throughput": more(1)}),
	fifo("rwmixed/16/50", {"throughput": more(1)}),
	Row("memory", "memory", None, {"lock": None, "thread": None}),
	contended(1, 50, 50, None), # what one thread alone makes: others can add to it only what it does outside
	contended(128, 50, 50, None),
	contended(256, 50, 50, None),
	contended(512, 50, 50, None),
	contended(1000, 50, 50, None),
]
