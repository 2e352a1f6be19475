/* To stay awake for a little while before sleeping for a word, where that has lately paid. */
#ifndef RENDEZ_HOVER_H
#define RENDEZ_HOVER_H

#include "linux.h"

/*
 * Returns when one of the bits is seen in the word, or nothing came of it; at once where it has not paid lately.  It may give up the
 * processor, if there is time: d is until when the caller waits, nil for ever.  place is where, an address.  The word is only
 * read, and nothing may depend on what was seen: who calls goes on as if it had not.  Async-signal-safe.
 */
void hover(const void *place, Word *word, uint32_t bits, const Deadline *d) HIDDEN;

/* Whom the calling thread woke last was awake: said by who wakes, and forgotten by the next hover. */
extern __thread uint8_t wokeawake HIDDEN __attribute__((tls_model("initial-exec")));

#endif
