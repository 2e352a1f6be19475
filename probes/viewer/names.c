/* The words of a report, for people and for JSON alike. */
#include "model.h"

static const char *const kinds[NKIND] = {
    [Kmutex] = "mutex",
    [Kcond] = "cond",
    [Ksem] = "sem",
    [Krwlock] = "rwlock",
    [Kbarrier] = "barrier",
    [Konce] = "once",
    [Kspin] = "spin",
    [Krendez] = "rendez",
    [Krendezvous] = "rendezvous",
    [Ksemacquire] = "semacquire",
    [Kpostwait] = "postwait",
    [Kqlock] = "qlock",
};

static const char *const ops[NOP] = {
    [Olock] = "lock",
    [Ordlock] = "rdlock",
    [Owrlock] = "wrlock",
    [Owait] = "wait",
    [Oonce] = "once",
    [Osleep] = "sleep",
    [Orendezvous] = "rendezvous",
    [Oacquire] = "acquire",
};

static const char *const ends[NEND] = {
    [Eacquired] = "acquired",
    [Etimeout] = "timeout",
    [Ecancelled] = "cancelled",
    [Einterrupted] = "interrupted",
    [Eerror] = "error",
};

const char *
kindname(int k)
{
	return k >= 0 && k < NKIND ? kinds[k] : "unknown";
}

const char *
opname(int o)
{
	return o >= 0 && o < NOP ? ops[o] : "unknown";
}

const char *
endname(int e)
{
	return e >= 0 && e < NEND ? ends[e] : "unknown";
}

static const struct {
	const char *key, *text;
} misuses[NMISUSE] =
    {
#define F(name, key, text) [name] = {key, text},
	MISUSES(F)},
  yonders[NYONDER] = {OTHERS_OF_MISUSE(F)
#undef F
};

const char *
misusekey(Misuse m)
{
	return misuses[m].key;
}

const char *
misusetext(Misuse m)
{
	return misuses[m].text;
}

const char *
yonderkey(Yonder y)
{
	return yonders[y].key;
}

const char *
yondertext(Yonder y)
{
	return yonders[y].text;
}
