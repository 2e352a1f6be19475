/* What a QLock shares with the Rendezes that have it: see qlock.c. */
#ifndef RENDEZ_QLOCKQ_H
#define RENDEZ_QLOCKQ_H

#include "procq.h"

/* Of P9qlock.q.word. */
enum { Held = 1 };

static inline int
qlockheld(const P9qlock *l)
{
	return (atomic_load_explicit((Word *)&l->q.word, memory_order_relaxed) & Held) != 0;
}

/* With the queue locked, by who holds l: l is the first one's now, who is returned, unlinked, for procqready; nil: there is none. */
Proc *qlocknext(P9qlock *l) HIDDEN;

/* The abandon of a wait whose object is a QLock: in its queue, or in that of a Rendez. */
void qlockabandon(Proc *) HIDDEN;

#endif
