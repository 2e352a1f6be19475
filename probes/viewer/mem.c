/* The arena, the allocations that do not fail, and the one hash table. */
#define _GNU_SOURCE
#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 << 10 };

struct Block {
	Block *next;
	size_t used, room;
	_Alignas(16) char mem[];
};

typedef struct Mapentry {
	uint64_t a, b;
	void *v;
} Mapentry;

static void
nomemory(void)
{
	fputs("rendez: out of memory\n", stderr);
	exit(125);
}

void *
emalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if(p == NULL)
		nomemory();
	return p;
}

void *
erealloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if(p == NULL)
		nomemory();
	return p;
}

char *
estrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(emalloc(n), s, n);
}

char *
evprintf(const char *fmt, va_list ap)
{
	char *s;

	if(vasprintf(&s, fmt, ap) < 0)
		nomemory();
	return s;
}

char *
eprintf(const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	s = evprintf(fmt, ap);
	va_end(ap);
	return s;
}

void *
aalloc(Arena *a, size_t n)
{
	Block *b = a->blocks;
	void *p;

	if(n > SIZE_MAX / 2)
		nomemory();
	n = (n + 15) & ~(size_t)15;
	if(b == NULL || b->room - b->used < n) {
		size_t room = n > BLOCK ? n : BLOCK;

		b = emalloc(sizeof *b + room);
		b->used = 0;
		b->room = room;
		b->next = a->blocks;
		a->blocks = b;
	}
	p = b->mem + b->used;
	b->used += n;
	return memset(p, 0, n);
}

char *
astrdup(Arena *a, const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(aalloc(a, n), s, n);
}

char *
aprintf(Arena *a, const char *fmt, ...)
{
	int n;
	char *s;
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if(n < 0)
		nomemory();
	s = aalloc(a, (size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	return s;
}

void
afree(Arena *a)
{
	Block *b;

	while((b = a->blocks) != NULL) {
		a->blocks = b->next;
		free(b);
	}
}

/* The length of the character at s if it is valid UTF-8 and may be shown; 0 if not. */
static size_t
goodchar(const unsigned char *s, size_t n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len, i;
	uint32_t c;

	if(s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f;
	len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if(s[0] < 0xc2 || s[0] > 0xf4 || n < len)
		return 0;
	c = s[0] & (0x7fu >> len);
	for(i = 1; i < len; i++) {
		if((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	/* too long a form, surrogates, beyond Unicode, the second set of controls, marks that turn the line round */
	if(c < least[len] || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff || c < 0xa0)
		return 0;
	if((c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return 0;
	return len;
}

char *
aclean(Arena *a, const char *str, size_t n)
{
	const unsigned char *s = (const unsigned char *)str;
	char *out, *o;
	size_t len;

	n = strnlen(str, n);
	o = out = aalloc(a, 4 * n + 1);
	while(n > 0) {
		len = goodchar(s, n);
		if(len > 0) {
			memcpy(o, s, len);
			o += len;
		} else {
			o += sprintf(o, "\\x%02x", *s);
			len = 1;
		}
		s += len;
		n -= len;
	}
	return out;
}

uint64_t
hashbytes(const void *p, size_t n)
{
	const unsigned char *s = p;
	uint64_t h = 0xcbf29ce484222325;

	while(n-- > 0)
		h = (h ^ *s++) * 0x100000001b3;
	return h;
}

/* Where (a, b) is, or would be put: the table always has a free entry. */
static Mapentry *
mapfind(const Map *m, uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ b * 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;
	size_t i = (h ^ h >> 32) & (m->room - 1);

	while(m->entry[i].v != NULL && (m->entry[i].a != a || m->entry[i].b != b))
		i = (i + 1) & (m->room - 1);
	return &m->entry[i];
}

void *
mapget(const Map *m, uint64_t a, uint64_t b)
{
	return m->room == 0 ? NULL : mapfind(m, a, b)->v;
}

void
mapput(Map *m, uint64_t a, uint64_t b, void *v)
{
	Mapentry *e;

	if(m->n * 2 >= m->room) {
		Map old = *m;
		size_t i;

		m->room = old.room ? old.room * 2 : 64;
		m->entry = emalloc(m->room * sizeof *m->entry);
		memset(m->entry, 0, m->room * sizeof *m->entry);
		for(i = 0; i < old.room; i++)
			if(old.entry[i].v != NULL)
				*mapfind(m, old.entry[i].a, old.entry[i].b) = old.entry[i];
		free(old.entry);
	}
	e = mapfind(m, a, b);
	if(e->v == NULL)
		m->n++;
	*e = (Mapentry){a, b, v};
}

void
mapfree(Map *m)
{
	free(m->entry);
	*m = (Map){0};
}
