/*
 * EXPORT(F) exports rz_F, which is defined in the same file, under every name
 * and version that shim/exports.tab gives it.  Each is another symbol for the
 * same address: nothing stands between the program's call and the function, so
 * its return address is the program's.
 *
 * In the test build (RENDEZ_TEST), which is linked into test programs whose own
 * pthread_mutex_lock is to stay libc's, it is nothing.
 */
#ifndef RENDEZ_EXPORT_H
#define RENDEZ_EXPORT_H

#ifdef RENDEZ_TEST
#define EXPORT(f)
#else
#include "exports.h" /* made of exports.tab: RENDEZ_EXPORT_F for each F */

#define EXPORT(f) RENDEZ_EXPORT_##f
#define EXPORTAS(function, alias, version) \
	__asm__(".globl " #alias "\n\t.set " #alias ", " #function "\n\t.symver " #alias ", " version "\n");
#endif

#endif
