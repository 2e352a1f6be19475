/* Stands in for glibc's own <elf/dl-tunables.h>: nothing of it is used. */
