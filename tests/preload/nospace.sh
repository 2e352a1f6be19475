# No room, no directory, little memory: at most one line, and the program does what it would have done.
. "$(dirname "$0")/lib/common.sh"

if [ -z "$PRELOAD" ]; then
	"$BIN/guinea" 3 exit 7
	[ $? = 7 ] || fail "natively"
	echo "ok nospace"
	exit 0
fi

# quiet WHAT LEAST STATUS: no output, from LEAST to one line of complaint, the status.
quiet() {
	[ "$3" = 7 ] || fail "$1: status $3: $(cat "$SCRATCH/out" "$SCRATCH/err")"
	[ -s "$SCRATCH/out" ] && fail "$1: output: $(cat "$SCRATCH/out")"
	lines=$(wc -l <"$SCRATCH/err")
	[ "$lines" -le 1 ] && [ "$lines" -ge "$2" ] || fail "$1: $lines lines: $(cat "$SCRATCH/err")"
	[ "$lines" = 0 ] || grep -q '^rendez: ' "$SCRATCH/err" || fail "$1: $(cat "$SCRATCH/err")"
}

guinea() {
	env RENDEZ_DIR="$1" LD_PRELOAD="$PRELOAD" "$BIN/guinea" 3 exit 7 >"$SCRATCH/out" 2>"$SCRATCH/err"
}

guinea "$SCRATCH/nowhere/at/all"
quiet "no directory" 1 $?
: >"$SCRATCH/file"
guinea "$SCRATCH/file"
quiet "a file for a directory" 1 $?
# A pipe takes the complaint: the limit is on files, and natively a complaint could not be written to one.
mkdir -p "$SCRATCH/limited"
status=$( (ulimit -f 0; RENDEZ_DIR="$SCRATCH/limited" LD_PRELOAD="$PRELOAD" "$BIN/guinea" 3 exit 7 2>&1 >/dev/null
	echo "status $?") | tee "$SCRATCH/both" | sed -n 's/^status //p')
grep -v '^status ' "$SCRATCH/both" >"$SCRATCH/err"
: >"$SCRATCH/out"
quiet "RLIMIT_FSIZE" 1 "$status"
(ulimit -v 60000; guinea "$SCRATCH/limited")
quiet "RLIMIT_AS" 0 $?
if ! unshare -m true 2>/dev/null; then
	echo "skipped nospace: all is well but a full disk, which takes a mount of our own: unshare -m is refused"
	exit 77
fi
mkdir -p "$SCRATCH/full"
unshare -m sh -c 'mount -t tmpfs -o size=16k none "$SCRATCH/full" &&
	RENDEZ_DIR="$SCRATCH/full" LD_PRELOAD="$PRELOAD" "$BIN/guinea" 3 exit 7' >"$SCRATCH/out" 2>"$SCRATCH/err"
quiet "full disk" 1 $?
echo "ok nospace"
