/* The program steady as a library that is opened while the program runs. */
#include "../steady.c"
