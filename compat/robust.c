/* The thread's list of robust words.  What the kernel does with it stands in robust.h. */
#include "robust.h"
#include "proc.h"

/* Asked for when first needed, not before: sandboxes kill for the question. */
static __thread Robustlist *mylist __attribute__((tls_model("initial-exec")));
static __thread uint32_t listgeneration __attribute__((tls_model("initial-exec")));

/* For a thread that has none: made by a raw clone, whose tid libc does not know. */
static __thread struct {
	void *prev;
	Robustlist head;
} own __attribute__((tls_model("initial-exec")));

/* The node that a link points to. */
static Robustnode *
nodeof(void *link)
{
	return (Robustnode *)(((uintptr_t)link & ~(uintptr_t)1) - offsetof(Robustnode, next));
}

Robustlist *
robustlist(void)
{
	Robustlist *h = mylist;

	if(unlikely(h == nil)) {
		h = sysrobustlist();
		if(h == nil || h->futex_offset != ROBUSTWORD)
			return nil;
		mylist = h;
	}
	return h;
}

/* A child that libc did not fork has a copy of the pointer, but no list. */
Robustlist *
robustneed(void)
{
	uint32_t generation = procgeneration();
	Robustlist *h;

	if(likely(mylist != nil && listgeneration == generation))
		return mylist;
	h = sysrobustlist();
	if(h == nil) {
		own.head.list.next = &own.head.list;
		own.head.futex_offset = ROBUSTWORD;
		h = sysrobustregister(&own.head) == 0 ? &own.head : nil;
	}
	if(h == nil || h->futex_offset != ROBUSTWORD)
		return nil;
	mylist = h;
	listgeneration = generation;
	return h;
}

void
robustenlist(Robustlist *h, Robustnode *n)
{
	Robustnode *next = nodeof(h->list.next);

	next->prev = &n->next;
	n->next = (void *)h->list.next;
	n->prev = (void *)&h->list;
	atomic_signal_fence(memory_order_seq_cst);
	*(void *volatile *)&h->list.next = &n->next;
}

void
robustdelist(Robustnode *n)
{
	nodeof(n->next)->prev = n->prev;
	nodeof(n->prev)->next = n->next;
	atomic_signal_fence(memory_order_seq_cst);
	n->prev = nil;
	n->next = nil;
}
