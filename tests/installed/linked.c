/*
 * Linked with -lrendez, a program runs on our pthreads as if it were preloaded, and one library is there however often it
 * is asked for.  The plain names that libc has too are libc's when called as such.
 */

#include "../preload/t.h"

#include <rendez/plan9.h>

#include <dlfcn.h>
#include <error.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static long sem;
static int turn;

static void
of(const char *name, const char *library)
{
	void *f = dlsym(RTLD_DEFAULT, name);
	Dl_info d;

	if(f == NULL || dladdr(f, &d) == 0 || strstr(d.dli_fname, library) == NULL)
		no("%s is not of %s", name, library);
}

/* How many librendez are mapped, by their files' names. */
static int
libraries(void)
{
	char line[512], seen[512] = "", *path;
	FILE *f = fopen("/proc/self/maps", "r");
	int n = 0;

	MUST(f != NULL);
	while(fgets(line, sizeof line, f) != NULL) {
		path = strchr(line, '/');
		if(path != NULL && strstr(path, "/librendez.so") != NULL && strcmp(path, seen) != 0) {
			strcpy(seen, path);
			n++;
		}
	}
	fclose(f);
	return n;
}

static void *
other(void *arg)
{
	pthread_mutex_lock(&m);
	turn = 1;
	pthread_cond_signal(&c);
	pthread_mutex_unlock(&m);
	semrelease(&sem, 1);
	return arg;
}

int
main(void)
{
	Thread t;

	of("pthread_mutex_lock", "/librendez.so");
	of("pthread_cond_wait", "/librendez.so");
	of("sem_wait", "/librendez.so");
	of("p9semacquire", "/librendez.so");
	of("sleep", "/libc.so");
	of("error", "/libc.so");
	MUST(dlsym(RTLD_DEFAULT, "pthread_mutex_lock") == (void *)pthread_mutex_lock);
	SAME(libraries(), 1);

	pthread_mutex_lock(&m);
	start(&t, other, NULL);
	while(!turn)
		pthread_cond_wait(&c, &m);
	pthread_mutex_unlock(&m);
	SAME(semacquire(&sem, 1), 1);
	join(&t);

	SAME(sleep(0), 0);
	error_print_progname = NULL;
	error(0, 0, "libc's error %s %d", "says", 1);
	SAME(error_message_count, 1);
	return ok();
}
