/* helgrind 3.19 does not know pthread_mutex_clocklock, and would take its lock for none. */
#define _GNU_SOURCE
#include <pthread.h>

#define pthread_mutex_clocklock(m, clock, t) ((void)(clock), pthread_mutex_timedlock(m, t))
