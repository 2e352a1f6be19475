/* Bringing home what of a run has ended.  See drain.c. */
#ifndef RENDEZ_DRAIN_H
#define RENDEZ_DRAIN_H

#include "session.h"

/* Each file of live that is done; at the end (status not nil) the program's own and links to the rest. */
void drain(Session *, const int *status);
/* What has ended of a run whose command did not live to see it. */
void drainorphan(const char *live, const char *home);
/* That not all could be brought home. */
void saystuck(const Session *);
/* That some processes have left nothing. */
void sayunmade(int n);

#endif
