/* Errors that unwind: Plan 9 error(9), Inferno error(10.2). */
#ifndef RENDEZ_P9ERROR_H
#define RENDEZ_P9ERROR_H

#include "p9base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The text becomes the calling thread's error string, and control goes to its innermost waserror. */
RENDEZ_API void p9error(const char *) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif
