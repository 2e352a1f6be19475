/* What the file of a program says about how it will be loaded. */
#ifndef RENDEZ_ELFFILE_H
#define RENDEZ_ELFFILE_H

typedef struct Elffile {
	char asan[128];	     /* the libasan that it needs */
	char otherlibc[128]; /* its loader, if that is not glibc's */
} Elffile;

/* Nil, or why nothing can be preloaded into it. */
const char *elflook(int fd, Elffile *);

#endif
