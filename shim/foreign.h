/* Process-shared condition variables, which are libc's, with a mutex of either side. */
#ifndef RENDEZ_FOREIGN_H
#define RENDEZ_FOREIGN_H

#include "shim.h"

/* at nil: no deadline. */
int sharedwait(pthread_cond_t *, pthread_mutex_t *, clockid_t clock, const struct timespec *at) HIDDEN;
int sharedsignal(pthread_cond_t *, int all) HIDDEN;

#endif
