/* What attrs.c and threadattrs.c share: everything is printed, a line a call. */
#include "t.h"
#include <limits.h>
#include <threads.h>

/* printf, and before it nothing: the output is compared. */
#define say(...) (printf("\n" __VA_ARGS__), putchar('\n'))
#define SHOW(e) printf("%s = %ld\n", #e, (long)(e))
#define ERRNO(e) (errno = 0, printf("%s = %ld", #e, (long)(e)), printf(", %s\n", strerror(errno)))

UNUSED static void
bytes(const char *what, const void *p, size_t n)
{
	printf("%s:", what);
	for(size_t i = 0; i < n; i++)
		printf(" %02x", ((const unsigned char *)p)[i]);
	putchar('\n');
}
#define BYTES(p, n) bytes(#p, p, n)

UNUSED static const int values[] = {0, 1, 2, 3, 4, 5, 7, 8, 64, 128, 255, 256, 512, -1, INT_MAX, INT_MIN};
#define EACH(v) for(size_t i_ = 0; i_ < sizeof values / sizeof values[0] && (v = values[i_], 1); i_++)
