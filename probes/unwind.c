/*
 * A frame rule found out by libunwind.
 *
 * libunwind is shown a made-up thread: its stack and frame pointers are two
 * numbers far from everything, each word of its stack holds a number that says
 * which word it is, and of real memory it may read only the module's own.  What
 * it says of the caller of such a thread is how the caller's registers follow
 * from the frame's in any thread.  It is never given a real stack.
 *
 * What libunwind does in here: it takes its own locks, with all signals off,
 * and computes; no descriptor, no allocation (its pools are its own, its address
 * space is made in advance), no loader lock.
 */
#define _GNU_SOURCE
#include "rule.h"

#include <dlfcn.h>
#include <libunwind.h>
#include <string.h>

#pragma weak _dl_find_object

#define UNWINDLIB "libunwind-x86_64.so.8"
#define STRING(x) STRING_(x)
#define STRING_(x) #x

/* The made-up registers and memory. */
#define FAKESP ((uintptr_t)1 << 58)
#define FAKEFP ((uintptr_t)1 << 59)
#define FAKEREACH ((uintptr_t)1 << 27)
#define FAKEWORD(addr) ((addr) ^ (uintptr_t)1 << 60)
#define FARWORD(addr) ((addr) ^ (uintptr_t)1 << 61)

/* What libunwind is asked about. */
typedef struct Ask {
	uintptr_t at;
	const Mod *m;
	uintptr_t word; /* the first word of the stack that was read */
	uintptr_t page; /* of the module, that was found readable */
	int noinfo;
} Ask;

static unw_addr_space_t space;
static unw_cursor_t cursor;

/* libunwind's functions; nil without the library. */
static struct {
	__typeof__(unw_create_addr_space) *create;
	__typeof__(unw_init_remote) *init;
	__typeof__(unw_step) *step;
	__typeof__(unw_get_reg) *get;
	int (*search)(unw_addr_space_t, unw_word_t, unw_dyn_info_t *, unw_proc_info_t *, int, void *);
} lib;

static int
near(uintptr_t addr, uintptr_t center)
{
	return addr - center + FAKEREACH < 2 * FAKEREACH;
}

/* A module whose segments lie apart is known by the one with the code; its tables are in another. */
static int
inmodule(const Mod *m, uintptr_t addr)
{
	struct dl_find_object o;

	return (addr >= m->start && addr < m->end) ||
	       (_dl_find_object((void *)addr, &o) == 0 && o.dlfo_link_map == m->map);
}

static int
accessmem(unw_addr_space_t as, unw_word_t addr, unw_word_t *v, int write, void *arg)
{
	Ask *a = arg;

	(void)as;
	if(write)
		return -UNW_EINVAL;
	if(near(addr, FAKESP) || near(addr, FAKEFP)) {
		if(a->word == 0)
			a->word = addr;
		*v = FAKEWORD(addr);
		return 0;
	}
	/* Where such a word points. */
	if(near(addr, FAKEWORD(FAKEFP))) {
		*v = FARWORD(addr);
		return 0;
	}
	if((addr & 7) != 0 || !inmodule(a->m, addr))
		return -UNW_EINVAL;
	/* A module that can be unloaded is not trusted to be there; one that cannot costs no system calls. */
	if(!a->m->stays && a->page != addr / FPAGE) {
		if(!readable((void *)addr))
			return -UNW_EINVAL;
		a->page = addr / FPAGE;
	}
	*v = *(unw_word_t *)addr;
	return 0;
}

static int
accessreg(unw_addr_space_t as, unw_regnum_t reg, unw_word_t *v, int write, void *arg)
{
	Ask *a = arg;

	(void)as;
	if(write)
		return -UNW_EREADONLYREG;
	if(reg == UNW_REG_IP)
		*v = a->at;
	else if(reg == UNW_REG_SP)
		*v = FAKESP;
	else if(reg == UNW_TDEP_BP)
		*v = FAKEFP;
	else
		return -UNW_EBADREG;
	return 0;
}

static int
findinfo(unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *pi, int need, void *arg)
{
	Ask *a = arg;
	const uint8_t *h = a->m->ehframe;
	unw_dyn_info_t di = {0};
	int r = -UNW_ENOINFO;

	/* The header of .eh_frame_hdr as every linker makes it: version 1, pcrel and 4 bytes, count of 4 bytes, sorted table of 2 * 4. */
	if(h != nil && (a->m->stays || readable(h)) && h[0] == 1 && h[1] == 0x1b && h[2] == 0x03 && h[3] == 0x3b) {
		di.format = UNW_INFO_FORMAT_REMOTE_TABLE;
		di.start_ip = a->m->start;
		di.end_ip = a->m->end;
		di.u.rti.segbase = (uintptr_t)h;
		di.u.rti.table_data = (uintptr_t)h + 12;
		di.u.rti.table_len = *(const uint32_t *)(h + 8); /* entries of one word each */
		r = lib.search(as, ip, &di, pi, need, arg);
	}
	if(r < 0)
		a->noinfo = 1;
	return r;
}

static void
putinfo(unw_addr_space_t as, unw_proc_info_t *pi, void *arg)
{
	(void)as;
	(void)pi;
	(void)arg;
}

static int
noinfolist(unw_addr_space_t as, unw_word_t *v, void *arg)
{
	(void)as;
	(void)v;
	(void)arg;
	return -UNW_ENOINFO;
}

static int
nofpreg(unw_addr_space_t as, unw_regnum_t reg, unw_fpreg_t *v, int write, void *arg)
{
	(void)as;
	(void)reg;
	(void)v;
	(void)write;
	(void)arg;
	return -UNW_EBADREG;
}

static int
noresume(unw_addr_space_t as, unw_cursor_t *c, void *arg)
{
	(void)as;
	(void)c;
	(void)arg;
	return -UNW_EINVAL;
}

static int
noname(unw_addr_space_t as, unw_word_t ip, char *buf, size_t n, unw_word_t *off, void *arg)
{
	(void)as;
	(void)ip;
	(void)buf;
	(void)n;
	(void)off;
	(void)arg;
	return -UNW_ENOINFO;
}

/* Whether d bytes fit in a rule's field of so many bits. */
static int
fits(intptr_t d, int bits)
{
	return (d & 7) == 0 && d / 8 >= -((intptr_t)1 << (bits - 1)) && d / 8 < (intptr_t)1 << (bits - 1);
}

/* The rule that the caller's registers, as libunwind makes them from ours, amount to; 0 if there is none. */
static uint64_t
classify(const Ask *a, uintptr_t cfa, uintptr_t ra, uintptr_t fp)
{
	enum Rulekind kind;
	enum Rulefp where = Fsame;
	intptr_t da, db = 0, dc = 0;

	if(near(cfa, FAKESP)) {
		kind = Rsp;
		da = (intptr_t)(cfa - FAKESP);
	} else if(near(cfa, FAKEFP)) {
		kind = Rfp;
		da = (intptr_t)(cfa - FAKEFP);
	} else if(near(a->word, FAKEFP) && near(cfa, FAKEWORD(FAKEFP))) {
		kind = Rderef;
		dc = (intptr_t)(a->word - FAKEFP);
		da = (intptr_t)(cfa - FAKEWORD(a->word));
	} else {
		return 0;
	}
	if(ra != (kind == Rderef ? FARWORD(cfa - 8) : FAKEWORD(cfa - 8)))
		return 0;
	if(fp != FAKEFP) {
		fp = FAKEWORD(fp);
		if(near(fp, FAKEFP)) {
			where = Ffp;
			db = (intptr_t)(fp - FAKEFP);
		} else if(near(fp, FAKESP) && kind == Rsp) {
			where = Fcfa;
			db = (intptr_t)(fp - cfa);
		} else {
			return 0;
		}
	}
	if(!fits(da, 24) || !fits(db, 11) || !fits(dc, 8))
		return 0;
	return RULE(kind, where, da / 8, db / 8, dc / 8);
}

/* mov $__NR_rt_sigreturn, %rax; syscall: where a signal handler returns to. */
static int
issignal(uintptr_t pc, const Mod *m)
{
	static const uint8_t code[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};

	return pc >= m->start && m->end - pc >= sizeof code && (m->stays || readable((void *)pc)) &&
	       __builtin_memcmp((void *)pc, code, sizeof code) == 0;
}

uint64_t
unwindrule(uintptr_t at, const Mod *m)
{
	Ask a = {.at = at, .m = m};
	unw_word_t cfa, ra, fp;
	uint64_t rule;
	int r;

	/* A return address is looked up one byte before it. */
	if(issignal(at + 1, m) || issignal(at, m))
		return RULE(Rsignal, Fsame, 0, 0, 0);
	if(lib.init(&cursor, space, &a) < 0)
		return RULE(Rnone, Fsame, 0, 0, 0);
	r = lib.step(&cursor);
	if(a.noinfo || r < 0)
		return RULE(Rnone, Fsame, 0, 0, 0);
	if(r == 0)
		return RULE(Rend, Fsame, 0, 0, 0);
	if(lib.get(&cursor, UNW_REG_SP, &cfa) < 0 || lib.get(&cursor, UNW_REG_IP, &ra) < 0 ||
	    lib.get(&cursor, UNW_TDEP_BP, &fp) < 0)
		return RULE(Rnone, Fsame, 0, 0, 0);
	rule = classify(&a, cfa, ra, fp);
	return rule != 0 ? rule : RULE(Rnone, Fsame, 0, 0, 0);
}

int
unwindstart(void)
{
	static unw_accessors_t acc = {
	    .find_proc_info = findinfo,
	    .put_unwind_info = putinfo,
	    .get_dyn_info_list_addr = noinfolist,
	    .access_mem = accessmem,
	    .access_reg = accessreg,
	    .access_fpreg = nofpreg,
	    .resume = noresume,
	    .get_proc_name = noname,
	};
	/* Local: it exports names that the program must not get from us. */
	void *h = dlopen(UNWINDLIB, RTLD_NOW | RTLD_LOCAL);

	if(h == nil)
		return 0;
	lib.create = dlsym(h, STRING(unw_create_addr_space));
	lib.init = dlsym(h, STRING(unw_init_remote));
	lib.step = dlsym(h, STRING(unw_step));
	lib.get = dlsym(h, STRING(unw_get_reg));
	lib.search = dlsym(h, STRING(UNW_OBJ(dwarf_search_unwind_table)));
	if(lib.create == nil || lib.init == nil || lib.step == nil || lib.get == nil || lib.search == nil ||
	    (space = lib.create(&acc, 0)) == nil)
		return 0;
	return 1;
}
