# actsat.c, under the build of the library that has points to stop at.
set -eu
stop=${PRELOAD:+${PRELOAD%/*}/librendez-stop.so}
if [ -n "$stop" ] && [ ! -e "$stop" ]; then
	echo "not ok acts: no $stop: make check builds it"
	exit 1
fi
LD_PRELOAD=$stop "$BIN/actsat" >"$SCRATCH/out" 2>/dev/null || :
sed 's/ actsat/ acts/' "$SCRATCH/out"
