/*
 * The semaphore of shim/sem.c in glibc's layout: one 64-bit word, the value and the number of waiters;
 * sleeping is the kernel's, on the half with the value.
 *
 *	post: add one; if the word it found shows a waiter, wake one.  The add is the last touch: the
 *		wake uses the address alone.
 *	wait: announce, then { try; futex_wait while the value is 0 }.  A successful try takes the unit and
 *		the announcement back in one operation (-DSPLIT: in two).
 *	Who stays awake for a while is counted apart at first, and from there, before it sleeps, among the waiters in one operation.
 *
 * Whoever leaves without a unit may have been given a wake (the kernel had it off its queue when the
 * handler that longjmps, or the cancellation, came): it passes one on if, in the word that its leaving
 * found, there is a unit and another waiter.
 *
 * NP waiters stay, NQ may leave wherever they wait; a thief (-DTHIEF) takes a unit without waiting.  The
 * last of them to return frees the semaphore.  The kernel may end one wait for no reason.
 */
#ifndef NP
#define NP 2
#endif
#ifndef NQ
#define NQ 1
#endif
#ifndef POSTS
#define POSTS 2
#endif
#define NT (NP + NQ)
#define None 255

byte value, waiters, awake;	/* one word */
chan asleep = [NT] of { byte };	/* the kernel's */
bit woken[NT];
bit spurious = 1;
byte users = NT;		/* the program's own: who may still wait */
byte posted;
bit alive = 1;			/* ghost */
bit over;			/* nothing moves any more: let them go */

#define touch() assert(alive)
#ifdef NOCOMPARE
#define zero 1
#else
#define zero (value == 0)
#endif

inline futexwake() {
	atomic {
		if
		:: nempty(asleep) -> asleep?x; woken[x] = 1; x = 0
		:: empty(asleep)
		fi
	}
}

inline bye() {
	atomic {
		users--;
		if
		:: users == 0 && posted == POSTS -> alive = 0
		:: else
		fi
	}
}

proctype waiter(byte me; bit leaves) {
	byte x, v, n;
	bit stays;
	if
	:: stays = 1
	:: true
	fi;
	atomic { touch(); awake = awake + stays; waiters = waiters + 1 - stays };
try:
	atomic {
		touch();
		if
		:: value > 0 ->
			value--;
#ifndef SPLIT
			awake = awake - stays;
			waiters = waiters - 1 + stays;
#endif
			goto got
		:: else
		fi
	};
	if
	:: leaves -> goto leave
	:: true
	fi;
#ifndef UNANNOUNCED
	if
	:: stays ->
		atomic { touch(); awake--; waiters++; stays = 0 };
		goto try
	:: else
	fi;
#endif
	atomic {	/* the kernel: compare and sleep */
		if
		:: zero -> woken[me] = 0; asleep!me
		:: else -> goto try
		fi
	};
	if
	:: atomic { woken[me] -> woken[me] = 0 }
	:: atomic { spurious && asleep??[eval(me)] -> spurious = 0; asleep??eval(me) }
	:: atomic { leaves && asleep??[eval(me)] -> asleep??eval(me); goto leave }
	:: atomic { leaves && woken[me] -> woken[me] = 0; goto leave }
	:: atomic { over -> goto out }
	fi;
	goto try;

leave:
	atomic { touch(); awake = awake - stays; waiters = waiters - 1 + stays; v = value; n = waiters };
#ifndef NOPASSON
	if
	:: v > 0 && n > 0 -> futexwake()
	:: else
	fi;
#endif
	goto gone;

got:
#ifdef SPLIT
	atomic { touch(); awake = awake - stays; waiters = waiters - 1 + stays };
#endif
	skip;
gone:
	bye();
out:
	skip
}

proctype poster() {
	byte x, n;
#ifdef LOOKFIRST
	atomic { touch(); n = waiters };
#endif
	atomic {
		touch();
#ifndef LOOKFIRST
		n = waiters;
#endif
		value++;
		posted++
	};
#ifdef TOUCHAFTER
	atomic { touch(); n = waiters };
#endif
	if
	:: n > 0 -> futexwake()
	:: else
	fi
}

#ifdef THIEF
active proctype thief() {
	if
	:: atomic { value > 0 && alive -> value-- }
	:: true
	fi
}
#endif

init {
	byte i;
	atomic {
		do
		:: i < NT -> run waiter(i, i >= NP); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < POSTS -> run poster(); i++
		:: else -> break
		od;
		i = 0
	};
	atomic {
		timeout ->
		assert(len(asleep) == 0 || value == 0);	/* no unit while one sleeps */
		assert(posted == POSTS);
		over = 1
	}
}
