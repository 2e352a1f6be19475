/* Stands in for error(9) until that is here. */
#include "linux.h"
#include "p9error.h"

__attribute__((weak)) void
p9error(const char *text)
{
	panic("error without waserror: ", text, nil);
}
