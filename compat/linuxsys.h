/* How a system call is made: for compat/linux*.c only. */
#ifndef RENDEZ_LINUXSYS_H
#define RENDEZ_LINUXSYS_H

#include "linux.h"

#include <sys/syscall.h>

/* The result as the kernel gives it: a negative errno value if it failed. */
long sys6(long n, long a, long b, long c, long d, long e, long f) HIDDEN;

#define SYS(n, ...) SYS_(n, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SYS_(n, a, b, c, d, e, f, ...) sys6(SYS_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
