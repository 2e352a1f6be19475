/* Running the program so that nobody sees a difference: signals, job control and the way it ends. */
#ifndef RENDEZ_CHILD_H
#define RENDEZ_CHILD_H

#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

typedef struct Child {
	/* set by the caller */
	char **argv;
	const char *preload;  /* LD_PRELOAD for it, nil to leave that alone */
	const char *dir;      /* RENDEZ_DIR for it, nil to leave that alone */
	int norecord;	      /* RENDEZ=off for it */
	int fresh;	      /* nothing of our own shall be counted to its memory */
	int in, out, err;     /* its descriptors 0, 1, 2; -1 to leave them */
	void (*tick)(void *); /* called now and then while it runs; may be nil */
	void *arg;
	/* given back */
	pid_t pid;
	int status; /* as waitpid has it */
	int asked;  /* the last signal that came to us meaning that all should end: HUP, INT, QUIT or TERM; else 0 */
	uint64_t begun; /* when it was started, as nsnow has it */
	long peak;	/* KiB, of its memory before it became the program: usage has at least that */
	struct rusage usage;
} Child;

/* 0, or the errno with which it could not be run. */
int runchild(Child *);

/* End as the program did: exit with its status, or die of its signal without a core file. */
void endlike(int status) __attribute__((noreturn));

#endif
