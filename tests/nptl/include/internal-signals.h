/* Stands in for glibc's own <internal-signals.h>: the signals that it keeps to itself. */
#define SIGCANCEL 32
#define SIGSETXID 33
