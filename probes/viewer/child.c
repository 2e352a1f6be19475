/*
 * The program runs in our own process group, so the terminal sees one job.
 * Signals that somebody sends to us are sent on; those that the kernel sent to
 * the whole group (interrupt, quit, hangup, window size from the terminal) have
 * reached the program already.  All signals are blocked here and taken one at a
 * time, so nothing can end us before the program and its report have ended.
 */
#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../compat/linux.h"
#include "aside.h"
#include "fresh.h"

enum { TICKMS = 250 };

/* In the child. */
static void
dress(const Child *c, const sigset_t *mask, const struct sigaction *chld, int fd)
{
	if(c->in >= 0)
		dup2(c->in, 0);
	if(c->out >= 0)
		dup2(c->out, 1);
	if(c->err >= 0)
		dup2(c->err, 2);
	if(c->preload != NULL)
		setenv("LD_PRELOAD", c->preload, 1);
	if(c->dir != NULL)
		setenv("RENDEZ_DIR", c->dir, 1);
	if(c->norecord)
		setenv("RENDEZ", "off", 1);
	asidereturn();
	sigaction(SIGCHLD, chld, NULL);
	(c->fresh ? becomefresh : become)(c->argv, mask, fd);
}

/* Whether the process is stopped, by field 3 of its stat. */
static int
isstopped(pid_t pid)
{
	siginfo_t si = {0};

	return waitid(P_PID, (id_t)pid, &si, WSTOPPED | WNOHANG | WNOWAIT) == 0 && si.si_pid == pid;
}

/* The terminal stopped the program, so the job is to stop: us too, by the same signal. */
static void
stopwith(pid_t pid, int sig)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL}, old;
	sigset_t set, mask;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigaction(sig, &dfl, &old);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, &mask);
	/* stopped here until somebody continues us: if that was us alone, pass it on */
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(sig, &old, NULL);
	if(isstopped(pid))
		kill(pid, SIGCONT);
}

static void
forward(pid_t pid, const siginfo_t *si)
{
	int sig = si->si_signo;

	/* timers that were started for us before we were run are the program's */
	if(si->si_code > 0 && sig != SIGALRM && sig != SIGVTALRM && sig != SIGPROF)
		return;
	/* the program sent it to its own group: it has it */
	if(si->si_code <= 0 && si->si_pid == pid)
		return;
	if(si->si_code == SI_QUEUE)
		sigqueue(pid, sig, si->si_value);
	else
		kill(pid, sig);
}

static int
ended(Child *c)
{
	int status;
	pid_t r;

	while((r = wait4(c->pid, &status, WNOHANG | WUNTRACED, &c->usage)) == c->pid) {
		if(!WIFSTOPPED(status)) {
			c->status = status;
			return 1;
		}
		/* SIGSTOP is for the one process that it was sent to */
		if(WSTOPSIG(status) != SIGSTOP)
			stopwith(c->pid, WSTOPSIG(status));
	}
	return r < 0 && errno != EINTR;
}

static void
attend(Child *c, const sigset_t *all)
{
	struct timespec tick = {0, TICKMS * 1000000};
	siginfo_t si;
	int sig;

	while(!ended(c)) {
		sig = sigtimedwait(all, &si, c->tick != NULL ? &tick : NULL);
		if(sig == SIGHUP || sig == SIGINT || sig == SIGQUIT || sig == SIGTERM)
			c->asked = sig;
		if(sig > 0 && sig != SIGCHLD)
			forward(c->pid, &si);
		else if(sig < 0 && c->tick != NULL)
			c->tick(c->arg);
	}
}

/* Which process is to be the program, and since when. */
static void
settle(Child *c, int fd)
{
	Born b;

	if(read(fd, &b, sizeof b) != sizeof b)
		return;
	c->begun = b.ns;
	c->peak = b.peak;
	if(b.pid == c->pid)
		return;
	waitpid(c->pid, NULL, 0);
	c->pid = (pid_t)b.pid;
}

int
runchild(Child *c)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL}, chld;
	struct timespec none = {0, 0};
	sigset_t all, mask;
	int e = 0, p[2];

	if(pipe2(p, O_CLOEXEC) < 0)
		return errno;
	sigfillset(&all);
	/* blocked signals wait even if they are ignored, so dispositions stay as the program is to find them */
	sigprocmask(SIG_SETMASK, &all, &mask);
	sigaction(SIGCHLD, &dfl, &chld);
	c->begun = nsnow();
	c->pid = fork();
	if(c->pid == 0)
		dress(c, &mask, &chld, p[1]);
	if(c->pid < 0)
		e = errno;
	close(p[1]);
	if(c->pid > 0) {
		settle(c, p[0]);
		if(read(p[0], &e, sizeof e) != sizeof e)
			e = 0;
		attend(c, &all);
	}
	close(p[0]);
	/* what came too late for the program is not for us */
	while(sigtimedwait(&all, NULL, &none) > 0)
		;
	sigaction(SIGCHLD, &chld, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return e;
}

void
endlike(int status)
{
	struct rlimit nocore = {0, 0};
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t set;
	int sig;

	fflush(NULL);
	if(!WIFSIGNALED(status))
		exit(WEXITSTATUS(status));
	sig = WTERMSIG(status);
	/* the core is the program's: ours would only hide it */
	setrlimit(RLIMIT_CORE, &nocore);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	sigaction(sig, &dfl, NULL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), sig);
	exit(128 + sig);
}
