/*
 * What the files of the recorder know of each other.  The recorder is the part
 * of probes/ that runs inside the program: recorder.c comes and goes with the
 * process and its threads, wait.c counts waits, ident.c says which lock it was, counts.c
 * how often it was acquired, tables.c adds up, stack.c, frame.c and module.c say where.
 *
 * Everything here may be interrupted by a signal handler that comes back in:
 * a thread's own memory (Self, its Farea, its Own) is written only between
 * enter() and leave(), and who finds it busy uses the shared tables.  A handler may also jump out of it for good: waitdropped() then
 * leaves for the frame that is gone.  What a whole process would miss, or a thread for ever, is
 * done with signals put off (compat/sigoff.h).  Memory
 * in the file is written by relaxed atomic stores, so that a reader in
 * another process sees whole words.
 */
#ifndef RENDEZ_RECORDER_H
#define RENDEZ_RECORDER_H

#include "../compat/linux.h"
#include "format.h"
#include "probe.h"

/* The profile: mapped once and for ever at this place, in a forked child too, where another file is put there. */
typedef struct Profile {
	Fheader *header;
	Fmodule *modules;
	Flock *locks;
	Fthread *threads;
	uint8_t *areas; /* an Farea a page */
	Fpair *pairs;
	Fstack *stacks;
	Fpc *frames;
	uint32_t n[NSECT]; /* entries there is room for */
	size_t size;
} Profile;
extern Profile prof HIDDEN;

enum {
	NMEMO = 13,
	OWNSIZE = 2 * FPAGE, /* of which a thread with six stacks at most has only the first */
	MAXAREAS = 4096,
};

/* A stack that this thread was seen with: where its return addresses lie and what they were. */
typedef struct Memo {
	uint32_t stack;
	uint8_t n, nmod;
	uint16_t mod[3];	   /* the modules among them that may be unloaded */
	uint32_t slot[FMAXFRAMES]; /* from Own.sp, upwards */
	uintptr_t ret[FMAXFRAMES];
} Memo;

/* A thread's own memory outside the file, one for each Farea. */
typedef struct Own {
	uint32_t npair, nextmemo;
	uint32_t hash[FTHREADPAIRS]; /* of the pairs in the area */
	uintptr_t pc[NMEMO], sp[NMEMO];
	Memo memo[NMEMO];
} Own;
_Static_assert(sizeof(Own) <= OWNSIZE && offsetof(Own, memo[6]) <= FPAGE, "a thread's own memory");

typedef struct Mod Mod;

/* A short wait that is over and not yet counted (owed.c). */
typedef struct Owed {
	uint32_t lock; /* 0: none */
	uint32_t acquired, changes;
	uint8_t kind, op, counted;
	const void *object;
	uintptr_t pc, holder;
	uint64_t begun, ended;
} Owed;

/* Where the last one was counted: the next is like it, nearly always. */
typedef struct Paid {
	uint32_t lock;	   /* 0: nowhere */
	uint32_t acquired; /* the object's, when the lock's entry was last told */
	uint8_t kind, op;
	const void *object;
	uintptr_t pc, holder;
	Fpair *pair;
} Paid;

typedef struct Self {
	uint32_t gen;	 /* the process it was set up in: see generation */
	uintptr_t busy;	 /* a stack address of the frame that is between enter and leave; 0 none */
	uintptr_t frame; /* one of the innermost wait that the area names: where its Wait lies; 0 none */
	Fthread *thread; /* nil: found no room */
	Farea *area;	 /* nil: not yet wanted, or found no room */
	Own *own;	 /* with the area */
	uint32_t areanum;
	uint32_t spare; /* a lock id that was taken and not used, 0 none */
	uint32_t rand;
	uint32_t often;		  /* wait.c: holds timed so far, up to where they are timed more rarely */
	uint8_t noarea;		  /* there was none, or the thread is over */
	uintptr_t lo, hi, unread; /* stack.c: the thread's stack as far as it is known */
	const Mod *mod;		  /* module.c: the one that was asked for last */
	Owed owed;
	Paid paid;
} Self;
extern __thread Self self HIDDEN __attribute__((tls_model("initial-exec")));

/*
 * The number of this process among its ancestors, in memory that the kernel
 * wipes in a child that does not share it: zero says that we were forked.
 */
extern uint32_t gencell[] HIDDEN;

static inline uint32_t
generation(void)
{
	return __atomic_load_n(&gencell[0], __ATOMIC_ACQUIRE);
}

/* While a child's profile is being made nothing is recorded. */
enum { RENEWING = 0xffffffff };

/* Whether this process has a profile of its own by now. */
static inline int
profiled(void)
{
	uint32_t g = generation();

	return g != 0 && g != RENEWING;
}

int enterslow(Self **) HIDDEN;
/* A wait has begun that could not be entered for. */
void waitmissed(void) HIDDEN;

/*
 * 0: nothing is recorded.  Else *sp is the calling thread, now busy, or nil if
 * this is a handler that interrupted the recorder.
 */
static inline int
enter(Self **sp)
{
	Self *s = &self;

	if(unlikely(s->gen != generation() || s->gen == 0 || s->busy))
		return enterslow(sp);
	s->busy = (uintptr_t)sp;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	*sp = s;
	return 1;
}

static inline void
leave(Self *s)
{
	if(s == nil)
		return;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	s->busy = 0;
}

static inline int
recording(void)
{
	return likely(__atomic_load_n((int *)&probeon, __ATOMIC_RELAXED));
}

/* s's area and own page, if it can have them. */
void wantarea(Self *s) HIDDEN;

/* Single-writer counters in the file. */
static inline void
bump(uint64_t *p, uint64_t n)
{
	__atomic_store_n(p, __atomic_load_n(p, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline void
atleast(uint64_t *p, uint64_t v)
{
	if(v > __atomic_load_n(p, __ATOMIC_RELAXED))
		__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

/* Shared ones. */
static inline void
sharedbump(uint64_t *p, uint64_t n)
{
	__atomic_fetch_add(p, n, __ATOMIC_RELAXED);
}

void sharedatleast(uint64_t *p, uint64_t v) HIDDEN;

static inline void
lost(Fsect s)
{
	sharedbump(&prof.header->section[s].lost, 1);
}

/* Ticks that the recorder took. */
static inline void
overhead(Self *s, uint64_t t)
{
	if(s != nil && s->thread != nil)
		bump(&s->thread->overhead, t);
	else
		sharedbump(&prof.header->overhead, t);
}

static inline uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

/* place.c.  Where profiles are made: nil, or why that cannot be. */
const char *placeset(const char *dir) HIDDEN;
/* A new file there of prof.size, mapped, or memory if no place was set; nil, and an errno value, if there can be none. */
Fheader *placemake(int *err) HIDDEN;
/* s, then n in decimal, at p, which ends with NUL; where that is. */
char *appendnum(char *p, const char *s, uint64_t n) HIDDEN;
/* As much as there is of a file, and fits; nothing if it cannot be read. */
void readall(const char *path, char *buf, size_t n) HIDDEN;

/* profile.c: both return an error to be said, or nil.  In the child the parent's file is no longer mapped after it. */
const char *profilemake(const char *dir, const char *mib) HIDDEN;
const char *profilechild(void) HIDDEN;
/* This process begins: what profilemake or profilechild makes later starts here. */
void profileborn(void) HIDDEN;
void clockpair(Fclock *) HIDDEN;
void clockrefresh(uint64_t now) HIDDEN;

/* recorder.c: what a wait costs, in ticks; and whether it is known by now that nothing will be recorded. */
extern uint32_t eventcost HIDDEN;
extern int recorderoff HIDDEN;

/* wait.c: waitbegin and waitend, within enter and leave. */
void waitopen(Self *, Wait *, uintptr_t holder, uint64_t since) HIDDEN;
void waitclose(Self *, Wait *, End, uint32_t waker, uint64_t at) HIDDEN;
/* A wait is over: its thread's totals. */
void countwait(Fthread *, uint64_t begun, uint64_t ended, uint64_t total) HIDDEN;

/* owed.c: waitflush, within enter and leave. */
void waitpay(Self *) HIDDEN;

/* ident.c.  ours: so many of the acquisitions that w->acquired counts are this process's, that is known. */
uint32_t lockid(Self *, const Wait *, uint32_t ours) HIDDEN;
int lockis(uint32_t id, const void *object) HIDDEN;

/* counts.c */
void countsstart(void) HIDDEN;
/* In a forked child, before it has a profile: what objects have counted so far was the parent's. */
void countsforked(void) HIDDEN;
/* Reads all objects that are left. */
void countsend(void) HIDDEN;
/* The number of this process among its ancestors, as initsite has room for it. */
uint32_t countsprocess(void) HIDDEN;
/* A new entry, not yet published: whether its object counts.  older: it may be older than this process; ours as for lockid. */
int lockcounted(uint32_t id, const Wait *, int older, uint32_t ours) HIDDEN;
/* The object's counts were seen to be these. */
void lockcounts(uint32_t id, uint32_t acquired, uint32_t changes) HIDDEN;
/* Read them: the caller is in a call on the object. */
void lockread(uint32_t id, const void *object) HIDDEN;

/* tables.c */
uint32_t pairhash(const Fpair *key) HIDDEN;
/* Adds a wait, or its piece of t ticks, to the pair whose key fields are key's; ended: it was the wait's last, and it was of total ticks. */
void pairadd(Self *, const Fpair *key, uint64_t t, int ended, uint64_t total) HIDDEN;
/* The thread's own pair of that key, nil if there is no room; and a wait, or its piece, added to it. */
Fpair *pairown(Self *, const Fpair *key) HIDDEN;
void pairbump(Fpair *, uint64_t t, int ended, uint64_t total) HIDDEN;
/* A hold of t ticks, that counts for n. */
void holdadd(Self *, uint32_t lock, uint64_t t, uint32_t n) HIDDEN;
/* All that is in the area goes to the shared tables; the area is zero after it. */
void areamerge(Farea *) HIDDEN;

/* stack.c */
void stackstart(void) HIDDEN;
uint32_t stacktake(Self *, uintptr_t pc) HIDDEN;

/* module.c */
struct Mod {
	uintptr_t start, end, bias;
	const void *map;	/* its struct link_map */
	const uint8_t *ehframe; /* its PT_GNU_EH_FRAME */
	const uint32_t *note;	/* a word of its build-id, nil if it has none */
	uint32_t noteword;
	uint16_t index;
	uint8_t stays; /* it was there when recording started, and nothing had been opened: it is never unloaded */
};
void modulestart(const char *exe) HIDDEN;
/* The module of an address of the caller's own stack, nil if there is none; *last is a module found before in this call of the recorder, or nil. */
const Mod *modfind(uintptr_t pc, const Mod *last) HIDDEN;
const Mod *modat(uint32_t index) HIDDEN;
/* How many this process has given a number; they are published, but for those that nothing names. */
uint32_t modcount(void) HIDDEN;
/* Whether it is still there. */
int modlives(const Mod *) HIDDEN;
Fpc modpc(const Mod *, uintptr_t pc) HIDDEN;
/* A call site: of whoever's call; and of a call that the calling thread is in, so that its module is there, which saves asking the kernel. */
Fpc sitepc(Self *, uintptr_t pc) HIDDEN;
Fpc siteown(Self *, uintptr_t pc) HIDDEN;
/* The module of this library; nil if it is part of the program. */
extern const Mod *modours HIDDEN;

/* frame.c */
void framestart(void) HIDDEN;
/*
 * How to go from a frame in which the lookup address is at to its caller: a packed
 * rule, 0 if it cannot be found out now (dear: it may be found out, if not it must be known).
 */
uint64_t framerule(uintptr_t at, const Mod *, int dear) HIDDEN;
/* A frame's registers become its caller's.  slot: where the return address was. */
typedef enum Step { Smore, Send, Sbroken, Ssignal } Step;
typedef int (*Peek)(void *, uintptr_t addr, uintptr_t *v);
Step framestep(uint64_t rule, Regs *, uintptr_t *slot, Peek, void *arg) HIDDEN;

#endif
