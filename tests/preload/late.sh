# Opened by dlopen the library says in one line that it came too late.
. "$(dirname "$0")/lib/common.sh"

[ -z "$PRELOAD" ] || export LATE="$PRELOAD"
"$BIN/late" >"$SCRATCH/out" 2>"$SCRATCH/err" || fail "status $?: $(cat "$SCRATCH/out" "$SCRATCH/err")"
if [ -n "$PRELOAD" ]; then
	[ "$(wc -l <"$SCRATCH/err")" = 1 ] && grep -q '^rendez: ' "$SCRATCH/err" || fail "said: $(cat "$SCRATCH/err")"
fi
echo "ok late"
