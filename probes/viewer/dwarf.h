/* The DWARF of one address: lines and inlined functions. */
#ifndef RENDEZ_DWARF_H
#define RENDEZ_DWARF_H

#include <elfutils/libdwfl.h>
#include "symbols.h"

/* What was learnt of a module at earlier questions; all zero at first. */
typedef struct Dwarfseen {
	struct Ranges *units; /* where its units have code, if the file does not tell itself */
	Map functions;	      /* by unit: where its functions have code */
} Dwarfseen;

/* Everything inlined at addr, or nil if there is no debug information for it. */
Chain *dwarfchain(Arena *, Dwarfseen *, Dwfl_Module *, Dwarf_Addr addr);

#endif
