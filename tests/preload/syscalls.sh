# System calls per contended operation, in the steady state: few, and only futexes; signals are put off, not masked.
. "$(dirname "$0")/lib/common.sh"

command -v strace >/dev/null || fail "there is no strace"
mkdir -p "$SCRATCH/profile"
if [ -n "$PRELOAD" ]; then
	set -- -E RENDEZ_DIR="$SCRATCH/profile" -E LD_PRELOAD="$PRELOAD"
fi
strace -f -o "$SCRATCH/log" "$@" "$BIN/steady" >"$SCRATCH/out" 2>"$SCRATCH/err" || fail "$(cat "$SCRATCH/out" "$SCRATCH/err")"

# Calls between the marks, by phase and name; a call that another thread's interrupted counts once.  Of masks, those of all signals,
# which are the library's: libunwind, asked about a place for the first time, leaves libc's own two out; and one that is set
# to no purpose (how is -1) is how the recorder asks whether memory can be read.
awk '
/write\(2, "begin / { split($0, q, "begin "); split(q[2], w, "\\"); phase = w[1]; next }
/write\(2, "end / { phase = ""; next }
phase != "" && !/resumed>/ && (!/rt_sigprocmask\(/ || /SIG_SETMASK, ~\[\]/) && match($0, /[a-z_0-9]+\(/) { n[phase " " substr($0, RSTART, RLENGTH - 1)]++ }
END { for(k in n) print k, n[k] }
' "$SCRATCH/log" | sort >"$SCRATCH/calls"
grep -q '^sem futex ' "$SCRATCH/calls" || fail "nothing was counted: $(head -n 3 "$SCRATCH/log")"

# An operation sleeps once and wakes one; the barriers around a phase, and what the recorder sees for the first time, cost a few.
# Nothing masks signals.
bad=$(awk '
BEGIN { ops = 2000; most["mutex futex"] = 3; most["sem futex"] = 2.5; most["condinside futex"] = 4; most["condoutside futex"] = 4 }
$3 > most[$1 " " $2] * ops + (most[$1 " " $2] > 0 || $2 ~ /^(futex|rt_sigprocmask|sched_yield|restart_syscall)$/ ? 40 : 0) { print $0 ";" }
' "$SCRATCH/calls")
[ -z "$bad" ] || fail "per 2000 operations: $bad"
echo "ok syscalls"
