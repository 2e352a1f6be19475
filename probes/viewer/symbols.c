/*
 * Modules and addresses by libdwfl, each module in a session of its own at base
 * 0, so that the recorder's offsets are its addresses.  Lookups are dear (some
 * 10 us with inlined functions), so every address is asked for once.
 */
#include "symbols.h"

#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "demangle.h"
#include "dwarf.h"
#include "../format.h"

struct Module {
	Module *next;
	const char *path; /* to be shown */
	const char *file; /* as it is */
	const char *base; /* the last part of it */
	const char *warning;
	uint8_t id[64];
	uint32_t nid;
	int cut; /* the profile has only the beginning of the path */
	int tried;
	Dwfl *dwfl;
	Dwfl_Module *mod; /* nil: not to be had, or not the file that the program had */
	Dwarfseen seen;
};

struct Symbols {
	Arena *a;
	int files;
	Module *modules;
	Map bypath; /* (hash of path, hash of id) */
	Map code;   /* (module, offset) -> Chain */
	Map data;
};

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
};

Symbols *
symopen(Arena *a, int files)
{
	Symbols *s = aalloc(a, sizeof *s);

	s->a = a;
	s->files = files;
	return s;
}

void
symclose(Symbols *s)
{
	Module *m;

	for(m = s->modules; m != NULL; m = m->next) {
		if(m->dwfl != NULL)
			dwfl_end(m->dwfl);
		mapfree(&m->seen.functions);
	}
	mapfree(&s->bypath);
	mapfree(&s->code);
	mapfree(&s->data);
}

Module *
symmodule(Symbols *s, const char *path, const uint8_t *id, uint32_t nid)
{
	uint64_t a, b;
	Module *m;
	char *slash;

	if(nid > sizeof m->id)
		nid = 0;
	a = hashbytes(path, strlen(path));
	b = hashbytes(id, nid);
	m = mapget(&s->bypath, a, b);
	if(m != NULL)
		return m;
	m = aalloc(s->a, sizeof *m);
	m->file = astrdup(s->a, path);
	m->path = aclean(s->a, path, strlen(path));
	slash = strrchr(m->path, '/');
	m->cut = strlen(path) >= FPATH - 1;
	m->base = slash != NULL && slash[1] != 0 ? slash + 1 : m->path;
	if(nid != 0) /* then there may be no id */
		memcpy(m->id, id, nid);
	m->nid = nid;
	m->next = s->modules;
	s->modules = m;
	mapput(&s->bypath, a, b, m);
	return m;
}

const char *
modulepath(const Module *m)
{
	return m->path;
}

const char *
modulewarning(const Module *m)
{
	return m->warning;
}

/* Open the file at the first question about it. */
static void
load(Symbols *s, Module *m)
{
	const unsigned char *id;
	struct stat st;
	GElf_Addr at;
	int n;

	if(m->tried)
		return;
	m->tried = 1;
	if(!s->files || m->file[0] != '/')
		return;
	/* a path from a profile may name anything: open plain files only */
	if(stat(m->file, &st) < 0 || !S_ISREG(st.st_mode)) {
		m->warning = m->cut
				 ? aprintf(s->a,
				       "%s...: a path of more than %d bytes is not kept: its addresses have no names",
				       m->path, FPATH - 2)
				 : aprintf(s->a, "%s is gone: its addresses have no names", m->path);
		return;
	}
	m->dwfl = dwfl_begin(&callbacks);
	if(m->dwfl == NULL)
		return;
	dwfl_report_begin(m->dwfl);
	m->mod = dwfl_report_elf(m->dwfl, m->base, m->file, -1, 0, true);
	dwfl_report_end(m->dwfl, NULL, NULL);
	if(m->mod == NULL) {
		m->warning = aprintf(s->a, "%s cannot be read: its addresses have no names", m->path);
		return;
	}
	if(m->nid == 0)
		return;
	n = dwfl_module_build_id(m->mod, &id, &at);
	if(n != (int)m->nid || memcmp(id, m->id, m->nid) != 0) {
		m->mod = NULL;
		m->warning = aprintf(
		    s->a, "%s has been replaced since (another build-id): its addresses have no names", m->path);
	}
}

/* What is left when nothing is known: the place itself. */
static Chain *
unnamed(Symbols *s)
{
	Chain *c = aalloc(s->a, sizeof *c + sizeof c->site[0]);

	c->n = 1;
	return c;
}

const Chain *
symcode(Symbols *s, Module *m, uint64_t off)
{
	Chain *c = mapget(&s->code, (uintptr_t)m, off);
	const char *sym;
	int i;

	if(c != NULL)
		return c;
	if(m != NULL)
		load(s, m);
	/* a return address may be the first of the next line: the call is before it */
	if(m != NULL && m->mod != NULL && off > 0)
		c = dwarfchain(s->a, &m->seen, m->mod, off - 1);
	if(c == NULL)
		c = unnamed(s);
	for(i = 0; i < c->n; i++) {
		Site *site = &c->site[i];

		site->module = m == NULL ? "" : m->path;
		site->offset = off;
		if(site->function == NULL && i == c->n - 1 && m != NULL && m->mod != NULL && off > 0) {
			GElf_Off o;
			GElf_Sym gs;

			sym = dwfl_module_addrinfo(m->mod, off - 1, &o, &gs, NULL, NULL, NULL);
			/* a symbol that ends before the address is somebody else's */
			if(sym != NULL && (gs.st_size == 0 || o < gs.st_size))
				site->function = demangle(s->a, sym);
		}
		site->named = site->function != NULL;
		if(site->function == NULL)
			site->function = m == NULL ? aprintf(s->a, "0x%llx", (unsigned long long)off)
						   : aprintf(s->a, "%s+0x%llx", m->base, (unsigned long long)off);
	}
	mapput(&s->code, (uintptr_t)m, off, c);
	return c;
}

const char *
symdata(Symbols *s, Module *m, uint64_t off)
{
	static const char none[] = "";
	const char *name, *found;
	GElf_Sym sym;
	GElf_Off o;

	found = mapget(&s->data, (uintptr_t)m, off);
	if(found != NULL)
		return found == none ? NULL : found;
	load(s, m);
	found = none;
	if(m->mod != NULL) {
		name = dwfl_module_addrinfo(m->mod, off, &o, &sym, NULL, NULL, NULL);
		if(name != NULL && GELF_ST_TYPE(sym.st_info) == STT_OBJECT && o < sym.st_size) {
			found = demanglewhole(s->a, name);
			if(o != 0)
				found = aprintf(s->a, "%s+0x%llx", found, (unsigned long long)o);
		}
	}
	mapput(&s->data, (uintptr_t)m, off, (void *)found);
	return found == none ? NULL : found;
}
