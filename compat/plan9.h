/*
 * The calls of Plan 9 and Inferno, over Linux.
 *
 * Source written for those systems keeps its names.  The functions are exported with p9 before them (p9base.h), and
 * sleep, which libc has too, is told apart by its arguments: sleep(r, f, arg) is p9sleep, sleep(1) is libc's.
 * Code that wants none of the plain names defines RENDEZ_NOPLAINNAMES first and calls the p9 names.
 *
 * Link with -lrendez, or find them in the preloaded library: both are one.
 * None of them is a cancellation point.  After fork nobody waits in the child.
 */
#ifndef RENDEZ_PLAN9_H
#define RENDEZ_PLAN9_H

/* Before the names below are taken: the header that declares libc's. */
#include <unistd.h>

#include "p9base.h"
#include "p9note.h"
#include "p9rend.h"
#include "p9sem.h"
#include "p9sleep.h"

#ifndef RENDEZ_NOPLAINNAMES
#define sleep(...) RENDEZ_PICK3(__VA_ARGS__, p9sleep, p9sleep, sleep)(__VA_ARGS__)
#define RENDEZ_PICK3(a, b, c, name, ...) name
#endif

#endif
