/* Programs that cannot have us: built with gcc's ThreadSanitizer. */
#ifndef RENDEZ_TSAN_H
#define RENDEZ_TSAN_H

#include "../compat/linux.h"

/* Whether p is in an object that is searched after ours. */
int behindus(void *p) HIDDEN;
/* Whether libtsan is there, and behind us. */
int tsanbehind(void) HIDDEN;
/* Start the program anew without us.  If it returns, that cannot be. */
void tsanleave(char **argv, char **env) HIDDEN;

#endif
