/*
 * A preloaded library that locks, waits and makes threads in its constructor,
 * which runs before ours, and in its destructor, which runs after ours.  The
 * script loads it on either side of the library under test.
 */
#include "t.h"
#include <dlfcn.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

int
main(void)
{
	_Atomic int *ran = dlsym(RTLD_DEFAULT, "earlyran");
	MUST(ran != NULL);
	SAME(atomic_load_explicit(ran, memory_order_acquire), 1);
	SAME(pthread_mutex_lock(&m), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	return ok();
}
