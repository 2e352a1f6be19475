/* How the files that make the library's system calls make them (linux.c, linuxshm.c), and nobody else. */
#ifndef RENDEZ_SYS_H
#define RENDEZ_SYS_H

#include "linux.h"

#include <sys/syscall.h>

/* A negative errno value if it failed.  By the machine's own instruction: errno is never touched. */
long sys6(long n, long a, long b, long c, long d, long e, long f) HIDDEN;

#define SYS(n, ...) SYS_(n, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SYS_(n, a, b, c, d, e, f, ...) sys6(SYS_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
