# What the tests of the command share; read by each.
# RENDEZ is the command, BUILD where it was built, SRC where its source is.
set -u
here=$(cd "$(dirname "$0")" && pwd)
SRC=${SRC:-$(cd "$here/../.." && pwd)}
RENDEZ=$(realpath "${RENDEZ:-${BUILD:-.}/rendez}")
tmp=$(mktemp -d "${TMPDIR:-/tmp}/rendez-command.XXXXXX")
trap 'rm -rf "$tmp" "$memory"' EXIT
# Memory of this test's own, where there is any: what its runs leave there is brought home by no run of another test.
memory=$(mktemp -d /dev/shm/rendez-test.XXXXXX 2>/dev/null) && export XDG_RUNTIME_DIR="$memory"
cd "$tmp" || exit 1
failed=0

# ok NAME: the test has passed if it has said nothing
ok() {
	if [ -s why ]; then
		echo "not ok $1: $(tr '\n' ' ' <why)"
		failed=1
	else
		echo "ok $1"
	fi
	: >why
}

# want WHAT WANTED GOT
want() {
	[ "$2" = "$3" ] || echo "$1: '$3', should be '$2'" >>why
}

# says FILE TEXT: the file has a line with it, and it is one line if the command refused
says() {
	grep -qF -- "$2" "$1" || echo "said '$(cat "$1")', should say '$2'" >>why
}
: >why
