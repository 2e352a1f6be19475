#!/usr/bin/env python3
"""What a terminal does to 'rendez run': jobcontrol.py RENDEZ.  One line a test; the status is 1 if one failed."""
import os, pty, re, signal, subprocess, sys, tempfile

# Who started us in the background may have had these ignored, and what is ignored stays so in the programs.
for s in signal.SIGINT, signal.SIGQUIT:
	signal.signal(s, signal.SIG_DFL)
# An answer that does not come is a failure, not a hang.
signal.alarm(120)

rendez = os.path.abspath(sys.argv[1])
failed = False


def verdict(name, bad):
	global failed
	failed = failed or bool(bad)
	print("not ok %s: %s" % (name, bad) if bad else "ok %s" % name, flush=True)


def interrupted(script):
	"""What a terminal shows of 'rendez run sh -c SCRIPT', which gets a ^C once it has said "ready"; and its status.

	As under a shell, the session's leader is another.  It ends only when its own line has arrived: a reader may be
	told that the terminal's other side is closed before it is given the last that was written there.
	"""
	leader, fd = pty.fork()
	if leader == 0:
		signal.signal(signal.SIGINT, signal.SIG_IGN)
		job = os.fork()
		if job == 0:
			signal.signal(signal.SIGINT, signal.SIG_DFL)
			os.execv(rendez, [rendez, "run", "sh", "-c", script])
		os.write(1, b"status %d\n" % os.waitpid(job, 0)[1])
		while True:
			signal.pause()
	said = b""
	sent = False
	while not (ended := re.search(rb"^status (\d+)\r\n", said, re.MULTILINE)):
		said += os.read(fd, 4096)
		if b"ready" in said and not sent:
			sent = True
			os.write(fd, b"\x03")
	os.kill(leader, signal.SIGKILL)
	os.waitpid(leader, 0)
	os.close(fd)
	return said, int(ended[1])


def interrupt():
	"""^C reaches the program, and the summary is still printed."""
	said, status = interrupted("trap 'echo caught; exit 7' INT; echo ready; while :; do read x; done")
	if not os.WIFEXITED(status) or os.WEXITSTATUS(status) != 7:
		return "status %#x" % status
	if said.count(b"caught\r\n") != 1:
		return "said %r" % said
	if b"rendez:" not in said:
		return "no summary: %r" % said


def killed():
	"""^C kills the program: rendez dies of it too, after its summary."""
	said, status = interrupted("echo ready; exec cat")
	if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGINT:
		return "status %#x" % status
	if b"rendez:" not in said:
		return "no summary: %r" % said


def stop():
	"""^Z stops program and command by the same signal, and both go on."""
	r, w = os.pipe()
	shell, fd = pty.fork()
	if shell == 0:
		# the shell of this terminal: it watches its job as shells do
		os.close(r)
		signal.signal(signal.SIGTTOU, signal.SIG_IGN)
		job = os.fork()
		if job == 0:
			os.setpgid(0, 0)
			os.tcsetpgrp(0, os.getpid())
			signal.signal(signal.SIGTTOU, signal.SIG_DFL)
			os.execv(rendez, [rendez, "run", "-q", "sh", "-c", "echo ready; read x; exit 5"])
		_, status = os.waitpid(job, os.WUNTRACED)
		os.write(w, b"%d %d\n" % (os.WIFSTOPPED(status), os.WSTOPSIG(status) if os.WIFSTOPPED(status) else status))
		os.tcsetpgrp(0, job)
		os.killpg(job, signal.SIGCONT)
		_, status = os.waitpid(job, os.WUNTRACED)
		os.write(w, b"%d %d\n" % (os.WIFEXITED(status), os.WEXITSTATUS(status) if os.WIFEXITED(status) else status))
		os._exit(0)
	os.close(w)
	said = b""
	while b"ready" not in said:
		said += os.read(fd, 4096)
	os.write(fd, b"\x1a")
	answer = os.fdopen(r)
	line = answer.readline()
	if line != "1 %d\n" % signal.SIGTSTP:
		os.kill(shell, signal.SIGKILL)
		return "after ^Z: %r" % line
	os.write(fd, b"go\n")
	line = answer.readline()
	os.waitpid(shell, 0)
	if line != "1 5\n":
		return "after continuing: %r" % line


def outside():
	"""Only the command is continued: it continues the program.  (A group of its own: orphans are not stopped.)"""
	p = subprocess.Popen([rendez, "run", "-q", "sh", "-c", "kill -TSTP $$; exit 6"], stdin=subprocess.DEVNULL,
		process_group=0)
	_, status = os.waitpid(p.pid, os.WUNTRACED)
	if not os.WIFSTOPPED(status) or os.WSTOPSIG(status) != signal.SIGTSTP:
		return "status %#x" % status
	os.kill(p.pid, signal.SIGCONT)
	_, status = os.waitpid(p.pid, 0)
	p.returncode = 0
	if not os.WIFEXITED(status) or os.WEXITSTATUS(status) != 6:
		return "status %#x" % status


with tempfile.TemporaryDirectory(prefix="rendez-jobs.") as d:
	os.chdir(d)
	for test in (interrupt, killed, stop, outside):
		verdict(test.__name__, test())
sys.exit(failed)
