/*
 * From addresses to names: what function, file and line a code address is,
 * with the functions inlined there, and what variable a data address is.
 * Everything is read from the files that the program had mapped, after its end;
 * a file that has been replaced since (another build-id) is not believed.
 */
#ifndef RENDEZ_SYMBOLS_H
#define RENDEZ_SYMBOLS_H

#include <stdint.h>
#include "mem.h"

typedef struct Site {
	const char *function; /* never nil: "module+0x..." if nothing is known */
	const char *file;     /* nil if unknown */
	const char *module;   /* the whole path, "" if the code is in no file */
	int line;	      /* 0 unknown */
	int named;	      /* function is a name */
	int inlined;	      /* into the next site of the chain */
	uint64_t offset;      /* of the return address, from the module's load bias */
} Site;

/* One address: the functions inlined there, innermost first, then the one that has the code. */
typedef struct Chain {
	int n;
	Site site[];
} Chain;

typedef struct Symbols Symbols;
typedef struct Module Module;

/* All that is given out lives in the arena.  files 0: believe no file, name nothing. */
Symbols *symopen(Arena *, int files);
void symclose(Symbols *);
/* A module by its path and build-id; the same one for the same file. */
Module *symmodule(Symbols *, const char *path, const uint8_t *id, uint32_t nid);
const char *modulepath(const Module *);
/* A line about the module that the reader should know, nil if there is none. */
const char *modulewarning(const Module *);
/* The chain at the call before the return address off; module may be nil. */
const Chain *symcode(Symbols *, Module *, uint64_t off);
/* The variable that covers off, "name" or "name+0x10"; nil if there is none. */
const char *symdata(Symbols *, Module *, uint64_t off);

#endif
