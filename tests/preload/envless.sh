# A program started with an empty environment is past us: the report of whoever started it says so and is not just empty.
. "$(dirname "$0")/lib/common.sh"

under "$SCRATCH/profile" env -i "$BIN/guinea" 3 exit 7
[ $? = 7 ] || fail "status: $(cat "$SCRATCH/out" "$SCRATCH/err")"
if [ -n "$RENDEZ" ]; then
	"$RENDEZ" report "$SCRATCH/profile" >"$SCRATCH/report" 2>&1 || fail "report: $(cat "$SCRATCH/report")"
	grep -q "No thread waited for another" "$SCRATCH/report" && grep -q "processes without the preload (.*env -i)" "$SCRATCH/report" ||
		fail "the report says $(cat "$SCRATCH/report")"
	! grep -q guinea "$SCRATCH/err" "$SCRATCH/report" || grep -q "env -i" "$SCRATCH/err" || fail "the summary says $(cat "$SCRATCH/err")"
fi
echo "ok envless"
