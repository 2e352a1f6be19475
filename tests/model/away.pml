/*
 * mutexaway and choose of shim/mutexwake.c: waiters of a free mutex that sleep without looking again, of whom one may be in a handler and
 * stay there for ever, and an unlock that chooses among them and counts on the one whom it names.
 *
 * Two wait, both linked.  An unlock with nobody named chooses: puts the first's name in (awakefor), takes it off, then looks whether
 * it is away; if so it takes the name out and chooses the next.  A handler begins on the first at any time: it says
 * that it is away, then looks for its name; if it is there it takes it out and, if the mutex is free and others are linked,
 * chooses.  Bucket sections are atomic with each other by "bucket"; stores by plain processors may be seen late only
 * where a fence does not stand: a store buffer each for "away" and "awakefor" stands for that.
 *
 * It must hold that at the end, if the first is in its handler, the second has been woken.
 *
 * -DSPINNER: the name is that of a third, which waits awake and puts it in itself, outside the bucket: its awakefor first, then, by compare-and-swap,
 * the word, while the mutex is held.  Handlers begin on it one after another at any step, and the last stays.  At the end the first of those linked must go on.
 * -DCLEAR lets a handler take back awakefor also where the name was not there yet, and must fail.
 *
 * Must fail: -DNOFENCENAMER, -DNOFENCEHANDLER leave a fence out; -DNOLOOK does not look whether who is named is away; -DNOTAKE
 * does not take the name out at the handler's beginning; -DNOCHOOSE takes it out and does not choose.
 */
#ifdef SPINNER
bit free;
#else
bit free = 1;
#endif
bit bucket;
bit linked[2] = 1;	/* in the queue, the first before the second */
bit ready[2];
byte named;		/* in the word: 0, or 1 + who */
bit awakefor, seenawakefor;	/* the first's: in the namer's store buffer or before, and as others see it */
bit away, seenaway;	/* the same of the handler's store */
bit entered, out;	/* ghost: the handler has begun; it has said all that it says */

inline lockbucket() { atomic { bucket == 0 -> bucket = 1 } }

inline choose(me) {
	lockbucket();
	do
	:: !free || named != 0 || !(linked[0] || linked[1]) -> break
	:: free && named == 0 && linked[0] ->
		awakefor = 1;
#ifndef NOFENCENAMER
		seenawakefor = 1;
#endif
		named = 1;
		linked[0] = 0;
		if
#ifndef NOLOOK
		:: (me == 1 && away) || (me == 0 && seenaway) ->
			named = 0;
			awakefor = 0;
			seenawakefor = 0;
			ready[0] = 1
#endif
#ifdef NOLOOK
		:: ready[0] = 1; break
#else
		:: else -> ready[0] = 1; break
#endif
		fi
	:: free && named == 0 && !linked[0] && linked[1] ->
		named = 2;
		linked[1] = 0;
		ready[1] = 1;
		break
	od;
	seenawakefor = awakefor;
	bucket = 0
}

#ifdef SPINNER
bit mine, through[2];	/* its awakefor; ghost: the handlers that have said all that they say */
byte handlers;		/* that have begun */

active proctype spinner() provided (handlers == through[0] + through[1] && handlers < 2) {
endstays:
	mine = 1;
endstaysnamed:
	atomic {
		if
		:: named == 0 -> named = 3
		:: else
		fi
	};
endspins:
	skip
}

/* Each on top of it from beginning to end; after the second it does not go on. */
active proctype spinnershandlers() {
	bit again;

	do
	:: handlers < 2 ->
		handlers++;
		again = 0;
		if
		:: mine ->
			lockbucket();
			if
			:: mine && named == 3 -> named = 0; mine = 0
#ifdef CLEAR
			:: mine && named != 3 -> mine = 0
#endif
			:: else
			fi;
			again = free && named == 0 && (linked[0] || linked[1]);
			bucket = 0;
			if
			:: again -> choose(1)
			:: else
			fi
		:: else
		fi;
		through[handlers - 1] = 1
	:: handlers == 2 -> break
	od
}

active proctype unlocker() {
	free = 1;
	choose(0)
}

active proctype end() {
	timeout;
	assert(ready[0])
}
#else
/* The unlock: the mutex is free from here on. */
active proctype unlocker() {
	choose(0)
}

/* A handler on the first, as long as that has not gone on from its wait. */
active proctype handler() {
	bit again;

	entered = 1;
	away = 1;
#ifndef NOFENCEHANDLER
	seenaway = 1;
#endif
	if
	:: seenawakefor ->
#ifndef NOTAKE
		lockbucket();
		if
		:: awakefor ->
			if
			:: named == 1 -> named = 0
			:: else
			fi;
			awakefor = 0;
			seenawakefor = 0
		:: else
		fi;
		again = free && named == 0 && (linked[0] || linked[1]);
		bucket = 0;
#ifndef NOCHOOSE
		if
		:: again -> choose(1)
		:: else
		fi
#endif
#else
		skip
#endif
	:: else
	fi;
	seenaway = 1;
	out = 1
}

/* When both are through and the first stays in its handler: it is the second that must go on. */
active proctype end() {
	timeout;
	assert(!out || ready[1])
}
#endif
