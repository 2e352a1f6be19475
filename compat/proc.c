/*
 * Procs: whose each is, when it is free again, and what a wait begins and ends with.
 */
#define _GNU_SOURCE
#include "proc.h"
#include "rank.h"
#include "sigoff.h"

enum {
	CHUNK = 64,    /* Procs a chunk: 16 KiB */
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
	Word generation;	     /* 0: the kernel has wiped it, and nobody has asked since */
	Word pid; /* the process that these Procs belong to; 0: the kernel has wiped them, or nobody has come yet */
	Word sweeping; /* a thread does, and others need not */
} own;
_Static_assert(sizeof own % 4096 == 0, "whole pages are wiped");
static _Atomic(Proc *) chunks[NCHUNK] = {own.first};
static Word older; /* the highest generation that anything in this memory may know: this process's, or one before it */
static Word hint;  /* where the last free Proc was found: a hint */

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
	/* Several sweepers may find the same one, or it may have a new owner by now; who zeroes that tid frees it. */
	if(!atomic_compare_exchange_strong_explicit(&p->tid, &tid, 0, memory_order_acq_rel, memory_order_relaxed))
		return 0;
	pairacquire(p); /* its thread is over, which the kernel has ordered */
	procfree(p);
	*(int *)found = 1;
	return 0;
}

INHANDLER int
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

/*
 * Those that find it wiped agree: one compare-and-swap succeeds, and older changes only after it.
 *
 * Nobody returns a number that older does not know, for a child may be forked at any moment, and counts on from the older that it
 * finds.  Either that knows its parent's number, or nothing else in this memory does and the child may have it too.  The fence
 * orders older, whoever stored it, before whatever the caller stores of the number; paired with the kernel's copy of the pages, which
 * a store comes before, or waits for with all that follow it.
 *
 * Model: tests/model/generation.pml.
 */
INHANDLER uint32_t
procgeneration(void)
{
	uint32_t none = 0, now = atomic_load_explicit(&own.generation, memory_order_acquire);

	if(unlikely(now == 0)) {
		procpid(); /* has it wiped in children */
		now = atomic_load_explicit(&older, memory_order_relaxed) + 1;
		if(!atomic_compare_exchange_strong_explicit(
		       &own.generation, &none, now, memory_order_acq_rel, memory_order_acquire))
			now = none;
	}
	if(unlikely(atomic_load_explicit(&older, memory_order_relaxed) != now))
		atomic_store_explicit(&older, now, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	return now;
}

Proc *
procalloc(void)
{
	uint32_t start, i;
	int c, swept = 0;
	Proc *p;
	Sigs s;

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
		 * dead.  No handler may leave a sweep for good: nobody would sweep any more.
		 */
		if(swept == 0 && (c & (c - 1)) == 0 && !procborrowed()) {
			sigsoff(&s);
			if(atomic_exchange_explicit(&own.sweeping, 1, memory_order_relaxed) == 0) {
				procwalk(sweep, &swept);
				atomic_store_explicit(&own.sweeping, 0, memory_order_relaxed);
			}
			sigsback(&s);
			if(swept)
				continue;
		}
		if(c == NCHUNK || !addchunk(c))
			return nil;
	}
}

void
procfree(Proc *p)
{
	atomic_store_explicit(&p->tid, 0, memory_order_relaxed);
	p->thread = 0;
	atomic_store_explicit(&p->toldat, 0, memory_order_relaxed);
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
	/* A vfork child's number would be its parent's: 0, so that nobody looks whether it lives. */
	atomic_store_explicit(&p->tid, procborrowed() ? 0 : systid(), memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
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
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
	Proc *outer = up, *p;

	/* One that the kernel has wiped was the parent's, and may be another thread's by now. */
	if(outer != nil && unlikely(outer->thread != threadself()))
		outer = nil;
	if(likely(outer != nil && atomic_load_explicit(&outer->busy, memory_order_relaxed) == 0)) {
		p = outer;
		/* Stored twice: a jump that comes once it is busy finds its frame, and a handler's wait before that leaves another. */
		p->frame = frame;
		atomic_signal_fence(memory_order_seq_cst);
		atomic_store_explicit(&p->busy, 1, memory_order_relaxed);
	} else {
		/* Whole before it is the thread's innermost: who jumps past it must find those below it too. */
		p = procalloc();
		if(p == nil)
			panic("out of memory for the state of a waiting thread", nil);
		p->outer = outer;
		p->frame = frame;
		p->waiting = Wnone;
		atomic_store_explicit(&p->busy, 1, memory_order_relaxed);
		atomic_signal_fence(memory_order_seq_cst);
		procset(p);
	}
	atomic_signal_fence(memory_order_seq_cst);
	p->frame = frame;
	p->moved = 0;
	p->herd = 0;
	p->waiting = Wnone;
	p->passon = nil;
	atomic_store_explicit(&p->berth, 0, memory_order_relaxed);
	p->enabling = 0;
	atomic_store_explicit(&p->away, 0, memory_order_relaxed);
	if(ranked())
		atomic_store_explicit(&p->rank, (uint8_t)rank(p), memory_order_relaxed);
	return p;
}

void
procleave(Proc *p)
{
	Proc *outer = p->outer;

	p->abandon = nil;
	p->waiting = Wnone;
	atomic_store_explicit(&p->with, 0, memory_order_relaxed);
	pairrelease(p);
	atomic_signal_fence(memory_order_seq_cst);
	if(likely(outer == nil)) {
		atomic_store_explicit(&p->busy, 0, memory_order_relaxed);
	} else {
		/* Never innermost and not busy: a jump would look no further. */
		up = outer;
		atomic_signal_fence(memory_order_seq_cst);
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
	Proc *p;

	/* Where libc unwound out of a handler that had interrupted a wait nobody has said so before its frame was gone. */
	for(p = up; p != nil && p->thread == threadself(); p = p->outer)
		p->frameof = nil;
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
