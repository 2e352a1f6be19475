/*
 * The list that tells the kernel what a thread's end must not leave behind: libc's, which has the robust mutexes
 * (shim/robust.c) and, here, the life of a thread in memory that processes share (member.c).
 *
 * When a thread ends, however it ends, or becomes another program, the kernel walks the list that is registered for it. Of each
 * entry it looks at the word: if that has the thread's tid it sets FUTEX_OWNER_DIED there and wakes a sleeper.
 * As a word cannot be changed and listed at once, the list's head names one more entry, the pending one: if
 * that has the tid it is treated alike; if it has no tid at all (whatever its two highest bits are) one sleeper
 * is woken, for the dead may have been about to.  The kernel reads what the thread itself has stored, so only the compiler must
 * keep the order.
 *
 * Entries are linked both ways, by pointers to their forward links; the lowest bit of such a pointer says that
 * the one it points to inherits priority: those are libc's and share the list.
 */
#ifndef RENDEZ_ROBUST_H
#define RENDEZ_ROBUST_H

#include "linux.h"

#include <linux/futex.h>

/* As libc lays out a mutex on the list: where the word is, from the forward link. */
enum { ROBUSTWORD = -32 };

/* The links of an entry, or of the head, which has a back link before it too. */
typedef struct Robustnode {
	void *prev, *next; /* forward links of others */
} Robustnode;

typedef struct robust_list_head Robustlist;

/*
 * The calling thread's list; nil if it has none, or one for words elsewhere.  robustlist() registers nothing; robustneed()
 * registers one of ours for a thread that libc does not know.  Async-signal-safe.
 */
Robustlist *robustlist(void) HIDDEN;
Robustlist *robustneed(void) HIDDEN;

/* The entry of word as the pending one, or nil: none is.  And what is there. */
static inline void
robustpending(Robustlist *h, void *link)
{
	atomic_signal_fence(memory_order_seq_cst);
	*(void *volatile *)&h->list_op_pending = link;
	atomic_signal_fence(memory_order_seq_cst);
}

static inline void *
robustlink(const Word *word)
{
	return (char *)word - ROBUSTWORD;
}

/* Puts the node on the list, and takes it off: where nothing else that changes the list can run. */
void robustenlist(Robustlist *, Robustnode *) HIDDEN;
void robustdelist(Robustnode *) HIDDEN;

#endif
