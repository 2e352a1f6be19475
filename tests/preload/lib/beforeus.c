/*
 * A library that its program links to, so that its constructor and the handlers of pthread_atfork that it registers there come before
 * those of the library under test.  In a child the handler does what it is told to.
 */
#include <pthread.h>
#include <unistd.h>

void (*inchild)(void);
void (*inconstructor)(void);

static void
child(void)
{
	if(inchild != NULL)
		inchild();
}

__attribute__((constructor)) static void
start(void)
{
	pthread_atfork(NULL, NULL, child);
	if(inconstructor != NULL)
		inconstructor();
}
