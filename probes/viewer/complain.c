/* How the command says what went wrong: one line on standard error. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "mem.h"

void
complain(const char *fmt, ...)
{
	Arena a = {0};
	va_list ap;
	char *line;

	fflush(stdout);
	va_start(ap, fmt);
	line = evprintf(fmt, ap);
	va_end(ap);
	/* a name in it may be anything, a newline too */
	fprintf(stderr, "rendez: %s\n", aclean(&a, line, strlen(line)));
	afree(&a);
	free(line);
}
