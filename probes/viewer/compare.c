/*
 * rendez compare: the program native and under the library in turn, so that a
 * machine that grows slower or faster does so for both; the order within a pair
 * changes from pair to pair.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "aside.h"
#include "child.h"
#include "command.h"
#include "launch.h"
#include "mem.h"
#include "verdict.h"

enum { DEFAULTRUNS = 5, MAXRUNS = 10000, Ofmt = 256, Onorecord };

static const off_t MAXINPUT = 64 << 20; /* of a pipe, which is read to its end before the first run */

typedef struct Options {
	int runs, json, record;
	char **argv;
} Options;

typedef struct Runs {
	Trial first; /* native: what the others are held against */
	double *native[NMEASURE], *under[NMEASURE], *ratio[NMEASURE];
	int nratio[NMEASURE];
	int profiles;
	int atmost[2];
	int unsteady[NASPECT], differ[NASPECT]; /* a native run, a run under the library, was not as the first */
} Runs;

static const struct argp_option options[] = {
    {"runs", 'n', "RUNS", 0, "How many pairs of runs to measure (default 5), after one to warm up", 0},
    {"format", Ofmt, "FORMAT", 0, "text (the default) or json", 0},
    {"no-record", Onorecord, NULL, 0, "Compare the locks alone: record nothing", 0},
    {0},
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	Options *o = state->input;
	char *end;
	long n;

	switch(key) {
	case 'n':
		n = strtol(arg, &end, 10);
		if(end == arg || *end != 0 || n < 1 || n > MAXRUNS)
			argp_error(state, "-n takes a number from 1 to %d, not '%s'", MAXRUNS, arg);
		o->runs = (int)n;
		return 0;
	case Ofmt:
		if(strcmp(arg, "json") != 0 && strcmp(arg, "text") != 0)
			argp_error(state, "there is no format '%s': it is text or json", arg);
		o->json = arg[0] == 'j';
		return 0;
	case Onorecord:
		o->record = 0;
		return 0;
	case ARGP_KEY_ARGS:
		o->argv = state->argv + state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which program?");
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp compareargp = {
    options,
    parse,
    "[--] PROGRAM [ARG...]",
    "Run PROGRAM natively and with librendez.so in turn; compare time, memory and behaviour.\v"
    "Standard input is /dev/null, or, if it is not a terminal, the same input for each run; of a pipe, which is "
    "read to its end first, at most 64 MiB. What PROGRAM writes is compared byte by byte and not shown. Exit "
    "status: 0; 1 if exit status, standard output or standard error were the same in all native runs and not under "
    "rendez; 125, 126, 127 as for 'rendez run'.",
    NULL,
    NULL,
    NULL,
};

/* Standard input, to be read again from the same place: a pipe is copied to a file first, and a device gives what it gives. -1 and err. */
static int
input(off_t *start, char *err)
{
	char buf[8192];
	struct stat st;
	ssize_t n = 0;
	off_t all = 0;
	FILE *f;
	int fd;

	*start = 0;
	if(isatty(0) || fstat(0, &st) < 0) {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if(fd < 0)
			snprintf(err, ERRLEN, "/dev/null: %s", strerror(errno));
		return fd;
	}
	if(S_ISREG(st.st_mode) || S_ISCHR(st.st_mode)) {
		if(S_ISREG(st.st_mode))
			*start = lseek(0, 0, SEEK_CUR);
		return fcntl(0, F_DUPFD_CLOEXEC, 3);
	}
	f = tmpfile();
	fd = f == NULL ? -1 : fcntl(fileno(f), F_DUPFD_CLOEXEC, 3);
	if(f != NULL)
		fclose(f);
	while(fd >= 0 && (n = read(0, buf, sizeof buf)) > 0) {
		all += n;
		if(all > MAXINPUT) {
			snprintf(err, ERRLEN, "standard input: more than %d MiB come through a pipe: let it be a file",
			    (int)(MAXINPUT >> 20));
			close(fd);
			return -1;
		}
		if(write(fd, buf, (size_t)n) != n) {
			n = -1;
			break;
		}
	}
	if(fd < 0 || n < 0) {
		snprintf(err, ERRLEN, "standard input: %s", strerror(errno));
		return -1;
	}
	return fd;
}

static void
judge(Runs *r, const Trial *t, int under)
{
	int *other = under ? r->differ : r->unsteady;

	/* a core file is a matter of limits, not of the program */
	if((t->status & ~0x80) != (r->first.status & ~0x80))
		other[Astatus] = 1;
	if(!samebytes(r->first.out, t->out))
		other[Aout] = 1;
	if(!samebytes(r->first.err, t->err))
		other[Aerr] = 1;
}

/* Pair i; the first, -1, is not measured. */
static int
pair(const Trialplan *plan, Runs *r, int i, char *err)
{
	uint64_t m[2][NMEASURE];
	int k, under, e, measure;
	Trial t;

	for(k = 0; k < 2; k++) {
		under = i >= 0 && i % 2 ? !k : k;
		e = trialrun(plan, under, &t, err);
		if(e != 0) {
			trialfree(&t);
			return e;
		}
		memcpy(m[under], t.m, sizeof t.m);
		r->profiles += t.profiles;
		r->atmost[under] |= i >= 0 && t.atmost;
		if(r->first.out == NULL)
			r->first = t;
		else {
			judge(r, &t, under);
			trialfree(&t);
		}
	}
	for(measure = 0; i >= 0 && measure < NMEASURE; measure++) {
		r->native[measure][i] = (double)m[0][measure];
		r->under[measure][i] = (double)m[1][measure];
		if(m[0][measure] != 0)
			r->ratio[measure][r->nratio[measure]++] = (double)m[1][measure] / (double)m[0][measure];
	}
	return 0;
}

static void
conclude(const Options *o, const Runs *r, Verdict *v)
{
	int i;

	*v = (Verdict){.argv = o->argv, .runs = o->runs, .record = r->profiles > 0, .status = r->first.status};
	for(i = 0; i < NMEASURE; i++) {
		v->native[i] = stats(r->native[i], o->runs);
		v->under[i] = stats(r->under[i], o->runs);
		v->ratio[i] = stats(r->ratio[i], r->nratio[i]);
	}
	memcpy(v->atmost, r->atmost, sizeof v->atmost);
	for(i = 0; i < NASPECT; i++)
		v->same[i] = r->unsteady[i] ? Unsteady : r->differ[i] ? Differs : Alike;
	v->bytes[Aout] = filebytes(r->first.out);
	v->bytes[Aerr] = filebytes(r->first.err);
}

int
comparemain(int argc, char **argv)
{
	Options o = {.runs = DEFAULTRUNS, .record = 1};
	Runs r = {0};
	Trialplan plan = {0};
	Verdict v;
	Launch l;
	char err[ERRLEN];
	int e, i, progress;

	argp_err_exit_status = Xown;
	argp_parse(&compareargp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	asidesignals();
	e = launchcheck(o.argv[0], &l, err);
	if(e == 0 && (plan.in = input(&plan.start, err)) < 0)
		e = Xown;
	plan.argv = o.argv;
	plan.asan = l.asan;
	plan.record = o.record;
	for(i = 0; i < NMEASURE; i++) {
		r.native[i] = emalloc((size_t)o.runs * sizeof(double));
		r.under[i] = emalloc((size_t)o.runs * sizeof(double));
		r.ratio[i] = emalloc((size_t)o.runs * sizeof(double));
	}
	progress = isatty(2);
	for(i = -1; i < o.runs && e == 0; i++) {
		if(progress)
			fprintf(stderr, i < 0 ? "\rwarming up" : "\rpair %d of %d  ", i + 1, o.runs);
		e = pair(&plan, &r, i, err);
	}
	if(progress)
		fprintf(stderr, "\r%*s\r", 30, "");
	if(e == 0) {
		conclude(&o, &r, &v);
		(o.json ? verdictjson : verdicttext)(stdout, &v);
		if(o.record && r.profiles == 0)
			complain("%s made no profile: %s", o.argv[0], whynoprofile());
		e = differs(&v) ? Xdiffer : 0;
		if(fflush(stdout) != 0) {
			complain("standard output: %s", strerror(errno));
			e = Xown;
		}
	} else if(e > 0)
		complain("%s", err);
	for(i = 0; i < NMEASURE; i++) {
		free(r.native[i]);
		free(r.under[i]);
		free(r.ratio[i]);
	}
	trialfree(&r.first);
	launchfree(&l);
	if(e < 0)
		endlike(-e); /* a signal's number is what waitpid says of who died of it */
	return e;
}
