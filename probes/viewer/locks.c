/*
 * Locks and pairs of the model: merged from the shared table and the threads' own, named, and sorted.
 *
 * What found no room in the recorder's tables is in the totals all the same: a pair without places
 * has nowhere() for its waiter, and the entry that stands for all objects that did not fit, of which only
 * the operations are known, becomes two rows, one of locks and one of events.
 */
#include <stdlib.h>
#include <string.h>
#include "build.h"

/* A pair in the making, on the list of its lock. */
typedef struct Found {
	Pair pair;
	struct Found *next;
} Found;

/* What a lock gathers: its pairs, and the buckets of its histogram as the file has them. */
typedef struct Gather {
	Lock *lock;
	Found *pairs;
	uint64_t ticks; /* of all its pairs */
	uint64_t bucket[FPAIRBUCKETS];
} Gather;

static int
isidle(int kind)
{
	switch(kind) {
	case Kmutex:
	case Krwlock:
	case Konce:
	case Kspin:
	case Kqlock:
		return 0;
	}
	return 1;
}

/* Likewise, where only the operation is known. */
static int
isidleop(int op)
{
	switch(op) {
	case Olock:
	case Ordlock:
	case Owrlock:
	case Oonce:
		return 0;
	}
	return 1;
}

static void
addhold(Lock *l, const Profile *p, uint64_t n, uint64_t ticks, uint64_t max)
{
	l->holds += n;
	l->holdns += profilens(p, ticks);
	if(profilens(p, max) > l->holdmax)
		l->holdmax = profilens(p, max);
}

/* idle: -1 to go by its kind. */
static Gather *
newlock(Build *b, uint32_t id, int idle)
{
	const Flock *f = &b->p->lock[id];
	Gather *g = aalloc(b->a, sizeof *g);
	Lock *l = &b->proc->lock[b->proc->nlock++];

	g->lock = l;
	l->id = id;
	l->kind = (int)(f->kind <= NKIND ? f->kind : NKIND + 1) - 1;
	l->idle = idle < 0 ? isidle(l->kind) : idle;
	l->address = f->address;
	l->init = codesite(b, f->init);
	l->first = codesite(b, f->first);
	l->counted = (f->flags & Lcounts) != 0;
	l->many = (f->flags & Lmany) != 0;
	l->acquired = f->acquired;
	l->changes = f->changes;
	l->count = 1;
	addhold(l, b->p, f->holds, f->holdticks, f->holdmax);
	namelock(b, l, f);
	return g;
}

/* Where a pair is gathered; nil if its lock is none. The last place of gather is for the events of OTHERS. */
static Gather *
lockof(Build *b, Gather **gather, const Fpair *f)
{
	const Profile *p = b->p;
	Gather **g;
	int idle;

	if(f->lock == 0 || f->lock >= p->nlock)
		return NULL;
	g = &gather[f->lock];
	if(f->lock == OTHERS && p->lock[OTHERS].kind == 0) {
		idle = isidleop(f->op);
		if(idle)
			g = &gather[p->nlock];
		if(*g == NULL && (f->waits != 0 || f->ticks != 0))
			*g = newlock(b, OTHERS, idle);
	}
	return *g;
}

static const Stack *
nowhere(void)
{
	static const Site site = {.function = "an unknown place", .module = ""};
	static const Stack stack = {.site = &site, .truncated = 1};

	return &stack;
}

/* One entry of the file: added to its lock, and to the pair of the same sites, stacks and end. */
static void
addpair(Build *b, Map *known, Gather **gather, const Fpair *f)
{
	const Profile *p = b->p;
	const Stack *waiter, *waker;
	const Site *holder;
	uint64_t h[4];
	Found *found;
	Gather *g;
	Pair *pair;
	Lock *l;
	int i;

	if((g = lockof(b, gather, f)) == NULL)
		return;
	l = g->lock;
	waiter = buildstack(b, f->waiter, f->waitersite);
	if(waiter == NULL)
		waiter = nowhere();
	waker = buildstack(b, f->waker, 0);
	holder = codesite(b, f->holder);
	h[0] = (uintptr_t)waiter;
	h[1] = (uintptr_t)waker;
	h[2] = (uintptr_t)holder;
	h[3] = (uint64_t)f->op << 8 | f->end;
	found = mapget(known, f->lock, hashbytes(h, sizeof h));
	if(found == NULL) {
		found = aalloc(b->a, sizeof *found);
		found->next = g->pairs;
		g->pairs = found;
		mapput(known, f->lock, hashbytes(h, sizeof h), found);
		l->npair++;
		pair = &found->pair;
		pair->op = f->op;
		pair->end = f->end;
		pair->waiter = waiter->site;
		pair->holder = holder;
		pair->waker = waker != NULL ? waker->site : NULL;
		pair->waiterstack = waiter;
		pair->wakerstack = waker;
	}
	pair = &found->pair;
	pair->waits += f->waits;
	pair->ended += f->last;
	pair->ns += profilens(p, f->ticks);
	if(profilens(p, f->max) > pair->max)
		pair->max = profilens(p, f->max);
	g->ticks += f->ticks;
	l->waits += f->last;
	if(f->end == Eacquired)
		l->contended += f->last;
	else if(f->end == Etimeout)
		l->timeouts += f->last;
	if(profilens(p, f->max) > l->max)
		l->max = profilens(p, f->max);
	for(i = 0; i < FPAIRBUCKETS; i++)
		g->bucket[i] += f->histogram[i];
}

/* A wait that had not ended. */
static void
addwaiting(Build *b, Gather **gather, const Farea *a)
{
	Fpair k = {.lock = a->current.lock, .op = a->current.op, .waits = 1};
	Gather *g;

	if(!waitsstill(b, a) || (g = lockof(b, gather, &k)) == NULL)
		return;
	g->lock->waiting++;
	g->lock->waitingns += waitingns(b, a);
}

/* All gathered: the histogram in ns, the pairs side by side. */
static void
finish(Build *b, Gather *g)
{
	Lock *l = g->lock;
	Found *f;
	int i;

	/* The whole is rounded to nanoseconds, not each of its pieces: one wait is as long as the longest. */
	l->ns = profilens(b->p, g->ticks);
	/* A pair that is read while it is written may tell of a wait that its time does not have yet. */
	if(l->max > l->ns)
		l->max = l->ns;
	l->hist = aalloc(b->a, FPAIRBUCKETS * sizeof l->hist[0]);
	for(i = 0; i < FPAIRBUCKETS; i++) {
		Hist *h = &l->hist[l->nhist];

		if(g->bucket[i] == 0)
			continue;
		h->count = g->bucket[i];
		h->upper = profilens(b->p, 1ull << i);
		if(i == FPAIRBUCKETS - 1 && l->max >= h->upper)
			h->upper = l->max + 1;
		l->nhist++;
	}
	l->pair = aalloc(b->a, (size_t)l->npair * sizeof l->pair[0]);
	for(i = 0, f = g->pairs; f != NULL; f = f->next) {
		if(f->pair.max > l->max)
			f->pair.max = l->max;
		l->pair[i++] = f->pair;
	}
	sortpairs(l->pair, l->npair);
}

void
buildlocks(Build *b)
{
	const Profile *p = b->p;
	Process *proc = b->proc;
	Gather **gather = emalloc((p->nlock + 1) * sizeof *gather);
	Map known = {0};
	size_t i, j;
	int k;

	proc->lock = aalloc(b->a, (p->nlock + 2) * sizeof proc->lock[0]);
	for(i = 0; i < p->nlock; i++)
		gather[i] = p->lock[i].kind != 0 ? newlock(b, (uint32_t)i, -1) : NULL;
	gather[p->nlock] = NULL;
	for(i = 0; i < p->npair; i++)
		addpair(b, &known, gather, &p->pair[i]);
	for(i = 0; i < p->narea; i++) {
		const Farea *a = &p->area[i];

		addwaiting(b, gather, a);
		for(j = 0; j < FTHREADPAIRS; j++)
			addpair(b, &known, gather, &a->pair[j]);
		for(j = 0; j < FTHREADHOLDS; j++) {
			const Fhold *h = &a->hold[j];

			if(h->lock != 0 && h->lock < p->nlock && gather[h->lock] != NULL)
				addhold(gather[h->lock]->lock, p, h->samples, h->ticks, h->max);
		}
	}
	for(i = 0; i <= p->nlock; i++)
		if(gather[i] != NULL)
			finish(b, gather[i]);
	if(proc->nlock > 0)
		qsort(proc->lock, (size_t)proc->nlock, sizeof proc->lock[0], lockcmp);
	for(k = 0; k < proc->nlock; k++) {
		if(b->lockbyid[proc->lock[k].id] == NULL)
			b->lockbyid[proc->lock[k].id] = &proc->lock[k];
		proc->waits += proc->lock[k].waits;
		proc->ns += proc->lock[k].ns;
	}
	mapfree(&known);
	free(gather);
}
