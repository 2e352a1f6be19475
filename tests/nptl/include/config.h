/* Stands in for glibc's own <config.h>: nothing of it is used. */
