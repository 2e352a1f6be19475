/*
 * The profile file, version 1: one file a process, written in place by the
 * recorder through a shared mapping, read by the command and by nothing else.
 *
 * The whole file is made, reserved on disk and mapped when recording starts; it
 * never grows.  Sections follow the header, each a plain array at a page
 * boundary; Header.section says where and how many.  All integers are
 * little-endian, all times are ticks of the recorder's clock (Header.clock turns
 * them into nanoseconds), an all-zero entry is an unused one.  The writer may
 * die at any instruction: an entry is published by the store of the field that
 * makes it nonzero, named at each struct, after all others (release), and
 * counters are added to one at a time, so a reader sees at worst one event of
 * each thread half counted.  A reader trusts nothing: every index and length is
 * checked against the file it has.
 */
#ifndef RENDEZ_FORMAT_H
#define RENDEZ_FORMAT_H

#include <stdint.h>

#define FMAGIC "rendez\0\1"
#define FVERSION 2

enum {
	FPAGE = 4096,
	FBUCKETS = 40, /* wait histogram: bucket i counts waits of less than 2^i ticks, the last one the rest */
	FPAIRBUCKETS = 40,
	FNAME = 16,
	FPATH = 232,
	FBUILDID = 20,
	FARGS = 1024,
	FTHREADPAIRS = 16, /* pairs a thread keeps to itself before it uses the shared table */
	FTHREADHOLDS = 8,
	FMAXFRAMES = 48,
	FMISUSES = 32,
};

/* Sections, in file order. */
typedef enum Fsect {
	Smodules, /* Fmodule */
	Slocks,	  /* Flock: index is the lock's id; entry 0 is unused, entry 1 stands for all locks that did not fit */
	Sthreads, /* Fthread */
	Sareas,	  /* Farea: the pages of living threads */
	Spairs,	  /* Fpair: shared by all threads, open addressing, added to with atomics */
	Sstacks,  /* Fstack heads, then frames: see Fstack */
	Sframes,  /* uint64_t Fpc */
	NSECT
} Fsect;

/*
 * A code address: module index + 1 in the top 16 bits, offset from the module's
 * load bias (the address that the symbol table speaks of) below; a top of zero
 * is an absolute address in no known module (made at run time).  0 is unknown.
 * Sites and frames are return addresses: the call is just before.
 */
typedef uint64_t Fpc;
#define FPC(module, off) (((uint64_t)((module) + 1) << 48) | ((off)&0xffffffffffffULL))
#define FPCMODULE(pc) ((int)((pc) >> 48) - 1)
#define FPCOFF(pc) ((pc)&0xffffffffffffULL)

typedef struct Fsection {
	uint64_t off;
	uint64_t count; /* entries there is room for */
	uint32_t size;	/* of an entry */
	uint32_t pad;
	uint64_t used; /* entries given out; may run past count when the section is full */
	uint64_t
	    lost; /* events that found no room here; in Sareas threads, in Sthreads threads and waits: see read.c */
} Fsection;

/* The recorder's clock against CLOCK_MONOTONIC: two pairs, far apart, give the rate. */
typedef struct Fclock {
	uint64_t ticks, ns;
} Fclock;

typedef enum Fended { Frunning = 0, Fexit = 1, Fsignal = 2, Fexec = 3 } Fended;

/*
 * Wrong uses of objects, if the program was run with RENDEZ_CHECK: F(name here, name in JSON, what is said).
 * Numbers stay: new ones go to the end.
 */
#define MISUSES(F) \
	F(Munlockfree, "unlock-free", "unlocked, but nobody holds it") \
	F(Munlockother, "unlock-other", "unlocked by a thread that does not hold it") \
	F(Mrelock, "relock", "locked by a thread that holds it already") \
	F(Mdestroyheld, "destroy-held", "destroyed while it is held") \
	F(Mdestroywaited, "destroy-waited", "destroyed while a thread waits for it") \
	F(Mdestroyed, "destroyed", "used after it was destroyed") \
	F(Mgarbage, "garbage", "used, but what stands in it was never initialised") \
	F(Mwaitfree, "wait-free", "waited for a condition with, but nobody holds it") \
	F(Mwaitother, "wait-other", "waited for a condition with by a thread that does not hold it") \
	F(Mwaittwice, "wait-twice", "waited for a condition with while it is locked more than once") \
	F(Mtwomutexes, "two-mutexes", "waited for with two mutexes at the same time") \
	F(Mendsholding, "ends-holding", "still held by a thread that ends") \
	F(Moverflow, "overflow", "posted beyond its largest value") \
	F(Mcopy, "copy", "used, but it is a copy of another, made while that was locked") \
	F(Mremade, "remade", "initialised again while it is held") \
	F(Moverwritten, "overwritten", "freed or overwritten while it was held")

/* What the other stack of a misuse is. */
#define OTHERS_OF_MISUSE(F) \
	F(Yheld, "held", "held since here") \
	F(Ylocked, "locked", "last locked here") \
	F(Yinitialised, "initialised", "initialised here") \
	F(Ydestroyed, "destroyed", "destroyed here") \
	F(Ywaited, "waited", "waited for here")

#define F(name, key, text) name,
typedef enum Misuse { Mnone, MISUSES(F) NMISUSE } Misuse;
typedef enum Yonder { Ynone, OTHERS_OF_MISUSE(F) NYONDER } Yonder;
#undef F

/* A wrong use, the first at its place.  Published by what. */
typedef struct Fmisuse {
	uint32_t what; /* Misuse */
	uint32_t kind; /* Kind + 1 */
	uint64_t address;
	int32_t tid, othertid; /* 0 unknown */
	uint32_t stack;	       /* index in Sstacks + 1, 0 unknown */
	uint32_t other;	       /* likewise: */
	uint32_t yonder;       /* Yonder */
	uint32_t pad;
} Fmisuse;

typedef struct Fheader {
	char magic[8];
	uint32_t version;
	uint32_t headersize; /* sizeof(Fheader): a newer one may be longer */
	uint64_t filesize;
	int32_t pid, ppid;
	uint64_t starttime; /* field 22 of /proc/PID/stat: tells a reused pid */
	uint64_t realtime;  /* CLOCK_REALTIME, ns, when recording started */
	uint32_t ended;	    /* Fended */
	int32_t status;	    /* exit status or signal, if known */
	Fclock start;	    /* at the start of recording */
	Fclock
	    before; /* an earlier pair, the parent's, of a forked child, which may end before its second; else start */
	Fclock last[2]; /* last[lastslot & 1] is the newest complete pair */
	uint32_t lastslot;
	uint32_t clockkind;  /* 0: ticks are nanoseconds of CLOCK_MONOTONIC; 1: time stamp counter */
	uint64_t forkfailed; /* children that could not open a profile of their own */
	uint64_t overhead;   /* ticks the recorder took that are in no thread's area */
	uint64_t otherwaits; /* waits of threads that found no room in Sthreads, or of a handler inside the recorder */
	uint64_t otherticks;
	char comm[FNAME];
	char exe[FPATH];  /* the program file */
	char args[FARGS]; /* its arguments, each ended by NUL, cut at the size */
	Fsection section[NSECT];
	uint64_t stackscut; /* times that a stack ends early because a frame could not be looked into just then */
	uint64_t misuses;   /* may run past FMISUSES */
	Fmisuse misuse[FMISUSES];
	uint64_t pidns; /* the number of the pid namespace that pid is of, 0 unknown */
} Fheader;

/* A loaded object.  Published by end. */
typedef struct Fmodule {
	uint64_t start, end; /* mapped addresses */
	uint64_t bias;	     /* run-time address minus link-time address */
	uint8_t buildid[FBUILDID];
	uint32_t buildidlen;
	char path[FPATH];
} Fmodule;

enum { OTHERS = 1 }; /* the lock that stands for all that found no room: its entry has no kind */

/* A lock, or any other object that was waited for.  Published by kind. */
typedef struct Flock {
	uint64_t address;
	Fpc init;			    /* who initialised it, 0 unknown */
	Fpc first;			    /* the site that first waited for it */
	uint32_t kind;			    /* Kind + 1 */
	uint32_t flags;			    /* Lgone: destroyed, or found to be another lock's */
	uint64_t acquired;		    /* by this process, as last seen; only for kinds with Lcounts */
	uint64_t changes;		    /* owner changes, likewise */
	uint64_t holds, holdticks, holdmax; /* sampled holds that no thread's area kept */
} Flock;
enum {
	Lgone = 1,
	Lcounts = 2,
	Lmany = 4
}; /* Lmany: several in turn, of one kind and first site; the table ran short */

/* Stack i of Sstacks is frames[first .. first+n), innermost first.  Published by n. */
typedef struct Fstack {
	uint32_t hash;
	uint32_t first;
	uint32_t n; /* frames | Struncated */
	uint32_t pad;
} Fstack;
enum { Struncated = 0x80000000 };

/*
 * Who waited for whom.  One wait adds to as many pairs as there were holders in
 * turn, once to each.  Published by lock.
 */
typedef struct Fpair {
	uint32_t lock;	 /* id: index in Slocks */
	uint32_t waiter; /* stack: index in Sstacks + 1, 0 unknown */
	uint32_t waker;	 /* likewise; 0 nobody, or unknown */
	uint8_t op;	 /* Op */
	uint8_t end;	 /* End */
	uint8_t pad[2];
	Fpc waitersite; /* return address in the caller of the locking function; the waiter's stack refines it */
	Fpc holder;	/* call site of the holder, 0 unknown or nobody */
	uint64_t waits; /* waits, or parts of a wait, blamed here */
	uint64_t last;	/* of these, the ones that ended here: summed over pairs, the number of waits */
	uint64_t ticks;
	uint64_t max;			  /* the longest whole wait that ended here */
	uint32_t histogram[FPAIRBUCKETS]; /* of whole waits, counted where they ended */
} Fpair;

typedef struct Fhold {
	uint32_t lock, samples;
	uint64_t ticks, max;
} Fhold;

/* A thread, alive or dead.  Published by tid. */
typedef struct Fthread {
	int32_t tid;
	uint32_t area; /* its page in Sareas + 1 while it lives, then 0 */
	char name[FNAME];
	uint64_t born, died; /* ticks */
	uint64_t seen;	     /* ticks: when its last wait ended */
	uint64_t waits;	     /* finished ones */
	uint64_t waitticks;
	uint64_t parkedticks; /* of these, asleep in the kernel */
	uint64_t parks;
	uint64_t overhead; /* ticks the recorder took */
} Fthread;

/* What a thread is waiting for now; lock 0: nothing.  Written begun first, lock last. */
typedef struct Fcurrent {
	uint64_t begun;
	Fpc site;
	Fpc holder;
	uint32_t waiter; /* stack + 1, 0 not taken */
	uint32_t lock;
	uint8_t op, pad[7];
} Fcurrent;

/* A living thread's own page: only it writes here. */
typedef struct Farea {
	uint32_t thread; /* index in Sthreads + 1; 0 free */
	uint32_t pad;
	Fcurrent current;
	Fhold hold[FTHREADHOLDS];
	Fpair pair[FTHREADPAIRS];
	uint8_t room[FPAGE - 8 - sizeof(Fcurrent) - FTHREADHOLDS * sizeof(Fhold) - FTHREADPAIRS * sizeof(Fpair)];
} Farea;

_Static_assert(sizeof(Fheader) <= FPAGE, "the header is a page");
_Static_assert(sizeof(Farea) == FPAGE, "a thread's area is a page");

#endif
