/*
 * Memory of the command: everything that a report is made of lives in one
 * arena and goes with it, so nothing in between is freed or owned.  Running out
 * of memory ends the command with one line.
 */
#ifndef RENDEZ_MEM_H
#define RENDEZ_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Block Block;
typedef struct Arena {
	Block *blocks;
} Arena;

/* Zeroed memory, aligned for anything. */
void *aalloc(Arena *, size_t n) __attribute__((malloc));
char *astrdup(Arena *, const char *);
char *aprintf(Arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void afree(Arena *);

/*
 * The bytes of s up to n or a NUL, made fit to show: what is not valid UTF-8,
 * and every control character, comes out as \xNN.  Whatever a profile or a
 * program file says passes through here before it reaches a terminal or JSON.
 */
char *aclean(Arena *, const char *s, size_t n);

/* malloc and its like, that do not fail. */
void *emalloc(size_t n) __attribute__((malloc));
void *erealloc(void *, size_t n);
char *estrdup(const char *);
char *eprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *evprintf(const char *fmt, va_list) __attribute__((format(printf, 1, 0)));

/* A table from two numbers to a pointer; nil is "not there". */
typedef struct Map {
	struct Mapentry *entry;
	size_t n, room;
} Map;

void *mapget(const Map *, uint64_t a, uint64_t b);
void mapput(Map *, uint64_t a, uint64_t b, void *);
void mapfree(Map *);

/* FNV-1a, for keys that are longer than a number. */
uint64_t hashbytes(const void *, size_t n);

#endif
