# Children that inherit the preload and cannot have it run as they would without it, or one line says why not.
. "$(dirname "$0")/lib/common.sh"
src=$(dirname "$0")/child.c

# make NAME COMPILER ARGS...: the child, built so
make() {
	name=$1
	shift
	"$@" -std=gnu11 -O1 -g -pthread -o "$SCRATCH/$name" "$src" >"$SCRATCH/made" 2>&1 || fail "$name: $(cat "$SCRATCH/made")"
}

# child STATUS SAID LINES COMMAND...: as the child of a shell under the library it has that status,
# says it is ok if that is 0, and so many lines on standard error, each with SAID
child() {
	want=$1 said=$2 lines=$3
	shift 3
	if [ -n "$PRELOAD" ]; then
		mkdir -p "$SCRATCH/profile"
		RENDEZ_DIR=$SCRATCH/profile LD_PRELOAD=$PRELOAD sh -c '"$@"; exit $?' sh "$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
		got=$?
	else
		"$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
		got=$? want=0 lines=0
	fi
	[ $got = "$want" ] || fail "$*: status $got: $(cat "$SCRATCH/out" "$SCRATCH/err")"
	[ $want != 0 ] || grep -q ok "$SCRATCH/out" || fail "$*: $(cat "$SCRATCH/out")"
	[ "$(wc -l <"$SCRATCH/err")" = "$lines" ] && [ "$(grep -c "$said" "$SCRATCH/err")" = "$lines" ] ||
		fail "$*: said $(cat "$SCRATCH/err")"
}

make musl musl-gcc
child 0 "" 0 "$SCRATCH/musl"
make muslstatic musl-gcc -static
child 0 "" 0 "$SCRATCH/muslstatic"
make static gcc -static
child 0 "" 0 "$SCRATCH/static"

# 32 bits: the loader says it.  libc.so.6 is a program, which says whose it is; some kernels run none such.
for libc in $(dpkg -L libc6-i386 2>/dev/null | grep '/libc\.so\.6$'); do
	"$libc" >"$SCRATCH/out" 2>&1 || continue
	child 0 "cannot be preloaded" 1 sh -c '"$0" && echo ok' "$libc"
done

# A root without the library, then with it and no place for profiles.
make chrooted gcc
if [ "$(id -u)" = 0 ]; then
	root=$SCRATCH/root
	for f in $(ldd "$SCRATCH/chrooted" | grep -o '/[^ ]*'); do
		mkdir -p "$root/$(dirname "$f")"
		cp "$f" "$root/$f"
	done
	cp "$SCRATCH/chrooted" "$root/"
	child 0 "cannot be preloaded" 1 chroot "$root" /chrooted
	if [ -n "$PRELOAD" ]; then
		mkdir -p "$root/$(dirname "$PRELOAD")"
		cp "$PRELOAD" "$root/$PRELOAD"
		child 0 "^rendez: not recording: " 1 chroot "$root" /chrooted
	fi
fi

# Sanitizers.  gcc's are libraries: the one of addresses insists to be first and ends the program, for
# that of threads ours goes away.  clang's are in the program, and come first.
make gccasan gcc -fsanitize=address
child 1 "ASan runtime does not come first" 1 "$SCRATCH/gccasan"
make clangasan clang -fsanitize=address
child 0 "" 0 "$SCRATCH/clangasan"
make gcctsan gcc -fsanitize=thread
child 0 "^rendez: .* is built with ThreadSanitizer" 1 "$SCRATCH/gcctsan"
make clangtsan clang -fsanitize=thread
child 0 "" 0 "$SCRATCH/clangtsan"

# The command knows beforehand.
if [ -n "$RENDEZ" ]; then
	for p in gcctsan clangtsan musl static; do
		"$RENDEZ" run -q "$SCRATCH/$p" >"$SCRATCH/out" 2>"$SCRATCH/err"
		got=$?
		[ $got = 126 ] && [ ! -s "$SCRATCH/out" ] && [ "$(wc -l <"$SCRATCH/err")" = 1 ] ||
			fail "rendez run $p: status $got: $(cat "$SCRATCH/out" "$SCRATCH/err")"
	done
	for p in gccasan clangasan; do
		"$RENDEZ" run -q -o "$SCRATCH/$p.profile" -- "$SCRATCH/$p" >"$SCRATCH/out" 2>"$SCRATCH/err" ||
			fail "rendez run $p: status $?: $(cat "$SCRATCH/out" "$SCRATCH/err")"
		"$RENDEZ" report "$SCRATCH/$p.profile" >"$SCRATCH/out" 2>"$SCRATCH/err" && grep -q "mutex m" "$SCRATCH/out" ||
			fail "rendez report $p: $(cat "$SCRATCH/out" "$SCRATCH/err")"
	done
fi
echo "ok inherit"
