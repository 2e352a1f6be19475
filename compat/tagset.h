/* Who waits at which tag: the members of a region that wait, found by group and tag.  The argument stands in tagset.c. */
#ifndef RENDEZ_TAGSET_H
#define RENDEZ_TAGSET_H

#include "region.h"

/* Where in the region a key is, or would be: as it was at the look. */
typedef struct Tagplace {
	Region *r;
	uint64_t group, tag;
	_Atomic(uint64_t) *prev; /* the link that leads there, and */
	uint64_t prevlink;	 /* what it was */
	Member *cur;		 /* the waiter; if there is none: who comes after, or nil */
	uint64_t curlink;
} Tagplace;

/* Looks for the key: 1, a waiter is there, or 0. */
int tagfind(Tagplace *, Region *, uint64_t group, uint64_t tag) HIDDEN;

/* Gives the waiter found *value and takes its own, both at once: 1; 0: it is no longer there. */
int tagmeet(Tagplace *, uint64_t *value) HIDDEN;

/* Makes m, which is the calling thread's, the waiter at the place where none was found: 1; 0: look again. */
int taginsert(Tagplace *, Member *m, uint64_t value) HIDDEN;

/* Whether m, the calling thread's, waits at a tag; it may have been met meanwhile. */
int tagwaits(Member *m) HIDDEN;

/* Whether the waiter m, the calling thread's, has been met. */
int tagmet(Member *m, uint64_t *value) HIDDEN;

/* It gives up: 1; 0: it has been met. */
int taggiveup(Member *m) HIDDEN;

/* It has been met or has given up: it is unlinked. */
void tagclear(Region *, Member *m) HIDDEN;

/* The same for a dead one, by anybody: 0 if it is not dead. */
int tagreap(Region *, Member *m) HIDDEN;

#endif
