/*
 * The file that processes share: making it, finding it, leaving it.
 *
 * Who makes, finds or leaves it holds the kernel's lock of the file (flock), which goes with its holder, and has signals
 * off, so a handler never finds its own thread holding it.  A lock got is the file's that the name stood for when
 * it was opened; so its number of links is looked at again, and who finds 0 begins anew.
 *
 * A file that is not ours (another owner, open to others, a link, not regular) is left alone, and so are we: private memory.  A
 * file of ours that is not a region, or of another layout, is unlinked and made anew.
 *
 * Leaving.  A process that ends in an orderly way unlinks the file if nobody else is in it.  A process may have mapped it and have
 * nobody in it, so:
 *
 *	leaver (holds the lock)			joiner
 *	retired = 1				takes a place
 *	fence					fence
 *	looks for a place that is taken		looks at retired
 *
 * One sees the other.  A leaver that sees one takes retired back; a joiner that sees retired gives its place back and
 * comes here for the lock, and finds either that it was taken back, or that the region is to be made anew.  Who comes
 * with nothing but a look (a partner, a poster) looks at retired first; if it is too early to see it, nobody
 * was there to be met.
 *
 * A file whose last user was killed stays, with nobody alive in it.  The next process of the user takes it over, and
 * unlinks it when it leaves.  So it is where a leaver was killed after it had said that it leaves: that, and to unlink, is done
 * under one hold of the lock, so who holds it and finds the name there with retired = 1 takes it back.
 *
 * (Model: tests/model/region.pml.)
 */
#define _GNU_SOURCE
#include "region.h"
#include "member.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>

#define MAGIC 0x317a65646e6572u + ((uint64_t)sizeof(Region) << 40)

static _Atomic(Region *) current;
static _Atomic(uint64_t) currentfile; /* its identity; 0: no file */
static _Atomic(uint64_t) id;

uint64_t
processid(void)
{
	uint64_t was = atomic_load_explicit(&id, memory_order_relaxed), new;
	uint32_t generation = procgeneration();

	if(likely((uint32_t)was == generation))
		return was;
	new = sysrandom() << 32 | generation;
	if(atomic_compare_exchange_strong_explicit(&id, &was, new, memory_order_relaxed, memory_order_relaxed))
		return new;
	return was;
}

static char *
path(char *buf, size_t n)
{
	static const char file[] = "/dev/shm/rendez-";
	unsigned uid = sysuid();
	char *p = buf + n;
	size_t i;

	*--p = 0;
	do
		*--p = (char)('0' + uid % 10);
	while((uid /= 10) != 0);
	for(i = sizeof file - 1; i > 0; i--)
		*--p = file[i - 1];
	return p;
}

static int
usable(Region *r)
{
	return r != nil && atomic_load_explicit(&r->retired, memory_order_seq_cst) == 0;
}

static void
begin(Region *r)
{
	atomic_store_explicit(&r->ids, sysrandom(), memory_order_relaxed);
	r->size = sizeof *r;
	r->magic = MAGIC;
}

/* The locked file, mapped; nil if it is not to be used, and then *again says whether a new one may be made. */
static Region *
mapped(int fd, const char *name, const Fileinfo *f, int *again)
{
	Region *r;

	*again = 0;
	if(f->size == 0 && (sysfilelimit() < sizeof *r || sysreserve(fd, sizeof *r) != 0)) {
		sysunlink(name);
		return nil;
	}
	if(f->size == 0 || f->size == sizeof *r) {
		r = sysmapfile(fd, sizeof *r);
		if(r == nil)
			return nil;
		if(f->size == 0)
			begin(r);
		if(r->magic == MAGIC && r->size == sizeof *r) {
			atomic_store_explicit(&r->retired, 0, memory_order_seq_cst);
			return r;
		}
		sysunmap(r, sizeof *r);
	}
	*again = sysunlink(name) == 0;
	return nil;
}

/* Whether two mappings are of one memory: the count, which begins at random, lies in the one between two looks at the other. */
static int
same(Region *r, Region *n)
{
	uint64_t before = atomic_load_explicit(&n->ids, memory_order_seq_cst),
		 other = atomic_load_explicit(&r->ids, memory_order_seq_cst),
		 after = atomic_load_explicit(&n->ids, memory_order_seq_cst);

	return other - before <= after - before;
}

/* The user's region, by its file; nil: there is none to be had. */
static Region *
shared(void)
{
	char buf[64], *name = path(buf, sizeof buf);
	Region *r = nil, *was;
	Fileinfo f;
	int fd, again, tries;

	for(again = 1, tries = 0; r == nil && again && tries < 1000; tries++) {
		fd = sysopen(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
		if(fd < 0)
			return nil;
		sysflock(fd);
		again = sysfileinfo(fd, &f) == 0 && f.links == 0;
		if(!again && f.regular && f.onlyowner && f.owner == sysuid() && f.links == 1) {
			r = was = atomic_load_explicit(&current, memory_order_acquire);
			/* Another thread was quicker, or who retired it has taken that back. */
			if(!usable(r) || atomic_load_explicit(&currentfile, memory_order_relaxed) != f.id) {
				r = mapped(fd, name, &f, &again);
				/* A thread of ours may be in it: it goes on at the address that it knows. */
				if(r != nil && was != nil && same(was, r)) {
					sysunmap(r, sizeof *r);
					r = was;
				} else if(r != nil) {
					atomic_store_explicit(&currentfile, f.id, memory_order_relaxed);
					atomic_store_explicit(&current, r, memory_order_release);
				}
			}
		}
		sysfunlock(fd);
		sysclose(fd);
	}
	return r;
}

/* Memory of the process and of its children to be. */
static Region *private(Region *was)
{
	char buf[64];
	Region *r = sysmapshared(sizeof *r);

	if(r == nil)
		panic("out of memory for rendezvous and postwait", nil);
	begin(r);
	if(!atomic_compare_exchange_strong_explicit(&current, &was, r, memory_order_acq_rel, memory_order_acquire)) {
		sysunmap(r, sizeof *r);
		return was;
	}
	atomic_store_explicit(&currentfile, 0, memory_order_relaxed);
	say(path(buf, sizeof buf),
	    " cannot be used: rendezvous and postwait reach only this process and the children that it "
	    "forks from now on",
	    nil);
	return r;
}

Region *
regionget(void)
{
	Region *was = atomic_load_explicit(&current, memory_order_acquire), *r;
	uint64_t sigs;

	if(likely(usable(was)))
		return was;
	sigsmask(&sigs);
	r = shared();
	if(r == nil)
		r = private(was);
	sigsunmask(&sigs);
	return r;
}

static int
others(Region *r)
{
	int i;

	for(i = 0; i < NMEMBER; i++)
		if(memberalive(&r->member[i]) &&
		    atomic_load_explicit(&r->side[i].process, memory_order_relaxed) != processid())
			return 1;
	return 0;
}

/* The process ends. */
__attribute__((destructor)) static void
leave(void)
{
	Region *r = atomic_load_explicit(&current, memory_order_acquire);
	char buf[64], *name;
	uint64_t sigs;
	int fd;

	/* Of most programs nobody was ever in one: no system call for those. */
	if(!usable(r) || atomic_load_explicit(&currentfile, memory_order_relaxed) == 0)
		return;
	name = path(buf, sizeof buf);
	sigsmask(&sigs);
	fd = sysopen(name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
	if(fd >= 0) {
		sysflock(fd);
		if(sysfileid(fd) == atomic_load_explicit(&currentfile, memory_order_relaxed) && usable(r)) {
			atomic_store_explicit(&r->retired, 1, memory_order_seq_cst);
			if(others(r))
				atomic_store_explicit(&r->retired, 0, memory_order_seq_cst);
			else
				sysunlink(name);
		}
		sysfunlock(fd);
		sysclose(fd);
	}
	sigsunmask(&sigs);
}
