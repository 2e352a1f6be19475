# What comes of wrong use is what comes of it natively, and never worse: see misuse.c.
. "$(dirname "$0")/lib/common.sh"

env -u RENDEZ_DIR "$BIN/misuse" >"$SCRATCH/native" || fail "natively: $(cat "$SCRATCH/native")"
if [ -n "$PRELOAD" ]; then
	LD_PRELOAD=$PRELOAD "$BIN/misuse" >"$SCRATCH/ours" || fail "$(cat "$SCRATCH/ours")"
	worse=$(paste -d '\n' "$SCRATCH/native" "$SCRATCH/ours" | awk '
		NR % 2 { native = $0; next }
		native == $0 { next }
		# A difference that misuse.c gives a reason for, and nobody suffers from.
		/^\* / && (!/ \.\.\. / || native ~ / \.\.\. /) { next }
		{ print "native:", native "; ours:", $0 "." }')
	[ -z "$worse" ] || fail "$worse"
fi
echo "ok misuse"
