/* The group within which tags are compared. */
#ifndef RENDEZ_GROUP_H
#define RENDEZ_GROUP_H

#include "linux.h"

/* This process's; never 0. */
uint64_t groupget(void) HIDDEN;

#endif
