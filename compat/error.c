/*
 * Errors: waserror, error and their kin.
 *
 * The labels of a thread stand in its Self, so they need no lock: only the thread itself uses them, and a handler of a
 * signal that uses some has taken them off again when it returns.  A jump takes its label off first.
 *
 * The jump is siglongjmp, by its name: that is this library's own (shim/jump.c) where it is preloaded, which undoes the
 * waits that a handler of a signal leaves by it.  Waits of this library that raise an error have left their Proc before.
 */
#include "linux.h"
#include "p9error.h"
#include "self.h"
#include "text.h"

struct __jmp_buf_tag *
p9errlabel(void)
{
	Self *s = selfget();

	if(s->nerr == NERR)
		panic("error stack: too many waserrors without poperror", nil);
	return s->label[s->nerr++];
}

/* The label on top comes off. */
static int
pop(Self *s)
{
	return s->nerr > s->errbase ? --s->nerr : -1;
}

void
p9poperror(void)
{
	if(pop(selfget()) < 0)
		panic("error stack: poperror without waserror", nil);
}

void
p9nexterror(void)
{
	Self *s = selfget();
	int i = pop(s);

	if(i < 0)
		panic("error stack: no waserror for the error: ", s->pub.errstr, nil);
	siglongjmp(s->label[i], 1);
}

void
p9error(const char *text)
{
	selferr(text != nil ? text : "");
	p9nexterror();
}

int
p9errstr(char *buf, unsigned n)
{
	char *errstr = selfget()->pub.errstr, old[P9ERRMAX];

	if(n == 0)
		return 0;
	textcopy(old, errstr, sizeof old);
	textcopy(errstr, buf, n < P9ERRMAX ? n : P9ERRMAX);
	textcopy(buf, old, n);
	return 0;
}

void
p9rerrstr(char *buf, unsigned n)
{
	if(n > 0)
		textcopy(buf, selfget()->pub.errstr, n);
}

void
p9werrstr(const char *fmt, ...)
{
	char text[P9ERRMAX];
	va_list ap;

	va_start(ap, fmt);
	textfmt(text, sizeof text, selfget()->pub.errstr, fmt, ap);
	va_end(ap);
	selferr(text);
}

void
p9panic(const char *fmt, ...)
{
	char text[2 * P9ERRMAX];
	va_list ap;

	va_start(ap, fmt);
	textfmt(text, sizeof text, selfget()->pub.errstr, fmt, ap);
	va_end(ap);
	panic("panic: ", text, nil);
}
