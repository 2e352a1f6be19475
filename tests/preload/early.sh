# A library whose constructor precedes all others and whose destructor is the last, before and after ours.
one() {
	LD_PRELOAD="$1" "$BIN/early" >"$SCRATCH/out" 2>"$SCRATCH/err"
	status=$?
	if [ $status != 0 ] || ! grep -qx "ok early" "$SCRATCH/out" || ! grep -qx late "$SCRATCH/err"; then
		echo "not ok early: preloads $1: status $status: $(tail -n 1 "$SCRATCH/out") $(tail -n 1 "$SCRATCH/err")"
		exit 1
	fi
}
if [ -n "$PRELOAD" ]; then
	one "$PRELOAD:$LIB/early.so"
	one "$LIB/early.so:$PRELOAD"
else
	one "$LIB/early.so"
fi
echo "ok early"
