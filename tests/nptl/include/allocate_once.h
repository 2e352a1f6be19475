/* Stands in for glibc's own <allocate_once.h>: its one user calls it from one thread. */
static void *
allocate_once(void **place, void *(*alloc)(void *), void (*dealloc)(void *, void *), void *closure)
{
	(void)dealloc;
	if(*place == 0)
		*place = alloc(closure);
	return *place;
}
