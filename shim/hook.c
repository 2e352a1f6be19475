/* The native waits are recorded like any other: what compat/hook.h offers, in the recorder's terms. */
#include "hook.h"

#include "../compat/hook.h"
#include "../probes/probe.h"

_Static_assert(sizeof(Wait) <= sizeof(Hookwait), "a wait has room");

static const struct {
	uint8_t kind, op;
} kinds[NHOOKKIND] = {
    [Hsleep] = {Krendez, Osleep},
    [Hrsleep] = {Krendez, Osleep},
    [Hrendezvous] = {Krendezvous, Orendezvous},
    [Hsemacquire] = {Ksemacquire, Oacquire},
    [Hpostwait] = {Kpostwait, Owait},
    [Hqlock] = {Kqlock, Olock},
    [Hrlock] = {Krwlock, Ordlock},
    [Hwlock] = {Krwlock, Owrlock},
    [Hlock] = {Kspin, Olock},
};

static void
begin(Hookwait *hw, Hookkind kind, const void *object, uintptr_t pc, uintptr_t holder)
{
	Wait *w = (Wait *)hw;

	w->object = object;
	w->idword = nil;
	w->kind = kinds[kind].kind;
	w->op = kinds[kind].op;
	w->counted = 0;
	w->pc = pc;
	waitbegin(w, holder, 0);
}

static void
asleep(void *hw)
{
	waitpark(hw);
}

static void
end(Hookwait *hw, Hookend how, uint32_t waker)
{
	static const End ends[] = {[Hwoken] = Eacquired, [Htimeout] = Etimeout, [Hinterrupted] = Einterrupted};
	Wait *w = (Wait *)hw;

	waitend(w, ends[how], waker, waitparked(w));
}

static const Hook recording = {begin, waitgiving, asleep, end, wakerstack};

void
hookstart(void)
{
	atomic_store_explicit(&hook, &recording, memory_order_release);
}
