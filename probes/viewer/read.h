/*
 * A profile file, read and checked.  The file is taken as hostile: it is copied
 * first and checked in the copy, so a writer still at work changes nothing
 * underneath, and after profileparse every array lies inside the copy.  What is
 * inside the entries (indices, strings without an end) is still to be checked
 * by who uses them; the accessors below do.
 */
#ifndef RENDEZ_READ_H
#define RENDEZ_READ_H

#include <stddef.h>
#include <stdint.h>
#include "../format.h"

enum { ERRLEN = 512 };

typedef struct Profile {
	char *path;
	void *buf;
	size_t size;
	Fheader h;
	const Fmodule *module;
	const Flock *lock;
	const Fthread *thread;
	const Farea *area;
	const Fpair *pair;
	const Fstack *stack;
	const Fpc *frame;
	size_t nmodule, nlock, nthread, narea, npair, nstack, nframe;
	uint64_t placeless; /* events whose lock or place found no room */
	uint64_t missed;    /* waits that are counted nowhere: they began while this profile was being made */
	uint64_t unlisted;  /* threads that found no room in Sthreads */
	uint64_t unwatched; /* threads that found no page: what they wait for is noted nowhere until the wait is over */
	int clockunsure;    /* the file does not tell how long a tick is */
	double nspertick;
	uint64_t endticks; /* the newest moment that the file knows of */
} Profile;

/* Nil and one line in err if it cannot be read, is damaged, or is newer than we are. */
Profile *profileread(const char *path, char err[ERRLEN]);
/* The same from memory; buf is malloc's and is the profile's from now on, even after an error. */
Profile *profileparse(const char *path, void *buf, size_t n, char err[ERRLEN]);
void profilefree(Profile *);

/* How a file begins: as no profile; as one that is being made, without magic yet; as a profile, of which h is the header. */
typedef enum Head { Hnone, Hblank, Hprofile } Head;
Head profilehead(const char *path, Fheader *h);
/* Whether the file begins like a profile. */
int isprofile(const char *path);

/* A span of ticks in ns. */
uint64_t profilens(const Profile *, uint64_t ticks);

/* The frames of stack number id (index + 1, as pairs name it): their count, 0 for none or a damaged one. */
int profilestack(const Profile *, uint32_t id, const Fpc **frames, int *truncated);

#endif
