/*
 * Wrong use of an object, as shim/check.c finds it: said on standard error, and kept in the profile's header.
 *
 * Nothing here is on anybody's way but a program's that asked for it (RENDEZ_CHECK).  Names of functions are not known
 * in the program (that takes the loader's lock and memory): what is printed is for addr2line, and
 * rendez report shows the same with names.
 */
#include "recorder.h"

#include <stdlib.h>
#include <string.h>

enum {
	NSEEN = 256,
	MAXSHOWN = 16, /* frames of a stack on standard error */
};

typedef struct Text {
	size_t n;
	char buf[6000];
} Text;

static uint64_t seen[NSEEN];

int
checkwanted(void)
{
	static int wanted = -1; /* as the constructor found it */
	const char *s;

	if(wanted < 0) {
		s = getenv("RENDEZ_CHECK");
		wanted = s != nil && s[0] != 0 && strcmp(s, "0") != 0;
	}
	return wanted;
}

/* Whether nobody came with this key before. */
static int
first(uint64_t key)
{
	uint32_t i, at = (uint32_t)(key >> 32);
	uint64_t was;

	for(i = 0; i < NSEEN; i++) {
		was = 0;
		if(__atomic_compare_exchange_n(
		       &seen[(at + i) % NSEEN], &was, key, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return 1;
		if(was == key)
			return 0;
	}
	return 0;
}

/* The frames of a stack number: how many. */
static uint32_t
framesof(uint32_t id, const Fpc **f)
{
	const Fstack *s;

	if(id == 0 || prof.header == nil)
		return 0;
	s = &prof.stacks[id - 1];
	*f = &prof.frames[s->first];
	return __atomic_load_n(&s->n, __ATOMIC_ACQUIRE) & ~(uint32_t)Struncated;
}

static void
str(Text *t, const char *s)
{
	while(*s != 0 && t->n < sizeof t->buf)
		t->buf[t->n++] = *s++;
}

static void
num(Text *t, uint64_t v, uint32_t base)
{
	char digits[24], *p = digits + sizeof digits;

	*--p = 0;
	do
		*--p = "0123456789abcdef"[v % base];
	while((v /= base) != 0);
	str(t, p);
}

/* One a line, each as addr2line wants it: of a call, not of where it returns to. */
static void
frames(Text *t, uint32_t id)
{
	const Fpc *f;
	uint32_t i, n = framesof(id, &f);
	int m;

	for(i = 0; i < n && i < MAXSHOWN; i++) {
		m = FPCMODULE(f[i]);
		str(t, "rendez:     ");
		if(m >= 0)
			str(t, prof.modules[m].path);
		str(t, m >= 0 ? "+0x" : "0x");
		num(t, FPCOFF(f[i]) - 1, 16);
		str(t, "\n");
	}
	if(n > MAXSHOWN)
		str(t, "rendez:     ...\n");
	if(n == 0)
		str(t, "rendez:     (stack unknown)\n");
}

static void
report(const Fmisuse *m)
{
	static const char *const kinds[NKIND] = {[Kmutex] = "mutex",
	    [Kcond] = "condition",
	    [Ksem] = "semaphore",
	    [Krwlock] = "rwlock",
	    [Kbarrier] = "barrier",
	    [Kspin] = "spin lock"};
#define F(name, key, text) [name] = text,
	static const char *const whats[NMISUSE] = {MISUSES(F)};
	static const char *const yonders[NYONDER] = {OTHERS_OF_MISUSE(F)};
#undef F
	Text t = {.n = 0};

	str(&t, "rendez: misuse: ");
	str(&t, kinds[m->kind - 1]);
	str(&t, " 0x");
	num(&t, m->address, 16);
	str(&t, " ");
	str(&t, whats[m->what]);
	str(&t, "\nrendez:   by thread ");
	num(&t, (uint64_t)m->tid, 10);
	str(&t, " here\n");
	frames(&t, m->stack);
	if(m->yonder != Ynone) {
		str(&t, "rendez:   ");
		str(&t, yonders[m->yonder]);
		if(m->othertid != 0) {
			str(&t, " by thread ");
			num(&t, (uint64_t)m->othertid, 10);
		}
		str(&t, "\n");
		frames(&t, m->other);
	}
	syswrite(2, t.buf, t.n);
}

static void
record(const Fmisuse *m)
{
	uint64_t i;
	Self *s;

	if(!recording() || !enter(&s))
		return;
	i = __atomic_fetch_add(&prof.header->misuses, 1, __ATOMIC_RELAXED);
	if(i < FMISUSES) {
		Fmisuse *to = &prof.header->misuse[i];

		memcpy((char *)to + sizeof to->what, (const char *)m + sizeof m->what, sizeof *m - sizeof m->what);
		__atomic_store_n(&to->what, m->what, __ATOMIC_RELEASE);
	}
	leave(s);
}

void
misuse(Misuse what, Kind kind, const void *object, Yonder yonder, int othertid, uint32_t other)
{
	Fmisuse m = {.what = what,
	    .kind = kind + 1,
	    .address = (uintptr_t)object,
	    .tid = systid(),
	    .othertid = othertid,
	    .stack = wakerstack(0),
	    .other = other,
	    .yonder = other != 0 || othertid != 0 ? yonder : Ynone};
	const Fpc *f;
	uint64_t place = framesof(m.stack, &f) != 0 ? f[0] : m.address;

	if(!first(mix(mix(0, what), place) | 1))
		return;
	record(&m);
	report(&m);
}
