/*
 * Jumps out of waits.  A handler that interrupted a wait may leave it by longjmp or setcontext;
 * with libc's locks that works, for a wait there leaves nothing behind.  Here
 * a Proc is linked somewhere, and may be chosen: it is undone before the jump.  So is all that a thread waits for that
 * calls pthread_exit in a handler.
 *
 * Which waits does a jump leave?  On the stack that it goes to, those whose frames lie
 * below its target.  On the stack that it comes from, if that is another one (a handler on the
 * alternate stack), all.  A jump within the alternate stack leaves none of those
 * on the other, wherever that is.
 */
#define _GNU_SOURCE
#include "shim.h"
#include "export.h"
#include "posix.h"
#include "real.h"

typedef struct Jump {
	uintptr_t target;
	int fromalt, toalt;
} Jump;

static int
keeps(uintptr_t frame, const void *arg)
{
	const Jump *j = arg;
	int alt = onaltstack(frame);

	if(alt != j->toalt)
		return j->fromalt == j->toalt;
	return frame > j->target;
}

static int
keepsproc(const Proc *p, void *arg)
{
	return keeps(p->frame, arg);
}

/* Whether the thread may be in a wait: with a Proc, or one that the recorder knows of. */
static inline int
waits(void)
{
	return (up != nil && atomic_load_explicit(&up->busy, memory_order_relaxed)) || (probeon && waitopened());
}

/* Only while a wait is under way does it cost more than this test. */
static inline void
jumping(uintptr_t target)
{
	Jump j;

	if(likely(!waits()) || target == 0)
		return;
	j.target = target;
	j.fromalt = onaltstack((uintptr_t)__builtin_frame_address(0));
	j.toalt = onaltstack(target);
	procabandon(keepsproc, &j);
	waitdropped(keeps, &j);
}

/* The end of the thread leaves all its waits, before the handlers of the program run. */
static void
ending(void)
{
	if(likely(!waits()))
		return;
	procabandon(nil, nil);
	waitdropped(nil, nil);
}

EXPORT(pthread_exit);
void
rz_pthread_exit(void *value)
{
	ending();
	real.pthread_exit(value);
	__builtin_unreachable();
}

EXPORT(thrd_exit);
void
rz_thrd_exit(int value)
{
	ending();
	real.thrd_exit(value);
	__builtin_unreachable();
}

EXPORT(longjmp);
void
rz_longjmp(struct __jmp_buf_tag *env, int value)
{
	jumping(jumpsp(env));
	real.longjmp(env, value);
	__builtin_unreachable();
}

EXPORT(siglongjmp);
void
rz_siglongjmp(struct __jmp_buf_tag *env, int value)
{
	jumping(jumpsp(env));
	real.siglongjmp(env, value);
	__builtin_unreachable();
}

EXPORT(__longjmp_chk);
void
rz___longjmp_chk(struct __jmp_buf_tag *env, int value)
{
	jumping(jumpsp(env));
	real.__longjmp_chk(env, value);
	__builtin_unreachable();
}

EXPORT(setcontext);
int
rz_setcontext(const ucontext_t *c)
{
	/* Of one that cannot be read libc's says so, and the wait goes on. */
	if(unlikely(waits()) && readable(c) && readable((const char *)(c + 1) - sizeof(uint64_t)))
		jumping(contextsp(c));
	return real.setcontext(c);
}
