#!/bin/sh
# The command as a whole: what it passes on, what it refuses, what it says.  One line a test.
. "$(dirname "$0")/test.sh"

for n in 0 1 2 77 125 126 127 128 200 255; do
	"$RENDEZ" run -q sh -c "exit $n" 2>err
	want status $n $?
done
ok "the exit status is the program's"

cat >ending.py <<'E2'
import signal, subprocess, sys
for sig in (1, 2, 3, 6, 9, 11, 13, 14, 15, 10):
	# nohup(1) and the like have some ignored.
	heard = lambda: sig != 9 and signal.signal(sig, signal.SIG_DFL)
	p = subprocess.run([sys.argv[1], "run", "-q", "sh", "-c", "kill -%d $$" % sig], stderr=subprocess.DEVNULL, preexec_fn=heard)
	if p.returncode != -sig:
		print("signal %d: %d" % (sig, p.returncode))
E2
python3 ending.py "$RENDEZ" >why 2>&1
ok "a signal that kills the program kills the command"

mkdir cores
case $(cat /proc/sys/kernel/core_pattern) in
core*)
	(cd cores && ulimit -c unlimited && "$RENDEZ" run -q sh -c 'kill -SEGV $$') >/dev/null 2>&1
	native=$(cd cores && ls core* 2>/dev/null | wc -l)
	[ "$native" -le 1 ] || echo "$native core files" >>why ;;
esac
ok "the command leaves no core file of its own"

mkfifo ready
cat >waits.py <<'E2'
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGHUP])
open("ready", "w").write("\n")
sig = signal.sigwait([signal.SIGUSR1, signal.SIGHUP])
print("got", int(sig))
sys.exit(int(sig))
E2
"$RENDEZ" run -q python3 waits.py >out 2>err &
pid=$!
read -r x <ready
kill -USR1 $pid
wait $pid
want status 10 $?
want output 'got 10' "$(cat out)"
"$RENDEZ" run -q python3 waits.py >out 2>err &
pid=$!
read -r x <ready
kill -TERM $pid
kill -HUP $pid
wait $pid
want status 1 $?
ok "signals sent to the command reach the program"

grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status >native
"$RENDEZ" run -q grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status >under 2>err
cmp native under >>why 2>&1
(trap '' INT HUP CHLD; grep -E '^Sig(Blk|Ign)' /proc/self/status >native
	"$RENDEZ" run -q grep -E '^Sig(Blk|Ign)' /proc/self/status >under 2>err)
cmp native under >>why 2>&1
ok "the program finds signal mask and dispositions as they were"

{ { sleep 0.2; "$RENDEZ" run -o unheard sh -c 'exit 3' 2>&1 >/dev/null; echo $? >status; } | true; } 2>err
want 'status with standard error closed' 3 "$(cat status)"
(ulimit -f 0; exec "$RENDEZ" run -o unwritten sh -c 'exit 4') 2>&1 | cat >err
(ulimit -f 0; "$RENDEZ" run -o unwritten sh -c 'exit 4' >/dev/null 2>&1; [ $? = 4 ] || echo "not the program's status") |
	cat >>why
says err 'the limit on file sizes is too low'
ok "what the command cannot write ends neither it nor the program"

(MALLOC_CONF=abort_conf:true,bogus:1 "$RENDEZ" run -q sh -c 'echo "$MALLOC_CONF"') >out 2>err
want status 0 $?
want MALLOC_CONF abort_conf:true,bogus:1 "$(cat out)"
want errors '' "$(cat err)"
MALLOC_CONF=stats_print:true "$RENDEZ" run -q true >out 2>&1
want output '' "$(cat out)"
ok "MALLOC_CONF is the program's and not the command's"

ls -A /proc/self/fd >native
"$RENDEZ" run -q ls -A /proc/self/fd >under 2>err
cmp native under >>why 2>&1
"$RENDEZ" compare -n 1 sh -c 'exec ls -A /proc/self/fd >under' >out 2>err
cmp native under >>why 2>&1
ok "the program finds no descriptor that was not there"

mkdir place
(cd place && ls -A >../native && "$RENDEZ" run -q ls -A >../under 2>../err)
if [ -n "$memory" ]; then
	cmp native under >>why 2>&1
fi
ok "the program finds no file that was not there"

echo hello | "$RENDEZ" run -q cat >out 2>err
want output hello "$(cat out)"
"$RENDEZ" run sh -c 'echo out; echo err >&2' >out 2>err
want output out "$(cat out)"
says err err
ok "input and output are the program's, the summary is on standard error"

"$RENDEZ" run -o there -- sh -c 'echo "$RENDEZ_DIR" >dirname; echo "$LD_PRELOAD"' >out 2>err
says out librendez.so
[ -d there ] || echo "no directory" >>why
want mode 700 "$(stat -c %a there)"
if [ -s dirname ] && [ "$(cat dirname)" != "$(realpath there)" ] && [ -e "$(cat dirname)" ]; then
	echo "the live directory is left over" >>why
fi
ok "-o names the directory, made for its owner only"

"$RENDEZ" run -q no-such-program 2>err
want status 127 $?
says err "rendez: no-such-program: not found"
want lines 1 "$(wc -l <err)"
"$RENDEZ" run -q ./nowhere/prog 2>err
want status 127 $?
echo 'not to be run' >plain
"$RENDEZ" run -q ./plain 2>err
want status 126 $?
says err "Permission denied"
"$RENDEZ" run -q / 2>err
want status 126 $?
says err "is a directory"
"$RENDEZ" run 2>err
want status 125 $?
"$RENDEZ" run --no-such-option x 2>err
want status 125 $?
"$RENDEZ" frobnicate 2>err
want status 125 $?
says err "no command 'frobnicate'"
ok "what cannot be run is refused with 126, 127 or 125"

: >file
"$RENDEZ" run -o file touch ran 2>err
want status 125 $?
want refusal "rendez: file: Not a directory" "$(cat err)"
[ -e ran ] && echo "and yet it ran" >>why
"$RENDEZ" run -o file/x true 2>err
want status 125 $?
says err "Not a directory"
if [ "$(id -u)" != 0 ]; then
	mkdir -m 500 locked
	"$RENDEZ" run -o locked/x true 2>err
	want status 125 $?
	says err "Permission denied"
fi
mkdir earlier
printf 'rendez' >earlier/1.1.rendez
"$RENDEZ" run -q -o earlier touch ran 2>err
want status 125 $?
says err "profiles of an earlier run"
[ -e ran ] && echo "and yet it ran" >>why
ok "a directory that cannot take profiles is refused before the program runs"

(cd /proc && "$RENDEZ" run true) 2>err
want status 125 $?
says err 'name another place for the profiles with -o'
RENDEZ=off "$RENDEZ" run true 2>err
says err 'true made no profile: RENDEZ=off is set'
ok "why there are no profiles is said"

RENDEZ_LIB=/nowhere/lib.so "$RENDEZ" run true 2>err
want status 125 $?
says err "RENDEZ_LIB: /nowhere/lib.so"
ok "a library that is not there is an error"

"$RENDEZ" report nowhere 2>err
want status 2 $?
says err "nowhere: No such file"
echo rubbish >rubbish
"$RENDEZ" report rubbish 2>err
want status 2 $?
says err "not a profile"
"$RENDEZ" report earlier 2>err
want status 2 $?
mkdir rubbishes
cp rubbish rubbishes/7.0.rendez
"$RENDEZ" report rubbishes there >out 2>err
want status 2 $?
want lines 1 "$(cat out err | grep -c 'rubbishes/7.0.rendez')"
cp -r there beside
printf 'rendez' >beside/7.0.rendez
"$RENDEZ" report beside >out 2>err
want 'status with one damaged' 2 $?
says out 'beside/7.0.rendez: '
says out 'exited with status 0'
"$RENDEZ" report --format=json beside >out 2>err
want 'status with one damaged' 2 $?
python3 -c 'import json; d = json.load(open("out")); assert d["processes"] and len(d["warnings"]) == 1' 2>>why
rm beside/7.0.rendez
echo '{' >>beside/quiet.json
"$RENDEZ" report beside >out 2>err
want 'status with a damaged line' 2 $?
says out 'beside/quiet.json: a damaged line'
"$RENDEZ" report there >out 2>err
want status 0 $?
"$RENDEZ" report --format=xml earlier 2>err
want status 2 $?
"$RENDEZ" report --top=x earlier 2>err
want status 2 $?
ok "report says what it cannot read"

"$RENDEZ" compare -n 1 sh -c 'echo same; echo same >&2; exit 3' >out 2>err
want status 0 $?
says out "the same in every run (3)"
"$RENDEZ" compare -n 1 sh -c 'echo "$LD_PRELOAD"' >out 2>err
want status 1 $?
says out "DIFFERENT"
"$RENDEZ" compare -n 1 sh -c '[ -z "$LD_PRELOAD" ]' >out 2>err
want status 1 $?
"$RENDEZ" compare -n 1 sh -c 'echo $$' >out 2>err
want status 0 $?
says out "not judged"
echo 4711 | "$RENDEZ" compare -n 2 sh -c 'read x; [ "$x" = 4711 ]' >out 2>err
want status 0 $?
says out "the same in every run (0)"
echo 4712 >number
"$RENDEZ" compare -n 2 sh -c 'read x; [ "$x" = 4712 ]' <number >out 2>err
says out "the same in every run (0)"
# A sanitizer's runtime is large, and wants to be the first of all libraries.
if ! grep -q __asan_init "$RENDEZ"; then
	echo 'int main(void) { return 0; }' >small.c
	${CC:-cc} small.c -o small 2>>why
	"$RENDEZ" compare -n 1 --format=json ./small >out 2>err
	python3 -c 'import json
m = json.load(open("out"))["measures"]["peak_bytes"]["native"]["median"]
if m > 3 << 20: print("the peak of a small program is", m)' >>why 2>&1
	(LD_PRELOAD=libm.so.6 "$RENDEZ" compare -n 1 sh -c 'tr "\0" "\n" </proc/self/environ >environ; kill -9 $$') >out 2>err
	says out 'the same in every run (killed by signal 9)'
	grep -q '^LD_PRELOAD=.*librendez.so:libm.so.6' environ || grep LD_ environ >>why
fi
yes | "$RENDEZ" compare -n 1 true >out 2>err
want status 125 $?
says err 'more than 64 MiB come through a pipe'
"$RENDEZ" compare -n 1 --format=json -- true >out 2>err
python3 -c 'import json; d = json.load(open("out")); assert d["format"] == "rendez-compare" and not d["differs"]' 2>>why
"$RENDEZ" compare -n 0 true 2>err
want status 125 $?
"$RENDEZ" compare no-such-program 2>err
want status 127 $?
ok "compare tells the same from different from not to be judged"

for c in '' run report compare; do
	"$RENDEZ" $c --help >help || echo "$c --help failed" >>why
	"$RENDEZ" $c --help | grep -oE -- '(^|[ ,])--?[a-zA-Z?][a-z-]*' | tr -d ' ,' | sort -u >options
	while read -r o; do
		grep -qF -- "$(echo "$o" | sed 's/-/\\-/g')" "$SRC/probes/viewer/rendez.1" || echo "rendez.1 lacks $o" >>why
	done <options
	cat options >>all
done
sed 's/\\-/-/g' "$SRC/probes/viewer/rendez.1" | grep -E '^\.(TP|BR|B) ' | grep -oE -- '^\.BR? -[^ ]+( ", " --[a-z-]+)?' |
	grep -oE -- '--?[a-zA-Z?][a-z-]*' | sort -u >manual
while read -r o; do
	grep -qxF -- "$o" all || echo "no command has $o of rendez.1" >>why
done <manual
[ -s manual ] || echo "no options found in rendez.1" >>why
"$RENDEZ" --version >out
grep -qE '^rendez [0-9]' out || echo "--version says $(cat out)" >>why
ok "the manual page and --help have the same options"

python3 "$here/jobcontrol.py" "$RENDEZ" || failed=1
exit $failed
