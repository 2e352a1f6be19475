/* The wrong uses that a profile has: into the model, and as text. */
#include "build.h"
#include "text.h"

void
buildwrongs(Build *b)
{
	const Fheader *h = &b->p->h;
	Process *proc = b->proc;
	const char *ignored;
	const Fpc *pc;
	int i, n, cut;

	proc->wrong = aalloc(b->a, FMISUSES * sizeof proc->wrong[0]);
	for(i = 0; i < FMISUSES; i++) {
		const Fmisuse *f = &h->misuse[i];
		Wrong *w;

		if(f->what == Mnone || f->what >= NMISUSE || f->kind == 0 || f->kind > NKIND)
			continue;
		w = &proc->wrong[proc->nwrong++];
		w->what = (Misuse)f->what;
		w->kind = (int)f->kind - 1;
		w->address = f->address;
		n = profilestack(b->p, f->stack, &pc, &cut);
		w->name = variableat(b, f->address, pc, n, &ignored);
		if(w->name == NULL)
			w->name = aprintf(b->a, "0x%llx", (unsigned long long)f->address);
		w->tid = f->tid;
		w->othertid = f->othertid;
		w->yonder = f->yonder < NYONDER ? (Yonder)f->yonder : Ynone;
		w->stack = buildstack(b, f->stack, 0);
		w->other = w->yonder != Ynone ? buildstack(b, f->other, 0) : NULL;
	}
	if(h->misuses > FMISUSES)
		proc->wronglost = h->misuses - FMISUSES;
}

static void
stackof(const Text *t, const Stack *s)
{
	if(s != NULL)
		writestack(t, "at:", s);
	else
		fprintf(t->f, "             at: unknown\n");
}

void
writewrongs(const Text *t, const Process *p)
{
	int i;

	if(p->nwrong == 0)
		return;
	fprintf(t->f, "\n%sMisuse%s (each kind at each place once)\n", bold(t), plain(t));
	for(i = 0; i < p->nwrong; i++) {
		const Wrong *w = &p->wrong[i];

		fprintf(t->f, "\n  %s%s %s%s %s\n    by thread %d\n", bold(t), kindname(w->kind), w->name, plain(t),
		    misusetext(w->what), w->tid);
		stackof(t, w->stack);
		if(w->yonder == Ynone)
			continue;
		fprintf(t->f, "    %s", yondertext(w->yonder));
		if(w->othertid != 0)
			fprintf(t->f, " by thread %d", w->othertid);
		fputc('\n', t->f);
		stackof(t, w->other);
	}
	if(p->wronglost > 0)
		fprintf(t->f, "\n  ... and %llu more, said on standard error only\n", (unsigned long long)p->wronglost);
}
