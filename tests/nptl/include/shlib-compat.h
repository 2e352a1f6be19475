/* Stands in for glibc's own <shlib-compat.h>: no test of a symbol for old programs is built. */
#define TEST_COMPAT(lib, introduced, obsoleted) 0
