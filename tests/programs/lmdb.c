/*
 * Processes and threads that write and read one LMDB environment, whose two mutexes lie in its lock file, robust and
 * shared; some are killed in the middle of a transaction and the others go on.  Every other process runs without what
 * is preloaded here.
 *
 *	lmdb DIR N KILLS	N transactions a thread
 *
 * Every transaction adds a record and one to a counter, so a reader always sees as many records as counted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NPROC = 4, NTHREAD = 3 };

static MDB_env *env;
static MDB_dbi dbi;
static int rounds;
static char **self;

static void
must(int e)
{
	if(e != 0) {
		fprintf(stderr, "lmdb: %s\n", mdb_strerror(e));
		exit(1);
	}
}

static void
openenv(void)
{
	MDB_txn *txn;

	must(mdb_env_create(&env));
	must(mdb_env_set_mapsize(env, 256 << 20));
	must(mdb_env_open(env, self[1], MDB_NOSYNC | MDB_NOMETASYNC, 0600));
	must(mdb_txn_begin(env, NULL, 0, &txn));
	must(mdb_dbi_open(txn, NULL, 0, &dbi));
	must(mdb_txn_commit(txn));
}

/* The counter, and as many records? */
static uint64_t
counted(MDB_txn *txn, int check)
{
	MDB_val k = {1, "c"}, v;
	MDB_stat s;
	uint64_t n = 0;

	switch(mdb_get(txn, dbi, &k, &v)) {
	case 0:
		memcpy(&n, v.mv_data, sizeof n);
		break;
	case MDB_NOTFOUND:
		return 0;
	default:
		must(EINVAL);
	}
	must(mdb_stat(txn, dbi, &s));
	if(check && s.ms_entries != n + 1) {
		fprintf(stderr, "lmdb: %zu records, %zu counted\n", (size_t)s.ms_entries - 1, (size_t)n);
		exit(1);
	}
	return n;
}

static void
add(MDB_txn *txn, uint64_t key)
{
	uint64_t n = counted(txn, 1) + 1;
	MDB_val k = {sizeof key, &key}, v = {sizeof n, &n}, c = {1, "c"};

	must(mdb_put(txn, dbi, &k, &v, MDB_NOOVERWRITE));
	must(mdb_put(txn, dbi, &c, &v, 0));
}

static void *
worker(void *arg)
{
	uint64_t me = (uintptr_t)arg;
	MDB_txn *txn;

	for(int i = 0; i < rounds; i++) {
		must(mdb_txn_begin(env, NULL, 0, &txn));
		add(txn, me << 32 | (uint32_t)i);
		if(i % 16 == 5) {
			mdb_txn_abort(txn);
			must(mdb_txn_begin(env, NULL, 0, &txn));
			add(txn, me << 32 | (uint32_t)i);
		}
		must(mdb_txn_commit(txn));
		must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
		counted(txn, 1);
		mdb_txn_abort(txn);
	}
	return NULL;
}

/* Stop in the middle of a transaction, to be killed there. */
static void
victim(int writes)
{
	MDB_txn *txn;

	must(mdb_txn_begin(env, NULL, writes ? 0 : MDB_RDONLY, &txn));
	if(writes)
		add(txn, UINT64_MAX);
	if(write(1, "x", 1) != 1)
		exit(1);
	for(;;)
		pause();
}

/* This program again, without the preload if bare; *out is its standard output if not nil. */
static pid_t
again(char *what, int number, int bare, int *out)
{
	char s[16];
	int fd[2];
	pid_t pid;

	if(out != NULL && pipe(fd) < 0)
		abort();
	pid = fork();
	if(pid == 0) {
		if(bare)
			unsetenv("LD_PRELOAD");
		if(out != NULL)
			dup2(fd[1], 1);
		snprintf(s, sizeof s, "%d", number);
		execl("/proc/self/exe", self[0], self[1], self[2], self[3], what, s, NULL);
		_exit(127);
	}
	if(out != NULL) {
		close(fd[1]);
		*out = fd[0];
	}
	return pid;
}

static void
all(int kills)
{
	MDB_txn *txn;
	pid_t pid[NPROC], v;
	int status, out, killed = 0, failed = 0, dead = 0;
	char c;

	openenv();
	for(int i = 0; i < NPROC; i++)
		pid[i] = again("work", i + 1, i % 2, NULL);
	for(int i = 0; i < kills; i++) {
		v = again("victim", i / 2 % 2, i % 2, &out);
		if(read(out, &c, 1) != 1)
			abort();
		kill(v, SIGKILL);
		close(out);
		waitpid(v, &status, 0);
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	}
	for(int i = 0; i < NPROC; i++) {
		waitpid(pid[i], &status, 0);
		failed += status != 0;
	}
	must(mdb_reader_check(env, &dead));
	must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
	printf("%d failed, %zu of %d counted, %d killed\n", failed, (size_t)counted(txn, 1), rounds * NPROC * NTHREAD,
	    killed);
	mdb_txn_abort(txn);
	mdb_env_close(env);
}

int
main(int argc, char **argv)
{
	pthread_t t[NTHREAD];
	uintptr_t me;

	if(argc < 4)
		return 2;
	self = argv;
	rounds = atoi(argv[2]);
	if(argc < 6) {
		all(atoi(argv[3]));
		return 0;
	}
	openenv();
	if(strcmp(argv[4], "victim") == 0)
		victim(atoi(argv[5]));
	me = (uintptr_t)atoi(argv[5]) * NTHREAD;
	for(int i = 0; i < NTHREAD; i++)
		pthread_create(&t[i], NULL, worker, (void *)(me + (uintptr_t)i));
	for(int i = 0; i < NTHREAD; i++)
		pthread_join(t[i], NULL);
	mdb_env_close(env);
	return 0;
}
