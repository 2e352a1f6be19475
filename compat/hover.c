/*
 * Who wakes a thread that sleeps pays a system call, and the woken comes some microseconds later, on an idle processor some
 * dozens: many times what the wait is worth if two threads hand something to and fro.  Who is still awake is told by one
 * store.  But looking takes a processor from others, and is for nothing where the waker is in want of one.  So each thread
 * learns for each place where it waits (luck.h); places share what they know where their hashes meet.
 *
 * Nothing can be lost here: the word is only read, between the wait's announcement and its sleep, a time in which a thread
 * may lose the processor for as long anyhow.
 *
 * Where threads may be of real-time policies nobody looks: one would keep its waker, of a lower one, from running.
 */
#include "hover.h"
#include "luck.h"
#include "rank.h"

enum { PLACES = 8 };

static __thread Luck lucks[PLACES] __attribute__((tls_model("initial-exec"))) = {
    [0 ... PLACES - 1] = {.failed = UNKNOWN},
};
__thread uint8_t wokeawake __attribute__((tls_model("initial-exec")));

static int
look(Word *word, uint32_t bits, int turns)
{
	for(; turns > 0; turns--) {
		if(atomic_load_explicit(word, memory_order_relaxed) & bits)
			return 1;
		relax();
	}
	return 0;
}

void
hover(const void *place, Word *word, uint32_t bits)
{
	Luck *l = &lucks[((uintptr_t)place * 0x9e3779b97f4a7c15u) >> 61];
	int hint = wokeawake, turns, seen;

	wokeawake = 0;
	if(ranked())
		return;
	turns = luckturns(l, &hint);
	if(turns == 0)
		return;
	seen = look(word, bits, SHORT);
	if(!seen && turns > SHORT)
		look(word, bits, turns - SHORT);
	lucktell(l, hint, seen);
}
