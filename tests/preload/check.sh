# RENDEZ_CHECK says what is wrong, once, with both stacks, and changes nothing of it; of a correct program it says nothing.
. "$(dirname "$0")/lib/common.sh"

[ -n "$PRELOAD" ] || { echo "ok check"; exit 0; }

checked() {
	env -u RENDEZ_DIR RENDEZ_CHECK=1 LD_PRELOAD="$PRELOAD" "$BIN/$1" ${2:+"$2"} >"$SCRATCH/out" 2>"$SCRATCH/err"
}

# said: what it found, each kind of misuse with how often
said() {
	sed -n 's/^rendez: misuse: \([a-z]*\) 0x[0-9a-f]* /\1 /p' "$SCRATCH/err" | sort | uniq -c | sed 's/^ *//' | paste -sd '|'
}

# use NAME WANTED...
use() {
	checked misuse "$1"
	got=$(said)
	[ "$got" = "$2" ] || fail "$1: said '$got', should be '$2'"
	[ "$(grep -c '^rendez:     (stack unknown)' "$SCRATCH/err")" = "${3:-0}" ] || fail "$1: $(cat "$SCRATCH/err")"
}

free='mutex unlocked, but nobody holds it'
other='mutex unlocked by a thread that does not hold it'
again='locked by a thread that holds it already'
ends='mutex still held by a thread that ends'
gone='mutex used after it was destroyed'
copy='mutex used, but it is a copy of another, made while that was locked'
over='freed or overwritten while it was held'
remade='mutex initialised again while it is held'
use "unlock of a free mutex, normal" "1 $ends|1 $other|2 $free"
use "unlock of a free mutex, errorcheck" "1 $ends|2 $other|2 $free"
use "unlock by another, normal" "1 $ends|2 $other"
use "unlock by another, recursive" "1 $other"
use "destroy of a held mutex, normal" "2 mutex destroyed while it is held"
use "destroy of a mutex that is waited for, adaptive" "1 mutex destroyed while it is held"
use "relock, normal" "2 mutex $again"
use "a thread ends holding, normal" "1 $ends|1 $other"
use "a destroyed mutex, recursive" "1 $ends|2 $other|6 $gone"
use "garbage kinds" "7 mutex used, but what stands in it was never initialised"
use "a mutex zeroed while held, normal" "1 $ends|1 $other|2 $free"
use "a mutex copied while held, normal" "1 $ends|1 $other|2 $copy"
use "a mutex copied while held, recursive" "1 $ends|2 $other|2 $copy"
use "a mutex copied while waited for, adaptive" "1 $ends|1 $other|1 $copy"
use "a mutex freed while held, normal" "1 mutex $over|1 $ends|1 $other"
use "a mutex zeroed while held and locked again, errorcheck" "1 mutex $over"
use "a mutex unmapped while held" "1 mutex $over"
use "init of a held mutex, normal" "1 $remade|1 $ends|1 $other"
use "unlock of a robust mutex" "1 $other|1 $free|1 mutex waited for a condition with, but nobody holds it"
use "unlock of a mutex that inherits priority" \
	"1 $ends|1 $other|1 $free|1 mutex waited for a condition with, but nobody holds it"
use "a process-shared mutex" "1 mutex waited for a condition with, but nobody holds it"
use "unlock of a free process-shared mutex" "1 $free"
use "unlock of a process-shared mutex by another" "1 $other"
use "destroy of a held process-shared mutex" "1 mutex destroyed while it is held"
use "destroy of a held mutex that inherits priority" "1 mutex destroyed while it is held"
use "a destroyed rwlock" "1 rwlock used after it was destroyed"
use "a rwlock zeroed while held, written" "1 rwlock $over|1 rwlock still held by a thread that ends"
use "wait with a mutex that is not held, normal" "1 $ends|1 $other|1 mutex waited for a condition with, but nobody holds it"
use "wait with another's mutex, normal" \
	"1 $ends|1 $other|1 mutex waited for a condition with by a thread that does not hold it"
use "wait with a mutex locked twice" \
	"1 $ends|1 $free|1 mutex waited for a condition with while it is locked more than once"
use "one condition, two mutexes, broadcast" "1 condition waited for with two mutexes at the same time|1 $ends|1 $other"
use "a destroyed condition" "1 condition used after it was destroyed|1 $ends|1 $other"
use "destroy of a condition that is waited for" "1 condition destroyed while a thread waits for it"
use "unlock of a free rwlock" "1 rwlock still held by a thread that ends|1 rwlock unlocked, but nobody holds it"
use "unlock of a rwlock by another, written" \
	"1 rwlock still held by a thread that ends|1 rwlock unlocked by a thread that does not hold it"
use "a writer locks again" "4 rwlock $again|1 rwlock still held by a thread that ends"
use "destroy of a rwlock that is held, read" "1 rwlock destroyed while it is held|1 rwlock still held by a thread that ends"
use "destroy of what is unmapped" ""
use "destroy of a barrier that is waited for" "1 barrier destroyed while a thread waits for it"
use "semaphore values" "3 semaphore posted beyond its largest value"
use "mtx_plain" "1 mutex destroyed while it is held|2 $remade|1 $ends|2 $other|1 $free|4 $gone"

# What comes of it does not change.
checked misuse
sed 's/^\* //' "$SCRATCH/out" >"$SCRATCH/checked"
env -u RENDEZ_DIR LD_PRELOAD="$PRELOAD" "$BIN/misuse" | sed 's/^\* //' >"$SCRATCH/unchecked"
cmp -s "$SCRATCH/checked" "$SCRATCH/unchecked" || fail "$(diff "$SCRATCH/checked" "$SCRATCH/unchecked")"

for p in between cancelasync cancelwait condshared deadlines forgotten forkchild forkinit freed handler objects oncelaws phdr signals stdcpp \
	strange; do
	checked $p || fail "$p: $(cat "$SCRATCH/out")"
	[ -s "$SCRATCH/err" ] && fail "$p: $(cat "$SCRATCH/err")"
done

# Children's handlers that were registered before ours are checked as all else.
checked forkinit wrong || fail "forkinit wrong: $(cat "$SCRATCH/out")"
[ "$(said)" = "3 mutex unlocked by a thread that does not hold it|3 mutex unlocked, but nobody holds it" ] ||
	fail "forkinit wrong: $(cat "$SCRATCH/err")"

# An allocator with handlers, on either side of ours.
jemalloc=libjemalloc.so.2
if [ -z "$(LD_PRELOAD=$jemalloc true 2>&1)" ]; then
	for p in "$PRELOAD:$jemalloc" "$jemalloc:$PRELOAD"; do
		env -u RENDEZ_DIR RENDEZ_CHECK=1 LD_PRELOAD="$p" "$BIN/forkinit" >"$SCRATCH/out" 2>"$SCRATCH/err" ||
			fail "$p: $(cat "$SCRATCH/out")"
		[ -s "$SCRATCH/err" ] && fail "$p: $(cat "$SCRATCH/err")"
	done
fi

if [ -n "$RENDEZ" ]; then
	"$RENDEZ" run --check -o "$SCRATCH/profile" -- "$BIN/misuse" "unlock by another, normal" >"$SCRATCH/out" 2>"$SCRATCH/err"
	grep -q "^  mutex m $(echo "$other" | cut -c7-)\$" "$SCRATCH/err" || fail "summary: $(cat "$SCRATCH/err")"
	"$RENDEZ" report --format=json "$SCRATCH/profile" | python3 -c '
import json, sys
m = json.load(sys.stdin)["processes"][0]["misuses"]
u = [x for x in m if x["what"] == "unlock-other"][-1]
def names(s): return [f["function"] for f in s]
assert len(m) == 3 and u["name"] == "m" and u["other"] == "held", m
assert "unlockother" in names(u["stack"]) and "timedlock" in names(u["other_stack"]), u
assert u["tid"] != u["other_tid"], u
' 2>"$SCRATCH/why" || fail "$(cat "$SCRATCH/why")"
fi
echo "ok check"
