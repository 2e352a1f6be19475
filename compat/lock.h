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

/*
 * What it is made of, for words elsewhere.  tag: a multiple of 4 that is kept in the word while it is locked and after; a word
 * with another tag is free, whatever else it says.  shared: the word is in memory that processes share.  asleep is called once
 * before it first sleeps, unless nil.  Both return the word that they found.
 */
uint32_t lockword(Word *, uint32_t tag, int shared, void (*asleep)(void *), void *arg) HIDDEN;
uint32_t unlockword(Word *, uint32_t tag, int shared) HIDDEN;

#endif
