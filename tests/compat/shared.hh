// What the tests of rendezvous and postwait share: threads that wait in a futex, children, and programs that are run anew.
#ifndef SHARED_HH
#define SHARED_HH

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Until the thread (of any process) sleeps in a futex.
inline void
asleep(int tid)
{
	std::string name = "/proc/" + std::to_string(tid) + "/syscall";
	char buf[8] = {};

	for(;;) {
		int fd = open(name.c_str(), O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, buf, 4);
		if(fd >= 0)
			close(fd);
		if(n == 4 && atoi(buf) == SYS_futex && buf[3] == ' ')
			return;
		usleep(200);
	}
}

inline int
tid()
{
	return static_cast<int>(syscall(SYS_gettid));
}

// A child that runs f and ends with its result.
inline pid_t
child(const std::function<int()> &f)
{
	pid_t pid = fork();

	if(pid == 0)
		_exit(f());
	return pid;
}

inline int
status(pid_t pid)
{
	int s = -1;

	waitpid(pid, &s, 0);
	return WIFEXITED(s) ? WEXITSTATUS(s) : 1000 + WTERMSIG(s);
}

// Memory that forked children share.
template <typename T>
T *
common()
{
	return static_cast<T *>(mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

// This test program run anew, unrelated but for group, as a role: the test's main finds it in the environment.  out: what it prints.
inline pid_t
program(const std::string &role, const char *group, int *out)
{
	int p[2];

	if(pipe2(p, O_CLOEXEC) != 0)
		abort();
	pid_t pid = fork();
	if(pid == 0) {
		dup2(p[1], 1);
		setenv("SHARED_ROLE", role.c_str(), 1);
		if(group != nullptr)
			setenv("RENDEZ_GROUP", group, 1);
		else
			unsetenv("RENDEZ_GROUP");
		execl("/proc/self/exe", "role", nullptr);
		_exit(127);
	}
	close(p[1]);
	*out = p[0];
	return pid;
}

inline unsigned long
readnumber(int fd)
{
	char buf[64] = {};
	size_t n = 0;

	while(n < sizeof buf - 1 && read(fd, buf + n, 1) == 1 && buf[n] != '\n')
		n++;
	return strtoul(buf, nullptr, 0);
}

inline void
spin(unsigned long n)
{
	while(n-- > 0)
		__asm__ volatile("");
}

inline void
nothing(int)
{
}

inline void
catching(int sig, int flags)
{
	struct sigaction sa = {};

	sa.sa_handler = nothing;
	sa.sa_flags = flags;
	sigaction(sig, &sa, nullptr);
}

#endif
