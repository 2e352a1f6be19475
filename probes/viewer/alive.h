/* Whether the process that wrote a profile lives.  See alive.c. */
#ifndef RENDEZ_ALIVE_H
#define RENDEZ_ALIVE_H

#include "../format.h"

/* path: the file whose header this is. */
int profilealive(const char *path, const Fheader *);
/* Whether its pid is of another pid namespace than ours, and says nothing here. */
int profileforeign(const Fheader *);

#endif
