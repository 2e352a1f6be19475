# stopat.c, under the build of the library that has points to stop at.
set -eu
stop=${PRELOAD:+${PRELOAD%/*}/librendez-stop.so}
if [ -n "$stop" ] && [ ! -e "$stop" ]; then
	echo "not ok stop: no $stop: make check builds it"
	exit 1
fi
stopat() {
	LD_PRELOAD=$stop "$BIN/stopat" "${STOP_SEED:-1}" "${STOP_SHARE:-12}" "$@" >"$SCRATCH/out" 2>/dev/null || :
}

stopat
# What libc waits in has points while it is recorded.
if grep -q '^ok' "$SCRATCH/out"; then
	export RENDEZ_DIR="${RENDEZ_DIR:-$SCRATCH}"
	stopat libc
fi
sed 's/ stopat/ stop/' "$SCRATCH/out"
