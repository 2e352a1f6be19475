# Every wait in an object that libc runs, or that processes share, stands in the report, with its end and where it was.
. "$(dirname "$0")/lib/common.sh"

under "$SCRATCH/profile" "$BIN/foreigners" || fail "$(cat "$SCRATCH/out" "$SCRATCH/err")"
grep -qx "ok foreigners" "$SCRATCH/out" || fail "$(cat "$SCRATCH/out" "$SCRATCH/err")"
if [ -n "$RENDEZ" ]; then
	"$RENDEZ" report --format=json "$SCRATCH/profile" >"$SCRATCH/json" || fail "report: status $?"
	why=$(python3 -c '
import json, sys
lock = {("lock", "acquired", "locks"): 1, ("lock", "timeout", "timesout"): 2, ("lock", "cancelled", "torn"): 1}
cond = {("wait", "acquired", "waits"): 1, ("wait", "timeout", "waits"): 1, ("wait", "cancelled", "cancelled"): 1}
want = {"shared": ("mutex", lock), "robust": ("mutex", lock), "inheriting": ("mutex", lock),
	"ceiling": ("mutex", lock),
	"dying": ("mutex", {("lock", "acquired", "dies"): 1, ("lock", "acquired", "locks"): 1}),
	"cond": ("cond", cond), "mixed": ("cond", cond), "local": ("cond", cond),
	"rwlock": ("rwlock", {("rdlock", "timeout", "reads"): 1, ("rdlock", "acquired", "reads"): 1,
		("wrlock", "timeout", "writes"): 1, ("wrlock", "acquired", "writes"): 1}),
	"barrier": ("barrier", {("wait", "acquired", "meets"): 20})}
p, = json.load(sys.stdin)["processes"]
for l in p["locks"]:
	got = {}
	for x in l["pairs"]:
		k = x["op"], x["end"], x["waiter"]["function"]
		got[k] = got.get(k, 0) + x["ended"]
		if x["holder"] is not None and l["name"] in want:
			print(l["name"], "has a holder", x["holder"])
	w = want.pop(l["name"], None)
	if w is not None and w != (l["kind"], got):
		print(l["name"], "is", l["kind"], got)
want.pop("ceiling", None) # wants a privilege
for name in want:
	print(name, "is missing")
for u in p["unfinished"]:
	print("unfinished", u["lock"], u["waiter"])
' <"$SCRATCH/json") || fail "the report cannot be read: $why"
	[ -z "$why" ] || fail "$why"
fi
echo "ok recorded"
