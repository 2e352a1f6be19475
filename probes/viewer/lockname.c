/* What a lock is called: the variable that it is, else where it was initialised or first waited for. */
#include <string.h>
#include "build.h"

static const char *
siteplace(Arena *a, const Site *s)
{
	const char *file;

	if(s->file == NULL)
		return s->function;
	file = strrchr(s->file, '/');
	return aprintf(a, "%s:%d (%s)", file == NULL ? s->file : file + 1, s->line, s->function);
}

static int
isamong(int module, const Fpc *pc, int n)
{
	int i;

	for(i = 0; i < n && FPCMODULE(pc[i]) != module; i++)
		;
	return i < n;
}

/* The module that an address is in. Libraries may have lain there in turn: then it is the one that was there by[0..n-1]; -1 for none. */
static int
moduleof(const Profile *p, uint64_t address, const Fpc *by, int n)
{
	int found = -1, several = 0;
	size_t i;

	for(i = 0; i < p->nmodule; i++) {
		const Fmodule *m = &p->module[i];

		if(m->end == 0 || address < m->start || address >= m->end)
			continue;
		if(isamong((int)i, by, n))
			return (int)i;
		several = found >= 0;
		found = (int)i;
	}
	return several ? -1 : found;
}

const char *
variableat(Build *b, uint64_t address, const Fpc *by, int n, const char **module)
{
	int i = moduleof(b->p, address, by, n);
	const char *name;

	if(i < 0)
		return NULL;
	name = symdata(b->r->symbols, b->module[i], address - b->p->module[i].bias);
	if(name != NULL)
		*module = modulepath(b->module[i]);
	return name;
}

void
namelock(Build *b, Lock *l, const Flock *f)
{
	const Fpc by[] = {f->init, f->first};

	if(l->id == OTHERS && l->kind < 0) {
		l->name = l->idle ? "all events that did not fit the profile" : "all that did not fit the profile";
		return;
	}
	l->name = variableat(b, l->address, by, 2, &l->module);
	if(l->name != NULL) {
		l->named = 1;
		return;
	}
	if(l->init != NULL)
		l->name = aprintf(b->a, "initialised at %s", siteplace(b->a, l->init));
	else if(l->first != NULL)
		l->name = aprintf(b->a, "first waited for at %s", siteplace(b->a, l->first));
	else
		l->name = aprintf(b->a, "0x%llx", (unsigned long long)l->address);
}
