/*
 * Text without stdio: copies that are cut where a character ends, and the few formats of werrstr and panic.
 *
 * The flags l and u may stand before a verb, in any number.  A verb that is not known may have an argument of any type, so
 * it and all that follows is left as it stands.
 */
#include "text.h"

#include <string.h>

/* The bytes of text, of which there are n, that fit into size. */
static size_t
fits(const char *text, size_t n, size_t size)
{
	if(n <= size)
		return n;
	while(size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
		size--;
	return size;
}

void
textcopy(char *to, const char *from, size_t size)
{
	size_t n = fits(from, strnlen(from, size), size - 1);

	memmove(to, from, n);
	to[n] = 0;
}

typedef struct Out {
	char *at, *end; /* end: where the final zero goes at the latest */
} Out;

static void
put(Out *o, const char *s, size_t n)
{
	size_t room = (size_t)(o->end - o->at), fit = fits(s, n, room);

	memcpy(o->at, s, fit);
	o->at += fit;
	/* What was cut stays cut: nothing that is shorter comes after it. */
	if(fit < n)
		o->end = o->at;
}

static void
putnumber(Out *o, unsigned long v, unsigned base, int minus)
{
	char digits[24];
	size_t n = sizeof digits;

	do
		digits[--n] = "0123456789abcdef"[v % base];
	while((v /= base) != 0);
	if(minus)
		digits[--n] = '-';
	put(o, digits + n, sizeof digits - n);
}

void
textfmt(char *to, size_t size, const char *errstr, const char *fmt, va_list ap)
{
	Out o = {to, to + size - 1};
	const char *verb, *s;
	unsigned long v;
	int l, u;
	long d;
	char c;

	for(; *fmt != 0; fmt = verb + 1) {
		if(*fmt != '%') {
			verb = fmt + strcspn(fmt, "%") - 1;
			put(&o, fmt, (size_t)(verb + 1 - fmt));
			continue;
		}
		for(l = u = 0, verb = fmt + 1; *verb == 'l' || *verb == 'u'; verb++) {
			l |= *verb == 'l';
			u |= *verb == 'u';
		}
		if(u && *verb != 'd' && *verb != 'x') {
			/* C's %u is all of it. */
			v = l ? va_arg(ap, unsigned long) : va_arg(ap, unsigned);
			putnumber(&o, v, 10, 0);
			verb--;
			continue;
		}
		switch(*verb) {
		case '%':
			put(&o, "%", 1);
			break;
		case 'r':
			put(&o, errstr, strlen(errstr));
			break;
		case 'c':
			c = (char)va_arg(ap, int);
			put(&o, &c, 1);
			break;
		case 's':
			s = va_arg(ap, const char *);
			if(s == nil)
				s = "<nil>";
			put(&o, s, strlen(s));
			break;
		case 'p':
			put(&o, "0x", 2);
			putnumber(&o, (uintptr_t)va_arg(ap, void *), 16, 0);
			break;
		case 'd':
			if(!u) {
				d = l ? va_arg(ap, long) : va_arg(ap, int);
				putnumber(&o, d < 0 ? -(unsigned long)d : (unsigned long)d, 10, d < 0);
				break;
			}
			/* fall through */
		case 'x':
			v = l ? va_arg(ap, unsigned long) : va_arg(ap, unsigned);
			putnumber(&o, v, *verb == 'x' ? 16 : 10, 0);
			break;
		default:
			put(&o, fmt, strlen(fmt));
			*o.at = 0;
			return;
		}
	}
	*o.at = 0;
}
