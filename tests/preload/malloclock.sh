# The locking malloc before and after the library under test.
one() {
	LD_PRELOAD="$1" "$BIN/malloclock" >"$SCRATCH/out" 2>"$SCRATCH/err"
	status=$?
	if [ $status != 0 ] || ! grep -qx "ok malloclock" "$SCRATCH/out"; then
		echo "not ok malloclock: preloads $1: status $status: $(tail -n 1 "$SCRATCH/out") $(tail -n 1 "$SCRATCH/err")"
		exit 1
	fi
}
if [ -n "$PRELOAD" ]; then
	one "$PRELOAD:$LIB/lockmalloc.so"
	one "$LIB/lockmalloc.so:$PRELOAD"
else
	one "$LIB/lockmalloc.so"
fi
echo "ok malloclock"
