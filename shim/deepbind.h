/* Libraries that are opened so that their calls pass us by. */
#ifndef RENDEZ_DEEPBIND_H
#define RENDEZ_DEEPBIND_H

void deepbindstart(void) __attribute__((visibility("hidden")));

#endif
