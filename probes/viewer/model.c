/* From a profile to the model: processes, threads, stacks. Locks and pairs are in locks.c. */
#include "model.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include "../../compat/linux.h"
#include "alive.h"
#include "build.h"
#include "site.h"

/* No process has run for longer: what a file says beyond is not believed. */
static const double MAXTICKS = 9e18;

Report *
reportnew(int files)
{
	Report *r = emalloc(sizeof *r);

	*r = (Report){0};
	r->symbols = symopen(&r->arena, files);
	return r;
}

void
reportfree(Report *r)
{
	symclose(r->symbols);
	afree(&r->arena);
	mapfree(&r->seen);
	free(r->process);
	free(r->warning);
	free(r);
}

void
reportwarn(Report *r, const char *line)
{
	int i;

	for(i = 0; i < r->nwarning; i++)
		if(strcmp(r->warning[i], line) == 0)
			return;
	r->warning = erealloc(r->warning, (size_t)(r->nwarning + 1) * sizeof r->warning[0]);
	r->warning[r->nwarning++] = astrdup(&r->arena, line);
}

static Process *
newprocess(Report *r)
{
	if(r->nprocess == r->room) {
		r->room = r->room ? 2 * r->room : 8;
		r->process = erealloc(r->process, (size_t)r->room * sizeof r->process[0]);
	}
	r->process[r->nprocess] = (Process){0};
	return &r->process[r->nprocess++];
}

const Chain *
codechain(Build *b, Fpc pc)
{
	int m = FPCMODULE(pc);

	return symcode(b->r->symbols, m >= 0 && (size_t)m < b->p->nmodule ? b->module[m] : NULL, FPCOFF(pc));
}

const Site *
codesite(Build *b, Fpc pc)
{
	return pc == 0 ? NULL : chainsite(codechain(b, pc), b->exe);
}

const Stack *
buildstack(Build *b, uint32_t id, Fpc site)
{
	const Fpc *pc = &site;
	int i, j, n, total, truncated;
	uint64_t h;
	Stack *s;

	n = profilestack(b->p, id, &pc, &truncated);
	if(n == 0) {
		if(site == 0)
			return NULL;
		pc = &site;
		n = 1;
		truncated = 1;
	}
	/* the recorder may hold one stack under several numbers */
	h = hashbytes(pc, (size_t)n * sizeof *pc);
	s = mapget(&b->stacks, h, (uint64_t)n << 1 | (uint64_t)truncated);
	if(s != NULL)
		return s;
	s = aalloc(b->a, sizeof *s);
	for(total = i = 0; i < n; i++)
		total += codechain(b, pc[i])->n;
	s->frame = aalloc(b->a, (size_t)total * sizeof s->frame[0]);
	s->truncated = truncated;
	for(i = 0; i < n; i++) {
		const Chain *c = codechain(b, pc[i]);

		for(j = 0; j < c->n; j++)
			s->frame[s->n++] = &c->site[j];
	}
	s->site = ownsite(s->frame, s->n, b->exe);
	mapput(&b->stacks, h, (uint64_t)n << 1 | (uint64_t)truncated, s);
	return s;
}

static int
threadcmp(const void *a, const void *b)
{
	const Thread *x = a, *y = b;

	if(x->ns + x->waitingns != y->ns + y->waitingns)
		return x->ns + x->waitingns < y->ns + y->waitingns ? 1 : -1;
	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

int
waitsstill(const Build *b, const Farea *f)
{
	return f->thread != 0 && f->thread <= b->p->nthread && f->current.lock != 0 &&
	       b->p->thread[f->thread - 1].tid != 0;
}

uint64_t
waitingns(const Build *b, const Farea *f)
{
	const Fcurrent *c = &f->current;

	return waitsstill(b, f) && b->now > c->begun ? profilens(b->p, b->now - c->begun) : 0;
}

static void
buildthreads(Build *b)
{
	const Profile *p = b->p;
	Process *proc = b->proc;
	size_t i;

	proc->thread = aalloc(b->a, p->nthread * sizeof proc->thread[0]);
	for(i = 0; i < p->nthread; i++) {
		const Fthread *f = &p->thread[i];
		/* Destructors of thread-specific data may wait after the thread was counted dead. */
		uint64_t last = f->died == 0 ? b->now : f->seen > f->died ? f->seen : f->died;
		Thread *t;

		if(f->tid == 0)
			continue;
		t = &proc->thread[proc->nthread++];
		t->tid = f->tid;
		t->name = aclean(b->a, f->name, sizeof f->name);
		t->alive = f->died == 0;
		t->livedns = last > f->born ? profilens(p, last - f->born) : 0;
		t->waits = f->waits;
		t->ns = profilens(p, f->waitticks);
		t->parkedns = profilens(p, f->parkedticks);
		t->parks = f->parks;
		t->overheadns = profilens(p, f->overhead);
		if(f->area != 0 && f->area <= p->narea && p->area[f->area - 1].thread == i + 1)
			t->waitingns = waitingns(b, &p->area[f->area - 1]);
		proc->overheadns += t->overheadns;
		proc->threadns += t->livedns;
	}
	if(proc->nthread > 0)
		qsort(proc->thread, (size_t)proc->nthread, sizeof proc->thread[0], threadcmp);
}

static int
unfinishedcmp(const void *a, const void *b)
{
	const Unfinished *x = a, *y = b;

	if(x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

/* What the threads still waited for when the file was last written, the longest first. */
static void
buildunfinished(Build *b)
{
	const Profile *p = b->p;
	Process *proc = b->proc;
	size_t i;

	proc->unfinished = aalloc(b->a, p->narea * sizeof proc->unfinished[0]);
	for(i = 0; i < p->narea; i++) {
		const Farea *f = &p->area[i];
		const Fcurrent *c = &f->current;
		const Fthread *t;
		Unfinished *u;

		if(!waitsstill(b, f))
			continue;
		t = &p->thread[f->thread - 1];
		u = &proc->unfinished[proc->nunfinished++];
		u->tid = t->tid;
		u->thread = aclean(b->a, t->name, sizeof t->name);
		u->ns = waitingns(b, f);
		u->op = c->op;
		u->lock = c->lock < p->nlock ? b->lockbyid[c->lock] : NULL;
		u->waiter = buildstack(b, c->waiter, c->site);
		u->holder = codesite(b, c->holder);
	}
	if(proc->nunfinished > 0)
		qsort(proc->unfinished, (size_t)proc->nunfinished, sizeof proc->unfinished[0], unfinishedcmp);
}

/* The arguments lie one behind the other, each with its NUL. */
static const char *
joinargs(Arena *a, const char *args, size_t n)
{
	char buf[FARGS];
	size_t i;

	while(n > 0 && args[n - 1] == 0)
		n--;
	for(i = 0; i < n; i++)
		buf[i] = args[i] == 0 ? ' ' : args[i];
	return aclean(a, buf, n);
}

void
reportadd(Report *r, const Profile *p)
{
	Build b = {.r = r, .a = &r->arena, .p = p, .proc = newprocess(r)};
	Process *proc = b.proc;
	const Fheader *h = &p->h;
	size_t i;

	b.exe = proc->program = aclean(b.a, h->exe, sizeof h->exe);
	proc->args = joinargs(b.a, h->args, sizeof h->args);
	proc->pid = h->pid;
	proc->ppid = h->ppid;
	proc->realtime = h->realtime;
	proc->starttime = h->starttime;
	proc->status = h->status;
	proc->exec = h->ended == Fexec;
	proc->ended = h->ended == Fsignal ? "signal" : h->ended == Fexit || h->ended == Fexec ? "exit" : "unknown";
	b.now = p->endticks;
	if(h->ended == Frunning && profilealive(p->path, h)) {
		double since = (double)nsnow() - (double)h->start.ns, ticks = since / p->nspertick;

		proc->ended = "running";
		if(!p->clockunsure && ticks > (double)(b.now - h->start.ticks) && ticks < MAXTICKS)
			b.now = h->start.ticks + (uint64_t)ticks;
	}
	proc->durationns = profilens(p, b.now - h->start.ticks);
	proc->placeless = p->placeless;
	proc->missed = p->missed;
	proc->unlisted = p->unlisted;
	proc->unwatched = p->unwatched;
	proc->otherwaits = h->otherwaits;
	proc->stackscut = h->stackscut;
	proc->forkfailed = h->forkfailed;
	proc->overheadns = profilens(p, h->overhead);
	b.module = aalloc(b.a, p->nmodule * sizeof b.module[0]);
	for(i = 0; i < p->nmodule; i++) {
		const Fmodule *m = &p->module[i];
		char path[FPATH + 1] = "";

		memcpy(path, m->path, FPATH);
		b.module[i] = symmodule(r->symbols, path, m->buildid, m->buildidlen <= FBUILDID ? m->buildidlen : 0);
	}
	b.lockbyid = aalloc(b.a, p->nlock * sizeof b.lockbyid[0]);
	buildthreads(&b);
	buildlocks(&b);
	buildunfinished(&b);
	buildwrongs(&b);
	for(i = 0; i < p->nmodule; i++)
		if(modulewarning(b.module[i]) != NULL)
			reportwarn(r, modulewarning(b.module[i]));
	if(p->clockunsure && proc->waits > 0)
		reportwarn(
		    r, aprintf(b.a, "process %d ended before its clock was measured: its times are in ticks, not ns",
			   h->pid));
	mapfree(&b.stacks);
}

void
reportquiet(Report *r, const Process *q)
{
	*newprocess(r) = *q;
}

int
processquiet(const Process *p)
{
	return p->waits == 0 && p->nunfinished == 0 && p->placeless == 0 && p->missed == 0 && p->unwatched == 0 &&
	       p->forkfailed == 0 && p->nwrong == 0;
}

static int
processcmp(const void *a, const void *b)
{
	const Process *x = a, *y = b;

	if(x->realtime != y->realtime)
		return x->realtime < y->realtime ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

void
reportdone(Report *r)
{
	int i, j;

	if(r->nprocess == 0)
		return;
	qsort(r->process, (size_t)r->nprocess, sizeof r->process[0], processcmp);
	/* a program that became another one did not see its own end: the later profile of the same process tells */
	for(i = 0; i < r->nprocess; i++)
		for(j = i + 1; j < r->nprocess; j++)
			if(r->process[i].pid == r->process[j].pid &&
			    r->process[i].starttime == r->process[j].starttime &&
			    strcmp(r->process[i].ended, "signal") != 0) {
				r->process[i].exec = 1;
				r->process[i].ended = "exit";
				break;
			}
}
