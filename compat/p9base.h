/*
 * What the headers of the native API share: types, and how the names of Plan 9 are declared.
 *
 * Every function is exported under a name that begins with p9: a library that the program loads may have a global of any
 * plain name.  The plain names that source written for Plan 9 or Inferno uses are declared for the same
 * functions, unless RENDEZ_NOPLAINNAMES was defined before the first of these headers was included.
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
