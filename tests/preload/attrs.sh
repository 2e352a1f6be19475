# Every attribute call, with good and bad values: what it returns and makes is what it is natively.
. "$(dirname "$0")/lib/common.sh"

for p in attrs threadattrs; do
	"$BIN/$p" >"$SCRATCH/native" 2>&1 || fail "$p natively: status $?: $(tail -n 2 "$SCRATCH/native")"
	[ "$(wc -l <"$SCRATCH/native")" -gt 500 ] || fail "$p: nothing was printed"
	[ -n "$PRELOAD" ] || continue
	LD_PRELOAD=$PRELOAD "$BIN/$p" >"$SCRATCH/out" 2>&1 || fail "$p: status $?: $(tail -n 2 "$SCRATCH/out")"
	cmp -s "$SCRATCH/native" "$SCRATCH/out" || fail "$p differs: $(diff "$SCRATCH/native" "$SCRATCH/out" | head -n 8)"
	under "$SCRATCH/profile.$p" "$BIN/$p" || fail "$p, recorded: status $?"
	cmp -s "$SCRATCH/native" "$SCRATCH/out" || fail "$p, recorded, differs: $(diff "$SCRATCH/native" "$SCRATCH/out" | head -n 8)"
done
echo "ok attrs"
