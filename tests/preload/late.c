/*
 * dlopened late, by a program whose threads use libc's locks already, the library
 * leaves POSIX alone.  Without a name in LATE nothing is opened.
 */
#include "t.h"
#include <dlfcn.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int turn;
static long n;

static void *
alternate(void *arg)
{
	int me = arg != NULL;
	for(int i = 0; i < 3000; i++) {
		SAME(pthread_mutex_lock(&m), 0);
		while(turn != me)
			SAME(pthread_cond_wait(&c, &m), 0);
		turn = !me;
		n++;
		SAME(pthread_cond_signal(&c), 0);
		SAME(pthread_mutex_unlock(&m), 0);
	}
	return NULL;
}

int
main(void)
{
	const char *lib = getenv("LATE");
	Thread a, b;
	Dl_info d;

	start(&a, alternate, NULL);
	start(&b, alternate, &b);
	if(lib != NULL && dlopen(lib, RTLD_NOW | RTLD_GLOBAL) == NULL)
		no("%s", dlerror());
	join(&a);
	join(&b);
	SAME(n, 6000);
	MUST(dladdr(dlsym(RTLD_DEFAULT, "pthread_mutex_lock"), &d) != 0 && strstr(d.dli_fname, "libc.so") != NULL);
	start(&a, alternate, NULL);
	start(&b, alternate, &b);
	join(&a);
	join(&b);
	SAME(n, 12000);
	return ok();
}
