/* rendez report: the table of a finished run, or of one that still goes on. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "command.h"
#include "json.h"
#include "live.h"
#include "load.h"
#include "text.h"

enum { DEFAULTTOP = 20, DEFAULTPAIRS = 8, Ofmt = 256, Ohist, Otop };

typedef struct Options {
	Text text;
	int json;
	char **path;
	int npath;
} Options;

static const struct argp_option options[] = {
    {"format", Ofmt, "FORMAT", 0, "text (the default) or json, which has everything", 0},
    {"stacks", 's', NULL, 0, "Show the whole stacks of who waited and of who released, signalled or posted", 0},
    {"histogram", Ohist, NULL, 0, "Show how long each lock's waits took", 0},
    {"top", Otop, "N", 0,
	"Show at most N locks and N threads of each process (default 20; 0: all, and all pairs of places)", 0},
    {0},
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	Options *o = state->input;
	char *end;
	long n;

	switch(key) {
	case Ofmt:
		if(strcmp(arg, "json") != 0 && strcmp(arg, "text") != 0)
			argp_error(state, "there is no format '%s': it is text or json", arg);
		o->json = arg[0] == 'j';
		return 0;
	case 's':
		o->text.stacks = 1;
		return 0;
	case Ohist:
		o->text.histogram = 1;
		return 0;
	case Otop:
		n = strtol(arg, &end, 10);
		if(end == arg || *end != 0 || n < 0 || n > 1000000)
			argp_error(state, "--top takes a number, not '%s'", arg);
		o->text.top = (int)n;
		if(n == 0)
			o->text.pairs = 0;
		return 0;
	case ARGP_KEY_ARGS:
		o->path = state->argv + state->next;
		o->npath = state->argc - state->next;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp reportargp = {
    options,
    parse,
    "[DIR|FILE...]",
    "Print which locks the threads of a run waited for, who made them wait, and where.\v"
    "DIR is what 'rendez run' has left, or will leave: the run may still go on. Without one, the newest rendez.* in "
    "the current directory. Waits for conditions, semaphores and the like are shown apart from waits for locks: they "
    "are mostly idleness.",
    NULL,
    NULL,
    NULL,
};

typedef struct Newest {
	char *name;
	struct timespec when;
} Newest;

/* It is the one, if dir is newer than what was found so far. */
static void
consider(Newest *n, const char *name, const char *dir)
{
	struct stat st;

	if(stat(dir, &st) < 0 || !S_ISDIR(st.st_mode) || !hasprofiles(dir))
		return;
	if(n->name != NULL && (st.st_mtim.tv_sec < n->when.tv_sec ||
				  (st.st_mtim.tv_sec == n->when.tv_sec && st.st_mtim.tv_nsec <= n->when.tv_nsec)))
		return;
	free(n->name);
	n->name = estrdup(name);
	n->when = st.st_mtim;
}

/* A run that goes on here may have its profiles in memory only. */
static void
considerlive(void *arg, const char *live, const char *home)
{
	char *here = realpath(".", NULL);
	size_t n = here != NULL ? strlen(here) : 0;

	if(home != NULL && n > 1 && strncmp(home, here, n) == 0 && strncmp(home + n, "/rendez.", 8) == 0 &&
	    strchr(home + n + 1, '/') == NULL)
		consider(arg, home + n + 1, live);
	free(here);
}

/* The newest run here, or nil. */
static char *
newest(void)
{
	Newest n = {0};
	struct dirent *e;
	DIR *d = opendir(".");

	if(d == NULL)
		return NULL;
	while((e = readdir(d)) != NULL)
		if(strncmp(e->d_name, "rendez.", 7) == 0)
			consider(&n, e->d_name, e->d_name);
	closedir(d);
	liveeach(considerlive, &n);
	return n.name;
}

int
reportmain(int argc, char **argv)
{
	Options o = {.text = {.f = stdout, .top = DEFAULTTOP, .pairs = DEFAULTPAIRS}};
	char err[ERRLEN], *last = NULL;
	Report *r;
	int i, unread, bad = 0;

	argp_err_exit_status = Xfail;
	argp_parse(&reportargp, argc, argv, 0, NULL, &o);
	if(o.npath == 0) {
		last = newest();
		if(last == NULL) {
			complain("no rendez.* in the current directory: which DIR or FILE shall it be?");
			return Xfail;
		}
		o.path = &last;
		o.npath = 1;
	}
	o.text.colour = wantcolour(stdout);
	r = reportnew(1);
	for(i = 0; i < o.npath; i++)
		if(load(r, o.path[i], err) < 0) {
			complain("%s", err);
			bad = 1;
		}
	/* Else they stand in the report. */
	for(i = 0; r->nprocess == 0 && i < r->nwarning; i++)
		complain("%s", r->warning[i]);
	if(r->nprocess > 0) {
		reportdone(r);
		if(o.json)
			writejson(stdout, r);
		else
			writetext(&o.text, r);
		if(fflush(stdout) != 0 || ferror(stdout)) {
			complain("standard output: %s", strerror(errno));
			bad = 1;
		}
	}
	unread = r->unread;
	reportfree(r);
	free(last);
	return bad || unread > 0 ? Xfail : 0;
}
