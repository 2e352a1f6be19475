/* How the command says what went wrong: one line on standard error. */
#include <stdarg.h>
#include <stdio.h>
#include "command.h"

void
complain(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("rendez: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
