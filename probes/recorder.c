/*
 * The recorder as a whole: when it runs, for which process and which threads.
 *
 * Nothing depends on fork handlers, which _Fork and raw clone do not run.  A cell
 * in memory that the kernel wipes in a child says which process this is; each
 * probe call compares it with the thread's own note.  The first call in a child
 * makes the child's own profile and puts it where the parent's was mapped, so that even a
 * call that the fork interrupted goes on in the child's file.  (An instruction that a
 * handler's fork interrupted may still add its one event to the parent's, which
 * is the parent's own event.)
 */
#include "recorder.h"

#include "../compat/proc.h"
#include "../compat/sigoff.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	CALIBRATE = 32, /* events */
};

_Atomic int probeon;
int recorderoff;
uint32_t eventcost;
__thread Self self __attribute__((tls_model("initial-exec")));
_Alignas(FPAGE) uint32_t gencell[FPAGE / sizeof(uint32_t)];
static uint32_t lastgen;

/* Which thread has which area: index in Sthreads + 1.  The file has a copy, for the reader. */
static uint32_t areaof[MAXAREAS];
static uint8_t *ownpages;

/*
 * Waits that began while the child's profile was being made: there was nothing that they could be written to.  Only threads that
 * we did not see begin come here.
 */
static uint64_t missed;

void
waitmissed(void)
{
	if(recording())
		sharedbump(&missed, 1);
}

static void
tellmissed(void)
{
	if(unlikely(__atomic_load_n(&missed, __ATOMIC_RELAXED) != 0))
		sharedbump(&prof.header->section[Sthreads].lost, __atomic_exchange_n(&missed, 0, __ATOMIC_RELAXED));
}

void
recorderforked(void)
{
	/* A handler of pthread_atfork before ours has waited, and all this is done. */
	if(!recording() || generation() != 0)
		return;
	missed = 0;
	profileborn();
	countsforked();
}

/* We are a child that does not share its parent's memory.  No handler may leave this for good: nothing would be recorded any more. */
static int
renew(void)
{
	uint64_t begun = ticks();
	uint32_t was = 0;
	Sigs s;

	sigsoff(&s);
	if(!__atomic_compare_exchange_n(&gencell[0], &was, RENEWING, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		sigsback(&s);
		return was != RENEWING;
	}
	if(profilechild() != nil)
		atomic_store_explicit(&probeon, 0, memory_order_relaxed);
	memset(areaof, 0, prof.n[Sareas] * sizeof areaof[0]);
	sharedbump(&prof.header->overhead, ticks() - begun);
	clockrefresh(0);
	__atomic_store_n(&gencell[0], ++lastgen, __ATOMIC_RELEASE);
	sigsback(&s);
	return recording();
}

static void
enlist(Self *s)
{
	uint64_t i = __atomic_fetch_add(&prof.header->section[Sthreads].used, 1, __ATOMIC_RELAXED);
	int tid = systid();
	Fthread *t;

	s->thread = nil;
	s->area = nil;
	s->own = nil;
	s->noarea = 0;
	s->frame = 0;
	s->spare = 0;
	s->mod = nil;
	s->owed.lock = s->paid.lock = 0;
	tellmissed();
	if(i >= prof.n[Sthreads]) {
		lost(Sthreads);
		return;
	}
	t = &prof.threads[i];
	systhreadname(t->name);
	/* The first one of a process is as old as that. */
	t->born = tid == prof.header->pid ? prof.header->start.ticks : ticks();
	s->thread = t;
	__atomic_store_n(&t->tid, tid, __ATOMIC_RELEASE);
}

int
enterslow(Self **sp)
{
	Self *s = &self;
	uint32_t g = generation();
	Sigs sigs;

	*sp = nil;
	if(g == RENEWING || (g == 0 && !renew()))
		return 0;
	g = generation();
	if(s->gen == g)
		return 1;
	/* The thread is new in this process: a handler finds it so, or whole and busy. */
	sigsoff(&sigs);
	s->busy = (uintptr_t)sp;
	s->gen = g;
	enlist(s);
	sigsback(&sigs);
	*sp = s;
	return 1;
}

static void
givearea(Self *s, uint32_t i)
{
	s->areanum = i;
	s->area = (Farea *)(prof.areas + (size_t)i * FPAGE);
	if(ownpages != nil) {
		s->own = (Own *)(ownpages + (size_t)i * OWNSIZE);
		memset(s->own, 0, offsetof(Own, memo));
	}
	__atomic_store_n(&s->thread->area, i + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&s->area->thread, (uint32_t)(s->thread - prof.threads) + 1, __ATOMIC_RELEASE);
}

/* Area i is owned by the caller: it becomes nobody's. */
static void
freearea(uint32_t i, Fthread *t)
{
	Farea *a = (Farea *)(prof.areas + (size_t)i * FPAGE);

	areamerge(a);
	__atomic_store_n(&a->thread, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&t->area, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&areaof[i], 0, __ATOMIC_RELEASE);
}

/*
 * Threads that are gone without a word are looked for, one system call each: not again for a while if there were none, for with more
 * threads than areas each that comes would look.
 */
enum { LOOKNS = 100000000 };
static uint64_t nonebefore;

static uint64_t
clockns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int
maylook(void)
{
	return clockns() >= __atomic_load_n(&nonebefore, __ATOMIC_RELAXED);
}

void
wantarea(Self *s)
{
	uint32_t i, was, me, dead;
	int again;
	Sigs sigs;

	s->noarea = 1;
	if(s->thread == nil)
		return;
	/* When it was born it had its creator's; who names itself has mostly done so by its first wait. */
	systhreadname(s->thread->name);
	if(ownpages == nil)
		return;
	/* Once a thread: left half done it would be without one, and the area nobody's. */
	sigsoff(&sigs);
	me = (uint32_t)(s->thread - prof.threads) + 1;
	/* The second time round, those of threads that are gone without a word. */
	for(again = 0; again < 2 && (!again || maylook()); again++)
		for(i = 0; i < prof.n[Sareas]; i++) {
			was = __atomic_load_n(&areaof[i], __ATOMIC_RELAXED);
			if(was != 0 && (!again || tidalive(prof.threads[was - 1].tid)))
				continue;
			dead = was;
			if(!__atomic_compare_exchange_n(&areaof[i], &was, me, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
				continue;
			if(dead != 0) {
				freearea(i, &prof.threads[dead - 1]);
				again = 0;
				continue;
			}
			s->noarea = 0;
			sharedatleast(&prof.header->section[Sareas].used, i + 1);
			givearea(s, i);
			sigsback(&sigs);
			return;
		}
	if(again == 2)
		__atomic_store_n(&nonebefore, clockns() + LOOKNS, __ATOMIC_RELAXED);
	sigsback(&sigs);
	lost(Sareas);
}

void
threadborn(void)
{
	Self *s;

	if(recording() && enter(&s))
		leave(s);
}

void
threadgone(void)
{
	Self *s;

	if(!recording() || self.gen != generation())
		return;
	/* A cancellation may have struck anywhere. */
	waitdropped(nil, nil);
	if(!enter(&s))
		return;
	if(s != nil && s->thread != nil) {
		waitpay(s);
		s->paid.lock = 0;
		if(s->area != nil) {
			s->area = nil;
			s->own = nil;
			freearea(s->areanum, s->thread);
		}
		s->noarea = 1;
		systhreadname(s->thread->name);
		__atomic_store_n(&s->thread->died, ticks(), __ATOMIC_RELAXED);
	}
	leave(s);
}

/*
 * What one event costs: measured on the profile itself, which nobody else writes to yet, and
 * taken back.
 */
static void
calibrate(void)
{
	uint32_t word = 0;
	Wait w = {.object = &word, .idword = &word, .kind = Kmutex, .pc = (uintptr_t)calibrate};
	Fheader *h = prof.header;
	uint64_t begun = 0, i;
	Self *s;

	if(!enter(&s) || s == nil)
		return;
	/* The first one makes the entries. */
	for(i = 0; i <= CALIBRATE; i++) {
		if(i == 1)
			begun = ticks();
		waitopen(s, &w, 0, 0);
		waitclose(s, &w, Eacquired, 0, 0);
	}
	eventcost = (uint32_t)((ticks() - begun) / CALIBRATE);
	if(s->area != nil) {
		memset(s->area->pair, 0, sizeof s->area->pair);
		s->own->npair = 0;
	}
	if(s->thread != nil)
		s->thread->waits = s->thread->waitticks = s->thread->overhead = 0;
	if(word > OTHERS && word < prof.n[Slocks]) {
		memset(&prof.locks[word], 0, sizeof prof.locks[word]);
		h->section[Slocks].used = word;
	}
	leave(s);
}

void
recorderstart(void)
{
	const char *dir = getenv("RENDEZ_DIR"), *how = getenv("RENDEZ"), *err;

	recorderoff = 1;
	if(dir == nil || dir[0] == 0 || (how != nil && strcmp(how, "off") == 0)) {
		if(!checkwanted())
			return;
		dir = nil;
	}
	clockinit();
	profileborn();
	if(syswipeonfork(gencell, sizeof gencell) != 0) {
		say("not recording: this kernel cannot mark memory for fork", nil);
		return;
	}
	err = profilemake(dir, getenv("RENDEZ_SIZE"));
	if(err != nil) {
		say("not recording: ", dir != nil ? dir : "in memory", ": ", err, nil);
		return;
	}
	gencell[0] = ++lastgen;
	recorderoff = 0;
	stackstart();
	modulestart(prof.header->exe);
	framestart();
	ownpages = sysmap((size_t)prof.n[Sareas] * OWNSIZE, 0);
	countsstart();
	calibrate();
	sharedbump(&prof.header->overhead, ticks() - prof.header->start.ticks);
	/* So no reader takes the process for younger. */
	clockrefresh(0);
	atomic_store_explicit(&probeon, 1, memory_order_release);
}

void
recorderexit(int status)
{
	Self *s;

	if(!recording() || !enter(&s))
		return;
	if(s != nil) {
		waitpay(s);
		if(s->thread != nil)
			systhreadname(s->thread->name);
	}
	tellmissed();
	countsend();
	prof.header->status = status;
	__atomic_store_n(&prof.header->ended, Fexit, __ATOMIC_RELEASE);
	clockrefresh(0);
	leave(s);
}
