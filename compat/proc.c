/*
 * Procs, and the one place that sleeps and the one that wakes.
 *
 * The argument for block and ready.  A Proc that waits is linked in a queue
 * under that queue's lock; whoever unlinks it under the same lock owes it
 * exactly one ready().  So between linking and the end of block() the event
 * word gets at most one Ready, and only the owner clears bits:
 *
 *	owner				waker (has unlinked p)
 *	sees no Ready
 *	compare-and-swap in Asleep	or in Ready
 *	sleep while the word is that	if Asleep was there: wake the address
 *
 * Both change one word, so one of the two sees the other: if Ready came first
 * the compare-and-swap fails; if Asleep came first the waker wakes, and the
 * kernel re-reads the word before it lets the owner sleep.  The atomic or is
 * the waker's last touch; the wake uses only the address, and a later owner of
 * the memory takes it for nothing, for futexwait may return at any time.
 * Release in ready pairs with acquire in block: what the waker left in the
 * Proc (chosen, waker, ...) is visible.
 *
 * A Note may come at any time, from anybody, for a reason that is gone by now:
 * it only makes the owner look.  An owner that gives up is either still linked
 * and takes itself off, or finds that it was unlinked and then waits for the
 * Ready that it was given: otherwise it would end the owner's next wait.
 * (Model: tests/model/sleep.pml, NOCONSUME.)
 */
#define _GNU_SOURCE
#include "proc.h"
#include "stop.h"

#include <errno.h>

enum {
	CHUNK = 64,    /* Procs a chunk: 12 KiB */
	NCHUNK = 1024, /* 64k threads waiting at once */
};

__thread Proc *up __attribute__((tls_model("initial-exec")));

/*
 * The first chunk needs no mapping.  Chunks are never unmapped; in a forked
 * child their bytes are zero.  pid tells that child from one made by vfork,
 * which shares them.
 */
static struct {
	_Alignas(
	    4096) Proc first[CHUNK]; /* of the member: no other variable is in the last page, which is wiped whole */
	Word pid; /* the process that these Procs belong to; 0: the kernel has wiped them, or nobody has come yet */
	Word sweeping; /* a thread does, and others need not */
} own;
_Static_assert(sizeof own % 4096 == 0, "whole pages are wiped");
static _Atomic(Proc *) chunks[NCHUNK] = {own.first};
Word anyrt;
static Word hint; /* where the last free Proc was found: a hint */

static Proc *
chunk(int i)
{
	return atomic_load_explicit(&chunks[i], memory_order_acquire);
}

/* Adds chunk i; if another thread was quicker its chunk stays. */
static int
addchunk(int i)
{
	size_t size = CHUNK * sizeof(Proc);
	Proc *none = nil, *p = sysmap(size, 1);

	if(p == nil)
		return 0;
	if(!atomic_compare_exchange_strong_explicit(&chunks[i], &none, p, memory_order_acq_rel, memory_order_acquire))
		sysunmap(p, size);
	return 1;
}

static int
claim(Proc *p)
{
	uint32_t free = 0;

	return atomic_load_explicit(&p->used, memory_order_relaxed) == 0 &&
	       atomic_compare_exchange_strong_explicit(&p->used, &free, 1, memory_order_acquire, memory_order_relaxed);
}

/*
 * Frees the Procs of threads that went without telling us: made by a raw clone,
 * or by libc itself, or that waited once more in a destructor of thread-specific
 * data.  One that is linked is never freed.
 */
static int
sweep(Proc *p, void *found)
{
	int tid = atomic_load_explicit(&p->tid, memory_order_relaxed);

	if(tid == 0 || atomic_load_explicit(&p->key, memory_order_relaxed) != 0 || tidalive(tid))
		return 0;
	/* Several sweepers may find the same one; who zeroes tid frees it. */
	if(atomic_exchange_explicit(&p->tid, 0, memory_order_acq_rel) != tid)
		return 0;
	procfree(p);
	*(int *)found = 1;
	return 0;
}

int
procpid(void)
{
	uint32_t pid = atomic_load_explicit(&own.pid, memory_order_acquire);

	if(unlikely(pid == 0)) {
		syswipeonfork(&own, sizeof own);
		pid = (uint32_t)syspid();
		atomic_store_explicit(&own.pid, pid, memory_order_release);
	}
	return (int)pid;
}

Proc *
procalloc(void)
{
	uint32_t start, i;
	int c, swept = 0;
	Proc *p;

	procpid();
	for(;;) {
		start = atomic_load_explicit(&hint, memory_order_relaxed);
		for(c = 0; c < NCHUNK && chunk(c) != nil; c++)
			for(i = 0; i < CHUNK; i++) {
				p = &chunk(c)[(start + i) % CHUNK];
				if(claim(p)) {
					p->num = (uint32_t)c * CHUNK + (start + i) % CHUNK + 1;
					atomic_store_explicit(&hint, start + i + 1, memory_order_relaxed);
					return p;
				}
			}
		/*
		 * As often as their number has doubled, for each is asked for.  A vfork child sees threads that are not its own as
		 * dead.
		 */
		if(swept == 0 && (c & (c - 1)) == 0 &&
		    atomic_load_explicit(&own.pid, memory_order_relaxed) == (uint32_t)syspid() &&
		    atomic_exchange_explicit(&own.sweeping, 1, memory_order_relaxed) == 0) {
			procwalk(sweep, &swept);
			atomic_store_explicit(&own.sweeping, 0, memory_order_relaxed);
			if(swept)
				continue;
		}
		if(c == NCHUNK || !addchunk(c))
			panic("out of memory for the state of a waiting thread", nil);
	}
}

void
procfree(Proc *p)
{
	atomic_store_explicit(&p->tid, 0, memory_order_relaxed);
	p->thread = 0;
	p->outer = nil;
	p->start = nil;
	p->abandon = nil;
	atomic_store_explicit(&p->waits, 0, memory_order_relaxed);
	atomic_store_explicit(&p->awakefor, 0, memory_order_relaxed);
	atomic_store_explicit(&p->cancel, 0, memory_order_relaxed);
	atomic_store_explicit(&p->with, 0, memory_order_relaxed);
	atomic_store_explicit(&p->busy, 0, memory_order_relaxed);
	atomic_store_explicit(&p->event, 0, memory_order_relaxed);
	atomic_store_explicit(&p->used, 0, memory_order_release);
}

void
procset(Proc *p)
{
	p->thread = threadself();
	atomic_store_explicit(&p->tid, systid(), memory_order_relaxed);
	up = p;
}

/*
 * Signal handlers nest: one that waits while its thread is in a wait finds busy
 * set and takes a Proc for itself, and gives it back before it returns.  Between
 * the test and the store of busy a handler may run from beginning to end; it
 * leaves everything as it found it.
 */
Proc *
procenter(void)
{
	Proc *outer = up, *p;

	/* One that the kernel has wiped was the parent's, and may be another thread's by now. */
	if(outer != nil && unlikely(outer->thread != threadself()))
		outer = nil;
	if(likely(outer != nil && atomic_load_explicit(&outer->busy, memory_order_relaxed) == 0)) {
		p = outer;
	} else {
		p = procalloc();
		p->outer = outer;
		procset(p);
	}
	atomic_store_explicit(&p->busy, 1, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	p->frame = (uintptr_t)__builtin_frame_address(0);
	p->moved = 0;
	p->herd = 0;
	p->waiting = Wnone;
	p->passon = nil;
	if(unlikely(atomic_load_explicit(&anyrt, memory_order_relaxed) != 0))
		atomic_store_explicit(&p->rank, (uint8_t)sysrank(), memory_order_relaxed);
	return p;
}

void
procleave(Proc *p)
{
	Proc *outer = p->outer;

	p->abandon = nil;
	p->waiting = Wnone;
	atomic_store_explicit(&p->with, 0, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&p->busy, 0, memory_order_relaxed);
	if(unlikely(outer != nil)) {
		up = outer;
		procfree(p);
	}
}

void
procabandon(int (*keep)(const Proc *, void *), void *arg)
{
	Proc *p, *outer;

	for(p = up; p != nil && p->thread == threadself(); p = outer) {
		if(!atomic_load_explicit(&p->busy, memory_order_relaxed) || (keep != nil && keep(p, arg)))
			return;
		if(p->abandon != nil)
			p->abandon(p);
		if(p->passon != nil)
			p->passon(p);
		p->abandon = p->passon = nil;
		p->waiting = Wnone;
		atomic_store_explicit(&p->waits, 0, memory_order_relaxed);
		/* It may have been left between Wgiven and the clearing of that Ready, which would end the next wait. */
		atomic_store_explicit(&p->event, 0, memory_order_relaxed);
		atomic_store_explicit(&p->with, 0, memory_order_relaxed);
		outer = p->outer;
		if(outer == nil) {
			up = p;
			atomic_store_explicit(&p->busy, 0, memory_order_relaxed);
		} else {
			up = outer;
			procfree(p);
		}
	}
}

void
procexit(void)
{
	procabandon(nil, nil);
	if(up != nil && up->thread == threadself())
		procfree(up);
	up = nil;
}

Proc *
procof(uint32_t num)
{
	Proc *p;

	if(num == 0 || --num / CHUNK >= NCHUNK || (p = chunk((int)(num / CHUNK))) == nil)
		return nil;
	return &p[num % CHUNK];
}

void
procwalk(int (*f)(Proc *, void *), void *arg)
{
	int c, i;
	Proc *p;

	for(c = 0; c < NCHUNK && (p = chunk(c)) != nil; c++)
		for(i = 0; i < CHUNK; i++)
			if(atomic_load_explicit(&p[i].used, memory_order_acquire) && f(&p[i], arg))
				return;
}

uint32_t
eventwait(Word *event, uint32_t wanted, const Deadline *d, int how, void (*asleep)(void *), void *arg)
{
	uint32_t e;
	int r = 0;

	e = atomic_load_explicit(event, memory_order_acquire);
	for(;;) {
		if(e & wanted)
			return e & wanted & -(e & wanted);
		if(r == ETIMEDOUT)
			return 0;
		if(r == EINTR && (how & Ewsignal))
			return Asleep;
		if(asleep != nil) {
			asleep(arg);
			asleep = nil;
		}
		if(!(e & Asleep) && !atomic_compare_exchange_strong_explicit(
					event, &e, e | Asleep, memory_order_acquire, memory_order_acquire))
			continue;
		stop("block.asleep");
		r = futexwait(event, e | Asleep, d, how & Ewshared);
		stop("block.awake");
		e = atomic_load_explicit(event, memory_order_acquire);
	}
}

void
eventset(Word *event, uint32_t bits, int shared)
{
	if(atomic_fetch_or_explicit(event, bits, memory_order_release) & Asleep) {
		stop("ready.wake");
		futexwake(event, 1, shared);
	}
}

Woken
block(Proc *p, const Deadline *d, int noted, void (*asleep)(void *), void *arg)
{
	stop("block");
	switch(eventwait(&p->event, noted ? Ready | Note : Ready, d, 0, asleep, arg)) {
	case Ready:
		p->waiting = Wgiven;
		atomic_signal_fence(memory_order_seq_cst);
		stop("block.given");
		atomic_fetch_and_explicit(&p->event, ~(uint32_t)(Ready | Asleep), memory_order_acquire);
		stop("block.ready");
		return Wready;
	case Note:
		atomic_fetch_and_explicit(&p->event, ~(uint32_t)(Note | Asleep), memory_order_acquire);
		return Wnote;
	default:
		/* Ready may come this moment; the queue's lock decides whether it did. */
		atomic_fetch_and_explicit(&p->event, ~(uint32_t)Asleep, memory_order_relaxed);
		return Wtimeout;
	}
}

void
ready(Proc *p)
{
	stop("ready");
	eventset(&p->event, Ready, 0);
}

/*
 * A wake of each would let the woken take the processor from the waker each time, to run into whatever comes next and find the others
 * not there.  So all but the first asleep are moved to sleep at the first one's address, where one call wakes all.  For those in
 * between nothing changes: a Proc's Ready is set before, so whoever is not yet asleep does not go to sleep, and
 * one that looks, for a note or a deadline, sees it.  At the first one's address sleep at most it and those that were moved, who are as many as
 * are woken; if it was awake, or sleeps there again by now, one is woken for nothing, which every sleeper bears.  (Model:
 * tests/model/readyall.pml.)  No more than HERD of them wait for the call: the first want to be off.
 */
void
readyall(Proc *first)
{
	enum { HERD = 16 };
	Proc *p = first, *next;
	Word *at = nil, *event;
	int n = 0;

	for(; p != nil; p = next) {
		next = p->nextkey;
		event = &p->event;
		stop("ready");
		if(atomic_fetch_or_explicit(event, Ready, memory_order_release) & Asleep) {
			stop("ready.wake");
			if(at == nil) {
				at = event;
				n = 1;
			} else if(futexrequeue(event, at) == 0) {
				n++;
			} else {
				futexwake(event, 1, 0);
			}
		}
		if(at != nil && (next == nil || n == HERD)) {
			futexwake(at, n, 0);
			at = nil;
		}
	}
}

void
note(Proc *p)
{
	eventset(&p->event, Note, 0);
}
