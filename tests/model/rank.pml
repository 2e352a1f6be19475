/*
 * rank, rankchanging, rankmine and rankschanged of compat/rank.c: a thread that asks for its rank at each wait and changes it itself,
 * a handler of its own that does one of these at any step, and another thread that changes it too.
 *
 * It must hold that what a wait finds is the rank that the kernel had when the wait began, or has had since, if nobody was
 * within a call that changes it when it began; and in the end the kernel's.
 *
 * Must fail: -DOLDERFIRST makes "ranks" older before the change; -DASKFIRST takes the age after asking; -DAGELATE takes it after
 * one's own change; -DSETBACK forgets what a call that failed or does not say undoes; -DKEEP stores what one's own change gave whatever a handler did; -DATREST takes a Proc in a wait for
 * one at rest.
 */
#define Spoilt 255
#ifndef CHANGES
#define CHANGES 2
#endif

byte kernel;			/* the rank that it has */
byte age = 1, told, toldat;
bit busy;			/* Proc.busy */
bit inhandler, over;
byte ended;
byte within;			/* ghost: calls under way that change it */
bit changed;			/* ghost: since the wait began */
byte next = 1;			/* the next rank that anybody sets: none twice */

inline setkernel(v) {
	atomic { v = next; next++; kernel = v; changed = 1 }
}

/* rank(): of the Proc's owner, in a wait; a handler's own wait has a Proc that knows nothing, and it asks the kernel */
inline ask(a, v) {
#ifdef ASKFIRST
	v = kernel;
	a = age;
#else
	a = age;
#endif
	if
	:: toldat != a ->
#ifndef ASKFIRST
		v = kernel;
#endif
		told = v;
		toldat = a
	:: else
	fi
}

inline waits(a, v) {
	atomic { busy = 1; changed = within > 0 };
	ask(a, v);
	assert(told == kernel || changed);
	busy = 0
}

inline changesown(a, v, rest) {
	atomic {
		within++;
#ifdef ATREST
		rest = 1
#else
		rest = !busy
#endif
	};
	if
	:: rest -> toldat = 0
	:: else
	fi;
	a = age;
	if
	:: setkernel(v); known = 1
	:: setkernel(v); known = 0
	:: known = 0	/* it fails */
	fi;
#ifdef AGELATE
	a = age;
#endif
	if
	:: rest && !known ->
#ifdef SETBACK
		toldat = 0
#else
		toldat = Spoilt
#endif
	:: rest && known ->
		told = v;
#ifdef KEEP
		toldat = a
#else
		atomic {
			if
			:: toldat == 0 -> toldat = a; first = 1
			:: else -> first = 0
			fi
		};
		if
		:: !first -> toldat = Spoilt
		:: else
		fi
#endif
	:: else -> age++
	fi;
	within--
}

active proctype owner() provided (!inhandler) {
	byte a, v, n;
	bit rest, first, known;

	do
	:: n < CHANGES -> n++; changesown(a, v, rest)
	:: n < CHANGES -> n++; waits(a, v)
	:: n == CHANGES -> break
	od;
	over = 1
}

/* Runs on top of the owner, from beginning to end; it finds the Proc at rest or busy.  What it knows dies with it, but told and toldat. */
active proctype handler() {
	byte a, v;
	bit rest, first, known;

	if
	:: atomic { !over -> inhandler = 1 };
		if
		:: changesown(a, v, rest)
		:: !busy -> waits(a, v)
		fi;
		inhandler = 0
	:: over
	fi;
	ended++
}

active proctype other() {
	byte v, n;

	do
	:: n < CHANGES ->
		n++;
		within++;
#ifdef OLDERFIRST
		age++;
#endif
		setkernel(v);
#ifndef OLDERFIRST
		age++;
#endif
		within--
	:: n == CHANGES -> break
	od;
	ended++
}

/* When all is done, one wait more. */
active proctype last() {
	byte a, v;

	over && ended == 2;
	ask(a, v);
	assert(told == kernel)
}
