/* compat/sigoff.h for the tests in C++: its sections as functions. */
#include "compat/sigoff.h"

void
sectionbegin(Sigs *s)
{
	sigsoff(s);
}

void
sectionend(const Sigs *s)
{
	sigsback(s);
}

/* Whether the thread is in no section and owes nothing. */
int
sectionsnone(void)
{
	return atomic_load_explicit(&sigoff.depth, memory_order_relaxed) == 0 &&
	       !atomic_load_explicit(&sigoff.owed, memory_order_relaxed);
}

void
sectionasync(int on)
{
	sigoff.async = (uint8_t)on;
}

int
sectionsputoff(void)
{
	return atomic_load_explicit(&sigputs, memory_order_relaxed) == Sputs;
}
