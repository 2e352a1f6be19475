# However a program ends or changes itself, its status is its own and its profile can be read.
. "$(dirname "$0")/lib/common.sh"

# ending EXPECTED-WAITS ENDED GUINEA-ARGS...
ending() {
	waits=$1 ended=$2
	shift 2
	"$BIN/guinea" "$@" >"$SCRATCH/out" 2>&1
	want=$?
	dir=$SCRATCH/$(echo "$*" | tr ' ' -)
	under "$dir" "$BIN/guinea" "$@"
	got=$?
	[ $got = $want ] || fail "$*: status $got, natively $want: $(cat "$SCRATCH/out" "$SCRATCH/err")"
	[ -s "$SCRATCH/out" ] && fail "$*: output: $(cat "$SCRATCH/out")"
	if [ -n "$RENDEZ" ]; then
		said=$(known "$dir")
		echo "$said" | grep -qxE "($ended) $waits" || fail "$*: report says '$said', should be $ended $waits"
	elif [ -n "$PRELOAD" ]; then
		[ -n "$(ls -A "$dir")" ] || fail "$*: no profile: $(cat "$SCRATCH/err")"
	fi
}

ending 5 exit 5 exit 0
ending 5 exit 5 exit 7
ending 5 exit 5 thread 9
ending 5 'exit|unknown' 5 _exit 8
ending 5 'signal|unknown' 5 abort
ending 5 'signal|unknown' 5 signal 9
ending 5 'signal|unknown' 5 signal 11
ending 5 'signal|unknown' 5 signal 15
ending 10 'exit' 5 setuid 3
ending 10 'exit' 5 chroot 3
ending 10 'exit' 5 close 3
echo "ok endings"
