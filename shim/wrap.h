/* Have signals put off where they must not interrupt, instead of masked. */
#ifndef RENDEZ_WRAP_H
#define RENDEZ_WRAP_H

void signalstart(void) __attribute__((visibility("hidden")));

#endif
