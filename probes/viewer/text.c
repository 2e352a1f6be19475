/* The report as text: of each process what it was, its locks, its waits for events, its threads, and the cost. */
#define _GNU_SOURCE
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "human.h"

int
wantcolour(FILE *f)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(f)) && (no == NULL || no[0] == 0) && term != NULL && strcmp(term, "dumb") != 0;
}

const char *
bold(const Text *t)
{
	return t->colour ? "\033[1m" : "";
}

const char *
plain(const Text *t)
{
	return t->colour ? "\033[0m" : "";
}

static const char *
endtext(Arena *a, const Process *p)
{
	if(p->exec)
		return "went on as another program";
	if(strcmp(p->ended, "exit") == 0)
		return aprintf(a, "exited with status %d", p->status);
	if(strcmp(p->ended, "signal") == 0) {
		const char *name = sigabbrev_np(p->status);

		return name != NULL ? aprintf(a, "killed by SIG%s", name)
				    : aprintf(a, "killed by signal %d", p->status);
	}
	return strcmp(p->ended, "running") == 0 ? "still runs" : "end not seen";
}

/* What it is called behind its kind, if that is known. */
static const char *
title(Arena *a, const Lock *l)
{
	return l->kind < 0 ? l->name : aprintf(a, "%s %s", kindname(l->kind), l->name);
}

static void
writelock(const Text *t, Arena *a, const Lock *l)
{
	Num b[8];
	Lock each = *l;

	if(l->count > 1 || l->many)
		each.name = aprintf(a, "%d%s, each %s", l->count, l->many ? " or more" : "", l->name);

	fprintf(t->f, "%9s%9s%9s%11s%8s%12s%9s%9s  %s%s%s\n", humanns(&b[0], l->ns),
	    humanns(&b[1], l->waits > 0 ? l->ns / l->waits : 0), humanns(&b[2], l->max),
	    humancount(&b[3], l->idle ? l->waits : l->contended),
	    l->counted ? humanshare(&b[4], l->contended, l->acquired) : "-",
	    l->counted ? humancount(&b[5], l->acquired) : "-",
	    l->holds > 0 ? humanns(&b[6], l->holdns / l->holds) : "-", l->holds > 0 ? humanns(&b[7], l->holdmax) : "-",
	    bold(t), title(a, &each), plain(t));
	if(l->timeouts > 0)
		fprintf(t->f, "%27s  %s of the waits timed out\n", "", humancount(&b[0], l->timeouts));
	if(l->waiting > 0)
		fprintf(t->f, "%27s  and %s in %s wait%s that had not ended\n", "", humanns(&b[0], l->waitingns),
		    humancount(&b[1], l->waiting), l->waiting == 1 ? "" : "s");
	writepairs(t, a, l);
	if(t->histogram)
		writehistogram(t, l);
}

/* The rows that are (or are not) idleness, under their heading. */
static void
writesection(const Text *t, Arena *a, const Lock *row, int n, int idle)
{
	int i, total = 0, shown = 0, sems = 0;
	uint64_t ns = 0, waits = 0, holds = 0, waiting = 0, waitingns = 0;
	Num b1, b2;

	for(i = 0; i < n; i++)
		if(row[i].idle == idle) {
			total++;
			ns += row[i].ns;
			waits += row[i].waits;
			holds += row[i].holds;
			sems += row[i].kind == Ksem || row[i].kind == Ksemacquire;
			waiting += row[i].waiting;
			waitingns += row[i].waitingns;
		}
	if(total == 0) {
		if(!idle)
			fprintf(t->f, "\n%sNo thread waited for a lock.%s\n", bold(t), plain(t));
		return;
	}
	fprintf(t->f, "\n%s%s%s: %s in %s wait%s", bold(t), idle ? "Waits for an event" : "Waits for a lock", plain(t),
	    humanns(&b1, ns), humancount(&b2, waits), waits == 1 ? "" : "s");
	if(waiting > 0)
		fprintf(t->f, ", and %s in %s that had not ended", humanns(&b1, waitingns), humancount(&b2, waiting));
	fprintf(t->f, "%s\n", holds > 0 ? "; hold times are sampled" : "");
	if(idle)
		fprintf(t->f,
		    "  Conditions, semaphores and the like: a thread with nothing to do, or one that needs another's"
		    " result.\n  Not contention; long times here are mostly idleness.\n%s",
		    sems > 0
			? "  But a semaphore may be a lock, as python's threading.Lock is: then it is contention.\n"
			: "");
	fprintf(t->f, "\n%9s%9s%9s%11s%8s%12s%9s%9s  %s\n", "wait", "avg", "max", idle ? "waits" : "contended", "share",
	    "acquired", "hold avg", "hold max", idle ? "event" : "lock");
	for(i = 0; i < n; i++) {
		if(row[i].idle != idle)
			continue;
		if(t->top > 0 && shown == t->top) {
			fprintf(t->f, "%9s  ... and %d more\n", "", total - shown);
			break;
		}
		if(shown++ > 0)
			fputc('\n', t->f);
		writelock(t, a, &row[i]);
	}
}

static void
writethreads(const Text *t, const Process *p)
{
	int i, n = t->top > 0 && p->nthread > t->top ? t->top : p->nthread;
	Num b[6];

	if(p->nthread == 0)
		return;
	fprintf(t->f, "\n%sThreads%s\n\n%9s%9s%9s%9s%11s%11s%11s  %s\n", bold(t), plain(t), "waited", "of life",
	    "lived", "asleep", "waits", "recording", "tid", "name");
	for(i = 0; i < n; i++) {
		const Thread *h = &p->thread[i];

		fprintf(t->f, "%9s%9s%9s%9s%11s%11s%11d  %s", humanns(&b[0], h->ns + h->waitingns),
		    humanshare(&b[1], h->ns + h->waitingns, h->livedns), humanns(&b[2], h->livedns),
		    humanns(&b[3], h->parkedns), humancount(&b[4], h->waits), humanns(&b[5], h->overheadns), h->tid,
		    h->name);
		if(h->waitingns > 0)
			fprintf(t->f, " (%s of it in a wait that had not ended)", humanns(&b[0], h->waitingns));
		fputc('\n', t->f);
	}
	if(n < p->nthread)
		fprintf(t->f, "%9s  ... and %d more\n", "", p->nthread - n);
}

/* Whether two threads wait at one place for one lock, by one holder; as far as is shown. */
static int
samewait(const Text *t, Arena *a, const Unfinished *u, const Unfinished *v)
{
	if(u->lock != v->lock || u->holder != v->holder || (u->waiter == NULL) != (v->waiter == NULL))
		return 0;
	if(t->stacks || u->waiter == NULL || u->waiter == v->waiter)
		return u->waiter == v->waiter;
	return strcmp(sitetext(a, u->waiter->site), sitetext(a, v->waiter->site)) == 0;
}

static void
writewaiting(const Text *t, Arena *a, const Unfinished *u, int others)
{
	Num b;

	fprintf(t->f, "%9s  thread %d (%s)", humanns(&b, u->ns), u->tid, u->thread);
	if(others > 0)
		fprintf(t->f, " and %d other%s", others, others == 1 ? "" : "s");
	fprintf(t->f, " at %s", u->waiter != NULL ? sitetext(a, u->waiter->site) : "?");
	if(u->lock != NULL)
		fprintf(t->f, "\n%11sfor %s", "", title(a, u->lock));
	if(u->holder != NULL)
		fprintf(t->f, " <- held at %s", sitetext(a, u->holder));
	fputc('\n', t->f);
	if(t->stacks && u->waiter != NULL)
		writestack(t, "stack:", u->waiter);
}

/* Waits for a lock before the others, each the longest first; those of a pool of threads are one. */
static void
writeunfinished(const Text *t, Arena *a, const Process *p)
{
	int idle, i, j, others;
	char *told;

	if(p->nunfinished == 0)
		return;
	fprintf(t->f, "\n%sStill waiting %s%s\n", bold(t), strcmp(p->ended, "running") == 0 ? "now" : "at its end",
	    plain(t));
	told = aalloc(a, (size_t)p->nunfinished);
	for(idle = 0; idle < 2; idle++)
		for(i = 0; i < p->nunfinished; i++) {
			const Unfinished *u = &p->unfinished[i];

			if(told[i] || (u->lock != NULL && u->lock->idle) != idle)
				continue;
			for(others = 0, j = i + 1; j < p->nunfinished; j++)
				if(!told[j] && samewait(t, a, u, &p->unfinished[j])) {
					told[j] = 1;
					others++;
				}
			writewaiting(t, a, u, others);
		}
}

/* n of what, and what is to be said of them. */
static void
warn(const Text *t, uint64_t n, const char *what, const char *plural, const char *of)
{
	Num b;

	if(n > 0)
		fprintf(t->f, "  warning: %s %s%s %s\n", humancount(&b, n), what, n == 1 ? "" : plural, of);
}

static void
writelost(const Text *t, const Process *p)
{
	warn(t, p->placeless, "event", "s",
	    "found no room in the profile (see RENDEZ_SIZE): their lock or place is not known");
	warn(t, p->missed, "wait", "s", "began while this profile was being made, unrecorded");
	warn(t, p->unwatched, "thread", "s",
	    "came when the profile had no page free (see RENDEZ_SIZE): every wait of theirs that ended is counted, but"
	    " what they waited for at the end is not known");
	warn(t, p->unlisted, "thread", "s",
	    "found no room in the profile (see RENDEZ_SIZE), without a row among the threads");
	warn(t, p->otherwaits, "wait", "s", "counted with the locks but with no thread");
	warn(t, p->stackscut, "stack", "s", "ended early: a frame could not be looked into just then");
	warn(t, p->forkfailed, "child process", "es", "could not make a profile of its own");
}

static void
writeprocess(const Text *t, Report *r, const Process *p)
{
	Arena *a = &r->arena;
	Num b[4];
	Lock *row;
	uint64_t threads = (uint64_t)p->nthread + p->unlisted;
	int n;

	fprintf(t->f, "%s%s%s\n", bold(t), p->args[0] != 0 ? p->args : p->program, plain(t));
	fprintf(t->f, "  process %d, %s after %s", p->pid, endtext(a, p), humanns(&b[0], p->durationns));
	if(!p->quiet) /* else how many there were is not known */
		fprintf(t->f, ", %llu thread%s", (unsigned long long)threads, threads == 1 ? "" : "s");
	fputc('\n', t->f);
	fprintf(t->f,
	    "  %s wait%s recorded, %s lost; recording took %s, %s of the time its threads lived (estimated)\n",
	    humancount(&b[0], p->waits), p->waits == 1 ? "" : "s", humancount(&b[1], p->placeless + p->missed),
	    humanns(&b[2], p->overheadns), humanshare(&b[3], p->overheadns, p->threadns));
	writelost(t, p);
	writewrongs(t, p);
	row = grouplocks(r, p, &n);
	if(n == 0)
		fprintf(t->f, "\n  No thread waited for another: every lock was free when it was asked for. If that is "
			      "a surprise:\n"
			      "  locks that the program makes itself (atomics, futexes, spinning) are not seen, nor is "
			      "what runs\n"
			      "  in processes without the preload (static or setuid programs, env -i).\n");
	else {
		writesection(t, a, row, n, 0);
		writesection(t, a, row, n, 1);
	}
	writeunfinished(t, a, p);
	if(!t->brief)
		writethreads(t, p);
}

void
writetext(const Text *t, Report *r)
{
	int i, quiet = 0, shown = 0;

	for(i = 0; i < r->nwarning; i++)
		fprintf(t->f, "warning: %s\n", r->warning[i]);
	if(r->nwarning > 0)
		fputc('\n', t->f);
	for(i = 0; i < r->nprocess; i++) {
		/* the first is the one that was run: it is always shown, unless it only made way for another program */
		if((i > 0 || (r->process[i].exec && r->nprocess > 1)) && processquiet(&r->process[i])) {
			quiet++;
			continue;
		}
		if(shown++ > 0)
			fputs("\n", t->f);
		writeprocess(t, r, &r->process[i]);
	}
	if(quiet > 0)
		fprintf(t->f, "\n%d more process%s waited for nothing.\n", quiet, quiet == 1 ? "" : "es");
}
