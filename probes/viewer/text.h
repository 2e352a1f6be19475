/* The report as text. */
#ifndef RENDEZ_TEXT_H
#define RENDEZ_TEXT_H

#include <stdio.h>
#include "model.h"

enum { COLUMNS = 100 };

typedef struct Text {
	FILE *f;
	int colour;
	int stacks, histogram;
	int top;   /* locks, and threads, of each process; 0 all */
	int pairs; /* of each lock; 0 all */
	int brief; /* the summary after a run: no threads */
} Text;

void writetext(const Text *, Report *);
/* Who waited for whom at this lock. */
void writepairs(const Text *, Arena *, const Lock *);
void writewrongs(const Text *, const Process *);
void writehistogram(const Text *, const Lock *);
/* "server.c:512 (handle)", or what is known of it. */
const char *sitetext(Arena *, const Site *);
/* The stack, a frame a line. */
void writestack(const Text *, const char *title, const Stack *);
/* Escape sequences around a heading, empty without colour. */
const char *bold(const Text *);
const char *plain(const Text *);
/* Whether to colour what goes to f. */
int wantcolour(FILE *);

#endif
