/*
 * From a frame to its caller by a rule for each code address, found out once
 * and then kept in a bounded cache.
 *
 * One thread at a time is let in to find a rule out, others do not wait.  No handler interrupts it, for one
 * that did not come back would shut all out.  In a
 * forked child whose parent was in there nobody is let in any more: its stacks
 * end where the cache does.
 */
#define _GNU_SOURCE
#include "rule.h"

#include "../compat/sigoff.h"

#include <fcntl.h>

#include <ucontext.h>

enum {
	NSETS = 2048, /* 128 KiB in all: some thousands of distinct frames is what large programs wait in */
	NWAYS = 4,
};

typedef struct Cached {
	uint64_t key; /* address and module */
	uint64_t rule;
} Cached;

static Cached cache[NSETS][NWAYS];
static uint32_t deriving; /* the try-lock: of libunwind and of writing to the cache */
static uint32_t victim;
static int able; /* there is a libunwind */

uint64_t
framerule(uintptr_t at, const Mod *m, int dear)
{
	uint64_t key = (uint64_t)at | (uint64_t)(m->index + 1) << 48, h = mix(0, key), tag = h >> 48 << 48, rule;
	Cached *set = cache[h % NSETS], *c;
	uint32_t no = 0;
	Sigs s;
	int i;

	for(i = 0; i < NWAYS; i++) {
		if(__atomic_load_n(&set[i].key, __ATOMIC_ACQUIRE) != key)
			continue;
		/* An entry that is replaced as we look has another tag, or the same rule. */
		rule = __atomic_load_n(&set[i].rule, __ATOMIC_RELAXED);
		if(rule >> 48 << 48 == tag)
			return rule;
	}
	if(!dear || !able)
		return 0;
	sigsoff(&s);
	if(!__atomic_compare_exchange_n(&deriving, &no, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		sigsback(&s);
		return 0;
	}
	rule = unwindrule(at, m) | tag;
	for(i = 0; i < NWAYS - 1 && set[i].key != 0; i++)
		;
	c = i < NWAYS - 1 ? &set[i] : &set[victim++ % NWAYS];
	__atomic_store_n(&c->key, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&c->rule, rule, __ATOMIC_RELEASE);
	__atomic_store_n(&c->key, key, __ATOMIC_RELEASE);
	__atomic_store_n(&deriving, 0, __ATOMIC_RELEASE);
	sigsback(&s);
	return rule;
}

Step
framestep(uint64_t rule, Regs *r, uintptr_t *slot, Peek peek, void *arg)
{
	uintptr_t cfa, fp = r->fp;

	switch(RULEKIND(rule)) {
	case Rsp:
		cfa = r->sp + (uintptr_t)RULEA(rule);
		break;
	case Rfp:
		cfa = r->fp + (uintptr_t)RULEA(rule);
		break;
	case Rderef:
		if(!peek(arg, r->fp + (uintptr_t)RULEC(rule), &cfa))
			return Sbroken;
		cfa += (uintptr_t)RULEA(rule);
		break;
	case Rsignal: {
		ucontext_t *u = (ucontext_t *)r->sp;

		*slot = 0;
		if(!peek(arg, (uintptr_t)&u->uc_mcontext.gregs[REG_RIP], &r->pc) ||
		    !peek(arg, (uintptr_t)&u->uc_mcontext.gregs[REG_RBP], &r->fp) ||
		    !peek(arg, (uintptr_t)&u->uc_mcontext.gregs[REG_RSP], &r->sp))
			return Sbroken;
		return Ssignal;
	}
	case Rend:
		return Send;
	default:
		return Sbroken;
	}
	if(RULEFP(rule) == Fcfa && !peek(arg, cfa + (uintptr_t)RULEB(rule), &fp))
		return Sbroken;
	if(RULEFP(rule) == Ffp && !peek(arg, r->fp + (uintptr_t)RULEB(rule), &fp))
		return Sbroken;
	*slot = cfa - 8;
	if(!peek(arg, *slot, &r->pc))
		return Sbroken;
	r->sp = cfa;
	r->fp = fp;
	return Smore;
}

void
framestart(void)
{
	const Mod *m = modfind((uintptr_t)framestart, nil);
	int a, b;

	if(m == nil || !unwindstart())
		return;
	able = 1;
	/* libunwind makes its pools at its first use. */
	/*
	 * libunwind opens a pipe when it is first used, for its local interface, which is not used here.  It
	 * gets the two lowest descriptors that are free; the program must not find them taken.
	 */
	a = sysopen("/dev/null", O_RDONLY | O_CLOEXEC, 0);
	b = sysopen("/dev/null", O_RDONLY | O_CLOEXEC, 0);
	if(a >= 0)
		sysclose(a);
	if(b >= 0)
		sysclose(b);
	framerule((uintptr_t)framestart, m, 1);
	if(a >= 0 && b >= 0 && sysispipe(a, b)) {
		sysclose(a);
		sysclose(b);
	}
}
