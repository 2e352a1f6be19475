# fork, fork with exec, exec after exec: a profile each, and what one counted no other counts again.
. "$(dirname "$0")/lib/common.sh"

under "$SCRATCH/profile" "$BIN/guinea" 3 family || fail "status $?: $(cat "$SCRATCH/out" "$SCRATCH/err")"
if [ -n "$RENDEZ" ]; then
	# the parent twice 3; its child 4; the other, after an exec 5, after the next 6
	said=$(known "$SCRATCH/profile" | sed 's/.* //' | sort -n | tr '\n' ' ')
	[ "$said" = "4 5 6 6 " ] || fail "waits by process: $said, should be 4 5 6 6"
fi
echo "ok family"
