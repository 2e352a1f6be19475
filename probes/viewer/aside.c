/*
 * The command has its own way to fail: whatever becomes of what it writes, the
 * program is run, its profiles are brought home and its status is passed on.  So
 * a closed pipe and the limit on file sizes are errors for it and not signals.
 *
 * MALLOC_CONF is an order to the program's jemalloc; ours would obey it too, and
 * abort or print among the program's own lines.  Ours is told by the first allocation, so
 * it is taken away before any constructor runs, in place: the strings of the
 * environment keep their order.
 */
#include "aside.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

#define CONF "MALLOC_CONF="

static char *conf; /* the program's, without its first letter */
static const int sigs[] = {SIGPIPE, SIGXFSZ};
static struct sigaction was[2];
static int ignored;

static void
hideconf(int argc, char **argv, char **envp)
{
	(void)argc;
	(void)argv;
	for(; *envp != NULL; envp++)
		if(strncmp(*envp, CONF, sizeof CONF - 1) == 0) {
			conf = *envp;
			conf[0] = '-';
			return;
		}
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = hideconf;

void
asidesignals(void)
{
	struct sigaction ign = {.sa_handler = SIG_IGN};
	int i;

	for(i = 0; i < 2; i++)
		sigaction(sigs[i], &ign, &was[i]);
	ignored = 1;
}

void
asidereturn(void)
{
	int i;

	for(i = 0; ignored && i < 2; i++)
		sigaction(sigs[i], &was[i], NULL);
	if(conf != NULL)
		conf[0] = CONF[0];
}
