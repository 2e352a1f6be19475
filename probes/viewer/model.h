/*
 * What a report says, in memory: built from profiles once, then written as text
 * or as JSON by writers that decide nothing.  Everything is sorted, with ties
 * broken by name and address, so the same profile gives the same report.
 * Times are nanoseconds.  Everything lives in the report's arena.
 */
#ifndef RENDEZ_MODEL_H
#define RENDEZ_MODEL_H

#include "../probe.h"
#include "read.h"
#include "symbols.h"

typedef struct Stack {
	int n;
	int truncated;
	const Site **frame; /* inlined ones included, innermost first */
	const Site *site;   /* the program's own frame: see site.h */
} Stack;

typedef struct Pair {
	uint8_t op, end;
	const Site *waiter;
	const Site *holder;	  /* nil: unknown, or nobody */
	const Site *waker;	  /* likewise */
	const Stack *waiterstack; /* never nil; may be only the site, or no frame at all */
	const Stack *wakerstack;  /* nil if not taken */
	uint64_t waits, ended, ns, max;
} Pair;

typedef struct Hist {
	uint64_t upper, count; /* waits of less than upper ns and not less than the bucket before */
} Hist;

typedef struct Lock {
	int kind;  /* Kind; -1 not known: of many kinds */
	int idle;  /* of a kind that threads without work wait for */
	int named; /* the name is a variable's */
	const char *name;
	const char *module; /* the variable's, nil */
	uint64_t address;   /* 0: stands for many */
	uint32_t id;
	const Site *init, *first;
	int counted; /* acquired and changes are known */
	int many;    /* it stands for several in turn, how many is not known */
	uint64_t acquired, changes;
	uint64_t waits, contended, timeouts;
	uint64_t ns, max;
	uint64_t waiting, waitingns; /* waits that had not ended: in none of the others */
	uint64_t holds, holdns, holdmax;
	Hist *hist;
	int nhist;
	Pair *pair;
	int npair;
	int count; /* locks that this row stands for */
} Lock;

typedef struct Thread {
	int tid;
	const char *name;
	int alive;
	uint64_t livedns, waits, ns, parkedns, parks, overheadns;
	uint64_t waitingns; /* in a wait that had not ended: not in ns */
} Thread;

/* A wait that had not ended. */
typedef struct Unfinished {
	int tid;
	const char *thread;
	uint64_t ns;
	uint8_t op;
	const Lock *lock; /* nil: not known any more */
	const Stack *waiter;
	const Site *holder;
} Unfinished;

/* A wrong use, if the run looked for them. */
typedef struct Wrong {
	Misuse what;
	int kind;
	const char *name;
	uint64_t address;
	int tid, othertid; /* othertid 0: unknown */
	Yonder yonder;
	const Stack *stack, *other; /* nil: not known */
} Wrong;

typedef struct Process {
	int pid, ppid;
	const char *program, *args; /* args: blank-separated, for people */
	const char *ended;	    /* exit, signal, running, unknown */
	int status;
	int exec;  /* it went on as another program, which has a profile of its own */
	int quiet; /* it waited for nothing: only its line was kept */
	uint64_t realtime, starttime, durationns;
	uint64_t waits, ns, overheadns, threadns, forkfailed;
	uint64_t placeless, missed, unlisted, unwatched; /* what found no room: see read.h */
	uint64_t otherwaits;				 /* that are in no thread's row */
	uint64_t stackscut;				 /* times that a stack was taken and ends early */
	Lock *lock;
	int nlock;
	Thread *thread;
	int nthread;
	Unfinished *unfinished;
	int nunfinished;
	Wrong *wrong;
	int nwrong;
	uint64_t wronglost; /* that found no room */
} Process;

typedef struct Report {
	Arena arena;
	Symbols *symbols;
	Process *process; /* in the order of their start */
	int nprocess, room;
	const char **warning;
	int nwarning;
	Map seen; /* load's: whose profiles were read */
	int unread; /* load's: what of a directory could not be read; each has a warning, or is the error that load returned */
} Report;

/* files: whether the program's files are read for names. */
Report *reportnew(int files);
void reportadd(Report *, const Profile *);
/* A process of which only a line was kept. */
void reportquiet(Report *, const Process *);
void reportwarn(Report *, const char *line);
/* Nothing is to be said of it: it waited for nothing, as far as can be known, and nothing went wrong. */
int processquiet(const Process *);
/* After the last: order the processes, mark the execs, collect the warnings. */
void reportdone(Report *);
void reportfree(Report *);

/* The locks of a process with those that only differ in address made one row each: many of a kind from one place. */
Lock *grouplocks(Report *, const Process *, int *n);

const char *kindname(int kind);
const char *opname(int op);
const char *endname(int end);
/* Of a misuse and of its other stack: the key of JSON, and what people read. */
const char *misusekey(Misuse);
const char *misusetext(Misuse);
const char *yonderkey(Yonder);
const char *yondertext(Yonder);

#endif
