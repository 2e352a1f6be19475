/*
 * pthread_once and call_once.
 *
 * The control word, in glibc's values: 0 not yet; Done; or Running with the process's generation above it.
 * A child that was forked while another thread of its parent ran the initialiser finds another
 * generation there: nobody runs it here, so it starts anew.  (Not the process's number: in a namespace of its own the child may have its
 * parent's.)
 *
 * Who finds it running queues by its address until it is not.  The initialiser may be cancelled, and a C++
 * exception may pass through it (std::call_once does that), or a long jump leave it: then the word goes back to 0 and whoever
 * waits tries for itself.  The exception unwinds the stack, so the frame that runs the initialiser has a personality routine
 * of its own, which does just that; the compiler's would bind us to its run-time library.  A cancellation that
 * finds no tables to unwind by, and a jump, come to libc's list of cleanups instead.
 *
 * Model: tests/model/once.pml.
 */
#define _GNU_SOURCE
#include "cleanup.h"
#include "export.h"
#include "posix.h"
#include "shim.h"

#include "../compat/stop.h"
#include "../compat/waitq.h"

#include <threads.h>
#include <unwind.h>

typedef _Atomic(int) Once;

enum { Running = 1, Done = 2, GENERATIONSHIFT = 2 };

/* The runs that this thread is in, innermost first: an initialiser may call another. */
typedef struct Run {
	Once *once;
	struct Run *outer;
	Cleanup cleanup;
} Run;

static __thread Run *runs __attribute__((tls_model("initial-exec")));

static const void *
oncekey(const Once *o)
{
	return (const char *)o + Keyonce;
}

/* The initialiser is through (Done) or gave up (0): wake all who wait. */
static void
settle(Once *o, int state)
{
	const void *key = oncekey(o);
	Proc *p, *first = nil, **tail = &first;
	uint32_t waker;
	Bucket *b;
	Sigs s;

	waker = probeon ? wakerstack(0) : 0;
	sigsoff(&s);
	b = qlock(key);
	/* Under the lock: who links itself has seen Running there. */
	atomic_store_explicit(o, state, memory_order_release);
	while((p = qfirst(b, key)) != nil) {
		qtake(b, p);
		p->waker = waker;
		*tail = p;
		tail = &p->nextkey;
	}
	*tail = nil;
	qunlock(b);
	stop("once.chosen");
	readyall(first);
	sigsback(&s);
}

/* From libc's list of cleanups: the innermost run is left without unwinding.  Its frame will be anything. */
static void
undo(void *arg)
{
	Run *r = arg;

	runs = r->outer;
	settle(r->once, 0);
}

/*
 * The stack is being unwound over a running initialiser: the innermost of this thread's.  The unwinder comes here before
 * libc's list has its turn, which is when the frame is behind it.
 */
__attribute__((used)) HIDDEN _Unwind_Reason_Code
oncepersonality(int version, _Unwind_Action actions, _Unwind_Exception_Class class, struct _Unwind_Exception *exception,
    struct _Unwind_Context *context)
{
	Run *r = runs;

	(void)version, (void)class, (void)exception, (void)context;
	if((actions & _UA_CLEANUP_PHASE) && r != nil) {
		runs = r->outer;
		_pthread_cleanup_pop(&r->cleanup, 0);
		settle(r->once, 0);
	}
	return _URC_CONTINUE_UNWIND;
}

__attribute__((noinline)) static void
run(Once *o, void (*init)(void))
{
	Run r = {.once = o, .outer = runs};

	/* DW_EH_PE_pcrel | DW_EH_PE_sdata4 */
	__asm__ volatile(".cfi_personality 0x1b, oncepersonality");
	runs = &r;
	_pthread_cleanup_push(&r.cleanup, undo, &r);
	init();
	_pthread_cleanup_pop(&r.cleanup, 0);
	runs = r.outer;
	settle(o, Done);
}

static void
abandoned(Proc *p)
{
	Bucket *b;
	Sigs s;

	if(p->waiting != Wlinked)
		return;
	sigsoff(&s);
	b = qlockof(p);
	if(b != nil) {
		qtake(b, p);
		p->waiting = Wnone;
		qunlock(b);
	}
	sigsback(&s);
	if(b == nil)
		block(p, nil, 0, nil, nil);
}

static void
asleep(void *w)
{
	waitpark(w);
}

/* Sleeps while somebody of this process runs it. */
static void
await(Once *o, int mine, uintptr_t pc)
{
	const void *key = oncekey(o);
	Proc *p = procenter();
	Bucket *b;
	Sigs s;
	Wait w;

	w.on = 0;
	if(probeon) {
		w.object = (void *)o;
		w.idword = nil;
		w.kind = Konce;
		w.op = Oonce;
		w.counted = 0;
		w.pc = pc;
		waitbegin(&w, 0, 0);
	}
	p->waker = 0;
	p->abandon = abandoned;
	stop("once.wait");
	sigsoff(&s);
	b = qlock(key);
	if(atomic_load_explicit(o, memory_order_relaxed) == mine) {
		p->waiting = Wlinked;
		qput(b, p, key, 0);
		qtogether(p, 0);
	}
	qunlock(b);
	sigsback(&s);
	stop("once.linked");
	if(p->waiting) {
		block(p, nil, 0, probeon ? asleep : nil, &w);
		p->waiting = Wnone;
		stop("once.back");
	}
	if(probeon)
		waitend(&w, Eacquired, p->waker, waitparked(&w));
	procleave(p);
}

static void
once(Once *o, void (*init)(void), uintptr_t pc)
{
	int mine = (int)(procgeneration() << GENERATIONSHIFT | Running), old;

	for(;;) {
		old = atomic_load_explicit(o, memory_order_acquire);
		if(old & Done)
			return;
		if(old == mine) {
			await(o, mine, pc);
		} else if(atomic_compare_exchange_strong_explicit(
			      o, &old, mine, memory_order_acquire, memory_order_relaxed)) {
			run(o, init);
			return;
		}
	}
}

EXPORT(pthread_once);
int
rz_pthread_once(pthread_once_t *p, void (*init)(void))
{
	Once *o = (Once *)p;

	if(unlikely(!(atomic_load_explicit(o, memory_order_acquire) & Done)))
		once(o, init, CALLER);
	return 0;
}

EXPORT(call_once);
void
rz_call_once(once_flag *f, void (*init)(void))
{
	rz_pthread_once((pthread_once_t *)f, init);
}
