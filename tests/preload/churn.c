/*
 * Thousands of threads come, wait and go, some of them cancelled, some calling
 * pthread_exit, some detached: no descriptor, mapping or memory is left behind.
 */
#include "t.h"
#include <dirent.h>

enum { WAVES = 60, WAVE = 50 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s, gone;
static long n;

static void
unlock(void *arg)
{
	pthread_mutex_unlock(arg);
}

static void *
visit(void *arg)
{
	long how = (long)arg;
	struct timespec d = in(CLOCK_REALTIME, 1);

	SAME(pthread_mutex_lock(&m), 0);
	n++;
	sched_yield();
	pthread_cleanup_push(unlock, &m);
	while(how == 0)
		pthread_cond_wait(&c, &m); /* until it is cancelled */
	pthread_cond_timedwait(&c, &m, &d);
	pthread_cleanup_pop(1);
	SAME(sem_wait(&s), 0);
	SAME(sem_post(&s), 0);
	if(how == 1)
		pthread_exit(NULL);
	if(how == 2)
		SAME(sem_post(&gone), 0);
	return NULL;
}

static int
entries(const char *dir)
{
	int k = 0;
	DIR *d = opendir(dir);
	MUST(d != NULL);
	while(readdir(d) != NULL)
		k++;
	closedir(d);
	return k;
}

static long
field(const char *path, const char *fmt)
{
	char line[200];
	long v = 0, k = 0;
	FILE *f = fopen(path, "r");
	while(fgets(line, sizeof line, f) != NULL) {
		k++;
		if(fmt != NULL && sscanf(line, fmt, &v) == 1)
			break;
	}
	fclose(f);
	return fmt != NULL ? v : k;
}

static void
wave(void)
{
	pthread_t t[WAVE];
	for(long i = 0; i < WAVE; i++)
		SAME(pthread_create(&t[i], NULL, visit, (void *)(i % 4)), 0);
	for(int i = 0; i < WAVE; i++)
		if(i % 4 == 2)
			SAME(pthread_detach(t[i]), 0);
		else {
			if(i % 4 == 0)
				SAME(pthread_cancel(t[i]), 0);
			SAME(pthread_join(t[i], NULL), 0);
		}
	for(int i = 0; i < WAVE; i++)
		if(i % 4 == 2)
			SAME(sem_wait(&gone), 0);
	UNTIL(entries("/proc/self/task") == 3); /* ".", ".." and this one */
}

int
main(void)
{
	SAME(sem_init(&s, 0, 1), 0);
	SAME(sem_init(&gone, 0, 0), 0);
	for(int i = 0; i < 5; i++)
		wave();
	int fds = entries("/proc/self/fd");
	long maps = field("/proc/self/maps", NULL), kib = field("/proc/self/status", "VmRSS: %ld");
	for(int i = 0; i < WAVES; i++)
		wave();
	SAME(n > WAVE * WAVES / 2, 1); /* one cancelled before it began counts not */
	SAME(entries("/proc/self/fd"), fds);
	long maps2 = field("/proc/self/maps", NULL), kib2 = field("/proc/self/status", "VmRSS: %ld");
	if(maps2 > maps + WAVE)
		no("%ld mappings became %ld", maps, maps2);
	if(kib2 > kib + 2048)
		no("%ld KiB became %ld", kib, kib2);
	return ok();
}
