# System calls per contended operation, in the steady state: few, and only futexes and yields; signals are put off, not masked.
. "$(dirname "$0")/lib/common.sh"

command -v strace >/dev/null || fail "there is no strace"
mkdir -p "$SCRATCH/profile"

# count NAME ARGS...: the calls of steady ARGS between its marks, "PHASE CALL NUMBER", in $SCRATCH/NAME; a call that another
# thread's interrupted counts once.  Of masks, those of nearly all signals, which are the library's: its sections leave the faults out, and
# what masks all leaves none; libunwind, asked about a place for the first time, leaves libc's own two out; and one that is set to no
# purpose (how is -1) is how the recorder asks whether memory can be read.  A futex that moves none is how it asks what stands there: "ask".
count() {
	name=$1
	shift
	if [ -n "$PRELOAD" ]; then
		set -- -E RENDEZ_DIR="$SCRATCH/profile" -E LD_PRELOAD="$PRELOAD" "$BIN/steady" "$@"
	else
		set -- "$BIN/steady" "$@"
	fi
	strace -f -o "$SCRATCH/log" "$@" >"$SCRATCH/out" 2>"$SCRATCH/err" || fail "$(cat "$SCRATCH/out" "$SCRATCH/err")"
	awk '
	/write\(2, "begin / { split($0, q, "begin "); split(q[2], w, "\\"); phase = w[1]; next }
	/write\(2, "end / { phase = ""; next }
	/FUTEX_CMP_REQUEUE_PRIVATE, 0, 0, / && !/resumed>/ { if(phase != "") n[phase " ask"]++; next }
	/rt_sigprocmask\(/ && !/SIG_BLOCK, ~\[/ && !/SIG_SETMASK, ~\[\]/ { next }
	phase != "" && !/resumed>/ && match($0, /[a-z_0-9]+\(/) { n[phase " " substr($0, RSTART, RLENGTH - 1)]++ }
	END { for(k in n) print k, n[k] }
	' "$SCRATCH/log" | sort >"$SCRATCH/$name"
	grep -q '^sem futex ' "$SCRATCH/$name" || fail "nothing was counted: $(head -n 3 "$SCRATCH/log")"
}

# An operation sleeps once and wakes one, or gives up its processor instead, where that pays; the barriers around a phase, and what
# the recorder sees for the first time, cost a few.
# Nothing masks signals.  ASKS: how often an operation may ask.
toomany() {
	awk -v asks="${2:-0}" '
	BEGIN {
		ops = 2000
		most["mutex futex"] = 3; most["sem futex"] = 2.5; most["condinside futex"] = 4; most["condoutside futex"] = 4
		most["sem sched_yield"] = most["condinside sched_yield"] = most["condoutside sched_yield"] = 3
		most["mutex ask"] = most["condinside ask"] = most["condoutside ask"] = asks
	}
	$3 > most[$1 " " $2] * ops + (most[$1 " " $2] > 0 || $2 ~ /^(futex|rt_sigprocmask|sched_yield|restart_syscall)$/ ? 40 : 0) { print $0 ";" }
	' "$SCRATCH/$1"
}

count calls
bad=$(toomany calls)
[ -z "$bad" ] || fail "per 2000 operations: $bad"

# That who waits stands in a library that might be unloaded costs no call; that the holder does, whom a wait is for, one question.
count opened loaded "$LIB/steady.so"
bad=$(toomany opened 1.5)
[ -z "$bad" ] || fail "in an opened library, per 2000 operations: $bad"

# The control: the sections of a program with queued signals do mask, and that is seen.
if [ -n "$PRELOAD" ]; then
	count queued queued
	for phase in condinside condoutside; do
		toomany queued | grep -q "^$phase rt_sigprocmask " ||
			fail "masks are not seen: $(cat "$SCRATCH/queued")"
	done
fi
echo "ok syscalls"
