# Who has jumped out of a wait waits for nothing any more, in the report; and no half of a post is taken for another's.
. "$(dirname "$0")/lib/common.sh"

# report DIR PROGRAM: the program in python, which reads the report, finds nothing to say.
report() {
	"$RENDEZ" report --format=json "$1" >"$SCRATCH/json" || fail "report: status $?"
	why=$(python3 -c "$2" <"$SCRATCH/json") || fail "the report cannot be read: $why"
	[ -z "$why" ] || fail "$why"
}

under "$SCRATCH/jumps" "$BIN/dropped" || fail "$(cat "$SCRATCH/out" "$SCRATCH/err")"
grep -qx "ok dropped" "$SCRATCH/out" || fail "$(cat "$SCRATCH/out" "$SCRATCH/err")"
[ -z "$RENDEZ" ] || report "$SCRATCH/jumps" '
import json, sys
p, = json.load(sys.stdin)["processes"]
for u in p["unfinished"]:
	print("unfinished", u["lock"], u["waiter"])
'
if [ -n "$PRELOAD" ] && [ -n "$RENDEZ" ]; then
	stop=${PRELOAD%/*}/librendez-stop.so
	[ -e "$stop" ] || fail "no $stop: make check builds it"
	mkdir "$SCRATCH/posts"
	RENDEZ_DIR=$SCRATCH/posts LD_PRELOAD=$stop "$BIN/dropped" posts >"$SCRATCH/out" 2>"$SCRATCH/err" ||
		fail "$(cat "$SCRATCH/out" "$SCRATCH/err")"
	report "$SCRATCH/posts" '
import json, sys
p, = json.load(sys.stdin)["processes"]
posters = {l["name"]: [n for n in ("posterone", "postertwo") if n in json.dumps(l["pairs"])] for l in p["locks"] if l["kind"] == "sem"}
# Of the first one it may be unknown, as it is when another semaphore takes the entry.
if len(posters) != 2 or "sems" not in posters or "postertwo" in posters["sems"]:
	print(posters)
'
fi
echo "ok dropped"
