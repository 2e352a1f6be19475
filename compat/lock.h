/*
 * The lock of a bucket of the wait table: the splhi and spin lock of this
 * system.  It is held for some tens of instructions with every signal off,
 * never over a system call that sleeps, an allocation or a fault.
 */
#ifndef RENDEZ_LOCK_H
#define RENDEZ_LOCK_H

#include "linux.h"

typedef struct Lock {
	Word word; /* 0 free, 1 held, 2 held and somebody may sleep on it */
} Lock;

/* The caller has turned signals off. */
void lock(Lock *) HIDDEN;
int canlock(Lock *) HIDDEN;
void unlock(Lock *) HIDDEN;

#endif
