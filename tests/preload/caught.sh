# What a caught signal does to a wait is what it does natively: see caught.c.
. "$(dirname "$0")/lib/common.sh"

env -u RENDEZ_DIR "$BIN/caught" >"$SCRATCH/native" || fail "natively: $(cat "$SCRATCH/native")"
if [ -n "$PRELOAD" ]; then
	LD_PRELOAD=$PRELOAD "$BIN/caught" >"$SCRATCH/ours" || fail "$(cat "$SCRATCH/ours")"
	cmp -s "$SCRATCH/native" "$SCRATCH/ours" || fail "$(diff "$SCRATCH/native" "$SCRATCH/ours")"
fi
[ "$(grep -c 'goes on, 0$' "$SCRATCH/native")" = 29 ] || fail "natively: $(cat "$SCRATCH/native")"
[ "$(grep -c 'is ended, EINTR$' "$SCRATCH/native")" = 7 ] || fail "natively: $(cat "$SCRATCH/native")"
echo "ok caught"
