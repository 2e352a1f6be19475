#!/bin/sh
# What becomes of profiles: while a program runs, if it or the command is killed, if something finds no room.  One line a test.
. "$(dirname "$0")/test.sh"

# broughthome DIR: other runs, until one has brought home what was left for DIR
broughthome() {
	n=0
	while [ "$(ls "$1")" = "" ] && [ $n -lt 100 ]; do
		n=$((n + 1))
		"$RENDEZ" run -q true 2>err
		sleep 0.1
	done
}

mkfifo began goon
"$RENDEZ" run -q -o killed sh -c 'echo >began; read -r x <goon' 2>err &
pid=$!
read -r x <began
kill -KILL $pid
wait $pid 2>>err
echo >goon
broughthome killed
"$RENDEZ" report killed >out 2>>err || echo "report: status $?" >>why
says out 'sh -c'
grep -lsF "$tmp/killed" "$memory"/rendez.*/.home >>why
ok "a run whose command is killed is brought home by the next"

mkdir going
(cd going && exec "$RENDEZ" run -q sh -c 'echo >../began; read -r x <../goon') 2>err &
pid=$!
read -r x <began
(cd going && "$RENDEZ" report) >out 2>err || echo "report: status $?, $(cat err)" >>why
says out 'still runs'
(cd going && "$RENDEZ" report "$(pwd)/rendez.sh.$pid") >out 2>err || echo "report DIR: status $?, $(cat err)" >>why
says out 'still runs'
want processes 1 "$(grep -c '^  process ' out)"
echo >goon
wait $pid
"$RENDEZ" run -q -o named sh -c 'echo >began; read -r x <goon' 2>err &
pid=$!
read -r x <began
"$RENDEZ" report named >out 2>err || echo "report named: status $?, $(cat err)" >>why
says out 'still runs'
kill -KILL $pid
wait $pid 2>>err
"$RENDEZ" report named >out 2>err || echo "after a kill: status $?, $(cat err)" >>why
says out 'still runs'
echo >goon
ok "report shows a run that still goes on"

# What processes leave that are killed while they make their profiles: empty, or still without magic.
cat >halfmade.sh <<'E2'
sh -c 'echo $$' >pid
: >"$RENDEZ_DIR/$(cat pid).0.rendez"
head -c 8192 /dev/zero >"$RENDEZ_DIR/$(cat pid).1.rendez"
echo "$RENDEZ_DIR" >dirname
if [ $# != 0 ]; then
	echo >began
	read -r x <goon
fi
E2
"$RENDEZ" run -o half sh halfmade.sh 2>err
says err '2 processes ended before their profile was made'
find half "$(cat dirname)" -name "$(cat pid).*" >>why 2>/dev/null
(flock 9 && exec "$RENDEZ" run -q -o half2 sh halfmade.sh wait) 2>err 9>ended &
pid=$!
read -r x <began
kill -KILL $pid
wait $pid 2>>err
echo >goon
# What has ended is brought home while another process of the run still goes on.
flock ended true
if [ -n "$memory" ]; then
	unwritten=$(mktemp -d "$memory/rendez.XXXXXX")
	: >"$unwritten/.home"
	touch -d '1 hour ago' "$unwritten"
fi
broughthome half2
find half2 "$(cat dirname)" -name "$(cat pid).*" >>why 2>/dev/null
if [ -n "$memory" ]; then
	[ -e "$(cat dirname)" ] && echo "$(cat dirname) is left over" >>why
	[ -e "$unwritten" ] && echo "a directory without a home is left over" >>why
fi
rm -rf "${unwritten:-half}"
ok "what is half-made when its process is killed is removed, and counted"

cat >crowd.c <<'E2'
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>
enum { N = 1500 };
static pthread_mutex_t m[N];
static sem_t have, done;
static void *holder(void *arg)
{
	for(int i = 0; i < N; i++) {
		pthread_mutex_lock(&m[i]);
		sem_post(&have);
		usleep(30);
		pthread_mutex_unlock(&m[i]);
		sem_wait(&done);
	}
	return arg;
}
int main(void)
{
	pthread_t t;
	for(int i = 0; i < N; i++)
		pthread_mutex_init(&m[i], 0);
	pthread_create(&t, 0, holder, 0);
	for(int i = 0; i < N; i++) {
		sem_wait(&have);
		pthread_mutex_lock(&m[i]);
		pthread_mutex_unlock(&m[i]);
		sem_post(&done);
	}
	return pthread_join(t, 0);
}
E2
cat >crowd.py <<'E2'
import json, sys
p = json.load(sys.stdin)["processes"][0]
for what, f in ("waits", lambda o: o["waits"]), ("ns", lambda o: o["wait_ns"] if type(o["wait_ns"]) is int else o["wait_ns"]["total"]):
	locks, threads = (sum(map(f, p[k])) for k in ("locks", "threads"))
	if abs(locks - threads) > 1000 * (what == "ns"):
		print("%s of locks %d, of threads %d" % (what, locks, threads))
if not p["lost"]:
	print("everything found room")
if not any(l["kind"] == "unknown" and l["waits"] for l in p["locks"]):
	print("no row of what did not fit")
E2
for size in abc -3 0 4x; do
	RENDEZ_SIZE=$size "$RENDEZ" run -q true 2>err
	want "RENDEZ_SIZE=$size" "rendez: RENDEZ_SIZE is 1 to 256 (MiB): it is taken for 4, not $size" "$(cat err)"
done
RENDEZ_SIZE=1024 "$RENDEZ" run -q -o large true 2>err
says err 'it is taken for 256, not 1024'
"$RENDEZ" report large >out 2>err || cat err >>why
ok "a size that cannot be is said, and the largest can be read"

${CC:-cc} crowd.c -o crowd -pthread 2>>why && RENDEZ_SIZE=1 "$RENDEZ" run -q -o crowded ./crowd 2>err
"$RENDEZ" report --format=json crowded 2>err | python3 crowd.py >>why 2>&1
ok "waits that find no room in the tables are in the totals"

cat >many.c <<'E2'
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>
enum { N = 80 };
static sem_t never, some;
static void *waits(void *arg)
{
	sem_wait(&some);
	sem_wait(&never);
	return arg;
}
/* The upper half of the word is how many wait. */
static void until(sem_t *s, int n)
{
	while(((volatile int *)s)[1] != n)
		usleep(1000);
}
int main(void)
{
	pthread_t t;
	for(int i = 0; i < N; i++)
		pthread_create(&t, 0, waits, 0);
	until(&some, N);
	for(int i = 0; i < N; i++)
		sem_post(&some);
	until(&never, N);
	return 0;
}
E2
cat >many.py <<'E2'
import json, sys
p = json.load(sys.stdin)["processes"][0]
if p["lost"] or p["threads_unlisted"]:
	print("lost", p["lost"], "unlisted", p["threads_unlisted"])
if p["waits"] != 80 or sum(t["waits"] for t in p["threads"]) != 80:
	print("waits", p["waits"])
if p["threads_unwatched"] == 0 or len(p["unfinished"]) + p["threads_unwatched"] != 80:
	print("%d still wait, and of %d it is not known" % (len(p["unfinished"]), p["threads_unwatched"]))
E2
${CC:-cc} many.c -o many -pthread 2>>why && RENDEZ_SIZE=1 "$RENDEZ" run -q -o manied ./many 2>err
"$RENDEZ" report --format=json manied 2>err | python3 many.py >>why 2>&1
"$RENDEZ" report manied >out 2>err
says out 'threads came when the profile had no page free'
says out ' 0 lost'
ok "of threads for whom there is no page nothing is lost but what they waited for at the end"

# Each look into a directory takes half a second, so the program ends in the midst of one that is not the last.
cat >ends.sh <<'E2'
sleep 1
exit 5
E2
strace -o /dev/null -e trace=getdents64 -e inject=getdents64:delay_enter=500000 "$RENDEZ" run -q -o midst sh ends.sh 2>err
want status 5 $?
"$RENDEZ" report midst >out 2>&1
says out 'exited with status 5'
ok "a program that ends while others are brought home is seen to end"

"$RENDEZ" run -q -o kept sh -c 'echo >began; read -r x <goon; exec true' 2>err &
pid=$!
read -r x <began
echo x >kept/3.0.rendez
"$RENDEZ" run -q -f -o kept true 2>err
want status 125 $?
says err 'a run that goes on has its profiles there'
rm kept/3.0.rendez || echo "and yet it removed what was there" >>why
kill -KILL $pid
wait $pid 2>>err
# what it left in memory is found before the directory is looked at, and of a program that goes on too
rm -f kept/*
"$RENDEZ" run -q -o kept true 2>err
want status 125 $?
says err 'profiles of an earlier run'
echo >goon
n=0
while [ $n -lt 100 ] && [ -z "$(ls kept)" ] && "$RENDEZ" run -q -o other$n true 2>err; do
	n=$((n + 1))
done
says err 'brought home what an earlier run had left in memory'
"$RENDEZ" run -q -o kept true 2>err
want status 125 $?
says err 'profiles of an earlier run'
ln -s /nowhere kept/1.0.rendez
echo x >kept/2.0.rendez
"$RENDEZ" run -q -f -o kept true 2>>why || echo "status $?" >>why
"$RENDEZ" report kept >out 2>err
want processes 1 "$(grep -c '^  process ' out)"
ok "no two runs share a directory, and --force replaces all that one left"

mkdir piped
mkfifo piped/quiet.json
timeout 20 "$RENDEZ" report piped 2>err
want status 2 $?
says err 'piped/quiet.json: Invalid argument'
ok "a pipe in a run's directory is not waited for"

exit $failed
