/*
 * dlsym and dlvsym find the same functions as the linker does, at every version;
 * the old condition variables of GLIBC_2.2.5 are functions of their own; the __pthread_ aliases
 * exclude those who use the plain names.
 */
#include "t.h"
#include <dlfcn.h>

/* Whose is it?  Ours under the preload, libc's natively. */
static void
from(const char *name, void *f, const char *want)
{
	Dl_info d;
	if(f == NULL)
		no("%s: not found", name);
	MUST(dladdr(f, &d) != 0);
	if(strstr(d.dli_fname, want) == NULL)
		no("%s is of %s", name, d.dli_fname);
}

static const char *const names[] = {"pthread_mutex_init", "pthread_mutex_destroy", "pthread_mutex_lock",
    "pthread_mutex_trylock", "pthread_mutex_timedlock", "pthread_mutex_clocklock", "pthread_mutex_unlock",
    "pthread_cond_init", "pthread_cond_destroy", "pthread_cond_wait", "pthread_cond_timedwait",
    "pthread_cond_clockwait", "pthread_cond_signal", "pthread_cond_broadcast", "sem_init", "sem_destroy", "sem_wait",
    "sem_trywait", "sem_timedwait", "sem_clockwait", "sem_post", "mtx_lock", "mtx_trylock", "mtx_timedlock",
    "mtx_unlock", "mtx_init", "mtx_destroy", "cnd_init", "cnd_destroy", "cnd_wait", "cnd_timedwait", "cnd_signal",
    "cnd_broadcast"};

#if defined(__x86_64__)
static const char *const base = "GLIBC_2.2.5";
#else
static const char *const base = "GLIBC_2.17";
#endif

typedef int Op(pthread_mutex_t *);
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static long n;
static Op *lock, *unlock;

static void *
plain(void *arg)
{
	for(int i = 0; i < 5000; i++) {
		SAME(pthread_mutex_lock(&m), 0);
		n++;
		SAME(pthread_mutex_unlock(&m), 0);
	}
	return arg;
}

static void *
alias(void *arg)
{
	for(int i = 0; i < 5000; i++) {
		SAME(lock(&m), 0);
		n++;
		SAME(unlock(&m), 0);
	}
	return arg;
}

static void
aliases(const char *what)
{
	Thread a, b;
	n = 0;
	MUST(lock != NULL && unlock != NULL);
	start(&a, plain, NULL);
	start(&b, alias, NULL);
	join(&a);
	join(&b);
	if(n != 10000)
		no("%s: %ld of 10000", what, n);
}

int
main(void)
{
	const char *ours = preloaded() ? "librendez" : "libc.so.6";

	for(size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		from(names[i], dlsym(RTLD_DEFAULT, names[i]), ours);
		from(names[i], dlsym(RTLD_NEXT, names[i]), ours);
	}
	from("pthread_mutex_lock of the first version", dlvsym(RTLD_DEFAULT, "pthread_mutex_lock", base), ours);
	from("pthread_mutex_unlock of the first version", dlvsym(RTLD_NEXT, "pthread_mutex_unlock", base), ours);
	from("mtx_lock@GLIBC_2.34", dlvsym(RTLD_DEFAULT, "mtx_lock", "GLIBC_2.34"), ours);
	from("sem_clockwait@GLIBC_2.34", dlvsym(RTLD_DEFAULT, "sem_clockwait", "GLIBC_2.34"), ours);
	if(strcmp(base, "GLIBC_2.2.5") == 0) {
		from("pthread_cond_wait@GLIBC_2.3.2", dlvsym(RTLD_DEFAULT, "pthread_cond_wait", "GLIBC_2.3.2"), ours);
		from("sem_post@GLIBC_2.34", dlvsym(RTLD_DEFAULT, "sem_post", "GLIBC_2.34"), ours);
		from("pthread_cond_wait@GLIBC_2.2.5", dlvsym(RTLD_DEFAULT, "pthread_cond_wait", base), ours);
		MUST(dlvsym(RTLD_DEFAULT, "pthread_cond_wait", base) != (void *)pthread_cond_wait);
		from("pthread_cond_init@GLIBC_2.2.5", dlvsym(RTLD_DEFAULT, "pthread_cond_init", base), "libc.so.6");
		/* versions that only old programs are bound to */
		lock = (Op *)dlvsym(RTLD_DEFAULT, "__pthread_mutex_lock", base);
		unlock = (Op *)dlvsym(RTLD_DEFAULT, "__pthread_mutex_unlock", base);
		aliases("__pthread_mutex_lock");
		from("__pthread_mutex_lock", (void *)lock, ours);
	}
	lock = (Op *)dlsym(RTLD_NEXT, "pthread_mutex_lock");
	unlock = (Op *)dlsym(RTLD_DEFAULT, "pthread_mutex_unlock");
	aliases("found by dlsym");
	MUST(dlsym(RTLD_DEFAULT, "pthread_mutex_lock") == (void *)pthread_mutex_lock);
	return ok();
}
