/*
 * A thousand threads that each wait for a mutex, a semaphore and a condition:
 * what the library keeps of each is bounded, and given back when they end.
 * Natively a thread here has some 12 KiB resident; it may have 24 more.
 */
#include "t.h"

enum { THREADS = 1000, BOUND = 36 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static int go, waiting;

static void *
waits(void *arg)
{
	SAME(pthread_mutex_lock(&m), 0);
	waiting++;
	while(!go)
		SAME(pthread_cond_wait(&c, &m), 0);
	waiting--;
	SAME(pthread_mutex_unlock(&m), 0);
	SAME(sem_wait(&s), 0);
	return arg;
}

/* Resident KiB, of memory and of mapped files. */
static long
resident(void)
{
	char line[200];
	long kib = -1;
	FILE *f = fopen("/proc/self/status", "r");
	while(fgets(line, sizeof line, f) != NULL)
		if(sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	fclose(f);
	return kib;
}

static int
mappings(void)
{
	int n = 0, ch;
	FILE *f = fopen("/proc/self/maps", "r");
	while((ch = getc(f)) != EOF)
		n += ch == '\n';
	fclose(f);
	return n;
}

static long
wave(void)
{
	static pthread_t t[THREADS];
	pthread_attr_t a;
	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 128 * 1024);
	go = 0;
	SAME(pthread_mutex_lock(&m), 0);
	for(int i = 0; i < THREADS; i++)
		SAME(pthread_create(&t[i], &a, waits, NULL), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	for(int n = 0; n < THREADS;) {
		SAME(pthread_mutex_lock(&m), 0);
		n = waiting;
		SAME(pthread_mutex_unlock(&m), 0);
		napus(1000);
	}
	long most = resident();
	SAME(pthread_mutex_lock(&m), 0);
	go = 1;
	SAME(pthread_cond_broadcast(&c), 0);
	SAME(pthread_mutex_unlock(&m), 0);
	for(int i = 0; i < THREADS; i++)
		SAME(sem_post(&s), 0);
	for(int i = 0; i < THREADS; i++)
		SAME(pthread_join(t[i], NULL), 0);
	SAME(waiting, 0);
	return most;
}

int
main(void)
{
	SAME(sem_init(&s, 0, 0), 0);
	long before = resident();
	long with = wave();
	if((with - before) / THREADS >= BOUND)
		no("%ld KiB a thread", (with - before) / THREADS);
	/* threads that come and go leave nothing: a wave later nothing has grown but by slack */
	wave();
	int maps = mappings();
	long after = wave();
	for(int i = 0; i < 3; i++)
		after = wave();
	if(mappings() > maps + 16)
		no("%d mappings became %d", maps, mappings());
	if(after > with + 4096)
		no("%ld KiB became %ld", with, after);
	return ok();
}
