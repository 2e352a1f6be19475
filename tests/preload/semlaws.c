/*
 * Semaphores: the answers of every call, glibc's layout, named ones.
 */
#include "t.h"
#include <limits.h>

static sem_t s;

static int
value(sem_t *p)
{
	int v;
	SAME(sem_getvalue(p, &v), 0);
	return v;
}

static void *
taker(void *arg)
{
	SAME(sem_wait(arg), 0);
	return NULL;
}

static void
unnamed(int shared)
{
	Thread t[3];

	FAILS(sem_init(&s, shared, (unsigned)SEM_VALUE_MAX + 1u), EINVAL);
	SAME(sem_init(&s, shared, SEM_VALUE_MAX), 0);
	FAILS(sem_post(&s), EOVERFLOW);
	SAME(value(&s), SEM_VALUE_MAX);
	SAME(sem_wait(&s), 0);
	SAME(sem_post(&s), 0);
	SAME(sem_destroy(&s), 0);

	SAME(sem_init(&s, shared, 2), 0);
	SAME(sem_trywait(&s), 0);
	SAME(sem_wait(&s), 0);
	FAILS(sem_trywait(&s), EAGAIN);
	for(int i = 0; i < 3; i++)
		start(&t[i], taker, &s);
	for(int i = 0; i < 3; i++)
		asleep(&t[i]);
	SAME(value(&s), 0); /* never negative, whoever waits */
	for(int i = 0; i < 3; i++)
		SAME(sem_post(&s), 0);
	for(int i = 0; i < 3; i++)
		join(&t[i]);
	SAME(value(&s), 0);
	SAME(sem_post(&s), 0);
	SAME(value(&s), 1);
	SAME(sem_destroy(&s), 0);
}

/*
 * glibc's words, which an unshimmed process may share: the value in the low half
 * of the first eight bytes and the waiters above it, then 0 for private, 128.
 */
static void
layout(void)
{
	struct {
		uint32_t value, waiters;
		int32_t private;
	} w;
	Thread t;

	SAME(sem_init(&s, 1, 5), 0);
	memcpy(&w, &s, sizeof w);
	SAME(w.value, 5);
	SAME(w.waiters, 0);
	SAME(w.private, 128);
	SAME(sem_init(&s, 0, 0), 0);
	memcpy(&w, &s, sizeof w);
	SAME(w.private, 0);
	SAME(sem_init(&s, 1, 0), 0);
	start(&t, taker, &s);
	asleep(&t);
	memcpy(&w, &s, sizeof w);
	SAME(w.value, 0);
	SAME(w.waiters, 1);
	SAME(sem_post(&s), 0);
	join(&t);
	memcpy(&w, &s, sizeof w);
	SAME(w.value, 0);
	SAME(w.waiters, 0);
}

static void
named(void)
{
	char name[64], longname[300];
	Thread t;

	snprintf(name, sizeof name, "/rendez-semlaws-%d", (int)getpid());
	errno = 0;
	MUST(sem_open(name, 0) == SEM_FAILED && errno == ENOENT);
	sem_t *a = sem_open(name, O_CREAT | O_EXCL, 0600, 1);
	MUST(a != SEM_FAILED);
	MUST(sem_open(name, O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST);
	sem_t *b = sem_open(name, O_CREAT, 0600, 9);
	MUST(b == a); /* one process, one name, one address */
	SAME(value(b), 1);
	SAME(sem_trywait(b), 0);
	FAILS(sem_trywait(a), EAGAIN);
	start(&t, taker, b);
	asleep(&t);
	SAME(sem_post(a), 0);
	join(&t);
	SAME(sem_close(b), 0);
	SAME(sem_post(a), 0); /* opened twice, closed once */
	SAME(sem_close(a), 0);
	SAME(sem_unlink(name), 0);
	FAILS(sem_unlink(name), ENOENT);
	FAILS(sem_close(&s), EINVAL);
	MUST(sem_open("/a/b", O_CREAT, 0600, 0) == SEM_FAILED && errno == EINVAL);
	MUST(sem_open("", O_CREAT, 0600, 0) == SEM_FAILED && errno == EINVAL);
	MUST(sem_open(name, O_CREAT, 0600, (unsigned)SEM_VALUE_MAX + 1u) == SEM_FAILED && errno == EINVAL);
	memset(longname, 'x', sizeof longname - 1);
	longname[0] = '/';
	longname[sizeof longname - 1] = 0;
	MUST(sem_open(longname, O_CREAT, 0600, 0) == SEM_FAILED);
	SAME(errno, EINVAL);
}

int
main(void)
{
	unnamed(0);
	unnamed(1);
	layout();
	named();
	return ok();
}
