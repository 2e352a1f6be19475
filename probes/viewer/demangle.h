/*
 * Names as people write them: the symbol demangled, without parameters and
 * return type ("Queue<int>::push", not "void Queue<int>::push(int const&)"),
 * which is how gdb shows a frame.  A C name comes back as it is.
 */
#ifndef RENDEZ_DEMANGLE_H
#define RENDEZ_DEMANGLE_H

#include "mem.h"

const char *demangle(Arena *, const char *symbol);
/* With all that belongs to it, as a variable needs it: "f(int)::m" is one of f's. */
const char *demanglewhole(Arena *, const char *symbol);
/* What is left of a demangled signature without parameters and return type. */
const char *nameonly(Arena *, const char *signature);

#endif
