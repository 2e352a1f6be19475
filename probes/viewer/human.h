/* Numbers as people read them, into a buffer of the caller's that is given back. */
#ifndef RENDEZ_HUMAN_H
#define RENDEZ_HUMAN_H

#include <stdint.h>

typedef struct Num {
	char s[32];
} Num;

/* "0", "850 ns", "1.23 us", "12.3 ms", "4.12 s": three digits. */
const char *humanns(Num *, uint64_t ns);
/* "1,204,333". */
const char *humancount(Num *, uint64_t n);
/* part of whole, "12.3%", "0.04%", "<0.01%", "-" if there is no whole. */
const char *humanshare(Num *, uint64_t part, uint64_t whole);
/* "3.5 MiB". */
const char *humanbytes(Num *, uint64_t n);

#endif
