/*
 * The report as JSON, version 1.  The keys of version 1 stay; new ones may be
 * added.  Numbers are written as they are and strings have been made clean by
 * the model, so jansson cannot refuse them.
 */
#include "json.h"

#include <jansson.h>
#include <string.h>

/* 64 bits are more than a JSON integer has here: nothing real comes near. */
static json_t *
number(uint64_t v)
{
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

static json_t *
hex(uint64_t v)
{
	return json_sprintf("0x%llx", (unsigned long long)v);
}

static json_t *
text(const char *s)
{
	return s == NULL ? json_null() : json_string(s);
}

static json_t *
site(const Site *s)
{
	if(s == NULL)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:s, s:o, s:b}", "function", s->function, "file", text(s->file), "line",
	    s->line > 0 ? json_integer(s->line) : json_null(), "module", s->module, "offset", hex(s->offset), "inlined",
	    s->inlined);
}

static json_t *
stack(const Stack *s)
{
	json_t *a = json_array();
	int i;

	if(s != NULL)
		for(i = 0; i < s->n; i++)
			json_array_append_new(a, site(s->frame[i]));
	return a;
}

/* Whether it goes on where it was not followed. */
static int
cut(const Stack *s)
{
	return s != NULL && s->truncated;
}

static json_t *
pair(const Pair *p)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:b}", "op", opname(p->op),
	    "waiter", site(p->waiter), "holder", site(p->holder), "waker", site(p->waker), "end", endname(p->end),
	    "waits", number(p->waits), "ended", number(p->ended), "wait_ns", number(p->ns), "max_ns", number(p->max),
	    "waiter_stack", stack(p->waiterstack), "waiter_stack_cut", cut(p->waiterstack), "waker_stack",
	    stack(p->wakerstack), "waker_stack_cut", cut(p->wakerstack));
}

static json_t *
histogram(const Lock *l)
{
	json_t *a = json_array();
	int i;

	for(i = 0; i < l->nhist; i++)
		json_array_append_new(a, json_pack("[o, o]", number(l->hist[i].upper), number(l->hist[i].count)));
	return a;
}

static json_t *
lock(const Lock *l)
{
	json_t *pairs = json_array(), *o, *hold;
	int i;

	for(i = 0; i < l->npair; i++)
		json_array_append_new(pairs, pair(&l->pair[i]));
	hold = l->holds == 0 ? json_null()
			     : json_pack("{s:o, s:o, s:o}", "samples", number(l->holds), "total", number(l->holdns),
				   "max", number(l->holdmax));
	o = json_pack("{s:s, s:s, s:o, s:o, s:b, s:o}", "kind", kindname(l->kind), "name", l->name, "address",
	    hex(l->address), "init", site(l->init), "idle", l->idle, "variable_of", text(l->module));
	json_object_set_new(o, "acquired", l->counted ? number(l->acquired) : json_null());
	json_object_set_new(o, "contended", number(l->contended));
	json_object_set_new(o, "many", json_boolean(l->many));
	json_object_set_new(o, "owner_changes", l->counted ? number(l->changes) : json_null());
	json_object_set_new(o, "waits", number(l->waits));
	json_object_set_new(o, "timeouts", number(l->timeouts));
	json_object_set_new(o, "wait_ns",
	    json_pack("{s:o, s:o, s:o}", "total", number(l->ns), "max", number(l->max), "histogram", histogram(l)));
	json_object_set_new(o, "waiting", number(l->waiting));
	json_object_set_new(o, "waiting_ns", number(l->waitingns));
	json_object_set_new(o, "hold_ns", hold);
	json_object_set_new(o, "pairs", pairs);
	return o;
}

static json_t *
thread(const Thread *t)
{
	return json_pack("{s:i, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "tid", t->tid, "name", t->name, "alive",
	    t->alive, "lived_ns", number(t->livedns), "waits", number(t->waits), "wait_ns", number(t->ns), "parked_ns",
	    number(t->parkedns), "parks", number(t->parks), "overhead_ns", number(t->overheadns), "waiting_ns",
	    number(t->waitingns));
}

static json_t *
unfinished(const Unfinished *u)
{
	json_t *o = json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:o}", "tid", u->tid, "thread", u->thread, "op",
	    opname(u->op), "wait_ns", number(u->ns), "waiter", site(u->waiter != NULL ? u->waiter->site : NULL),
	    "holder", site(u->holder), "waiter_stack", stack(u->waiter));

	json_object_set_new(o, "lock",
	    u->lock == NULL ? json_null()
			    : json_pack("{s:s, s:s, s:o}", "kind", kindname(u->lock->kind), "name", u->lock->name,
				  "address", hex(u->lock->address)));
	return o;
}

static json_t *
wrong(const Wrong *w)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:i, s:o, s:o, s:o, s:o}", "what", misusekey(w->what), "text",
	    misusetext(w->what), "kind", kindname(w->kind), "name", w->name, "address", hex(w->address), "tid", w->tid,
	    "stack", stack(w->stack), "other", text(w->yonder != Ynone ? yonderkey(w->yonder) : NULL), "other_tid",
	    w->othertid != 0 ? json_integer(w->othertid) : json_null(), "other_stack", stack(w->other));
}

/* Whether it is known how it ended. */
static int
hasstatus(const Process *p)
{
	return !p->exec && (strcmp(p->ended, "exit") == 0 || strcmp(p->ended, "signal") == 0);
}

/* Written, and let go. */
static void
put(FILE *f, const char *before, json_t *o)
{
	fputs(before, f);
	json_dumpf(o, f, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
	json_decref(o);
}

/* A lock is a line: the whole tree with all its stacks would not fit memory, and lines can be compared. */
static void
process(FILE *f, const Process *p)
{
	json_t *o;
	int i;

	o = json_pack("{s:i, s:i, s:s, s:s, s:s, s:o, s:b}", "pid", p->pid, "ppid", p->ppid, "program", p->program,
	    "args", p->args, "ended", p->ended, "status", hasstatus(p) ? json_integer(p->status) : json_null(), "exec",
	    p->exec);
	json_object_set_new(o, "duration_ns", number(p->durationns));
	json_object_set_new(o, "lost", number(p->placeless + p->missed));
	json_object_set_new(o, "waits_unrecorded", number(p->missed));
	json_object_set_new(o, "waits_unlisted", number(p->otherwaits));
	json_object_set_new(o, "threads_unlisted", number(p->unlisted));
	json_object_set_new(o, "threads_unwatched", number(p->unwatched));
	json_object_set_new(o, "stacks_cut", number(p->stackscut));
	json_object_set_new(o, "waits", number(p->waits));
	json_object_set_new(o, "wait_ns", number(p->ns));
	json_object_set_new(o, "start_realtime_ns", number(p->realtime));
	json_object_set_new(o, "overhead_ns", number(p->overheadns));
	json_object_set_new(o, "threads_lived_ns", number(p->threadns));
	json_object_set_new(o, "forks_unrecorded", number(p->forkfailed));
	fputc('{', f);
	json_dumpf(o, f, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_EMBED);
	json_decref(o);
	fputs(",\n\"threads\":[", f);
	for(i = 0; i < p->nthread; i++)
		put(f, i > 0 ? ",\n" : "\n", thread(&p->thread[i]));
	fputs("],\n\"locks\":[", f);
	for(i = 0; i < p->nlock; i++)
		put(f, i > 0 ? ",\n" : "\n", lock(&p->lock[i]));
	fputs("],\n\"unfinished\":[", f);
	for(i = 0; i < p->nunfinished; i++)
		put(f, i > 0 ? ",\n" : "\n", unfinished(&p->unfinished[i]));
	fputs("],\n\"misuses\":[", f);
	for(i = 0; i < p->nwrong; i++)
		put(f, i > 0 ? ",\n" : "\n", wrong(&p->wrong[i]));
	fprintf(f, "],\n\"misuses_unlisted\":%llu}", (unsigned long long)p->wronglost);
}

int
writejson(FILE *f, const Report *r)
{
	int i;

	fputs("{\"format\":\"rendez-report\",\"version\":1,\n\"warnings\":[", f);
	for(i = 0; i < r->nwarning; i++)
		put(f, i > 0 ? ",\n" : "\n", json_string(r->warning[i]));
	fputs("],\n\"processes\":[", f);
	for(i = 0; i < r->nprocess; i++) {
		fputs(i > 0 ? ",\n" : "\n", f);
		process(f, &r->process[i]);
	}
	fputs("]}\n", f);
	return fflush(f) != 0 || ferror(f) ? -1 : 0;
}
