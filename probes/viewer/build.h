/* Between the files that build the model: one process in the making. */
#ifndef RENDEZ_BUILD_H
#define RENDEZ_BUILD_H

#include "model.h"

typedef struct Build {
	Report *r;
	Arena *a;
	const Profile *p;
	Process *proc;
	const char *exe;
	Module **module; /* by the profile's index */
	uint64_t now;	 /* ticks: its end, or this moment if it still runs */
	Map stacks;	 /* by content */
	Lock **lockbyid;
} Build;

const Chain *codechain(Build *, Fpc);
const Site *codesite(Build *, Fpc);
/* The stack with this id; if there is none, one of the frames at site alone; nil if that is 0 too. */
const Stack *buildstack(Build *, uint32_t id, Fpc site);
void buildlocks(Build *);
/* How long, in ns, the thread of this page has waited in a wait that has not ended; 0 if in none. */
int waitsstill(const Build *, const Farea *);
uint64_t waitingns(const Build *, const Farea *);
/* The variable at an address of data that code at by[0..n-1] has used, and its module; nil if there is none. */
const char *variableat(Build *, uint64_t address, const Fpc *by, int n, const char **module);
void namelock(Build *, Lock *, const Flock *);
void buildwrongs(Build *);

/* Order of sites: function, file, line, module, offset; nil first. */
int sitecmp(const Site *, const Site *);
int lockcmp(const void *, const void *);
/* Sort pairs, the dearest first. */
void sortpairs(Pair *, int n);

#endif
