/*
 * The order of real-time signals that are put off.
 *
 * Those of one number are handled in the order in which they were sent.  One that was put off and is sent again would come
 * behind those that were queued when it first came.  So what it came with is kept, and it is sent again with a mark.  While
 * something of a number is kept, what the kernel brings of that number says only that a handler is to be called: it
 * gets the eldest that is kept, and what was brought is kept instead, behind the others.  The marked one brings nothing new.  So there
 * are as many kept as marked ones on their way, and with the last of these nothing is kept any more.
 *
 * A marked one may never come: the program took it out of the queue itself (it is what it says, and the mark is seen by nobody), ignored
 * its number for a moment, or forked.  Then, when the next one comes, none of its number is pending, and what is kept is
 * forgotten.  Four are kept at a time; a fifth is sent again without a mark, and only its place is lost.
 *
 * All is one thread's own.  A handler that comes on top, of another number, finds it whole: signals are masked while it is changed.
 * With SA_NODEFER there is no order to be kept, and each comes once even so.
 */
#include "sigoff.h"

#include <signal.h>
#include <string.h>

enum { N = 4 };
#define MARK 0x52e7de3f0ff5e9a1u

static __thread char kept[N][Infobytes] __attribute__((tls_model("initial-exec")));

static int
signumber(const void *info)
{
	return ((const siginfo_t *)info)->si_signo;
}

/* The eldest of a number; -1: none. */
static int
eldest(int sig)
{
	int i;

	for(i = 0; i < sigoff.kept; i++)
		if(signumber(kept[i]) == sig)
			return i;
	return -1;
}

static void
put(const void *info)
{
	memcpy(kept[sigoff.kept++], info, Infobytes);
}

static void
take(int i)
{
	memmove(kept[i], kept[i + 1], (size_t)(--sigoff.kept - i) * Infobytes);
}

int
sigkeep(int sig, void *info)
{
	uint64_t *mark = infospare(info);

	if(!sigqueues(sig) || *mark == MARK || sigoff.kept == N)
		return 0;
	put(info);
	*mark = MARK;
	return 1;
}

void
sigunkeep(void *info)
{
	memcpy(info, kept[--sigoff.kept], Infobytes);
}

void
siginorder(int sig, void *info)
{
	uint64_t mask, *mark = infospare(info);
	char first[Infobytes];
	int i, marked;

	if(!sigqueues(sig))
		return;
	sigsmask(&mask);
	marked = *mark == MARK;
	i = eldest(sig);
	if(i >= 0 && !marked && !sigpends(sig)) {
		for(; i >= 0; i = eldest(sig))
			take(i);
	} else if(i >= 0) {
		memcpy(first, kept[i], Infobytes);
		take(i);
		if(!marked)
			put(info);
		memcpy(info, first, Infobytes);
	} else if(marked)
		*mark = 0;
	sigsunmask(&mask);
}
