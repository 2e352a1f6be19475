# For the scripts whose program NAMEat runs under the build of the library that has points to stop at: $stop, nothing natively.
set -eu
NAME=$(basename "$0" .sh)
stop=${PRELOAD:+${PRELOAD%/*}/librendez-stop.so}
if [ -n "$stop" ] && [ ! -e "$stop" ]; then
	echo "not ok $NAME: no $stop: make check builds it"
	exit 1
fi

# stopping ARGS...: its output in $SCRATCH/out
stopping() {
	LD_PRELOAD=$stop "$BIN/${NAME}at" "$@" >"$SCRATCH/out" 2>/dev/null || :
}

# What it said, under this test's name.
said() {
	sed "s/ ${NAME}at/ $NAME/" "$SCRATCH/out"
}
