#!/bin/sh
# What names may be, and where words go: of variables, libraries and files, and with standard descriptors closed.  One line a test.
. "$(dirname "$0")/test.sh"

cat >statics.cc <<'E2'
#include <atomic>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>
static void untilmainsleeps()
{
	for(std::string pid, name, state; state != "S"; usleep(5000))
		std::ifstream("/proc/self/stat") >> pid >> name >> state;
}
static void twice(std::mutex &m)
{
	std::atomic<bool> locked{false};
	std::thread t([&] { m.lock(); locked = true; untilmainsleeps(); m.unlock(); });
	while(!locked)
		std::this_thread::yield();
	m.lock();
	m.unlock();
	t.join();
}
static void __attribute__((noinline)) first(int)
{
	static std::mutex alpha, beta;
	twice(alpha);
	twice(beta);
}
int main() { first(1); }
E2
${CXX:-c++} -g statics.cc -o statics -pthread 2>>why && "$RENDEZ" run -q -o statics.d ./statics 2>>why
"$RENDEZ" report statics.d >out 2>&1
says out 'mutex first(int)::alpha'
says out 'mutex first(int)::beta'
ok "a variable of a function's own is named with its function"

for l in a b; do
	cat >lib$l.c <<E2
#include <pthread.h>
#include <unistd.h>
static pthread_mutex_t lock_of_$l = PTHREAD_MUTEX_INITIALIZER;
static void *holds(void *arg)
{
	pthread_mutex_lock(&lock_of_$l);
	usleep(50000);
	pthread_mutex_unlock(&lock_of_$l);
	return arg;
}
void run(void)
{
	pthread_t t[2];
	for(int i = 0; i < 2; i++)
		pthread_create(&t[i], 0, holds, 0);
	for(int i = 0; i < 2; i++)
		pthread_join(t[i], 0);
}
E2
	${CC:-cc} -g -shared -fPIC lib$l.c -o lib$l.so 2>>why
done
cat >inturn.c <<'E2'
#include <dlfcn.h>
int main(int argc, char **argv)
{
	for(int i = 1; i < argc; i++) {
		void *l = dlopen(argv[i], RTLD_NOW);
		((void (*)(void))dlsym(l, "run"))();
		dlclose(l);
	}
	return 0;
}
E2
${CC:-cc} inturn.c -o inturn -pthread 2>>why && "$RENDEZ" run -q -o inturn.d ./inturn ./liba.so ./libb.so 2>>why
"$RENDEZ" report inturn.d >out 2>&1
says out 'mutex lock_of_a'
says out 'mutex lock_of_b'
cat >libearly.c <<'E2'
#include <dlfcn.h>
void *early;
__attribute__((constructor)) static void opens(void)
{
	early = dlopen("./liba.so", RTLD_NOW);
}
E2
cat >afterearly.c <<'E2'
#include <dlfcn.h>
extern void *early;
int main(void)
{
	((void (*)(void))dlsym(early, "run"))();
	dlclose(early);
	early = dlopen("./libb.so", RTLD_NOW);
	((void (*)(void))dlsym(early, "run"))();
	return 0;
}
E2
${CC:-cc} -shared -fPIC libearly.c -o libearly.so 2>>why &&
	${CC:-cc} afterearly.c -o afterearly -L. -learly -Wl,-rpath,. -pthread 2>>why &&
	"$RENDEZ" run -q -o early.d ./afterearly 2>>why
"$RENDEZ" report early.d >out 2>&1
says out 'mutex lock_of_b'
says out 'libb.c:6 (holds)'
ok "a lock is not named by a library that lay there before"

long=$(printf '%0120d/%0120d' 1 2)
mkdir -p "$long"
cp statics "$long/"
"$RENDEZ" run -q -o long.d "$long/statics" 2>>why
"$RENDEZ" report long.d >out 2>&1
says out 'a path of more than 230 bytes is not kept'
ok "why a file with a very long name has no symbols is said"

"$RENDEZ" run "$(printf 'no\nsuch\033[31m')" 2>err
want status 127 $?
want error 'rendez: no\x0asuch\x1b[31m: not found' "$(cat err)"
"$RENDEZ" run '' 2>err
want status 127 $?
says err 'a program without a name: not found'
"$RENDEZ" report '' 2>err
want status 2 $?
says err 'an empty name'
"$RENDEZ" run -o '' true 2>err
want status 125 $?
says err 'an empty name'
ok "an error is one line, whatever is in a name"

ls -A /proc/self/fd 2>&- >native
"$RENDEZ" run -o shut ls -A /proc/self/fd 2>&- >out
want status 0 $?
cmp native out >>why 2>&1
grep -l summary "$memory"/rendez.*/.home 2>/dev/null >>why
"$RENDEZ" report shut >out 2>err || cat err >>why
"$RENDEZ" compare -n 1 sh -c 'echo hi' >&- 2>err </dev/null
want 'status of compare' 125 $?
says err 'standard output: Bad file descriptor'
"$RENDEZ" compare -n 1 sh -c 'echo hi' >&- 2>err <statics.cc
want 'status of compare' 125 $?
ok "with standard descriptors closed no file of the command's takes their place"

exit $failed
