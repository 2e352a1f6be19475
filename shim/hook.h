/* Have the native waits recorded from now on. */
#ifndef RENDEZ_SHIM_HOOK_H
#define RENDEZ_SHIM_HOOK_H

void hookstart(void) __attribute__((visibility("hidden")));

#endif
