/* Stands in for glibc's own <pthreadP.h>. */
#include "internal-signals.h"
