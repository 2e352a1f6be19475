# A library that comes and goes: the report keeps the places of its waits.
. "$(dirname "$0")/lib/common.sh"
export LIB

under "$SCRATCH/profile" "$BIN/reopen" || fail "status $?: $(cat "$SCRATCH/out" "$SCRATCH/err")"
[ "$(cat "$SCRATCH/out")" = "ok reopen" ] || fail "said $(cat "$SCRATCH/out")"
if [ -n "$RENDEZ" ]; then
	"$RENDEZ" report --format=json "$SCRATCH/profile" >"$SCRATCH/json" || fail "report: status $?"
	python3 -c '
import json, sys
waits = {}
for p in json.load(sys.stdin)["processes"]:
	for l in p["locks"]:
		for x in l["pairs"]:
			f = x["waiter"]["function"]
			waits[f] = waits.get(f, 0) + x["waits"]
# each time one wait for the condition, and mostly one for the lock
if waits.get("deepwork", 0) < 50:
	sys.exit("waits: %s" % waits)
' <"$SCRATCH/json" >"$SCRATCH/why" 2>&1 || fail "$(cat "$SCRATCH/why")"
fi
echo "ok reopen"
