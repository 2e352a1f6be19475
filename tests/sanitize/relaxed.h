/* The control of scripts/sanitize: with this included first nothing releases, and ThreadSanitizer must say so. */
#define _GNU_SOURCE
#include <stdatomic.h>
#define memory_order_release memory_order_relaxed
#define memory_order_acq_rel memory_order_relaxed
