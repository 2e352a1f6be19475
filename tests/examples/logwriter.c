/*
 * The log writer of a database: servers append to the log and wait until it is on disk, one process writes
 * for all that came meanwhile and posts them with one call.  Made for HP-UX as such programs are: postwait(2).
 */
#include <sys/time.h>
#include <sys/pw.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVERS = 6, COMMITS = 200 };

typedef struct {
	ukid_t writer;
	atomic_long next;    /* how much was appended to the log */
	atomic_long flushed; /* how much of it is on disk */
	struct {
		ukid_t ukid;
		atomic_long want; /* waits until so much is flushed; 0 does not wait */
	} server[SERVERS];
	long writes;
} Log;

static Log *redo;

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* A server's commit: its record must be on disk before it goes on. */
static void
commit(int i)
{
	long lsn = atomic_fetch_add(&redo->next, 1) + 1;

	atomic_store(&redo->server[i].want, lsn);
	if(pw_post(redo->writer) != 0)
		die("pw_post");
	while(atomic_load(&redo->flushed) < lsn)
		if(pw_wait(NULL) != 0 && errno != EINTR)
			die("pw_wait");
	atomic_store(&redo->server[i].want, 0);
}

static void
server(int i)
{
	int n;

	if(pw_getukid(&redo->server[i].ukid) != 0)
		die("pw_getukid");
	for(n = 0; n < COMMITS; n++)
		commit(i);
	exit(0);
}

/* Post all that wait for what is flushed; a server may have ended meanwhile. */
static void
wake(void)
{
	ukid_t targets[SERVERS];
	int errors[SERVERS];
	long want;
	int i, n = 0;

	for(i = 0; i < SERVERS; i++) {
		want = atomic_load(&redo->server[i].want);
		if(want != 0 && want <= atomic_load(&redo->flushed))
			targets[n++] = redo->server[i].ukid;
	}
	pw_postv(n, targets, errors);
	for(i = 0; i < n; i++)
		if(errors[i] != 0 && errors[i] != EINVAL)
			die("pw_postv");
}

static void
writer(void)
{
	struct timespec disk = {0, 200000}, limit;
	long end;

	while(atomic_load(&redo->flushed) < (long)SERVERS * COMMITS) {
		limit = (struct timespec){3, 0}; /* the log is written every three seconds even so */
		if(pw_wait(&limit) != 0 && errno != EAGAIN && errno != EINTR)
			die("pw_wait");
		end = atomic_load(&redo->next);
		if(end == atomic_load(&redo->flushed))
			continue;
		nanosleep(&disk, NULL); /* the write */
		redo->writes++;
		atomic_store(&redo->flushed, end);
		wake();
	}
}

int
main(void)
{
	int i, status, bad = 0;

	redo = mmap(NULL, sizeof *redo, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if(redo == MAP_FAILED || pw_getukid(&redo->writer) != 0)
		die("cannot begin");
	for(i = 0; i < SERVERS; i++)
		if(fork() == 0)
			server(i);
	writer();
	while(wait(&status) > 0)
		bad += status != 0;
	bad += redo->writes > (long)SERVERS * COMMITS;
	printf(bad ? "not ok logwriter: %d failed\n" : "ok logwriter\n", bad);
	return bad != 0;
}
