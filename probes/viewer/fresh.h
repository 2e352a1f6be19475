/* Starting a program from a process that is small.  See fresh.c. */
#ifndef RENDEZ_FRESH_H
#define RENDEZ_FRESH_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

/* What a child says of itself before it becomes the program; an errno follows if it does not. */
typedef struct Born {
	int64_t pid;
	uint64_t ns;
	int64_t peak; /* of its memory so far, KiB: the program's cannot be told from less */
} Born;

/* Become the program, with this signal mask; Born, and why it failed, go to fd. */
void become(char **argv, const sigset_t *mask, int fd) __attribute__((noreturn));
/* The same, but as a fresh child of our parent, if that can be; in a child, with all signals blocked. */
void becomefresh(char **argv, const sigset_t *mask, int fd) __attribute__((noreturn));

#endif
