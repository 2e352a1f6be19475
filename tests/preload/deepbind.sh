# Libraries that are opened past us are said to be, in one line; all others are found as natively.
. "$(dirname "$0")/lib/common.sh"
export LIB

# opens LINES HOW PRELOADS: so many lines are said
opens() {
	LD_PRELOAD=$3 "$BIN/deepbind" $2 >"$SCRATCH/out" 2>"$SCRATCH/err" ||
		fail "$2 $3: status $?: $(cat "$SCRATCH/out" "$SCRATCH/err")"
	[ -n "$PRELOAD" ] || return 0
	[ "$(grep -c '^rendez: deep.so is being opened ' "$SCRATCH/err")" = "$1" ] && [ "$(wc -l <"$SCRATCH/err")" = "$1" ] ||
		fail "$2 $3: said $(cat "$SCRATCH/err"), should be $1 lines"
}
opens 0 "" "$PRELOAD"
opens 1 deep "$PRELOAD"
opens 1 space "$PRELOAD"
# opened by a constructor too, before and after ours
FINDEARLY=1
export FINDEARLY
opens 0 "" "$PRELOAD:$LIB/finder.so"
opens 1 deep "$LIB/finder.so:$PRELOAD"
unset FINDEARLY
# standard error is another file by now: nothing is written there
if [ -n "$PRELOAD" ]; then
	LD_PRELOAD=$PRELOAD python3 -c '
import ctypes, os, sys
os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), 2)
ctypes.CDLL(sys.argv[2], mode=os.RTLD_NOW | os.RTLD_DEEPBIND)
' "$SCRATCH/file" "$LIB/deep.so" >"$SCRATCH/out" 2>&1 || fail "python: $(cat "$SCRATCH/out")"
	[ ! -s "$SCRATCH/file" ] || fail "wrote into a file of the program: $(cat "$SCRATCH/file")"
fi
echo "ok deepbind"
