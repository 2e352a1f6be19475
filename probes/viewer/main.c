/* rendez: which command it is. */
#include <argp.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "mem.h"

typedef struct Command {
	const char *name;
	int (*main)(int argc, char **argv);
} Command;

static const Command commands[] = {
    {"run", runmain},
    {"report", reportmain},
    {"compare", comparemain},
};

typedef struct Chosen {
	const Command *command;
	int argc;
	char **argv;
} Chosen;

static void
version(FILE *f, struct argp_state *state)
{
	(void)state;
	fprintf(f, "rendez %s\n", PACKAGE_VERSION);
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	Chosen *c = state->input;
	size_t i;

	switch(key) {
	case ARGP_KEY_ARG:
		for(i = 0; i < sizeof commands / sizeof commands[0]; i++)
			if(strcmp(arg, commands[i].name) == 0)
				c->command = &commands[i];
		if(c->command == NULL)
			argp_error(state, "there is no command '%s': it is run, report or compare", arg);
		/* the rest is the command's */
		c->argc = state->argc - state->next + 1;
		c->argv = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which command? run, report or compare");
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
    NULL,
    parse,
    "run [-o DIR] [--] PROGRAM [ARG...]\nreport [DIR|FILE...]\ncompare [-n RUNS] [--] PROGRAM [ARG...]",
    "Run programs on rendez's locks, and see who waited for whom.\v"
    "run        run a program, record its waits, and print a summary\n"
    "report     print what a run recorded\n"
    "compare    run a program with and without the library in turn, and compare\n"
    "\n"
    "'rendez COMMAND --help' tells the options of a command; rendez(1) has it all.",
    NULL,
    NULL,
    NULL,
};

/*
 * Of 0, 1 and 2 those that are closed are filled, so that no file of ours gets such a number and what is meant for a
 * descriptor that is not there does not go into it.  A program that we run still finds them closed.
 */
static void
fillstandard(void)
{
	int fd;

	for(fd = 0; fd < 3; fd++)
		if(fcntl(fd, F_GETFD) < 0)
			open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int
main(int argc, char **argv)
{
	Chosen c = {0};
	char *name;

	fillstandard();
	argp_program_version_hook = version;
	argp_err_exit_status = 125;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &c);
	/* messages and usage name the command by what was typed */
	name = eprintf("rendez %s", c.command->name);
	c.argv[0] = name;
	return c.command->main(c.argc, c.argv);
}
