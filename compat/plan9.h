/*
 * The calls of Plan 9 and Inferno, over Linux.
 *
 * Source written for those systems keeps its names.  The functions are exported with p9 before them (p9base.h); the
 * two names that libc has too are told apart by their arguments, and so are the two forms of rendezvous:
 *
 *	sleep(r, f, arg)	p9sleep		sleep(seconds)				libc's
 *	error(message)		p9error		error(status, errnum, format, ...)	libc's
 *	rendezvous(pointer, v)	p9rendezvousp	rendezvous(number, v)			p9rendezvous
 *
 * In C++ they are overloads.  In C they are macros with arguments, so a name without a call (&up->sleep, a pointer to
 * sleep) is the plain one, and so is a call through a member of that name with libc's number of arguments; another is
 * written (x->error)(message).
 *
 * Code that wants none of the plain names defines RENDEZ_NOPLAINNAMES first and calls the p9 names.  Code that uses up
 * for something of its own says #undef up and calls p9up().
 *
 * Link with -lrendez, or find them in the preloaded library: both are one.
 * None of them is a cancellation point.  After fork nobody waits in the child.
 */
#ifndef RENDEZ_PLAN9_H
#define RENDEZ_PLAN9_H

/* The header that declares libc's sleep: before the name is taken. */
#include <unistd.h>

#include "p9base.h"
#include "p9error.h"
#include "p9lock.h"
#include "p9note.h"
#include "p9rend.h"
#include "p9sem.h"
#include "p9sleep.h"

#ifndef RENDEZ_NOPLAINNAMES
#ifdef __cplusplus
extern "C++" {
void sleep(Rendez *r, int (*f)(void *), void *arg) __asm__("p9sleep");
[[noreturn]] void error(const char *message) __asm__("p9error");

/* In the caller's frame, which is where reports say it waits. */
template <typename T>
inline __attribute__((always_inline)) void *
rendezvous(T *tag, void *value)
{
	return p9rendezvousp(const_cast<void *>(static_cast<const volatile void *>(tag)), value);
}
}
#else
#define sleep(...) RENDEZ_PICK4(__VA_ARGS__, sleep, p9sleep, sleep, sleep, )(__VA_ARGS__)
#define RENDEZ_PICK4(a, b, c, d, name, ...) name

/* One argument, or up to 32. */
#define error(...) \
	RENDEZ_PICK32(__VA_ARGS__, error, error, error, error, error, error, error, error, error, error, error, error, \
	    error, error, error, error, error, error, error, error, error, error, error, error, error, error, error, \
	    error, error, error, error, p9error, ) \
	(__VA_ARGS__)
#define RENDEZ_PICK32( \
    a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D, E, F, name, ...) \
	name

/* A pointer is class 5 of both compilers. */
#define rendezvous(tag, value) \
	__builtin_choose_expr(__builtin_classify_type(tag) == 5, p9rendezvousp, p9rendezvous)(tag, value)
#endif
#endif

#endif
