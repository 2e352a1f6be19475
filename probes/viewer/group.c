/*
 * Locks that differ in nothing but their address, made one row: a table of ten
 * thousand connections, each with its mutex, is one line to a reader.  Those
 * with a variable's name are one row only if they are the variable, made again.
 */
#include <stdlib.h>
#include <string.h>
#include "build.h"

static void
joinhist(Arena *a, Lock *l, const Lock *m)
{
	Hist *h = aalloc(a, (size_t)(l->nhist + m->nhist) * sizeof *h);
	int i = 0, j = 0, n = 0;

	while(i < l->nhist || j < m->nhist) {
		if(j == m->nhist || (i < l->nhist && l->hist[i].upper < m->hist[j].upper))
			h[n++] = l->hist[i++];
		else if(i == l->nhist || m->hist[j].upper < l->hist[i].upper)
			h[n++] = m->hist[j++];
		else {
			h[n] = l->hist[i++];
			h[n++].count += m->hist[j++].count;
		}
	}
	l->hist = h;
	l->nhist = n;
}

/* room: the pairs there is room for; doubled, since a group may have many thousand locks. */
static void
joinpairs(Arena *a, Lock *l, const Lock *m, int *room)
{
	if(l->npair + m->npair > *room) {
		Pair *p;

		*room = 2 * (l->npair + m->npair);
		p = aalloc(a, (size_t)*room * sizeof *p);
		if(l->npair > 0)
			memcpy(p, l->pair, (size_t)l->npair * sizeof *p);
		l->pair = p;
	}
	if(m->npair > 0)
		memcpy(l->pair + l->npair, m->pair, (size_t)m->npair * sizeof *m->pair);
	l->npair += m->npair;
}

static void
join(Arena *a, Lock *l, const Lock *m, int *room)
{
	l->count++;
	l->many |= m->many;
	l->counted = l->counted && m->counted;
	l->acquired += m->acquired;
	l->changes += m->changes;
	l->waits += m->waits;
	l->contended += m->contended;
	l->timeouts += m->timeouts;
	l->ns += m->ns;
	l->waiting += m->waiting;
	l->waitingns += m->waitingns;
	l->holds += m->holds;
	l->holdns += m->holdns;
	if(m->max > l->max)
		l->max = m->max;
	if(m->holdmax > l->holdmax)
		l->holdmax = m->holdmax;
	if(m->address < l->address)
		l->address = m->address;
	joinhist(a, l, m);
	joinpairs(a, l, m, room);
}

/* Pairs of the same sites, stacks and end, which the locks of a group share, made one. */
static void
mergepairs(Lock *l)
{
	Map known = {0};
	int i, n = 0;

	for(i = 0; i < l->npair; i++) {
		Pair *p = &l->pair[i], *q;
		uint64_t h[4] = {(uintptr_t)p->waiterstack, (uintptr_t)p->wakerstack, (uintptr_t)p->holder,
		    (uint64_t)p->op << 8 | p->end};

		q = mapget(&known, hashbytes(h, sizeof h), 0);
		if(q == NULL) {
			q = &l->pair[n++];
			*q = *p;
			mapput(&known, hashbytes(h, sizeof h), 0, q);
			continue;
		}
		q->waits += p->waits;
		q->ended += p->ended;
		q->ns += p->ns;
		if(p->max > q->max)
			q->max = p->max;
	}
	l->npair = n;
	sortpairs(l->pair, n);
	mapfree(&known);
}

Lock *
grouplocks(Report *r, const Process *proc, int *n)
{
	Lock *row = aalloc(&r->arena, (size_t)proc->nlock * sizeof *row);
	int *room = emalloc((size_t)proc->nlock * sizeof *room);
	Map known = {0};
	int i;

	*n = 0;
	for(i = 0; i < proc->nlock; i++) {
		const Lock *l = &proc->lock[i];
		uint64_t h = hashbytes(l->name, strlen(l->name)) ^ (l->named ? l->address : 0);
		Lock *g = l->address == 0 ? NULL : mapget(&known, h, (uint64_t)l->kind);

		if(l->waits == 0 && l->ns == 0 && l->waiting == 0)
			continue;
		if(g != NULL) {
			join(&r->arena, g, l, &room[g - row]);
			continue;
		}
		room[*n] = 0;
		g = &row[(*n)++];
		*g = *l;
		if(l->address != 0)
			mapput(&known, h, (uint64_t)l->kind, g);
	}
	for(i = 0; i < *n; i++)
		if(row[i].count > 1)
			mergepairs(&row[i]);
	if(*n > 1)
		qsort(row, (size_t)*n, sizeof *row, lockcmp);
	mapfree(&known);
	free(room);
	return row;
}
