# stopat.c, under the build of the library that has points to stop at.
. "$(dirname "$0")/lib/stopping.sh"
stopat() {
	stopping "${STOP_SEED:-1}" "${STOP_SHARE:-12}" "$@"
}

stopat
# What libc waits in has points while it is recorded.
if grep -q '^ok' "$SCRATCH/out"; then
	export RENDEZ_DIR="${RENDEZ_DIR:-$SCRATCH}"
	stopat libc
fi
said
