/*
 * What the headers of the native API share: types, and how the names of Plan 9 are declared.
 *
 * Every function is exported under a name that begins with p9: a library that the program loads may have a global of any
 * plain name.  The plain names that source written for Plan 9 or Inferno uses are declared for the same
 * functions, unless RENDEZ_NOPLAINNAMES was defined before the first of these headers was included.
 *
 * The comments are also the manual pages (scripts/genman; compat/manual.tab says which page has which functions), and so:
 *
 * - A header opens with one paragraph that ends in whose manuals it follows, "Semaphores: Plan 9 semacquire(2).", and
 *   what else that comment says is true of all its functions.
 * - The comment before a function, or before several without a blank line between, is theirs.  One that a blank line or a
 *   type follows goes before the next function's.  The comment on the line of a constant explains that one.
 * - A sentence that begins with "Returns" (or "-1", "0", "1", "~0", or "name returns") says what is returned; one that
 *   begins with "errno on", "errno is" or an error's name, which errors there are; one that begins with "Async-signal-safe",
 *   "Not async-signal-safe", "A cancellation point", "Between processes" or "Not between processes" is an attribute.  All
 *   else describes.
 * - Lines that a tab indents are printed as they are.
 */
#ifndef RENDEZ_P9BASE_H
#define RENDEZ_P9BASE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RENDEZ_API __attribute__((visibility("default")))

/* The length of an error string and of a note, its final zero included. */
enum { P9ERRMAX = 128 };

#ifndef RENDEZ_NOPLAINNAMES
#define RENDEZ_PLAIN(type, name, args) extern type name args __asm__("p9" #name)

typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef long long vlong;
typedef unsigned long long uvlong;
typedef uintptr_t uintptr;

enum { ERRMAX = P9ERRMAX };

#ifndef nil
#ifdef __cplusplus
#define nil nullptr
#else
#define nil ((void *)0)
#endif
#endif
#ifndef USED
#define USED(x) ((void)(x))
#endif
#ifndef nelem
#define nelem(x) (sizeof(x) / sizeof((x)[0]))
#endif
#endif

#endif
