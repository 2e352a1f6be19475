/*
 * What the library has to say to a person: one line on standard error, without
 * stdio, memory or errno, so that it can be said from anywhere.
 */
#include "linux.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void
sayv(const char *part, va_list ap)
{
	char line[512];
	size_t n, len = 0;

	memcpy(line, "rendez: ", 8);
	len = 8;
	for(; part != nil; part = va_arg(ap, const char *)) {
		n = strlen(part);
		if(n > sizeof line - 1 - len)
			n = sizeof line - 1 - len;
		memcpy(line + len, part, n);
		len += n;
	}
	line[len++] = '\n';
	syswrite(2, line, len);
}

void
say(const char *part, ...)
{
	va_list ap;

	va_start(ap, part);
	sayv(part, ap);
	va_end(ap);
}

void
panic(const char *part, ...)
{
	va_list ap;
	int saved = errno;

	va_start(ap, part);
	sayv(part, ap);
	va_end(ap);
	errno = saved;
	abort();
}
