/*
 * Which frame of a stack is the program's own: the place that a person would
 * call "where it waited".
 *
 * 1. From the innermost frame outwards, frames of the runtime are passed over:
 *    those in librendez, libc, libpthread, libstdc++, libc++ and their like, and
 *    functions of their names (std::, __gnu_cxx::, __gthread..., pthread_...,
 *    mtx_..., cnd_..., sem_...), inlined or not.
 * 2. If that frame is in a library, its function's name speaks of locking or
 *    waiting, and going out through frames of the same library with such names
 *    one comes to another module, then these are a wrapper of the program's, and
 *    the frame that called it is the one.  A library's own locking is not passed
 *    over: its functions are called from itself.
 * 3. If nothing is left, it is the innermost frame that is not of librendez.
 */
#ifndef RENDEZ_SITE_H
#define RENDEZ_SITE_H

#include "symbols.h"

/* exe: path of the main program. */
const Site *ownsite(const Site **frame, int n, const char *exe);
/* The same in the frames of a single address. */
const Site *chainsite(const Chain *, const char *exe);

#endif
