#!/bin/sh
# What a report says of processes that the command did not start itself: until when they were there, and what they waited for.  One line a test.
. "$(dirname "$0")/test.sh"

${CC:-gcc} -g -O1 -pthread -o ends "$here/ends.c" || exit 1

# of DIR PYTHON: the value for the one process p of the report on "ends"; ms(ns) is in ms
of() {
	"$RENDEZ" report --format=json "$1" >json 2>err || echo "report $1: status $?, $(cat err)" >>why
	python3 -c '
import json, sys
ms = lambda ns: ns / 1e6
own = [p for p in json.load(open("json"))["processes"] if p["program"].endswith("/ends") and p["args"].split()[1] == sys.argv[1]]
p = max(own, key=lambda p: len(p["threads"])) if own else None
print("no such process" if p is None else eval(sys.argv[2]))' "$2" "$3"
}

"$RENDEZ" run -q -o first sh -c './ends waits; true' 2>err || cat err >>why
want "first thread gone: acquired" "10" "$(of first waits 'p["locks"][0]["acquired"]')"
want "first thread gone: end" "exit True" "$(of first waits '"%s %s" % (p["ended"], ms(p["duration_ns"]) > 900)')"
want "names" "['one', 'two']" "$(of first waits '[n for n in ("one", "two") if n in [t["name"] for t in p["threads"]]]')"
ok "a process whose first thread has ended is recorded to its end"

if unshare -pf true 2>>err; then
	"$RENDEZ" run -q -o space unshare -pf ./ends waits 2>err || cat err >>why
	want "another namespace" "exit 10 True" \
		"$(of space waits '"%s %d %s" % (p["ended"], p["locks"][0]["acquired"], ms(p["duration_ns"]) > 900)')"
	ok "a process of another pid namespace is recorded to its end"
else
	echo "ok a process of another pid namespace # SKIP there can be none here"
fi

"$RENDEZ" run -q -o dead sh -c './ends dead & p=$!; sleep 2; kill -KILL $p; wait; true' 2>err
want "deadlock: rows, waits" "2 2" "$(of dead dead '"%d %d" % tuple(map(sum, zip(*[(1, l["waiting"]) for l in p["locks"] if l["name"] in "ab"])))')"
want "deadlock: how long" "True" "$(of dead dead 'all(700 < ms(u["wait_ns"]) < ms(p["duration_ns"]) for u in p["unfinished"]) and len(p["unfinished"]) == 2')"
ok "a child that was killed in a deadlock has waited until then"

"$RENDEZ" run -q -o later ./ends later 2>err || cat err >>why
n=0
while ! of later later '"%s %d" % (p["ended"], len(p["threads"]))' | grep -q '^exit 3' && [ $n -lt 100 ]; do
	n=$((n + 1))
	sleep 0.1
done
: >why
want "daemon: acquired" "10" "$(of later later 'p["locks"][0]["acquired"]')"
ok "a daemon that waits only when its run is over is recorded at home"

"$RENDEZ" run -q -o exec ./ends exec sleep 1 2>err || cat err >>why
want "exec: ended at it" "True" "$(of exec exec 'ms(p["duration_ns"]) < 900')"
want "exec: what waited" "1 True" "$(of exec exec '"%d %s" % (len(p["unfinished"]), 100 < ms(p["unfinished"][0]["wait_ns"]) < 900)')"
ok "a process that became another program ended then, and waited until then"

"$RENDEZ" run -q -o again ./ends again 2>err || cat err >>why
"$RENDEZ" report again >out 2>&1
want "rows of one variable" "1" "$(grep -c 'mutex .*\bb$' out)"
ok "a variable that is made again and again is one row"

mkdir mine
echo '{"mine":1}' >mine/quiet.json
echo mine >mine/notes.rendez
"$RENDEZ" run -q -f -o mine sh -c 'true; true' 2>err || cat err >>why
"$RENDEZ" run -q -f -o mine sh -c 'true; true' 2>err || cat err >>why
want "the user's files" '{"mine":1} mine' "$(cat mine/quiet.json mine/notes.rendez | tr '\n' ' ' | sed 's/ $//')"
ok "--force leaves what is no profile"

"$RENDEZ" run -q -o twice sh -c './ends waits & sleep 0.5' 2>err || cat err >>why
"$RENDEZ" run -q -f -o twice ./ends again 2>err || cat err >>why
sleep 1
"$RENDEZ" report --format=json twice >json 2>err || cat err >>why
want "processes of the second run" "['./ends again']" "$(python3 -c 'import json; print([p["args"] for p in json.load(open("json"))["processes"]])')"
ok "what goes on of an earlier run is not taken for the later one's"

mkdir tmp
TMPDIR=$PWD/tmp "$RENDEZ" compare -n 1 sh -c './ends waits & sleep 0.5' >out 2>err || cat out err >>why
want "compare recorded" "1" "$(grep -c 'in alternation, recording' out)"
want "left in TMPDIR" "" "$(ls -A tmp)"
want "left in memory" "" "$(grep -ls "^$PWD/tmp/" "$memory"/rendez.*/.home)"
RENDEZ=off "$RENDEZ" compare -n 1 ./ends waits >out 2>err || cat out err >>why
want "compare did not record" "1" "$(grep -c 'in alternation, not recording' out)"
want "and says why" "1" "$(grep -c 'RENDEZ=off is set' err)"
ok "compare leaves nothing of a process that outlives the program, and says whether it recorded"
exit $failed
