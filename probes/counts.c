/*
 * How often a lock was acquired and changed hands.
 *
 * The holder counts both in words of the object (shim/mutex.h), with plain stores, and does nothing else for it: so
 * what the lock's entry says is what was read there last.  It is read when a wait ends and when a hold was timed,
 * by the holder; when the object is destroyed; and, of all objects that are left, when the process ends in an orderly way.  So a
 * lock that was waited for once, and never again, is counted to the end; in a process that is killed, until
 * some hundred locks of a thread before.  The words are of 32 bits; less than half of that lies between two readings.
 *
 * At the end nobody is in a call on the object, and its memory may be another's by now, or gone.  It is asked for
 * (readable), and what stands there is believed if it can be the lock (Counter), bears this entry's number, and has counted
 * forwards.  Another thread might still unmap it between the question and the answer; but a program
 * that unmaps memory in that instant of its exit has a lock there that it neither destroyed nor overwrote.
 *
 * A forked child has its parent's objects, and they go on counting from where they were.  What they had counted
 * at the fork (Base) is read in the child before it has a second thread, and taken off.  Objects that the recorder
 * did not know then are counted from the first wait for them on, unless they were initialised in the child.
 */
#include "recorder.h"

enum {
	FEW = 16,    /* a line that all waiters want is not written for fewer, */
	MANY = 1024, /* once the count is so high */
	FORKS = 0x7ffff,
};

/* What the object had counted when this process began. */
typedef struct Base {
	uint32_t acquired, changes;
} Base;

static Base *bases; /* by lock */
static Counter *counters[NKIND];
static uint32_t forks; /* from the first process to this one */

void
countsstart(void)
{
	bases = sysmap(prof.n[Slocks] * sizeof bases[0], 0);
}

uint32_t
countsprocess(void)
{
	return __atomic_load_n(&forks, __ATOMIC_RELAXED) & FORKS;
}

/* The object's count is c, of which only the low half is known: *p is brought up to it, unless it is ahead. */
static void
extend(uint64_t *p, uint32_t c, uint32_t few)
{
	uint64_t old = __atomic_load_n(p, __ATOMIC_RELAXED);
	uint32_t more;

	do {
		more = c - (uint32_t)old;
		if(more == 0 || more > INT32_MAX || (more < few && old > MANY))
			return;
	} while(!__atomic_compare_exchange_n(p, &old, old + more, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

static void
tell(uint32_t id, uint32_t acquired, uint32_t changes, uint32_t few)
{
	extend(&prof.locks[id].acquired, acquired - bases[id].acquired, few);
	extend(&prof.locks[id].changes, changes - bases[id].changes, few);
}

void
lockcounts(uint32_t id, uint32_t acquired, uint32_t changes)
{
	if(id != OTHERS && bases != nil)
		tell(id, acquired, changes, FEW);
}

int
lockcounted(uint32_t id, const Wait *w, int older, uint32_t ours)
{
	Base b = {0, 0};

	if(w->counted == nil || bases == nil)
		return 0;
	__atomic_store_n(&counters[w->kind], w->counted, __ATOMIC_RELAXED);
	if(older && countsprocess() != 0) {
		b.acquired = w->acquired > ours ? w->acquired - ours : 0;
		b.changes = w->changes > ours ? w->changes - ours : 0;
	}
	bases[id] = b;
	__atomic_store_n(&prof.locks[id].acquired, w->acquired - b.acquired, __ATOMIC_RELAXED);
	__atomic_store_n(&prof.locks[id].changes, w->changes - b.changes, __ATOMIC_RELAXED);
	return 1;
}

/* How objects of the kind of this entry are read; nil: it is unused, or they do not count. */
static Counter *
counterof(const Flock *l)
{
	uint32_t kind = __atomic_load_n(&l->kind, __ATOMIC_ACQUIRE);

	if(kind == 0 || kind > NKIND || !(__atomic_load_n(&l->flags, __ATOMIC_RELAXED) & Lcounts))
		return nil;
	return __atomic_load_n(&counters[kind - 1], __ATOMIC_RELAXED);
}

void
lockread(uint32_t id, const void *object)
{
	Counter *counter = counterof(&prof.locks[id]);
	uint32_t acquired, changes;

	if(counter != nil && counter(object, id, &acquired, &changes))
		tell(id, acquired, changes, FEW);
}

enum { WORDS = COUNTED / sizeof(uint32_t) };

/* What may be freed memory is read on purpose: sanitizers are not to say so. */
__attribute__((noinline, no_sanitize("thread", "address"))) static void
copyof(uint32_t *to, const volatile uint32_t *from)
{
	int i;

	for(i = 0; i < WORDS; i++)
		to[i] = from[i];
}

/* The same of an object that may be gone, of a copy. */
static int
lastread(uint32_t id, uint32_t *acquired, uint32_t *changes)
{
	const Flock *l = &prof.locks[id];
	uintptr_t p = __atomic_load_n(&l->address, __ATOMIC_RELAXED), first = p & ~7ul, last = (p + COUNTED - 1) & ~7ul;
	_Alignas(uint64_t) uint32_t copy[WORDS];
	Counter *counter = counterof(l);

	if(counter == nil || !readable((void *)first) || (first / FPAGE != last / FPAGE && !readable((void *)last)))
		return 0;
	copyof(copy, (const volatile uint32_t *)p);
	return counter(copy, id, acquired, changes);
}

/* Whether the counts go on from what the entry was told last. */
static int
forwards(uint32_t id, uint32_t acquired, uint32_t changes)
{
	const Flock *l = &prof.locks[id];
	uint32_t more = acquired - bases[id].acquired - (uint32_t)__atomic_load_n(&l->acquired, __ATOMIC_RELAXED);
	uint32_t moves = changes - bases[id].changes - (uint32_t)__atomic_load_n(&l->changes, __ATOMIC_RELAXED);

	return more <= INT32_MAX && (moves <= more + FEW || (int32_t)moves < 0);
}

static uint32_t
given(void)
{
	uint64_t used = __atomic_load_n(&prof.header->section[Slocks].used, __ATOMIC_RELAXED);

	return used < prof.n[Slocks] ? (uint32_t)used : prof.n[Slocks];
}

void
countsend(void)
{
	uint32_t i, n = bases != nil ? given() : 0, acquired, changes;

	for(i = OTHERS + 1; i < n; i++)
		if(lastread(i, &acquired, &changes) && forwards(i, acquired, changes))
			tell(i, acquired, changes, 1);
}

/* The profile is the parent's still, or its parent's; it is only read, and other threads of theirs go on writing. */
void
countsforked(void)
{
	uint32_t i, n = bases != nil ? given() : 0;
	Base b;

	__atomic_store_n(&forks, forks + 1, __ATOMIC_RELAXED);
	for(i = OTHERS + 1; i < n; i++)
		if(lastread(i, &b.acquired, &b.changes))
			bases[i] = b;
}
