/* rendez run: a program under the library, as if it had been run without, and then the summary. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "aside.h"
#include "child.h"
#include "command.h"
#include "drain.h"
#include "launch.h"
#include "load.h"
#include "mem.h"
#include "session.h"
#include "text.h"

enum { SUMMARYTOP = 5, SUMMARYPAIRS = 3 };

typedef struct Options {
	const char *dir;
	int force, quiet, check;
	char **argv;
} Options;

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0,
	"Where the profiles go (default: rendez.PROGRAM.PID here, with the PID of rendez, made when the program has "
	"ended; before it begins if this directory is in memory, or memory has no room for them)",
	0},
    {"check", 'c', NULL, 0, "Look for wrong use of locks: say each at once, and show its stacks in the report", 0},
    {"force", 'f', NULL, 0,
	"Replace the profiles that an earlier run left in DIR; its processes that go on are recorded no more", 0},
    {"quiet", 'q', NULL, 0, "Print no summary at the end", 0},
    {0},
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	Options *o = state->input;

	switch(key) {
	case 'o':
		if(arg[0] == 0)
			argp_error(state, "--output: an empty name");
		o->dir = arg;
		return 0;
	case 'c':
		o->check = 1;
		return 0;
	case 'f':
		o->force = 1;
		return 0;
	case 'q':
		o->quiet = 1;
		return 0;
	case ARGP_KEY_ARGS:
		o->argv = state->argv + state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which program?");
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp runargp = {
    options,
    parse,
    "[--] PROGRAM [ARG...]",
    "Run PROGRAM with librendez.so preloaded, and say on standard error who waited for whom.\v"
    "PROGRAM's exit status is passed on, and so is the signal that kills it; signals sent to rendez reach PROGRAM. "
    "The processes that it starts are recorded too, one profile each. Own errors: 125; 126 if PROGRAM cannot be run "
    "with the library, 127 if there is none. RENDEZ_LIB names another library to preload. --check sets "
    "RENDEZ_CHECK=1 for PROGRAM: an unlock of what is not held or is another's, a destroyed lock or one destroyed "
    "while held or waited for, a mutex that its holder locks again, one condition with two mutexes, a thread that "
    "ends with a lock, and the like.",
    NULL,
    NULL,
    NULL,
};

typedef struct Running {
	Session *session;
	const Child *child;
} Running;

static void
tick(void *arg)
{
	const Running *r = arg;

	sessiondrain(r->session, r->child->pid);
}

static void
summary(const Session *s, const char *prog)
{
	Text t = {.f = stderr, .top = SUMMARYTOP, .pairs = SUMMARYPAIRS, .brief = 1};
	char err[ERRLEN];
	Report *r;

	if(s->unmade > 0)
		sayunmade(s->unmade);
	if(s->profiles + s->running + s->stuck == 0) {
		if(s->unmade == 0)
			complain("%s made no profile: %s", prog, whynoprofile());
		return;
	}
	r = reportnew(1);
	if(load(r, s->dir, err) < 0)
		complain("%s", err);
	else {
		reportdone(r);
		t.colour = wantcolour(stderr);
		fputc('\n', stderr);
		writetext(&t, r);
		fputc('\n', stderr);
	}
	reportfree(r);
	if(s->running > 0)
		complain("%d process%s still run%s: %s is kept for %s", s->running, s->running == 1 ? "" : "es",
		    s->running == 1 ? "s" : "", s->live, s->running == 1 ? "it" : "them");
	complain("the whole report: rendez report %s", s->dir);
}

int
runmain(int argc, char **argv)
{
	Options o = {0};
	Session s;
	Launch l;
	Child c = {.in = -1, .out = -1, .err = -1, .tick = tick};
	Running r = {&s, &c};
	char err[ERRLEN], *preload;
	int e, asanfirst;

	argp_err_exit_status = Xown;
	argp_parse(&runargp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	asidesignals();
	e = launchcheck(o.argv[0], &l, err);
	if(e != 0) {
		complain("%s", err);
		launchfree(&l);
		return e;
	}
	if(sessionopen(&s, o.dir, o.argv[0], o.force, err) < 0) {
		complain("%s", err);
		launchfree(&l);
		sessionfree(&s);
		return Xown;
	}
	preload = preloadwith(s.lib, getenv("LD_PRELOAD"), l.asan, &asanfirst);
	if(asanfirst)
		complain("the address sanitizer's library stays first in LD_PRELOAD: it insists");
	launchfree(&l);
	if(o.check)
		setenv("RENDEZ_CHECK", "1", 1);
	c.arg = &r;
	c.argv = o.argv;
	c.preload = preload;
	c.dir = s.live;
	e = runchild(&c);
	if(e != 0) {
		complain("%s: %s", o.argv[0], strerror(e));
		sessionend(&s, c.pid, 0);
		return e == ENOENT ? Xnotfound : Xnotrun;
	}
	sessionend(&s, c.pid, c.status);
	if(!o.quiet)
		summary(&s, o.argv[0]);
	free(preload);
	sessionfree(&s);
	endlike(c.status);
}
