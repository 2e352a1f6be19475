/*
 * dlopen is its caller's: the search path of a library that calls it counts, also before constructors.  What is
 * opened with RTLD_DEEPBIND or in a namespace of its own is libc's, and said so: the script counts the lines.
 */
#include "t.h"
#include <dlfcn.h>

typedef void *Find(int);
typedef void *Findspace(Lmid_t);
typedef const char *Work(void);

static const char *
work(void *h)
{
	Work *f;

	if(h == NULL)
		no("%s", dlerror());
	f = (Work *)dlsym(h, "deepwork");
	MUST(f != NULL);
	return f();
}

int
main(int argc, char **argv)
{
	const char *ours = preloaded() ? "librendez" : "libc.so.6", *how = argc > 1 ? argv[1] : "";
	char path[4096];
	Findspace *space;
	Find *find;
	void *h, **early;

	snprintf(path, sizeof path, "%s/finder.so", getenv("LIB") ? getenv("LIB") : "../lib");
	h = dlopen(path, RTLD_NOW);
	if(h == NULL)
		no("%s", dlerror());
	find = (Find *)dlsym(h, "find");
	space = (Findspace *)dlsym(h, "findspace");
	MUST(find != NULL && space != NULL);
	if(getenv("FINDEARLY")) {
		early = dlsym(h, "early");
		MUST(early != NULL && *early != NULL);
		dlclose(*early);
	}
	MUST(dlopen("deep.so", RTLD_NOW) == NULL && dlerror() != NULL);
	if(strcmp(how, "deep") == 0) {
		for(int i = 0; i < 3; i++) {
			h = find(RTLD_DEEPBIND);
			MUST(strstr(work(h), "libc.so.6") != NULL);
			MUST(find(RTLD_DEEPBIND | RTLD_NOLOAD) == h);
			dlclose(h);
			dlclose(h);
		}
		return ok();
	}
	if(strcmp(how, "space") == 0) {
		h = space(LM_ID_NEWLM);
		if(h == NULL)
			no("%s", dlerror());
		return ok();
	}
	h = find(0);
	MUST(strstr(work(h), ours) != NULL);
	MUST(space(LM_ID_BASE) == h);
	return ok();
}
