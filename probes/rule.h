/*
 * A frame rule, packed in a word: how to go from a frame to its caller, on x86-64.
 *
 * Kind in bits 0-2, where the caller's frame pointer is in bits 3-4, three
 * numbers of words above, and 16 bits for the cache of rules on top.  CFA is the stack
 * pointer in the caller; the return address lies just below it.
 */
#ifndef RENDEZ_RULE_H
#define RENDEZ_RULE_H

#include "recorder.h"

enum Rulekind {
	Rnone = 1, /* no unwind information: the stack is lost here */
	Rend,	   /* the outermost frame */
	Rsp,	   /* CFA = sp + a */
	Rfp,	   /* CFA = fp + a */
	Rderef,	   /* CFA = *(fp + c) + a: a function that realigned its stack */
	Rsignal,   /* the kernel's frame: all registers lie in it */
};
enum Rulefp {
	Fsame,
	Fcfa, /* at CFA + b */
	Ffp,  /* at fp + b */
};
#define RULE(kind, fp, a, b, c) \
	((uint64_t)(kind) | (uint64_t)(fp) << 3 | ((uint64_t)(c)&0xff) << 5 | ((uint64_t)(b)&0x7ff) << 13 | \
	    ((uint64_t)(a)&0xffffff) << 24)
#define RULEKIND(r) ((enum Rulekind)((r)&7))
#define RULEFP(r) ((enum Rulefp)((r) >> 3 & 3))
/* Sign-extended, in bytes. */
#define RULEA(r) ((intptr_t)((int64_t)((uint64_t)(r) << 16) >> 40) * 8)
#define RULEB(r) ((intptr_t)((int64_t)((uint64_t)(r) << 40) >> 53) * 8)
#define RULEC(r) ((intptr_t)((int64_t)((uint64_t)(r) << 51) >> 56) * 8)

/* unwind.c: libunwind made ready, and the rule of an address by it; one thread at a time. */
int unwindstart(void) HIDDEN;
uint64_t unwindrule(uintptr_t at, const Mod *) HIDDEN;

#endif
