/*
 * Readers-writer locks: what the calls answer, who is let in before whom for each
 * kind, that nobody is shut out for good, and that an unlock touches the lock no
 * more when the next holder has destroyed it.
 */
#include "t.h"

enum { THREADS = 8, ROUNDS = 4000, FREED = 2000 };

static pthread_rwlock_t readersfirst = PTHREAD_RWLOCK_INITIALIZER;
static pthread_rwlock_t handsover;
static pthread_rwlock_t writersfirst = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static long a, b;
static _Atomic int stop, reads;

static void *
towrite(void *l)
{
	SAME(pthread_rwlock_wrlock(l), 0);
	SAME(pthread_rwlock_unlock(l), 0);
	return NULL;
}

static void *
toread(void *l)
{
	SAME(pthread_rwlock_rdlock(l), 0);
	SAME(pthread_rwlock_unlock(l), 0);
	return NULL;
}

static void *
triestoread(void *l)
{
	int r = pthread_rwlock_tryrdlock(l);
	if(r == 0)
		SAME(pthread_rwlock_unlock(l), 0);
	return (void *)(long)r;
}

static void *
givesup(void *l)
{
	struct timespec d = in(CLOCK_MONOTONIC, 100);
	return (void *)(long)pthread_rwlock_clockwrlock(l, CLOCK_MONOTONIC, &d);
}

static void
answers(pthread_rwlock_t *l)
{
	struct timespec past = in(CLOCK_REALTIME, -1000), bad = {0, 1000000000};
	Thread t;

	SAME(pthread_rwlock_wrlock(l), 0);
	SAME(pthread_rwlock_wrlock(l), EDEADLK);
	SAME(pthread_rwlock_rdlock(l), EDEADLK);
	SAME(pthread_rwlock_trywrlock(l), EBUSY);
	SAME(pthread_rwlock_tryrdlock(l), EBUSY);
	SAME(pthread_rwlock_timedwrlock(l, &bad), EINVAL);
	SAME(pthread_rwlock_clockrdlock(l, CLOCK_PROCESS_CPUTIME_ID, &past), EINVAL);
	start(&t, triestoread, l);
	SAME(join(&t), EBUSY);
	start(&t, givesup, l);
	SAME(join(&t), ETIMEDOUT);
	SAME(pthread_rwlock_unlock(l), 0);
	SAME(pthread_rwlock_timedrdlock(l, &past), 0);
	SAME(pthread_rwlock_rdlock(l), 0);
	SAME(pthread_rwlock_trywrlock(l), EBUSY);
	SAME(pthread_rwlock_timedwrlock(l, &past), ETIMEDOUT);
	SAME(pthread_rwlock_unlock(l), 0);
	SAME(pthread_rwlock_unlock(l), 0);
	SAME(pthread_rwlock_trywrlock(l), 0);
	SAME(pthread_rwlock_unlock(l), 0);
}

/* A reader holds it, and a writer waits: may another reader come in? */
static void
order(pthread_rwlock_t *l, int letin)
{
	Thread w, r, quitter;

	SAME(pthread_rwlock_rdlock(l), 0);
	start(&w, towrite, l);
	asleep(&w);
	start(&r, triestoread, l);
	SAME(join(&r), letin ? 0 : EBUSY);
	if(letin) {
		/* Also the same one once more, or a recursive reader would deadlock. */
		SAME(pthread_rwlock_rdlock(l), 0);
		SAME(pthread_rwlock_unlock(l), 0);
	}
	SAME(pthread_rwlock_unlock(l), 0);
	join(&w);

	/* The writer that kept a reader out gives up: the reader joins the one who holds it. */
	SAME(pthread_rwlock_rdlock(l), 0);
	start(&quitter, givesup, l);
	start(&r, toread, l);
	SAME(join(&quitter), ETIMEDOUT);
	join(&r);
	SAME(pthread_rwlock_unlock(l), 0);
}

static _Atomic int turn;

static void *
readsinturn(void *l)
{
	SAME(pthread_rwlock_rdlock(l), 0);
	int mine = atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed);
	SAME(pthread_rwlock_unlock(l), 0);
	return (void *)(long)mine;
}

static void *
writesinturn(void *l)
{
	SAME(pthread_rwlock_wrlock(l), 0);
	atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed);
	SAME(pthread_rwlock_unlock(l), 0);
	return NULL;
}

/*
 * A reader waits, and behind it a writer; the writer who has the lock gives it up.  A waiter may look by itself now and then, and
 * find the lock free for the moment that it is: so it holds for most.
 */
static void
handed(int kind, int writerfirst)
{
	pthread_rwlockattr_t ra;
	pthread_rwlock_t l;
	int first = 0;

	pthread_rwlockattr_init(&ra);
	SAME(pthread_rwlockattr_setkind_np(&ra, kind), 0);
	SAME(pthread_rwlock_init(&l, &ra), 0);
	for(int i = 0; i < 20; i++) {
		Thread r, w;

		turn = 0;
		SAME(pthread_rwlock_wrlock(&l), 0);
		start(&r, readsinturn, &l);
		asleep(&r);
		start(&w, writesinturn, &l);
		asleep(&w);
		SAME(pthread_rwlock_unlock(&l), 0);
		first += join(&r) != NULL;
		join(&w);
	}
	MUST(writerfirst ? first >= 15 : first <= 5);
}

static void *
mixed(void *arg)
{
	pthread_rwlock_t *l = arg;
	unsigned x = (unsigned)(uintptr_t)&x;

	for(int i = 0; i < ROUNDS; i++) {
		x = x * 1664525 + 1013904223;
		struct timespec d = in(CLOCK_REALTIME, x >> 28);
		if(x >> 24 & 3) {
			int r = x >> 26 & 1 ? pthread_rwlock_rdlock(l) : pthread_rwlock_timedrdlock(l, &d);
			if(r == ETIMEDOUT)
				continue;
			SAME(r, 0);
			MUST(a == b);
		} else {
			int r = x >> 26 & 1 ? pthread_rwlock_wrlock(l) : pthread_rwlock_timedwrlock(l, &d);
			if(r == ETIMEDOUT)
				continue;
			SAME(r, 0);
			a++;
			b++;
		}
		SAME(pthread_rwlock_unlock(l), 0);
	}
	return NULL;
}

static void *
readforever(void *l)
{
	while(!atomic_load_explicit(&stop, memory_order_relaxed)) {
		SAME(pthread_rwlock_rdlock(l), 0);
		atomic_fetch_add_explicit(&reads, 1, memory_order_relaxed);
		for(volatile int i = 0; i < 3000; i++)
			;
		SAME(pthread_rwlock_unlock(l), 0);
	}
	return NULL;
}

/* Readers that overlap for ever do not keep a writer out, where writers are preferred. */
static void
nostarving(void)
{
	Thread r[4], w;

	for(int i = 0; i < 4; i++)
		start(&r[i], readforever, &writersfirst);
	UNTIL(atomic_load_explicit(&reads, memory_order_relaxed) > 100);
	for(int i = 0; i < 20; i++) {
		start(&w, towrite, &writersfirst);
		join(&w);
	}
	atomic_store_explicit(&stop, 1, memory_order_relaxed);
	for(int i = 0; i < 4; i++)
		join(&r[i]);
}

typedef struct Page {
	pthread_rwlock_t l;
	int users;
} Page;

static void
leave(Page *p)
{
	SAME(pthread_rwlock_wrlock(&p->l), 0);
	int last = --p->users == 0;
	SAME(pthread_rwlock_unlock(&p->l), 0);
	if(last) {
		SAME(pthread_rwlock_destroy(&p->l), 0);
		SAME(munmap(p, sizeof *p), 0);
	}
}

static Page *_Atomic page;

static void *
otheruser(void *arg)
{
	for(int i = 0; i < FREED; i++) {
		Page *p;
		UNTIL((p = atomic_exchange_explicit(&page, NULL, memory_order_acq_rel)) != NULL);
		leave(p);
	}
	return arg;
}

static void
freed(void)
{
	Thread t;

	start(&t, otheruser, NULL);
	for(int i = 0; i < FREED; i++) {
		Page *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		MUST(p != MAP_FAILED);
		SAME(pthread_rwlock_init(&p->l, NULL), 0);
		p->users = 2;
		atomic_store_explicit(&page, p, memory_order_release);
		UNTIL(atomic_load_explicit(&page, memory_order_acquire) == NULL);
		leave(p);
	}
	join(&t);
}

/* The child has the lock as the forking thread held it, and nobody who waits for it. */
static void
forked(void)
{
	Thread w;
	int status;

	SAME(pthread_rwlock_rdlock(&readersfirst), 0);
	start(&w, towrite, &readersfirst);
	asleep(&w);
	pid_t pid = fork();
	if(pid == 0) {
		SAME(pthread_rwlock_unlock(&readersfirst), 0);
		Thread t[2];
		for(int i = 0; i < 2; i++)
			start(&t[i], mixed, &readersfirst);
		for(int i = 0; i < 2; i++)
			join(&t[i]);
		SAME(pthread_rwlock_trywrlock(&readersfirst), 0);
		_exit(0);
	}
	SAME(waitpid(pid, &status, 0), pid);
	SAME(status, 0);
	SAME(pthread_rwlock_unlock(&readersfirst), 0);
	join(&w);
}

/* There may be 2^28 - 1 readers.  Nobody waits for so many locks: the count is put there, where each of us has it. */
static void
toomany(void)
{
	pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;
	uint32_t count = (1u << 28) - 2;
	struct timespec d = in(CLOCK_REALTIME, 10000);

	if(preloaded())
		memcpy((char *)&l + sizeof count, &count, sizeof count);
	else
		l.__data.__readers = count << 3;
	SAME(pthread_rwlock_rdlock(&l), 0);
	SAME(pthread_rwlock_rdlock(&l), EAGAIN);
	SAME(pthread_rwlock_tryrdlock(&l), EAGAIN);
	SAME(pthread_rwlock_timedrdlock(&l, &d), EAGAIN);
	SAME(pthread_rwlock_trywrlock(&l), EBUSY);
	SAME(pthread_rwlock_unlock(&l), 0);
	SAME(pthread_rwlock_tryrdlock(&l), 0);
	SAME(pthread_rwlock_tryrdlock(&l), EAGAIN);
}

int
main(void)
{
	pthread_rwlock_t *kinds[] = {&readersfirst, &handsover, &writersfirst};
	pthread_rwlockattr_t ra;
	Thread t[THREADS];

	pthread_rwlockattr_init(&ra);
	SAME(pthread_rwlockattr_setkind_np(&ra, PTHREAD_RWLOCK_PREFER_WRITER_NP), 0);
	SAME(pthread_rwlock_init(&handsover, &ra), 0);
	for(int k = 0; k < 3; k++) {
		answers(kinds[k]);
		order(kinds[k], k < 2);
		for(int i = 0; i < THREADS; i++)
			start(&t[i], mixed, kinds[k]);
		for(int i = 0; i < THREADS; i++)
			join(&t[i]);
		MUST(a == b && a > 0);
		answers(kinds[k]);
	}
	handed(PTHREAD_RWLOCK_PREFER_READER_NP, 0);
	handed(PTHREAD_RWLOCK_PREFER_WRITER_NP, 1);
	nostarving();
	toomany();
	freed();
	/* libc's last reader hands the lock to the writer that waits, who is not in the child: its child hangs there for ever. */
	if(preloaded())
		forked();
	return ok();
}
