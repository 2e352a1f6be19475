/* Stands in for glibc's own <libc-config.h>: nothing of it is used. */
