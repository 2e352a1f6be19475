/* Text without stdio. */
#ifndef RENDEZ_TEXT_H
#define RENDEZ_TEXT_H

#include "linux.h"

#include <stdarg.h>

/*
 * from, and its final zero, to the size bytes at to; cut to fit, never inside a character of UTF-8.  Both may be one buffer
 * if to does not lie behind from.
 */
void textcopy(char *to, const char *from, size_t size) HIDDEN;

/* What fmt (p9error.h says which verbs it has) makes of ap, likewise cut.  errstr is what %r says. */
void textfmt(char *to, size_t size, const char *errstr, const char *fmt, va_list ap) HIDDEN;

#endif
