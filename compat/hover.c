/*
 * Who wakes a thread that sleeps pays a system call, and the woken comes some microseconds later, on an idle processor some
 * dozens: many times what the wait is worth if threads hand something to and fro.  Who is still awake is told by one
 * store.  There are two ways to stay awake for a while, and each thread learns for each place where it waits which of them pays (luck.h);
 * places share what they know where their hashes meet.
 *   - To look again and again.  Nothing is quicker if the waker runs on another processor.  If it wants this one it is
 *     for nothing, so it is a short time.
 *   - To give up the processor again and again.  Who waits for it gets it: so waker and waiters take turns at one
 *     processor for the price of a switch, without a sleep and a wake.  And where nobody waits for it, it does not fall idle, nor
 *     need others wait until it has come to itself.  But who gives it up comes last, and if others compute there it
 *     loses a time slice of each of them, where who is woken might go first.  So only what comes as soon as from a wake is luck, whoever
 *     has lost more does not go on, and where somebody has lost very much nobody gives way for a time (crowd.h).  And if nobody
 *     else wants the processor it is used for nothing: that is worth it while the others are being woken, but not always.
 *
 * Nothing can be lost here: the word is only read, before the wait looks at it for the last time and sleeps, a time in which a thread
 * may lose the processor for as long anyhow.
 *
 * Where threads may be of real-time policies nobody does either: one would keep its waker, of a lower one, from running.
 */
#include "hover.h"
#include "crowd.h"
#include "hook.h"
#include "luck.h"
#include "rank.h"

enum {
	PLACES = 8,
	TURNS = 100,	 /* looks: 3 us, less than a sleep and a wake cost the two in any case */
	WAKENS = 100000, /* a wake on another, idle processor: 5 us on a bare machine, 40 to 80 us on a virtual one */
	SHORTNS = 20000, /* of these for itself are always worth it */
	ALONENS = 1500,	 /* who has the processor back sooner was alone: two switches take as long */
	SELDOM = 3,	 /* who waits a few times in its life does not give way: as if so many tries had failed */
};

typedef struct Place {
	Luck look, give;
} Place;

static __thread Place places[PLACES] __attribute__((tls_model("initial-exec"))) = {
    [0 ... PLACES - 1] = {.look = LUCKUNKNOWN, .give = LUCKFAILED(SELDOM)},
};
__thread uint8_t wokeawake __attribute__((tls_model("initial-exec")));

/* In a line of its own: who waits reads it. */
static _Alignas(64) Crowd crowd;

static int
came(Word *word, uint32_t bits)
{
	return (atomic_load_explicit(word, memory_order_relaxed) & bits) != 0;
}

static Outcome
look(Word *word, uint32_t bits)
{
	int i;

	for(i = 0; i < TURNS; i++) {
		if(came(word, bits))
			return Paid;
		relax();
	}
	return Failed;
}

/* It has paid if it came as soon as from a wake. */
static Outcome
giveway(Word *word, uint32_t bits)
{
	const Hook *h = hooked();
	uint64_t begun = nsnow(), now = begun, turn, alone = 0;
	int done;

	if(crowdis(&crowd, begun))
		return Failed;
	if(h != nil)
		h->giving();
	do {
		sysyield();
		done = came(word, bits);
		turn = nsnow() - now;
		now += turn;
		if(turn < ALONENS)
			alone += turn;
	} while(!done && now - begun < WAKENS);
	crowdtell(&crowd, now, now - begun);
	if(!done || now - begun >= WAKENS)
		return Failed;
	return alone < SHORTNS ? Paid : Paidlate;
}

/* Whether it came. */
static int
stays(Outcome (*way)(Word *, uint32_t), Luck *l, int hint, Word *word, uint32_t bits)
{
	Outcome was;

	if(!luckmay(l, &hint))
		return 0;
	was = way(word, bits);
	lucktell(l, hint, was);
	return was != Failed;
}

/* Who gives way may miss what is so near. */
static int
near(const Deadline *d)
{
	Deadline then = deadlinein(WAKENS);

	return !deadlinebefore(&then, d);
}

void
hover(const void *place, Word *word, uint32_t bits, const Deadline *d)
{
	Place *p = &places[((uintptr_t)place * 0x9e3779b97f4a7c15u) >> 61];
	int hint = wokeawake;

	wokeawake = 0;
	if(ranked() || stays(look, &p->look, hint, word, bits) || (d != nil && near(d)))
		return;
	stays(giveway, &p->give, hint, word, bits);
}
