/*
 * Inlined functions and lines, by libdw.  DWARF nests them: the compilation unit
 * has the function, the function the blocks and inlined functions in it.  The
 * innermost gives the line from the line table; each further one is told by where
 * the one inside it was called.
 */
#include "dwarf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>
#include "demangle.h"

enum { MAXSCOPES = 64 };

typedef struct Scopes {
	Dwarf_Die die[MAXSCOPES]; /* outermost first: a function, then what is inlined in it */
	int n;
} Scopes;

typedef struct Range {
	Dwarf_Addr lo, hi;
	Dwarf_Off die;
} Range;

/* Which part of the code is whose.  Looking through a large unit for every address would take milliseconds each time. */
typedef struct Ranges {
	Range *r;
	size_t n;
} Ranges;

static void
addranges(Ranges *rs, Dwarf_Die *die)
{
	Dwarf_Addr base, lo, hi;
	ptrdiff_t at = 0;

	while((at = dwarf_ranges(die, at, &base, &lo, &hi)) > 0) {
		if(lo >= hi)
			continue;
		if((rs->n & (rs->n - 1)) == 0)
			rs->r = erealloc(rs->r, (rs->n ? 2 * rs->n : 1) * sizeof *rs->r);
		rs->r[rs->n++] = (Range){lo, hi, dwarf_dieoffset(die)};
	}
}

static int
rangecmp(const void *a, const void *b)
{
	const Range *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* In order, and in the arena. */
static Ranges *
keepranges(Arena *a, Ranges *rs)
{
	Ranges *kept = aalloc(a, sizeof *kept);

	if(rs->n > 0) {
		qsort(rs->r, rs->n, sizeof *rs->r, rangecmp);
		kept->r = aalloc(a, rs->n * sizeof *rs->r);
		memcpy(kept->r, rs->r, rs->n * sizeof *rs->r);
		kept->n = rs->n;
	}
	free(rs->r);
	return kept;
}

static const Range *
findrange(const Ranges *rs, Dwarf_Addr addr)
{
	size_t lo = 0, hi = rs->n;

	while(lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if(rs->r[mid].lo <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 && addr < rs->r[lo - 1].hi ? &rs->r[lo - 1] : NULL;
}

/* The functions of a unit, those in name spaces and classes too. */
static void
addfunctions(Ranges *rs, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;

	if(depth > MAXSCOPES || dwarf_child(parent, &die) != 0)
		return;
	do {
		switch(dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			addranges(rs, &die);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
			addfunctions(rs, &die, depth + 1);
			break;
		}
	} while(dwarf_siblingof(&die, &die) == 0);
}

/* The unit of addr.  Compilers that write no table of address ranges (clang) make us look at each unit, once. */
static Dwarf_Die *
unitof(Arena *a, Dwarfseen *seen, Dwfl_Module *mod, Dwarf_Addr addr, Dwarf_Addr *bias, Dwarf_Die *room)
{
	Dwarf_Die *cu = dwfl_module_addrdie(mod, addr, bias);
	const Range *r;
	Dwarf *dwarf;

	if(cu != NULL)
		return cu;
	if(seen->units == NULL) {
		Ranges rs = {NULL, 0};

		while((cu = dwfl_module_nextcu(mod, cu, bias)) != NULL)
			addranges(&rs, cu);
		seen->units = keepranges(a, &rs);
	}
	dwarf = dwfl_module_getdwarf(mod, bias);
	r = dwarf == NULL ? NULL : findrange(seen->units, addr - *bias);
	return r == NULL ? NULL : dwarf_offdie(dwarf, r->die, room);
}

/* Descend from a function or block to the innermost inlined function that covers addr. */
static void
findinlined(Dwarf_Die *parent, Dwarf_Addr addr, Scopes *s)
{
	Dwarf_Die die, in;
	int more = dwarf_child(parent, &die) == 0;

	while(more) {
		int tag = dwarf_tag(&die);

		if((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block || tag == DW_TAG_try_block ||
		       tag == DW_TAG_catch_block) &&
		    dwarf_haspc(&die, addr) > 0) {
			if(tag == DW_TAG_inlined_subroutine && s->n < MAXSCOPES)
				s->die[s->n++] = die;
			in = die;
			more = dwarf_child(&in, &die) == 0;
		} else
			more = dwarf_siblingof(&die, &die) == 0;
	}
}

/* The function of unit cu that covers addr, and what is inlined in it there. */
static void
findscopes(Arena *a, Dwarfseen *seen, Dwarf_Die *cu, Dwarf_Addr addr, Scopes *s)
{
	Dwarf *dwarf = dwarf_cu_getdwarf(cu->cu);
	Ranges *functions = mapget(&seen->functions, (uintptr_t)dwarf, dwarf_dieoffset(cu));
	const Range *r;

	if(functions == NULL) {
		Ranges rs = {NULL, 0};

		addfunctions(&rs, cu, 0);
		functions = keepranges(a, &rs);
		mapput(&seen->functions, (uintptr_t)dwarf, dwarf_dieoffset(cu), functions);
	}
	r = findrange(functions, addr);
	if(r == NULL || dwarf_offdie(dwarf, r->die, &s->die[0]) == NULL)
		return;
	s->n = 1;
	findinlined(&s->die[0], addr, s);
}

static const char *
funcname(Arena *a, Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *s = NULL;

	if(dwarf_attr_integrate(die, DW_AT_linkage_name, &attr) != NULL ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attr) != NULL)
		s = dwarf_formstring(&attr);
	if(s == NULL)
		s = dwarf_diename(die);
	return s == NULL ? NULL : demangle(a, s);
}

/* Where the inlined function was called. */
static void
callsite(Arena *a, Dwarf_Die *cu, Dwarf_Die *die, const char **file, int *line)
{
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	Dwarf_Word v;
	size_t n;

	*file = NULL;
	*line = 0;
	if(dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attr), &v) == 0 && v < 1u << 30)
		*line = (int)v;
	if(dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attr), &v) == 0 &&
	    dwarf_getsrcfiles(cu, &files, &n) == 0 && v < n) {
		const char *s = dwarf_filesrc(files, v, NULL, NULL);

		if(s != NULL)
			*file = aclean(a, s, strlen(s));
	}
	if(*file == NULL)
		*line = 0;
}

Chain *
dwarfchain(Arena *a, Dwarfseen *seen, Dwfl_Module *mod, Dwarf_Addr addr)
{
	Dwarf_Die *cu, room, split;
	Dwarf_Addr bias;
	Dwarf_Line *line;
	Scopes s = {.n = 0};
	Chain *c;
	const char *file = NULL;
	uint8_t unittype;
	int i, lineno = 0;

	cu = unitof(a, seen, mod, addr, &bias, &room);
	if(cu == NULL)
		return NULL;
	line = dwarf_getsrc_die(cu, addr - bias);
	if(line != NULL && (file = dwarf_linesrc(line, NULL, NULL)) != NULL) {
		file = aclean(a, file, strlen(file));
		dwarf_lineno(line, &lineno);
	}
	/* the functions may be in another file, with only a skeleton of the unit here */
	if(dwarf_cu_info(cu->cu, NULL, &unittype, NULL, &split, NULL, NULL, NULL) == 0 && unittype == DW_UT_skeleton &&
	    dwarf_tag(&split) != DW_TAG_invalid)
		cu = &split;
	findscopes(a, seen, cu, addr - bias, &s);
	if(s.n == 0 && file == NULL)
		return NULL;
	c = aalloc(a, sizeof *c + (size_t)(s.n + 1) * sizeof c->site[0]);
	for(i = s.n - 1; i >= 0; i--) {
		Site *site = &c->site[c->n++];

		site->function = funcname(a, &s.die[i]);
		site->file = file;
		site->line = lineno;
		if(dwarf_tag(&s.die[i]) != DW_TAG_inlined_subroutine)
			break;
		site->inlined = 1;
		callsite(a, cu, &s.die[i], &file, &lineno);
	}
	if(c->n == 0) {
		c->site[0].file = file;
		c->site[0].line = lineno;
		c->n = 1;
	}
	c->site[c->n - 1].inlined = 0;
	return c;
}
