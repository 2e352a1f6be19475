/* A program that knows nothing of us: its sleep and its error are libc's, also under the preload. */
#include "../preload/t.h"
#include <error.h>

int
main(void)
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	SAME(sleep(1), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	MUST((b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec >= 1000000000L);
	error(0, ENOENT, "libc's");
	SAME(error_message_count, 1);
	return ok();
}
