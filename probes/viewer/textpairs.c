/* The text of a lock's pairs: who waited where, for whom; with stacks and the histogram if wanted. */
#include <stdlib.h>
#include <string.h>
#include "human.h"
#include "text.h"

typedef struct Line {
	uint64_t ns, waits;
	const char *waiter, *cause;
	const Pair *pair; /* whose stacks are shown */
} Line;

static const char *
basename1(const char *path)
{
	const char *s = strrchr(path, '/');

	return s != NULL && s[1] != 0 ? s + 1 : path;
}

const char *
sitetext(Arena *a, const Site *s)
{
	/* the chain goes on behind an inlined site: a helper says little without who it was inlined into */
	if(s->file != NULL && s->inlined)
		return aprintf(a, "%s:%d (%s in %s)", basename1(s->file), s->line, s->function, s[1].function);
	if(s->file != NULL)
		return aprintf(a, "%s:%d (%s)", basename1(s->file), s->line, s->function);
	if(s->named && s->module[0] != 0)
		return aprintf(a, "%s in %s", s->function, basename1(s->module));
	return s->function;
}

static const char *
wakeverb(int kind)
{
	switch(kind) {
	case Kcond:
		return "signalled";
	case Ksem:
		return "posted";
	case Kbarrier:
	case Konce:
		return "completed";
	case Kmutex:
	case Krwlock:
	case Kspin:
	case Kqlock:
		return "released";
	}
	return "woken";
}

static const char *
waittext(Arena *a, const Pair *p)
{
	const char *how = p->op == Ordlock ? " to read" : p->op == Owrlock ? " to write" : "";
	const char *end = p->end == Eacquired ? "" : aprintf(a, " [%s]", endname(p->end));

	return aprintf(a, "waited%s at %s%s", how, sitetext(a, p->waiter), end);
}

static const char *
causetext(Arena *a, const Lock *l, const Pair *p)
{
	const char *waker = p->waker == NULL ? NULL : sitetext(a, p->waker);

	if(p->holder != NULL && waker != NULL && strcmp(p->holder->function, p->waker->function) != 0)
		return aprintf(a, "held at %s, %s at %s", sitetext(a, p->holder), wakeverb(l->kind), waker);
	if(p->holder != NULL)
		return aprintf(a, "held at %s", sitetext(a, p->holder));
	if(waker != NULL)
		return aprintf(a, "%s at %s", wakeverb(l->kind), waker);
	if(p->end != Eacquired)
		return "nobody";
	return l->idle ? "not seen by whom" : "holder not seen";
}

static int
linecmp(const void *x, const void *y)
{
	const Line *a = x, *b = y;
	int c;

	if(a->ns != b->ns)
		return a->ns < b->ns ? 1 : -1;
	if((c = strcmp(a->waiter, b->waiter)) != 0)
		return c;
	return strcmp(a->cause, b->cause);
}

/* One line a pair of texts: without stacks, pairs that look alike are one. */
static int
makelines(const Text *t, Arena *a, const Lock *l, Line *line)
{
	Map known = {0};
	int i, n = 0;

	for(i = 0; i < l->npair; i++) {
		const Pair *p = &l->pair[i];
		const char *waiter = waittext(a, p), *cause = causetext(a, l, p);
		uint64_t hw = hashbytes(waiter, strlen(waiter)), hc = hashbytes(cause, strlen(cause));
		Line *had = t->stacks ? NULL : mapget(&known, hw, hc);

		if(had != NULL) {
			had->ns += p->ns;
			had->waits += p->waits;
			continue;
		}
		line[n] = (Line){p->ns, p->waits, waiter, cause, p};
		mapput(&known, hw, hc, &line[n++]);
	}
	mapfree(&known);
	if(n > 1)
		qsort(line, (size_t)n, sizeof *line, linecmp);
	return n;
}

void
writestack(const Text *t, const char *title, const Stack *s)
{
	int i;

	fprintf(t->f, "%28s%s\n", "", title);
	for(i = 0; i < s->n; i++) {
		const Site *f = s->frame[i];

		fprintf(t->f, "%28s%c %s", "", f == s->site ? '>' : ' ', f->function);
		if(f->file != NULL)
			fprintf(t->f, "  %s:%d", f->file, f->line);
		else if(f->named && f->module[0] != 0)
			fprintf(t->f, "  %s+0x%llx", f->module, (unsigned long long)f->offset);
		fprintf(t->f, "%s\n", f->inlined ? "  (inlined)" : "");
	}
	if(s->truncated)
		fprintf(t->f, "%28s  ...\n", "");
}

void
writepairs(const Text *t, Arena *a, const Lock *l)
{
	Line *line = emalloc((size_t)l->npair * sizeof *line);
	int i, n = makelines(t, a, l, line), show = t->pairs > 0 && n > t->pairs ? t->pairs : n;
	uint64_t ns = 0;
	Num b1, b2, b3;

	for(i = 0; i < show; i++) {
		fprintf(t->f, "%8s%9s%10s  %s", humanshare(&b1, line[i].ns, l->ns), humanns(&b2, line[i].ns),
		    humancount(&b3, line[i].waits), line[i].waiter);
		if(29 + strlen(line[i].waiter) + 4 + strlen(line[i].cause) > COLUMNS)
			fprintf(t->f, "\n%28s ", "");
		fprintf(t->f, " <- %s\n", line[i].cause);
		if(t->stacks) {
			writestack(t, "waiter's stack:", line[i].pair->waiterstack);
			if(line[i].pair->wakerstack != NULL)
				writestack(t, aprintf(a, "%s by:", wakeverb(l->kind)), line[i].pair->wakerstack);
		}
	}
	for(; i < n; i++)
		ns += line[i].ns;
	if(n > show)
		fprintf(t->f, "%8s%9s%10s  in %d more pair%s of sites\n", humanshare(&b1, ns, l->ns), humanns(&b2, ns),
		    "", n - show, n - show == 1 ? "" : "s");
	free(line);
}

void
writehistogram(const Text *t, const Lock *l)
{
	static const char bar[] = "########################################";
	uint64_t most = 1;
	Num b1, b2;
	int i;

	for(i = 0; i < l->nhist; i++)
		if(l->hist[i].count > most)
			most = l->hist[i].count;
	for(i = 0; i < l->nhist; i++) {
		int n = (int)((double)l->hist[i].count * (sizeof bar - 1) / (double)most);

		fprintf(t->f, "%8s%9s%10s  %.*s\n", i == 0 ? "under" : "", humanns(&b1, l->hist[i].upper),
		    humancount(&b2, l->hist[i].count), n > 0 ? n : 1, bar);
	}
}
