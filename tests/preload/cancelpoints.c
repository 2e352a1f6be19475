/*
 * Every cancellation point of POSIX.1-2017 that this system has (all of the list of those that shall be, but for the
 * STREAMS calls; and of those that may be, the ones of glibc that block): a thread that sleeps there is
 * cancelled, or comes there with the request pending.  It holds a mutex, and its cleanup handlers unlock that one and use a
 * mutex, a rwlock and a semaphore that others contend for.  And asynchronously: a thread that computes.
 *
 * link: -lrt
 */
#include "t.h"
#include <aio.h>
#include <mqueue.h>
#include <poll.h>
#include <pty.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <threads.h>

static pthread_mutex_t held = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP, busy = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t nm = PTHREAD_MUTEX_INITIALIZER;
static sem_t sem, zero;
static cnd_t cnd;
static mtx_t mtx;
static _Atomic int entered, pending, cleaned, over;
static char byte[8192], path[40], fifo[60], locked[60], big[1 << 17];
static int empty[2], full[2], sock[2], fullsock[2], listening, file, lockfile, master, slave, ep;
static int mq = -1, mqfull = -1, msq = -1, msqfull = -1;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static struct iovec iov = {byte, 1}, bigiov = {big, sizeof big};
static struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1}, bigmsg = {.msg_iov = &bigiov, .msg_iovlen = 1};
static struct timespec week = {600000, 0};
static pthread_t sleeper;
static sigset_t sigs;

static struct timespec *
later(void)
{
	static struct timespec t;

	t = in(CLOCK_REALTIME, 600000);
	return &t;
}

/* Another process has locked it. */
static int
locks(void)
{
	struct flock f = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(lockfile, F_SETLKW, &f);
}

static int
connects(void)
{
	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
}

static int
suspends(void)
{
	static struct aiocb cb; /* the read never ends */
	const struct aiocb *list[] = {&cb};

	if(cb.aio_nbytes == 0) {
		cb.aio_fildes = empty[0];
		cb.aio_buf = byte;
		cb.aio_nbytes = 1;
		aio_read(&cb);
	}
	return aio_suspend(list, 1, NULL);
}

static int
condwaits(void)
{
	pthread_mutex_lock(&nm);
	pthread_cleanup_push((void (*)(void *))(void (*)(void))pthread_mutex_unlock, &nm);
	for(;;)
		pthread_cond_wait(&never, &nm);
	pthread_cleanup_pop(1);
}

static int
condtimed(int monotonic)
{
	struct timespec t = in(CLOCK_MONOTONIC, 600000);

	pthread_mutex_lock(&nm);
	pthread_cleanup_push((void (*)(void *))(void (*)(void))pthread_mutex_unlock, &nm);
	for(;;)
		if(monotonic)
			pthread_cond_clockwait(&never, &nm, CLOCK_MONOTONIC, &t);
		else
			pthread_cond_timedwait(&never, &nm, later());
	pthread_cleanup_pop(1);
}

static int
cndwaits(void)
{
	mtx_lock(&mtx);
	pthread_cleanup_push((void (*)(void *))(void (*)(void))mtx_unlock, &mtx);
	for(;;)
		cnd_wait(&cnd, &mtx);
	pthread_cleanup_pop(1);
}

static int
selects(int p)
{
	fd_set r;

	FD_ZERO(&r);
	FD_SET(empty[0], &r);
	return p ? pselect(empty[0] + 1, &r, NULL, NULL, NULL, NULL) : select(empty[0] + 1, &r, NULL, NULL, NULL);
}

static struct pollfd pfd;
static struct epoll_event event;
static siginfo_t info;
static int signo;

/* P(name, whether it sleeps there, whether this system has it, the call) */
#define POINTS \
	P(accept, 1, 1, accept(listening2, NULL, NULL)) \
	P(aio_suspend, 1, 1, suspends()) \
	P(clock_nanosleep, 1, 1, clock_nanosleep(CLOCK_MONOTONIC, 0, &week, NULL)) \
	P(close, 0, 1, close(dup(file))) \
	P(connect, 1, 1, connects()) \
	P(creat, 1, 1, creat(fifo, 0600)) \
	P(fcntl, 1, 1, locks()) \
	P(fdatasync, 0, 1, fdatasync(file)) \
	P(fsync, 0, 1, fsync(file)) \
	P(lockf, 1, 1, lockf(lockfile, F_LOCK, 0)) \
	P(mq_receive, 1, mq >= 0, (int)mq_receive(mq, byte, sizeof byte, NULL)) \
	P(mq_send, 1, mqfull >= 0, mq_send(mqfull, byte, 1, 0)) \
	P(mq_timedreceive, 1, mq >= 0, (int)mq_timedreceive(mq, byte, sizeof byte, NULL, later())) \
	P(mq_timedsend, 1, mqfull >= 0, mq_timedsend(mqfull, byte, 1, 0, later())) \
	P(msgrcv, 1, msq >= 0, (int)msgrcv(msq, byte, 10, 0, 0)) \
	P(msgsnd, 1, msqfull >= 0, msgsnd(msqfull, "\1\0\0\0\0\0\0\0xxxx", 1024, 0)) \
	P(msync, 0, 1, msync(mapped, 4096, MS_SYNC)) \
	P(nanosleep, 1, 1, nanosleep(&week, NULL)) \
	P(open, 1, 1, open(fifo, O_RDONLY)) \
	P(openat, 1, 1, openat(AT_FDCWD, fifo, O_RDONLY)) \
	P(pause, 1, 1, pause()) \
	P(poll, 1, 1, poll(&pfd, 1, -1)) \
	P(pread, 0, 1, (int)pread(file, byte, 1, 0)) \
	P(pselect, 1, 1, selects(1)) \
	P(pthread_cond_timedwait, 1, 1, condtimed(0)) \
	P(pthread_cond_wait, 1, 1, condwaits()) \
	P(pthread_join, 1, 1, pthread_join(sleeper, NULL)) \
	P(pthread_testcancel, 0, 1, (pthread_testcancel(), 0)) \
	P(pwrite, 0, 1, (int)pwrite(file, byte, 1, 0)) \
	P(read, 1, 1, (int)read(empty[0], byte, 1)) \
	P(readv, 1, 1, (int)readv(empty[0], &iov, 1)) \
	P(recv, 1, 1, (int)recv(sock[0], byte, 1, 0)) \
	P(recvfrom, 1, 1, (int)recvfrom(sock[0], byte, 1, 0, NULL, NULL)) \
	P(recvmsg, 1, 1, (int)recvmsg(sock[0], &msg, 0)) \
	P(select, 1, 1, selects(0)) \
	P(sem_timedwait, 1, 1, sem_timedwait(&zero, later())) \
	P(sem_wait, 1, 1, sem_wait(&zero)) \
	P(send, 1, 1, (int)send(fullsock[0], big, sizeof big, 0)) \
	P(sendmsg, 1, 1, (int)sendmsg(fullsock[0], &bigmsg, 0)) \
	P(sendto, 1, 1, (int)sendto(fullsock[0], big, sizeof big, 0, NULL, 0)) \
	P(sigsuspend, 1, 1, sigsuspend(&sigs)) \
	P(sigtimedwait, 1, 1, sigtimedwait(&sigs, &info, &week)) \
	P(sigwait, 1, 1, sigwait(&sigs, &signo)) \
	P(sigwaitinfo, 1, 1, sigwaitinfo(&sigs, &info)) \
	P(sleep, 1, 1, (int)sleep(100000)) \
	P(system, 1, 1, system("exec sleep 100000")) \
	P(tcdrain, 0, master >= 0, tcdrain(slave)) \
	P(wait, 1, 1, wait(NULL)) \
	P(waitid, 1, 1, waitid(P_ALL, 0, &info, WEXITED)) \
	P(waitpid, 1, 1, waitpid(-1, NULL, 0)) \
	P(write, 1, 1, (int)write(full[1], byte, 1)) \
	P(writev, 1, 1, (int)writev(full[1], &iov, 1)) \
	P(accept4, 1, 1, accept4(listening2, NULL, NULL, 0)) \
	P(cnd_wait, 1, 1, cndwaits()) \
	P(epoll_wait, 1, 1, epoll_wait(ep, &event, 1, -1)) \
	P(fgetc, 1, 1, fgetc(stream)) \
	P(ppoll, 1, 1, ppoll(&pfd, 1, NULL, NULL)) \
	P(pthread_cond_clockwait, 1, 1, condtimed(1)) \
	P(sem_clockwait, 1, 1, sem_clockwait(&zero, CLOCK_REALTIME, later())) \
	P(thrd_sleep, 1, 1, thrd_sleep(&week, NULL)) \
	P(usleep, 1, 1, usleep(900000000)) \
	P(wait4, 1, 1, wait4(-1, NULL, 0, NULL))

static int listening2;
static void *mapped;
static FILE *stream;

#define P(name, sleeps, has, call) \
	static int call_##name(void) \
	{ \
		return call; \
	}
POINTS
#undef P

typedef struct Point {
	const char *name;
	int sleeps;
	int (*call)(void);
} Point;

static void
clean(void *arg)
{
	SAME(pthread_mutex_lock(&busy), 0);
	sched_yield();
	SAME(pthread_mutex_unlock(&busy), 0);
	SAME(pthread_rwlock_wrlock(&rw), 0);
	SAME(pthread_rwlock_unlock(&rw), 0);
	SAME(sem_wait(&sem), 0);
	SAME(sem_post(&sem), 0);
	SAME(pthread_mutex_unlock(&held), 0);
	atomic_fetch_add_explicit((_Atomic int *)arg, 1, memory_order_release);
}

static void *
victim(void *arg)
{
	Point *p = arg;

	SAME(pthread_mutex_lock(&held), 0);
	pthread_cleanup_push(clean, &cleaned);
	atomic_store_explicit(&entered, 1, memory_order_release);
	while(!atomic_load_explicit(&pending, memory_order_acquire))
		;
	p->call();
	no("%s returned", p->name);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *
computes(void *arg)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	SAME(pthread_mutex_lock(&held), 0);
	pthread_cleanup_push(clean, &cleaned);
	atomic_store_explicit(&entered, 1, memory_order_release);
	for(volatile unsigned i = 0;; i++)
		;
	pthread_cleanup_pop(0);
	return arg;
}

static void *
contends(void *arg)
{
	while(!atomic_load_explicit(&over, memory_order_acquire)) {
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
		SAME(pthread_mutex_lock(&busy), 0);
		sched_yield();
		SAME(pthread_mutex_unlock(&busy), 0);
		SAME(pthread_rwlock_rdlock(&rw), 0);
		SAME(sem_wait(&sem), 0);
		sched_yield();
		SAME(sem_post(&sem), 0);
		SAME(pthread_rwlock_unlock(&rw), 0);
		napus(50);
	}
	return arg;
}

/* Until the thread sleeps, and still a while later. */
static void
sleeps(pid_t tid)
{
	char name[64], line[300], *p;

	snprintf(name, sizeof name, "/proc/self/task/%d/stat", (int)tid);
	for(int same = 0; same < 4; napus(250)) {
		FILE *f = fopen(name, "r");
		MUST(f != NULL && fgets(line, sizeof line, f) != NULL);
		fclose(f);
		p = strrchr(line, ')');
		same = p != NULL && p[2] == 'S' ? same + 1 : 0;
	}
}

static void
one(Point *p, int early)
{
	Thread t;

	atomic_store_explicit(&entered, 0, memory_order_relaxed);
	atomic_store_explicit(&cleaned, 0, memory_order_relaxed);
	atomic_store_explicit(&pending, !early, memory_order_relaxed);
	start(&t, victim, p);
	UNTIL(atomic_load_explicit(&entered, memory_order_acquire));
	if(!early)
		sleeps(t.tid);
	SAME(pthread_cancel(t.id), 0);
	atomic_store_explicit(&pending, 1, memory_order_release);
	MUST(join(&t) == PTHREAD_CANCELED);
	if(atomic_load_explicit(&cleaned, memory_order_acquire) != 1)
		no("%s: no cleanup", p->name);
	SAME(pthread_mutex_trylock(&held), 0);
	SAME(pthread_mutex_unlock(&held), 0);
	SAME(pthread_mutex_lock(&nm), 0);
	SAME(pthread_mutex_unlock(&nm), 0);
}

static void *
naps(void *arg)
{
	napus(1000000000);
	return arg;
}

static int
fills(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while(write(fd, big, sizeof big) > 0)
		;
	while(write(fd, big, 1) > 0)
		;
	fcntl(fd, F_SETFL, 0);
	return fd;
}

static void
prepare(void)
{
	struct mq_attr small = {.mq_maxmsg = 1, .mq_msgsize = 100};
	char name[40];

	snprintf(path, sizeof path, "/tmp/rendez-cancel.%d", (int)getpid());
	snprintf(fifo, sizeof fifo, "%s.fifo", path);
	strcat(strcpy(address.sun_path, path), ".sock");
	MUST((file = open(path, O_RDWR | O_CREAT | O_EXCL, 0600)) >= 0 && ftruncate(file, 4096) == 0);
	snprintf(locked, sizeof locked, "%s.lock", path);
	MUST((lockfile = open(locked, O_RDWR | O_CREAT | O_EXCL, 0600)) >= 0);
	mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	SAME(mkfifo(fifo, 0600), 0);
	MUST(pipe(empty) == 0 && pipe(full) == 0 && fills(full[1]) >= 0);
	MUST((stream = fdopen(dup(empty[0]), "r")) != NULL);
	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, sock), 0);
	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, fullsock), 0);
	fills(fullsock[0]);
	listening = socket(AF_UNIX, SOCK_STREAM, 0);
	SAME(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
	SAME(listen(listening, 0), 0);
	SAME(connects(), 0);
	listening2 = socket(AF_UNIX, SOCK_STREAM, 0);
	MUST(bind(listening2, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0 && listen(listening2, 1) == 0);
	MUST((ep = epoll_create1(0)) >= 0);
	if(openpty(&master, &slave, NULL, NULL, NULL) != 0)
		master = -1;
	snprintf(name, sizeof name, "/rendez-cancel-%d", (int)getpid());
	mq = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &small);
	mq_unlink(name);
	mqfull = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &small);
	mq_unlink(name);
	if(mqfull >= 0)
		SAME(mq_send(mqfull, byte, 1, 0), 0);
	msq = msgget(IPC_PRIVATE, 0600);
	msqfull = msgget(IPC_PRIVATE, 0600);
	byte[0] = 1;
	while(msqfull >= 0 && msgsnd(msqfull, byte, 1024, IPC_NOWAIT) == 0)
		;
	pfd = (struct pollfd){empty[0], POLLIN, 0};
	sigemptyset(&sigs);
	sigaddset(&sigs, SIGUSR2);
}

int
main(void)
{
	Point points[100];
	int npoint = 0;
	Thread t, c[2];
	pid_t child;
	int ready[2];

	SAME(sem_init(&sem, 0, 1), 0);
	SAME(sem_init(&zero, 0, 0), 0);
	SAME(cnd_init(&cnd), thrd_success);
	SAME(mtx_init(&mtx, mtx_plain), thrd_success);
	prepare();
#define P(name, sleeps, has, call) \
	if(has) \
		points[npoint++] = (Point){#name, sleeps, call_##name};
	POINTS
#undef P
	pthread_sigmask(SIG_BLOCK, &sigs, NULL);
	SAME(pipe(ready), 0);
	if((child = fork()) == 0) {
		SAME(lockf(lockfile, F_LOCK, 0), 0);
		SAME(write(ready[1], byte, 1), 1);
		pause();
		_exit(0);
	}
	SAME(read(ready[0], byte, 1), 1);
	start(&t, naps, NULL);
	sleeper = t.id;
	for(int i = 0; i < 2; i++)
		start(&c[i], contends, NULL);
	for(int i = 0; i < npoint; i++) {
		one(&points[i], 1);
		if(points[i].sleeps)
			one(&points[i], 0);
	}
	for(int i = 0; i < 20; i++) {
		Thread a;
		atomic_store_explicit(&entered, 0, memory_order_relaxed);
		start(&a, computes, NULL);
		UNTIL(atomic_load_explicit(&entered, memory_order_acquire));
		SAME(pthread_cancel(a.id), 0);
		MUST(join(&a) == PTHREAD_CANCELED);
		SAME(pthread_mutex_trylock(&held), 0);
		SAME(pthread_mutex_unlock(&held), 0);
	}
	atomic_store_explicit(&over, 1, memory_order_release);
	for(int i = 0; i < 2; i++)
		join(&c[i]);
	kill(child, SIGKILL);
	msgctl(msq, IPC_RMID, NULL);
	msgctl(msqfull, IPC_RMID, NULL);
	unlink(path);
	unlink(fifo);
	unlink(locked);
	unlink(address.sun_path);
	_exit(ok());
}
