/*
 * The calling thread's stack, as a number: an entry of Sstacks.
 *
 * The dear way goes from frame to frame by the rules of frame.c.  The cheap way,
 * nearly always taken, is to remember the last few stacks of the thread and
 * where each return address lay: if they all are there still, it is that
 * stack.  The frames that lie in this library are left out.
 *
 * No word is read that might not be there.  A thread runs on its own stack
 * nearly always; between its stack pointer and the top, which is known, every page has
 * been seen to be readable, once, since when it is remembered how deep.  On any other stack
 * (a handler's, a coroutine's) each page is asked for anew.  There libunwind, which needs
 * room, is not called either: such a stack ends at the first frame that has
 * not been met elsewhere.
 */
#include "recorder.h"

#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>

enum {
	MAXOURS = 32,	     /* frames of this library that are gone through to the program's */
	MAXSTACK = 64 << 20, /* farther than this below its top it is not the main thread's stack */
	MAXREACH = 8 << 20,  /* the most that is looked at page by page */
	ROOM = 4 * FPAGE,    /* what libunwind may need */
	PROBES = 32,
};

typedef struct Walk {
	Self *self;
	int own; /* on the thread's own stack: lo to hi may be read */
	uintptr_t lo, hi;
	uintptr_t page[2]; /* others that may be, this once */
	int next;
} Walk;

static uintptr_t mainlo, mainhi;

void
stackstart(void)
{
	Regs r;

	getregs(&r);
	/* The name of the program lies at the very top of the first thread's stack. */
	mainhi = getauxval(AT_EXECFN) & ~7ul;
	mainlo = r.sp < mainhi && mainhi - r.sp < MAXREACH ? r.sp & -(uintptr_t)FPAGE : mainhi;
}

/* Whether sp is on the thread's own stack; from there to its top all can be read then. */
static int
onown(Self *s, uintptr_t sp)
{
	uintptr_t p;

	if(unlikely(s->hi == 0)) {
		if(sp < mainhi && mainhi - sp < MAXSTACK) {
			s->lo = mainlo;
			s->hi = mainhi;
		} else {
			/* glibc keeps the thread's own structure at the top of its stack. */
			s->lo = s->hi = (uintptr_t)pthread_self() & ~7ul;
		}
	}
	if(likely(sp >= s->lo && sp < s->hi))
		return 1;
	if(sp >= s->hi || s->lo - sp > MAXREACH || sp <= s->unread)
		return 0;
	for(p = sp & -(uintptr_t)FPAGE; p < s->lo; p += FPAGE)
		if(!readable((void *)p)) {
			s->unread = p;
			return 0;
		}
	s->lo = sp & -(uintptr_t)FPAGE;
	return 1;
}

static int
peek(void *arg, uintptr_t addr, uintptr_t *v)
{
	Walk *w = arg;

	if((addr & 7) != 0)
		return 0;
	if(addr < w->lo || addr >= w->hi) {
		if(addr / FPAGE != w->page[0] && addr / FPAGE != w->page[1]) {
			if(addr < FPAGE || !readable((void *)addr))
				return 0;
			w->page[w->next++ & 1] = addr / FPAGE;
		}
	}
	*v = *(uintptr_t *)addr;
	return 1;
}

/* The number of a stack; 0 if there is no room. */
static uint32_t
intern(const Fpc *pc, uint32_t n, uint32_t truncated)
{
	uint32_t i, hash, first, was, mask = prof.n[Sstacks] - 1, at;
	uint64_t h = n | truncated, f;
	Fstack *s;

	for(i = 0; i < n; i++)
		h = mix(h, pc[i]);
	at = hash = (uint32_t)(h >> 32) | 1;
	for(i = 0; i < PROBES; i++, at++) {
		s = &prof.stacks[at & mask];
		was = __atomic_load_n(&s->hash, __ATOMIC_RELAXED);
		/* One that is being made is passed by: the same stack may be entered twice. */
		if(was == hash && __atomic_load_n(&s->n, __ATOMIC_ACQUIRE) == (n | truncated) &&
		    memcmp(&prof.frames[s->first], pc, n * sizeof *pc) == 0)
			return (at & mask) + 1;
		if(was != 0)
			continue;
		/* Frames first: a stack without them would take its place for nothing. */
		f = __atomic_fetch_add(&prof.header->section[Sframes].used, n, __ATOMIC_RELAXED);
		if(f + n > prof.n[Sframes]) {
			lost(Sframes);
			return 0;
		}
		if(!__atomic_compare_exchange_n(&s->hash, &was, hash, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		first = (uint32_t)f;
		for(uint32_t k = 0; k < n; k++)
			__atomic_store_n(&prof.frames[first + k], pc[k], __ATOMIC_RELAXED);
		__atomic_store_n(&s->first, first, __ATOMIC_RELAXED);
		__atomic_store_n(&s->n, n | truncated, __ATOMIC_RELEASE);
		sharedbump(&prof.header->section[Sstacks].used, 1);
		return (at & mask) + 1;
	}
	lost(Sstacks);
	return 0;
}

/* A stack of which only the call is known. */
static uint32_t
justone(Self *s, uintptr_t pc)
{
	Fpc f = siteown(s, pc);

	return pc == 0 ? 0 : intern(&f, 1, Struncated);
}

/* Whether m is the thread's stack now, from sp up. */
static int
holds(const Memo *m, uintptr_t sp)
{
	uint32_t i;

	if(m->n == 0)
		return 0;
	for(i = 0; i < m->n; i++)
		if(*(uintptr_t *)(sp + m->slot[i]) != m->ret[i])
			return 0;
	for(i = 0; i < m->nmod; i++)
		if(!modlives(modat(m->mod[i])))
			return 0;
	return 1;
}

/* m is to hold a frame of mod, which may be unloaded: 0 if it has no room for another such. */
static int
note(Memo *m, const Mod *mod)
{
	uint32_t i;

	if(mod == nil || mod->stays)
		return 1;
	for(i = 0; i < m->nmod; i++)
		if(m->mod[i] == mod->index)
			return 1;
	if(m->nmod == sizeof m->mod / sizeof m->mod[0])
		return 0;
	m->mod[m->nmod++] = mod->index;
	return 1;
}

/* Whether there is stack left for libunwind below sp. */
static int
roomy(Walk *w, uintptr_t sp)
{
	uintptr_t p;

	if(!w->own)
		return 0;
	for(p = (sp - ROOM) & -(uintptr_t)FPAGE; p < w->lo; p += FPAGE)
		if(!readable((void *)p))
			return 0;
	p = (sp - ROOM) & -(uintptr_t)FPAGE;
	if(p < w->lo)
		w->self->lo = w->lo = p;
	return 1;
}

/*
 * From r to the outermost frame: the stack's number.  m, if not nil, is made the
 * memory of it, if it can be.  pc, if not 0, is the return address into the first
 * frame that counts.
 */
static uint32_t
walk(Walk *w, Regs r, uintptr_t pc, Memo *m)
{
	Fpc frame[FMAXFRAMES];
	uintptr_t slot, sp = r.sp;
	uint32_t n = 0, steps, truncated = 0, keep = m != nil && w->own, exact = 1, begun = 0, id;
	const Mod *mod = modfind(r.pc, nil);
	uint64_t rule;
	Step step;

	for(steps = 0;; steps++) {
		rule = mod == nil ? 0 : framerule(r.pc - !exact, mod, 0);
		if(rule == 0 && mod != nil && roomy(w, sp))
			rule = framerule(r.pc - !exact, mod, 1);
		if(rule == 0) {
			/* What could not be found out now may be next time; code made at run time stays what it is. */
			keep &= mod == nil;
			if(mod != nil)
				sharedbump(&prof.header->stackscut, 1);
			truncated = Struncated;
			break;
		}
		step = framestep(rule, &r, &slot, peek, w);
		if(step == Send || (step == Smore && r.pc == 0))
			break;
		if(step == Sbroken || n == FMAXFRAMES || steps == FMAXFRAMES + MAXOURS) {
			truncated = Struncated;
			break;
		}
		exact = step == Ssignal;
		mod = modfind(r.pc, mod);
		if(!begun && (pc != 0 ? r.pc != pc : mod != nil && mod == modours)) {
			if(steps == MAXOURS)
				break;
			continue;
		}
		begun = 1;
		if(mod != nil && mod == modours)
			continue;
		/* An interrupted instruction, written as if it had been a call. */
		frame[n] = modpc(mod, r.pc + exact);
		if(keep && slot >= sp && slot < w->hi && slot - sp <= UINT32_MAX && note(m, mod)) {
			m->slot[n] = (uint32_t)(slot - sp);
			m->ret[n] = r.pc;
		} else {
			keep = 0;
		}
		n++;
	}
	if(n == 0)
		return justone(w->self, pc);
	id = intern(frame, n, truncated);
	if(keep && id != 0) {
		m->stack = id;
		m->n = (uint8_t)n;
	}
	return id;
}

__attribute__((noinline)) uint32_t
stacktake(Self *s, uintptr_t pc)
{
	Walk w = {.self = s};
	uint64_t begun;
	uint32_t i = 0, id;
	Memo *m = nil;
	Own *o;
	Regs r;

	if(s == nil)
		return justone(nil, pc);
	getregs(&r);
	o = s->own;
	w.own = onown(s, r.sp);
	if(w.own && o != nil) {
		for(i = 0; i < NMEMO; i++)
			if(o->sp[i] == r.sp && o->pc[i] == pc && holds(&o->memo[i], r.sp))
				return o->memo[i].stack;
		i = o->nextmemo;
		m = &o->memo[i];
		m->n = m->nmod = 0;
	}
	begun = ticks();
	/* This page can be read wherever it is: we are on it. */
	w.page[0] = w.page[1] = r.sp / FPAGE;
	if(w.own) {
		w.lo = s->lo;
		w.hi = s->hi;
	}
	id = walk(&w, r, pc, m);
	if(m != nil && m->n != 0) {
		o->pc[i] = pc;
		o->sp[i] = r.sp;
		o->nextmemo = (i + 1) % NMEMO;
	}
	overhead(s, ticks() - begun);
	return id;
}
