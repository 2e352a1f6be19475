/* The verdict of rendez compare, as a table or as JSON. */
#include "verdict.h"

#include <jansson.h>
#include <string.h>
#include <sys/wait.h>
#include "human.h"
#include "mem.h"

static const char *const names[NMEASURE] = {
    [Mwall] = "wall time",
    [Muser] = "user time",
    [Msys] = "system time",
    [Mvoluntary] = "voluntary switches",
    [Minvoluntary] = "involuntary switches",
    [Mmemory] = "peak memory",
};

static const char *const keys[NMEASURE] = {
    [Mwall] = "wall_ns",
    [Muser] = "user_ns",
    [Msys] = "sys_ns",
    [Mvoluntary] = "voluntary_switches",
    [Minvoluntary] = "involuntary_switches",
    [Mmemory] = "peak_bytes",
};

static const char *const aspects[NASPECT] = {
    [Astatus] = "exit status",
    [Aout] = "standard output",
    [Aerr] = "standard error",
};

static const char *const aspectkeys[NASPECT] = {[Astatus] = "status", [Aout] = "stdout", [Aerr] = "stderr"};
static const char *const sames[] = {[Alike] = "same", [Unsteady] = "unsteady", [Differs] = "differs"};

int
differs(const Verdict *v)
{
	int i;

	for(i = 0; i < NASPECT; i++)
		if(v->same[i] == Differs)
			return 1;
	return 0;
}

static const char *
value(Num *b, Measure m, double v)
{
	switch(m) {
	case Mvoluntary:
	case Minvoluntary:
		return humancount(b, (uint64_t)(v + 0.5));
	case Mmemory:
		return humanbytes(b, (uint64_t)(v + 0.5));
	default:
		return humanns(b, (uint64_t)(v + 0.5));
	}
}

/* With "<=" if that is all that is known. */
static const char *
bounded(Num *b, Measure m, double v, const int *atmost)
{
	Num n;

	if(m != Mmemory || !*atmost)
		return value(b, m, v);
	snprintf(b->s, sizeof b->s, "<= %s", value(&n, m, v));
	return b->s;
}

static int
hasratio(const Verdict *v, Measure m)
{
	return v->ratio[m].n > 0 && (m != Mmemory || (!v->atmost[0] && !v->atmost[1]));
}

static void
writeaspect(FILE *f, const Verdict *v, Aspect a)
{
	Num b;

	fprintf(f, "%-22s", aspects[a]);
	switch(v->same[a]) {
	case Alike:
		fprintf(f, "the same in every run");
		break;
	case Unsteady:
		fprintf(f, "differs between native runs too: not judged\n");
		return;
	case Differs:
		fprintf(f, "DIFFERENT under rendez; native");
		break;
	}
	if(a != Astatus)
		fprintf(f, " (%s byte%s)\n", humancount(&b, v->bytes[a]), v->bytes[a] == 1 ? "" : "s");
	else if(WIFSIGNALED(v->status))
		fprintf(f, " (killed by signal %d)\n", WTERMSIG(v->status));
	else
		fprintf(f, " (%d)\n", WEXITSTATUS(v->status));
}

void
verdicttext(FILE *f, const Verdict *v)
{
	Num a, b;
	int i;

	fprintf(f, "%-22s%12s%12s%10s%18s\n", "", "native", "rendez", "ratio", "spread of ratio");
	for(i = 0; i < NMEASURE; i++) {
		fprintf(f, "%-22s%12s%12s", names[i], bounded(&a, i, v->native[i].median, &v->atmost[0]),
		    bounded(&b, i, v->under[i].median, &v->atmost[1]));
		if(!hasratio(v, i))
			fprintf(f, "%10s\n", "-");
		else
			fprintf(f, "%10.3f%9.3f ..%6.3f\n", v->ratio[i].median, v->ratio[i].min, v->ratio[i].max);
	}
	fprintf(f,
	    "\nMedians of %d pair%s of runs in alternation, %s, after one pair to warm up;\n"
	    "the ratio is rendez to native within each pair, so less than 1 is better.\n\n",
	    v->runs, v->runs == 1 ? "" : "s", v->record ? "recording" : "not recording");
	for(i = 0; i < NASPECT; i++)
		writeaspect(f, v, i);
}

static json_t *
jstats(const Stats *s)
{
	if(s->n == 0)
		return json_null();
	return json_pack("{s:f, s:f, s:f}", "median", s->median, "min", s->min, "max", s->max);
}

void
verdictjson(FILE *f, const Verdict *v)
{
	json_t *o, *measures = json_object(), *argv = json_array();
	Arena a = {0};
	int i;

	for(i = 0; v->argv[i] != NULL; i++)
		json_array_append_new(argv, json_string(aclean(&a, v->argv[i], strlen(v->argv[i]))));
	for(i = 0; i < NMEASURE; i++)
		json_object_set_new(measures, keys[i],
		    json_pack("{s:o, s:o, s:o}", "native", jstats(&v->native[i]), "rendez", jstats(&v->under[i]),
			"ratio", hasratio(v, i) ? jstats(&v->ratio[i]) : json_null()));
	json_object_set_new(json_object_get(measures, keys[Mmemory]), "at_most",
	    json_pack("{s:b, s:b}", "native", v->atmost[0], "rendez", v->atmost[1]));
	o = json_pack("{s:s, s:i, s:o, s:i, s:b, s:b, s:o}", "format", "rendez-compare", "version", 1, "program", argv,
	    "runs", v->runs, "recording", v->record, "differs", differs(v), "measures", measures);
	for(i = 0; i < NASPECT; i++)
		json_object_set_new(o, aspectkeys[i], json_string(sames[v->same[i]]));
	json_object_set_new(
	    o, "native_exit", WIFSIGNALED(v->status) ? json_null() : json_integer(WEXITSTATUS(v->status)));
	json_object_set_new(
	    o, "native_signal", WIFSIGNALED(v->status) ? json_integer(WTERMSIG(v->status)) : json_null());
	json_dumpf(o, f, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('\n', f);
	json_decref(o);
	afree(&a);
}
