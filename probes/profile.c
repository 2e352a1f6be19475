/*
 * The profile: made in one go (place.c), then only memory.
 *
 * About 4 MiB unless RENDEZ_SIZE says otherwise: small enough to reserve for
 * every process of a build or a browser, and what a large server was seen to
 * need: thousands of locks that are waited for, stacks of a dozen frames
 * for two callers of each, a page for each of 256 threads that wait at a time.
 * The number of modules does not grow with the size.
 */
#include "recorder.h"

#include "../compat/sigoff.h"

#include <errno.h>
#include <string.h>

enum {
	DEFAULTMIB = 4,
	MAXMIB = 256,	   /* what the reader takes */
	REFRESH = 1 << 28, /* ticks, about 0.1 s: the clock pair is no older when a wait ended */
	SOONER = 1 << 20,  /* likewise, in the first moments: a process may not live that long */
	FARAPART = 1 << 12,
};

static const struct {
	uint32_t size, count, grows;
} sections[NSECT] = {
    [Smodules] = {sizeof(Fmodule), 512, 0},
    [Slocks] = {sizeof(Flock), 4096, 1},
    [Sthreads] = {sizeof(Fthread), 4096, 1},
    [Sareas] = {FPAGE, 256, 1},
    [Spairs] = {sizeof(Fpair), 4096, 1},
    [Sstacks] = {sizeof(Fstack), 8192, 1},
    [Sframes] = {sizeof(Fpc), 98304, 1},
};

Profile prof;
static Fsection layout[NSECT];
static uint32_t refreshing;
static Fclock bornat; /* when this process began, if it has no profile yet */

static const char *
why(int err)
{
	switch(err) {
	case EACCES:
	case EPERM:
		return "permission denied";
	case ENOENT:
		return "no such directory";
	case ENOTDIR:
		return "not a directory";
	case EROFS:
		return "read-only file system";
	case ENOSPC:
	case EDQUOT:
		return "no room on the disk";
	case EFBIG:
		return "the limit on file sizes is too low";
	case EMFILE:
	case ENFILE:
		return "too many open files";
	case ENOMEM:
		return "no memory to map the profile";
	}
	return "cannot make the profile";
}

/* What RENDEZ_SIZE says; if that cannot be, it is said what is done instead. */
static uint64_t
size(const char *mib)
{
	char line[64];
	uint64_t n = 0;
	const char *p;

	if(mib == nil || mib[0] == 0)
		return DEFAULTMIB;
	for(p = mib; *p >= '0' && *p <= '9' && n <= MAXMIB; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	if(*p == 0 && n > 0 && n <= MAXMIB)
		return n;
	n = n > MAXMIB ? MAXMIB : DEFAULTMIB;
	appendnum(stpcpy(appendnum(line, "RENDEZ_SIZE is 1 to ", MAXMIB), " (MiB)"), ": it is taken for ", n);
	say(line, ", not ", mib, nil);
	return n;
}

/* The sections' sizes and places for a file of n MiB. */
static void
plan(uint64_t n)
{
	uint64_t off = FPAGE;
	int i, shift;

	/* In steps of two: some tables want powers of two. */
	shift = 63 - __builtin_clzll(n) - 2;
	for(i = 0; i < NSECT; i++) {
		layout[i].off = off;
		layout[i].size = sections[i].size;
		layout[i].count = sections[i].count;
		if(sections[i].grows)
			layout[i].count = shift < 0 ? layout[i].count >> -shift : layout[i].count << shift;
		if(i == Sareas && layout[i].count > MAXAREAS)
			layout[i].count = MAXAREAS;
		prof.n[i] = (uint32_t)layout[i].count;
		off += (layout[i].size * layout[i].count + FPAGE - 1) & ~(uint64_t)(FPAGE - 1);
	}
	prof.size = off;
}

static uint64_t
number(const char *p)
{
	uint64_t n = 0;

	for(; *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	return n;
}

/* Field 22 of /proc/self/stat; the second, a name in parentheses, may hold anything. */
static uint64_t
starttime(void)
{
	char buf[1024] = {0}, *p;
	int i;

	readall("/proc/self/stat", buf, sizeof buf - 1);
	p = strrchr(buf, ')');
	for(i = 2; i < 22 && p != nil; i++)
		p = strchr(p + 1, ' ');
	return p != nil ? number(p + 1) : 0;
}

/* The link reads "pid:[NUMBER]". */
static uint64_t
pidns(void)
{
	char buf[64] = {0}, *p;

	sysreadlink("/proc/self/ns/pid", buf, sizeof buf - 1);
	p = strchr(buf, '[');
	return p != nil ? number(p + 1) : 0;
}

/* Again, a few times, if the thread lost the processor in between. */
void
clockpair(Fclock *c)
{
	uint64_t t0, t1;
	int i;

	for(i = 0; i < 4; i++) {
		t0 = ticks();
		c->ns = nsnow();
		t1 = ticks();
		c->ticks = t0 + (t1 - t0) / 2;
		if(t1 - t0 < FARAPART)
			break;
	}
}

/*
 * now: the time that just was, if it is known, 0 to be made now whatever it is.  The pairs
 * are taken twice as far apart each time, up to REFRESH.
 */
void
clockrefresh(uint64_t now)
{
	Fheader *h = prof.header;
	uint32_t slot = __atomic_load_n(&h->lastslot, __ATOMIC_RELAXED), no = 0;
	uint64_t last = __atomic_load_n(&h->last[slot & 1].ticks, __ATOMIC_RELAXED);
	uint64_t age = last - h->start.ticks + SOONER;
	Fclock c;
	Sigs s;

	if(now != 0 && (int64_t)(now - last) < (int64_t)(age < REFRESH ? age : REFRESH))
		return;
	/* No handler may leave it for good: nobody would refresh any more. */
	sigsoff(&s);
	if(!__atomic_compare_exchange_n(&refreshing, &no, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		sigsback(&s);
		return;
	}
	slot = __atomic_load_n(&h->lastslot, __ATOMIC_RELAXED) + 1;
	clockpair(&c);
	__atomic_store_n(&h->last[slot & 1].ticks, c.ticks, __ATOMIC_RELAXED);
	__atomic_store_n(&h->last[slot & 1].ns, c.ns, __ATOMIC_RELAXED);
	__atomic_store_n(&h->lastslot, slot, __ATOMIC_RELEASE);
	__atomic_store_n(&refreshing, 0, __ATOMIC_RELEASE);
	sigsback(&s);
}

/* All of the header but what the process is called; magic makes it a profile. */
static void
fill(Fheader *h)
{
	struct timespec now;

	h->version = FVERSION;
	h->headersize = sizeof *h;
	h->filesize = prof.size;
	h->pid = syspid();
	h->ppid = sysppid();
	h->starttime = starttime();
	h->pidns = pidns();
	clock_gettime(CLOCK_REALTIME, &now);
	h->realtime = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	if(bornat.ticks != 0)
		h->start = bornat;
	else
		clockpair(&h->start);
	bornat.ticks = 0;
	h->before = h->last[0] = h->start;
	h->clockkind = tickscounter ? 1 : 0;
	systhreadname(h->comm);
	memcpy(h->section, layout, sizeof layout);
	h->section[Slocks].used = OTHERS + 1;
	/* The pair that takes what finds no room. */
	((Fpair *)((uint8_t *)h + layout[Spairs].off))->lock = OTHERS;
	h->section[Spairs].used = 1;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memcpy(h->magic, FMAGIC, sizeof h->magic);
}

const char *
profilemake(const char *d, const char *mib)
{
	Fheader *h;
	int err;
	const char *wrong = d != nil ? placeset(d) : nil;

	if(wrong != nil)
		return wrong;
	plan(size(mib));
	h = placemake(&err);
	if(h == nil)
		return why(err);
	sysreadlink("/proc/self/exe", h->exe, sizeof h->exe - 1);
	readall("/proc/self/cmdline", h->args, sizeof h->args - 1);
	fill(h);
	prof.header = h;
	prof.modules = (void *)((uint8_t *)h + layout[Smodules].off);
	prof.locks = (void *)((uint8_t *)h + layout[Slocks].off);
	prof.threads = (void *)((uint8_t *)h + layout[Sthreads].off);
	prof.areas = (uint8_t *)h + layout[Sareas].off;
	prof.pairs = (void *)((uint8_t *)h + layout[Spairs].off);
	prof.stacks = (void *)((uint8_t *)h + layout[Sstacks].off);
	prof.frames = (void *)((uint8_t *)h + layout[Sframes].off);
	return nil;
}

/* A forked child has its parent's modules and objects, at the same addresses: the entries keep their numbers. */
static void
inherit(Fheader *h)
{
	Fmodule *mods = (void *)((uint8_t *)h + layout[Smodules].off);
	Flock *locks = (void *)((uint8_t *)h + layout[Slocks].off);
	uint64_t used = prof.header->section[Slocks].used;
	uint32_t i, nmods = modcount();

	h->before = prof.header->before;
	memcpy(h->exe, prof.header->exe, sizeof h->exe);
	memcpy(h->args, prof.header->args, sizeof h->args);
	/* As many as there were at the fork: what the parent has met since is not the child's, whose next have those numbers. */
	for(i = 0; i < nmods; i++)
		if(__atomic_load_n(&prof.modules[i].end, __ATOMIC_ACQUIRE) != 0)
			mods[i] = prof.modules[i];
	h->section[Smodules].used = nmods;
	for(i = OTHERS + 1; i < prof.n[Slocks] && i < used; i++) {
		if(prof.locks[i].kind == 0)
			continue;
		locks[i] = prof.locks[i];
		locks[i].acquired = locks[i].changes = 0;
		locks[i].holds = locks[i].holdticks = locks[i].holdmax = 0;
	}
	h->section[Slocks].used = used;
	/* What is known of who holds what (shim/check.c) goes on speaking of the parent's stacks. */
	if(checkwanted()) {
		memcpy((uint8_t *)h + layout[Sstacks].off, prof.stacks, prof.n[Sstacks] * sizeof *prof.stacks);
		memcpy((uint8_t *)h + layout[Sframes].off, prof.frames, prof.n[Sframes] * sizeof *prof.frames);
		h->section[Sstacks].used = prof.header->section[Sstacks].used;
		h->section[Sframes].used = prof.header->section[Sframes].used;
	}
}

void
profileborn(void)
{
	clockpair(&bornat);
}

const char *
profilechild(void)
{
	Fheader *h;
	int err;

	__atomic_store_n(&refreshing, 0, __ATOMIC_RELAXED);
	/* No handler of fork has run. */
	if(bornat.ticks == 0)
		countsforked();
	h = placemake(&err);
	if(h != nil) {
		fill(h);
		inherit(h);
		err = sysmapmove(h, prof.header, prof.size);
		if(err == 0)
			return nil;
	}
	sharedbump(&prof.header->forkfailed, 1);
	/* Nothing of ours shall reach the parent's file. */
	sysmapblank(prof.header, prof.size);
	return why(err);
}
