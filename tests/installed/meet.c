/*
 * meet TAG VALUE [PLUGIN]: meet somebody at a tag and print the value that came; "no library" if there is none.
 *
 * The same source is linked with -lrendez, and is not: its names are weak, and then those of the preloaded library.
 * As a plugin (shared, without -lrendez) it finds them by dlsym; with PLUGIN the program meets what it has loaded.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <rendez/plan9.h>

#pragma weak p9rendezvous

/* In the plugin: a thread's. */
void *
meet(void *tag)
{
	unsigned long (*f)(unsigned long, unsigned long);

	f = (unsigned long (*)(unsigned long, unsigned long))dlsym(RTLD_DEFAULT, "p9rendezvous");
	return f == NULL ? NULL : (void *)f((unsigned long)tag, 4711);
}

int
main(int argc, char **argv)
{
	unsigned long tag, value;
	void *(*plugin)(void *);
	pthread_t t;
	void *h;

	if(p9rendezvous == NULL) {
		printf("no library\n");
		return 0;
	}
	if(argc < 3)
		return 2;
	tag = strtoul(argv[1], NULL, 0);
	value = strtoul(argv[2], NULL, 0);
	if(argc > 3) {
		h = dlopen(argv[3], RTLD_NOW);
		plugin = h == NULL ? NULL : (void *(*)(void *))dlsym(h, "meet");
		if(plugin == NULL || pthread_create(&t, NULL, plugin, (void *)tag) != 0) {
			printf("%s\n", dlerror());
			return 1;
		}
	}
	printf("%lu\n", rendezvous(tag, value));
	if(argc > 3)
		pthread_join(t, NULL);
	return 0;
}
