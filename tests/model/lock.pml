/*
 * compat/lock.c, and shim/pshared.c, whose sleepers may give up: NT threads lock the word R times each, and sleep in the kernel if
 * it is held.  -DTIMED: the first gives up at any moment of its sleep.
 *
 * It must hold that one has it at a time, and that nobody sleeps when all others are done.
 *
 * Must fail: -DTAKEONE, a sleeper takes the lock as one that found it free does; -DLOOKFIRST, it stores that it sleeps without
 * seeing whether the lock was free then; -DNOCOMPARE, the kernel does not look at the word again; -DFREEFIRST, who unlocks looks at
 * the word and then frees it.
 */
#ifndef NT
#define NT 3
#endif
#ifndef R
#define R 2
#endif

byte word;			/* 0 free; 1 held; 2 held, and somebody may sleep */
bit asleep[NT];			/* in the kernel */
byte inside;			/* ghost: how many have it */

/* Any one, if there is one. */
inline wake() {
	atomic {
		if
		:: asleep[0] -> asleep[0] = 0
		:: asleep[1] -> asleep[1] = 0
#if NT > 2
		:: asleep[2] -> asleep[2] = 0
#endif
#if NT > 3
		:: asleep[3] -> asleep[3] = 0
#endif
		:: else
		fi
	}
}

proctype thread(byte me) {
	byte old, round;

	do
	:: round == R -> break
	:: else ->
		/* The spin: it may end after any look. */
		atomic {
			old = word;
			if
			:: old == 0 -> word = 1
			:: else
			fi
		};
		do
		:: old == 0 -> break
		:: else ->
#ifdef TAKEONE
			atomic { old = word; word = (old == 0 -> 1 : 2) };
#else
#ifdef LOOKFIRST
			old = word;
			word = 2;
#else
			atomic { old = word; word = 2 };
#endif
#endif
			if
			:: old == 0
			:: else ->
#ifdef NOCOMPARE
				asleep[me] = 1;
#else
				atomic {
					if
					:: word == 2 -> asleep[me] = 1
					:: else
					fi
				};
#endif
				if
				:: !asleep[me]
#ifdef TIMED
				:: atomic { me == 0 && asleep[me] -> asleep[me] = 0; goto over }
#endif
				fi
			fi
		od;
		inside++;
		assert(inside == 1);
		inside--;
#ifdef FREEFIRST
		old = word;
		word = 0;
#else
		atomic { old = word; word = 0 };
#endif
		if
		:: old == 2 -> wake()
		:: else
		fi;
over:		atomic { old = 0; round++ }
	od
}

init {
	byte i;

	atomic {
		do
		:: i < NT -> run thread(i); i++
		:: else -> break
		od
	};
	_nr_pr == 1 -> assert(word == 0)
}
