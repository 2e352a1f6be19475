/*
 * Who a thread is, and notes to it.
 */
#ifndef RENDEZ_P9NOTE_H
#define RENDEZ_P9NOTE_H

#include "p9sleep.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A thread as others know it: Plan 9's and Inferno's Proc, as far as programs use it.  It exists as long as the
 * thread; the memory is never unmapped, but a later thread may get it.
 */
typedef struct P9proc {
	Rendez sleep;	       /* for a delay that can be cut short: tsleep(&up->sleep, return0, nil, ms) */
	char errstr[P9ERRMAX]; /* the text of the last error */
} P9proc;

/* The calling thread's.  Never nil.  Async-signal-safe. */
RENDEZ_API P9proc *p9up(void);

#ifndef RENDEZ_NOPLAINNAMES
typedef P9proc Proc;
#define up (p9up())
#endif

#ifdef __cplusplus
}
#endif

#endif
