/*
 * Which loaded object an address belongs to.
 *
 * Objects that are there when recording starts are never unloaded: they stand
 * in an array sorted by address, made once.  Of all others the loader is asked
 * each time, by _dl_find_object, which takes no lock; the answer is looked up
 * in a table of those seen before, and entered if it is new, or if another object
 * now lies where one used to be.  That is told by a word of its build-id.  Where the address is a holder's, or was the caller's
 * a while ago, the object may be unmapped by another thread meanwhile: then the kernel compares the word.
 */
#define _GNU_SOURCE
#include "recorder.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

/* Weak for the reason that shim/shim.h gives, and because older ones of glibc's have no such function. */
#pragma weak _dl_find_object

enum {
	MAXMODS = 512,
	NHASH = 1024,
};

static Mod mods[MAXMODS];
static uint32_t nmods;
static uint16_t hashed[NHASH]; /* index in mods + 1, by start */
static const Mod *sorted[MAXMODS];
static uint32_t nsorted;
static char exepath[FPATH];
const Mod *modours;
int openedearly;

static const Mod *
among(uintptr_t pc)
{
	uint32_t lo = 0, hi = nsorted, mid;

	while(lo < hi) {
		mid = (lo + hi) / 2;
		if(pc >= sorted[mid]->end)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < nsorted && pc >= sorted[lo]->start ? sorted[lo] : nil;
}

static int
inside(uintptr_t start, uintptr_t end, const void *p, size_t n)
{
	return (uintptr_t)p >= start && (uintptr_t)p <= end && n <= end - (uintptr_t)p;
}

/* Finds the build-id among the notes that the program headers at the start of the object name. */
static const uint8_t *
buildid(uintptr_t start, uintptr_t end, uintptr_t bias, uint32_t *len)
{
	const ElfW(Ehdr) *eh = (const void *)start;
	const ElfW(Phdr) * ph;
	const ElfW(Nhdr) * n;
	const uint8_t *p, *e, *id;
	int i;

	if(!inside(start, end, eh, sizeof *eh) || !readable(eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0)
		return nil;
	ph = (const void *)(start + eh->e_phoff);
	if(eh->e_phentsize != sizeof *ph || !inside(start, end, ph, eh->e_phnum * sizeof *ph) ||
	    eh->e_phoff + eh->e_phnum * sizeof *ph > FPAGE)
		return nil;
	for(i = 0; i < eh->e_phnum; i++) {
		if(ph[i].p_type != PT_NOTE)
			continue;
		p = (const void *)(bias + ph[i].p_vaddr);
		if(!inside(start, end, p, ph[i].p_memsz) || !readable((const void *)((uintptr_t)p & ~7ul)))
			continue;
		for(e = p + ph[i].p_memsz; (size_t)(e - p) >= sizeof *n; p = id + ((n->n_descsz + 3) & ~3u)) {
			n = (const void *)p;
			if(n->n_namesz > 64 || n->n_descsz > 4096)
				break;
			id = p + sizeof *n + ((n->n_namesz + 3) & ~3u);
			if(id > e || n->n_descsz > (size_t)(e - id))
				break;
			if(n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 && memcmp(n + 1, "GNU", 4) == 0) {
				*len = n->n_descsz;
				return id;
			}
		}
	}
	return nil;
}

/* here: the caller is in a call from it.  Another thread's may be unloaded this instant. */
static int
same(const Mod *m, const struct dl_find_object *o, int here)
{
	return m->start == (uintptr_t)o->dlfo_map_start && m->end == (uintptr_t)o->dlfo_map_end &&
	       m->map == o->dlfo_link_map && m->ehframe == o->dlfo_eh_frame &&
	       (m->note == nil || (here ? *m->note == m->noteword : wordis(m->note, m->noteword)));
}

/* What the file is to say of the module. */
static void
describe(const Mod *m, const char *path, const uint8_t *id, uint32_t idlen)
{
	Fmodule *f = &prof.modules[m->index];
	size_t n = 0, i;

	if(idlen > FBUILDID)
		idlen = FBUILDID;
	f->start = m->start;
	f->bias = m->bias;
	f->buildidlen = id == nil ? 0 : idlen;
	if(id != nil)
		memcpy(f->buildid, id, idlen);
	if(path[0] == 0)
		path = exepath;
	/* A relative name means something now, and not to the reader. */
	if(path[0] != '/' && strchr(path, '/') != nil && sysgetcwd(f->path, FPATH) > 0) {
		n = strnlen(f->path, FPATH - 2);
		f->path[n++] = '/';
	}
	i = strnlen(path, FPATH - 1 - n);
	memcpy(f->path + n, path, i);
	f->path[n + i] = 0;
}

/* From here on the reader believes it. */
static void
publish(const Mod *m)
{
	__atomic_store_n(&prof.modules[m->index].end, m->end, __ATOMIC_RELEASE);
	sharedbump(&prof.header->section[Smodules].used, 1);
}

/* Whether the module that another thread calls from was there all the while that it was looked at. */
static int
still(const struct dl_find_object *o)
{
	struct dl_find_object now;

	return _dl_find_object(o->dlfo_map_start, &now) == 0 && now.dlfo_map_end == o->dlfo_map_end &&
	       now.dlfo_link_map == o->dlfo_link_map && now.dlfo_eh_frame == o->dlfo_eh_frame;
}

/* A new module: an entry of mods that no one else sees yet. */
static Mod *
fill(const struct dl_find_object *o, const uint8_t **id, uint32_t *idlen)
{
	uint32_t i = __atomic_fetch_add(&nmods, 1, __ATOMIC_RELAXED);
	Mod *m;

	if(i >= MAXMODS || i >= prof.n[Smodules]) {
		__atomic_store_n(&nmods, MAXMODS, __ATOMIC_RELAXED);
		lost(Smodules);
		return nil;
	}
	m = &mods[i];
	m->index = (uint16_t)i;
	m->start = (uintptr_t)o->dlfo_map_start;
	m->end = (uintptr_t)o->dlfo_map_end;
	m->map = o->dlfo_link_map;
	m->bias = o->dlfo_link_map->l_addr;
	m->ehframe = o->dlfo_eh_frame;
	*idlen = 0;
	*id = buildid(m->start, m->end, m->bias, idlen);
	if(*id != nil && *idlen >= 16) {
		m->note = (const void *)(((uintptr_t)*id + 7) & ~7ul);
		m->noteword = *m->note;
	}
	return m;
}

static const Mod *
enlist(const struct dl_find_object *o, int here)
{
	uint32_t h = (uint32_t)(mix(0, (uintptr_t)o->dlfo_map_start) % NHASH), i;
	const uint8_t *id = nil;
	uint32_t idlen = 0;
	uint16_t k;
	Mod *m = nil;

	for(i = 0; i < NHASH; i++, h = (h + 1) % NHASH) {
		k = __atomic_load_n(&hashed[h], __ATOMIC_ACQUIRE);
		if(k == 0) {
			if(m == nil) {
				m = fill(o, &id, &idlen);
				if(m == nil)
					return nil;
				describe(m, o->dlfo_link_map->l_name, id, idlen);
				/* Unloaded meanwhile: of such an address nothing is known, and the number is lost. */
				if(!here && !still(o))
					return nil;
				/* First: a child forked after the next step has the entry, and finds it written. */
				publish(m);
			}
			if(__atomic_compare_exchange_n(
			       &hashed[h], &k, (uint16_t)(m->index + 1), 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
				return m;
		}
		/* An entry that another thread entered first leaves ours unused, which costs a number. */
		if(same(&mods[k - 1], o, here))
			return &mods[k - 1];
	}
	return nil;
}

static const Mod *
find(uintptr_t pc, const Mod *last, int here)
{
	struct dl_find_object o;
	const Mod *m;

	if(last != nil && pc >= last->start && pc < last->end)
		return last;
	m = among(pc);
	if(m != nil)
		return m;
	if(_dl_find_object == nil || _dl_find_object((void *)pc, &o) != 0)
		return nil;
	return enlist(&o, here);
}

const Mod *
modfind(uintptr_t pc, const Mod *last)
{
	return find(pc, last, 1);
}

uint32_t
modcount(void)
{
	uint32_t n = __atomic_load_n(&nmods, __ATOMIC_RELAXED);

	return n < prof.n[Smodules] ? n : prof.n[Smodules];
}

const Mod *
modat(uint32_t index)
{
	return &mods[index];
}

int
modlives(const Mod *m)
{
	struct dl_find_object o;

	return m->stays || (_dl_find_object((void *)m->start, &o) == 0 && same(m, &o, 1));
}

Fpc
modpc(const Mod *m, uintptr_t pc)
{
	return m == nil ? FPCOFF(pc) : FPC(m->index, pc - m->bias);
}

static Fpc
siteof(Self *s, uintptr_t pc, int here)
{
	const Mod *m;

	if(pc == 0)
		return 0;
	/* Only a module that stays can be remembered from one call to the next. */
	m = find(pc, s != nil ? s->mod : nil, here);
	if(s != nil && m != nil && m->stays)
		s->mod = m;
	return modpc(m, pc);
}

Fpc
sitepc(Self *s, uintptr_t pc)
{
	return siteof(s, pc, 0);
}

Fpc
siteown(Self *s, uintptr_t pc)
{
	return siteof(s, pc, 1);
}

static int
each(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct dl_find_object o;
	const Mod *m;
	uint32_t i;
	int k;

	(void)size;
	(void)arg;
	for(k = 0; k < info->dlpi_phnum; k++)
		if(info->dlpi_phdr[k].p_type == PT_LOAD && (info->dlpi_phdr[k].p_flags & PF_X))
			break;
	if(k == info->dlpi_phnum)
		return 0;
	if(_dl_find_object((void *)(info->dlpi_addr + info->dlpi_phdr[k].p_vaddr), &o) != 0)
		return 0;
	m = enlist(&o, 1);
	if(m == nil || m->stays)
		return 0;
	/* Opened, it may be closed; but the program itself and this library are not. */
	if(openedearly && info->dlpi_name[0] != 0 && !inside(m->start, m->end, (const void *)(uintptr_t)modulestart, 1))
		return 0;
	mods[m->index].stays = 1;
	for(i = nsorted++; i > 0 && sorted[i - 1]->start > m->start; i--)
		sorted[i] = sorted[i - 1];
	sorted[i] = m;
	return 0;
}

void
modulestart(const char *exe)
{
	struct dl_find_object o;
	const Mod *m;

	/* Without it there are no modules and no stacks. */
	if(_dl_find_object == nil)
		return;
	memcpy(exepath, exe, sizeof exepath);
	dl_iterate_phdr(each, nil);
	if(_dl_find_object((void *)(uintptr_t)modulestart, &o) != 0)
		return;
	m = enlist(&o, 1);
	if(m != nil && o.dlfo_link_map->l_name[0] != 0)
		modours = m;
}
