/* What comes first in a report: the dearest, and among equals by name and address, so that it is always the same. */
#include <stdlib.h>
#include <string.h>
#include "build.h"

int
sitecmp(const Site *a, const Site *b)
{
	int c;

	if(a == b)
		return 0;
	if(a == NULL || b == NULL)
		return a == NULL ? -1 : 1;
	if((c = strcmp(a->function, b->function)) != 0)
		return c;
	if((c = strcmp(a->file ? a->file : "", b->file ? b->file : "")) != 0)
		return c;
	if(a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if((c = strcmp(a->module, b->module)) != 0)
		return c;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static int
paircmp(const void *x, const void *y)
{
	const Pair *a = x, *b = y;
	int c;

	if(a->ns != b->ns)
		return a->ns < b->ns ? 1 : -1;
	if(a->waits != b->waits)
		return a->waits < b->waits ? 1 : -1;
	if((c = sitecmp(a->waiter, b->waiter)) != 0 || (c = sitecmp(a->holder, b->holder)) != 0 ||
	    (c = sitecmp(a->waker, b->waker)) != 0)
		return c;
	return a->op != b->op ? a->op - b->op : a->end - b->end;
}

void
sortpairs(Pair *p, int n)
{
	if(n > 1)
		qsort(p, (size_t)n, sizeof *p, paircmp);
}

int
lockcmp(const void *x, const void *y)
{
	const Lock *a = x, *b = y;
	int c;

	if(a->idle != b->idle)
		return a->idle - b->idle;
	if(a->ns + a->waitingns != b->ns + b->waitingns)
		return a->ns + a->waitingns < b->ns + b->waitingns ? 1 : -1;
	if((c = strcmp(a->name, b->name)) != 0)
		return c;
	if(a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}
