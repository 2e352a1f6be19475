/*
 * Post and wait between threads, also of different processes: HP-UX postwait(2).
 *
 * Every thread that asks has an id, which others post to.  A post is a flag, not a count: it stays until the thread
 * waits, and further posts until then are discarded.
 *
 * Link with -lrendez, or find them in the preloaded library.  The processes must be of one user; if the memory that they
 * share (/dev/shm/rendez-UID) cannot be had, one line says so, and posts reach only this process and the children that it
 * forks after that.
 */
#ifndef RENDEZ_SYS_PW_H
#define RENDEZ_SYS_PW_H

#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A thread, for as long as it lives; no other ever has the same.  0 is nobody's. */
typedef uint64_t ukid_t;

/* errno of a pw_wait that found nothing: with a time of zero, and when its time has passed. */
enum { PW_NOTPOSTED = 11, PW_EXPIRED = 11 }; /* EAGAIN */

/*
 * The calling thread's id.  Returns 0; -1, errno EFAULT: a bad pointer (misaligned, or memory that cannot be read; memory that can be read and not written
 * ends in SIGSEGV), ENOMEM: 8192 threads of the user have one already.
 * A forked child's thread has another than the parent's, and nothing pending; so has a new program after exec.
 * Async-signal-safe.
 */
__attribute__((visibility("default"))) int pw_getukid(ukid_t *ukid);

/*
 * Wait until the calling thread is posted to, and consume that; a post that came before counts.  ts nil: for ever; zero: only
 * look; else for that long at most, and *ts becomes the time that was left (0 if it has passed).
 *
 * Returns 0; -1, errno
 *	EAGAIN	not posted (PW_NOTPOSTED), or not in that time (PW_EXPIRED)
 *	EINTR	a signal handler ran (with SA_RESTART: only if there is a time), or a note came
 *	EINVAL	not a time; nothing is consumed
 *	EFAULT	a bad pointer, as for pw_getukid; nothing is consumed
 *	ENOMEM	as for pw_getukid
 * A post that comes at the moment when the time passes or the wait is interrupted is either consumed, and 0 returned, or stays.
 *
 * Async-signal-safe.  Not a cancellation point.
 */
__attribute__((visibility("default"))) int pw_wait(struct timespec *ts);

/*
 * Post to a thread, perhaps the caller.  Returns 0, also if it was posted to already; -1, errno EINVAL: no thread has
 * that id, or it has ended.  Async-signal-safe.
 */
__attribute__((visibility("default"))) int pw_post(ukid_t ukid);

/*
 * Post to count threads, to all of them whatever becomes of each; errors[i], unless errors is nil, is 0 or errno
 * for targets[i].  Returns 0; -1, errno EINVAL: one of them could not be posted to, or count is negative or more than
 * pw_getvmax() (then nothing was done), EFAULT: targets is nil.  Async-signal-safe.
 */
__attribute__((visibility("default"))) int pw_postv(int count, ukid_t targets[], int errors[]);

/* The largest count, 1024. */
__attribute__((visibility("default"))) int pw_getvmax(void);

#ifdef __cplusplus
}
#endif

#endif
