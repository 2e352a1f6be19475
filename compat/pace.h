/*
 * Whether those that find a lock held let its holder run for a while before they look: learned for each lock, by trying both.
 *
 * Who looks takes the lock's line away from the processor of the holder, and who then takes the lock all that it guards as well.  Where
 * whoever leaves a section soon enters the next, one thread that is left alone for a while makes more of them than two that
 * take turns; where it does much between two sections, or these are long, it is the other way round.  How much is too much depends on how quickly the
 * machine's processors hand lines on.  So it is measured: how many sections there are in an epoch while all do the one, and while all do the
 * other.  What is worse is tried again, for a few epochs in ever more, up to MOSTSTAYS doublings of FEW.
 *
 * It is the process that learns it, for if two did not do the same the one that looks sooner would have most of the sections.
 * Where waits are few and far between, or sections long, nothing is measured, and nobody waits without looking.
 */
#ifndef RENDEZ_PACE_H
#define RENDEZ_PACE_H

#include <stdint.h>

enum {
	EPOCHNS = 200000,
	IDLENS = 4 * EPOCHNS, /* an epoch that ends so late measures something else, */
	SHORT = 64,    /* as does one in which there are fewer sections: who waits for long ones had better sleep */
	IDLES = 8,     /* after so many of either in a row nothing is known any more */
	TRIAL = 4,     /* epochs: in one chance may have its way */
	LOSES = 4,     /* and in which one epoch is worse by one part in so many is over */
	FEW = 4,       /* epochs until the other way is tried again, */
	MOSTSTAYS = 7, /* and as doublings, one each time that it was worse */
	EDGE = 8,      /* to let the holder run makes each wait longer: it must be better by one part in so many */
};

/* All zero: nothing is known, and all look at once. */
typedef struct Pace {
	uintptr_t object; /* whose it is */
	uint64_t begun;	  /* ns: the epoch, and how often the lock had been acquired then */
	uint32_t acquired;
	uint32_t rate[2]; /* sections in an epoch: of who looks at once, and of who lets the holder run */
	uint32_t sum;	  /* of a trial so far */
	uint32_t claimed; /* by a thread of that process, which is about to change the rest */
	uint16_t pause;	  /* epochs until the next trial, or until this one is over */
	uint8_t stays;
	uint8_t way; /* the better one: 1 lets the holder run */
	uint8_t now; /* what is done in this epoch */
	uint8_t idles;
} Pace;

/* Whether to let the holder run. */
static inline int
pacecalm(const Pace *p, uintptr_t object)
{
	return __atomic_load_n(&p->now, __ATOMIC_RELAXED) && __atomic_load_n(&p->object, __ATOMIC_RELAXED) == object;
}

/* Another lock's, or one for which nobody has waited for long. */
static inline void
paceanew(Pace *p, uintptr_t object)
{
	__atomic_store_n(&p->object, object, __ATOMIC_RELAXED);
	__atomic_store_n(&p->now, 0, __ATOMIC_RELAXED);
	p->rate[0] = p->rate[1] = 0;
	p->pause = p->stays = p->way = p->idles = 0;
}

/* The epoch says nothing. */
static inline void
paceidle(Pace *p)
{
	if(++p->idles >= IDLES)
		paceanew(p, p->object);
}

/* The epoch is over, in which there were so many sections. */
static inline void
pacejudge(Pace *p, uint32_t rate)
{
	int did = p->now, lost;

	if(rate < SHORT && did == p->way) {
		paceidle(p);
		return;
	}
	p->idles = 0;
	if(did == p->way) {
		p->rate[did] = p->rate[did] == 0 ? rate : p->rate[did] - p->rate[did] / TRIAL + rate / TRIAL;
		if(p->pause > 0) {
			p->pause--;
			return;
		}
		p->sum = 0;
		p->pause = TRIAL;
		__atomic_store_n(&p->now, !did, __ATOMIC_RELAXED);
		return;
	}
	p->sum += rate;
	lost = rate < p->rate[!did] - p->rate[!did] / LOSES;
	if(--p->pause > 0 && !lost)
		return;
	p->rate[did] = lost ? rate : p->sum / TRIAL;
	if((p->rate[1] - p->rate[1] / EDGE > p->rate[0]) == did) {
		p->way = (uint8_t)did;
		p->stays = 0;
	} else {
		__atomic_store_n(&p->now, p->way, __ATOMIC_RELAXED);
		if(p->stays < MOSTSTAYS)
			p->stays++;
	}
	p->pause = (uint16_t)(FEW << p->stays);
}

/*
 * Somebody waits, now.  One at a time looks at the epoch; process is a number that a forked child has not from its parent, so that
 * it waits for no thread of that.
 */
static inline void
pacewait(Pace *p, uintptr_t object, uint64_t now, uint32_t acquired, uint32_t process)
{
	uint64_t took = now - __atomic_load_n(&p->begun, __ATOMIC_RELAXED);
	uint32_t claimed = __atomic_load_n(&p->claimed, __ATOMIC_RELAXED);

	if(took < EPOCHNS || claimed == process ||
	    !__atomic_compare_exchange_n(&p->claimed, &claimed, process, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	/* Another may have begun the next meanwhile, and after now. */
	took = now - p->begun;
	if((int64_t)took >= EPOCHNS) {
		if(took >= IDLENS && p->object != object)
			paceanew(p, object);
		if(p->object == object) {
			if(took >= IDLENS)
				paceidle(p);
			else
				pacejudge(p, (uint32_t)((uint64_t)(acquired - p->acquired) * EPOCHNS / took));
			p->acquired = acquired;
			__atomic_store_n(&p->begun, now, __ATOMIC_RELAXED);
		}
	}
	__atomic_store_n(&p->claimed, 0, __ATOMIC_RELEASE);
}

#endif
