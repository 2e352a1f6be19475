# For the scripts: run a program natively, under the library, or under the command, whichever the driver has been given.

# fail WHY...
fail() {
	echo "not ok $NAME: $*" | tr '\n' ' '
	echo
	exit 1
}

# under DIR PROGRAM ARGS...: its status; its output in $SCRATCH/out and $SCRATCH/err; profiles, if any, in DIR.
under() {
	dir=$1
	shift
	if [ -n "$RENDEZ" ]; then
		"$RENDEZ" run -o "$dir" -- "$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
	elif [ -n "$PRELOAD" ]; then
		mkdir -p "$dir"
		RENDEZ_DIR=$dir LD_PRELOAD=$PRELOAD "$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
	else
		"$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
	fi
}

# known DIR: for each process of the report that waited for the lock "known": how it ended, and the waits.  Each
# wait makes two acquisitions, by two threads: the holder's and the waiter's.
known() {
	"$RENDEZ" report --format=json "$1" >"$SCRATCH/json" 2>"$SCRATCH/reporterr" || fail "report: $(cat "$SCRATCH/reporterr")"
	python3 -c '
import json, sys
for p in json.load(sys.stdin)["processes"]:
	n = [(l["waits"], sum(x["waits"] for x in l["pairs"])) for l in p["locks"] if l["name"] == "known"]
	twice = [l for l in p["locks"] if l["name"] == "known" and l["acquired"] == l["owner_changes"] == 2 * l["waits"]]
	if len(n) > 1 or any(a != b for a, b in n) or len(twice) != len(n):
		print("bad", n)
	elif n:
		print(p["ended"], n[0][0])
' <"$SCRATCH/json" | sort
}
