/*
 * semacquire and semrelease of compat/sem.c: the value is all that is kept, the queue is the kernel's.
 *
 *	release: add one; wake one sleeper, if there is any
 *	acquire: { try; look at pending; sleep while the value is 0 and the event word has no Note }
 *
 * A waiter that may get notes (me < NN) sleeps on both words at once and is woken by either; another on the value alone.  Who leaves
 * without a unit, for a note or (leaves) a deadline or a jump, wakes another if there is a unit.  A thief (-DTHIEF) takes
 * one without waiting.  The kernel may end one wait for no reason.
 *
 * It must hold that no unit is there while one sleeps, and that nobody sleeps who has a note pending.
 */
#ifndef NT
#define NT 3
#endif
#ifndef NN
#define NN 2
#endif
#ifndef UNITS
#define UNITS 2
#endif

byte value;
chan asleep = [NT] of { byte };	/* the kernel's queue of the value */
bit woken[NT];
bit pending[NT], waits[NT], Note[NT];
bit spurious = 1;
bit over;

inline futexwake() {
	atomic {
		if
		:: nempty(asleep) -> asleep?x; woken[x] = 1; x = 0
		:: empty(asleep)
		fi
	}
}

proctype waiter(byte me; bit known, leaves) {
	byte x;
#ifdef TESTFIRST
	if
	:: known && pending[me] -> goto leave
	:: else
	fi;
#endif
	waits[me] = known;
try:
	atomic {
		if
		:: value > 0 -> value--; goto got
		:: else
		fi
	};
#ifndef TESTFIRST
	if
	:: known && pending[me] -> goto leave
	:: else
	fi;
#endif
	if
	:: leaves -> goto leave
	:: true
	fi;
	atomic {	/* the kernel: compare both and sleep */
		if
		:: value == 0 && !(known && Note[me]) -> woken[me] = 0; asleep!me
		:: else -> Note[me] = 0; goto try
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
	waits[me] = 0;
	pending[me] = 0;
#ifndef NOPASSON
	if
	:: value > 0 -> futexwake()
	:: else
	fi;
#endif
	skip;
got:
out:
	waits[me] = 0
}

proctype releaser() {
	byte x;
	value++;
	futexwake()
}

proctype noter(byte to) {
	pending[to] = 1;
	if
	:: waits[to] ->
		atomic {
#ifdef NOEVENT
			skip
#else
			Note[to] = 1
#endif
		};
		atomic {
			if
			:: asleep??[eval(to)] -> asleep??eval(to); woken[to] = 1
			:: else
			fi
		}
	:: else
	fi
}

#ifdef THIEF
active proctype thief() {
	if
	:: atomic { value > 0 -> value-- }
	:: true
	fi
}
#endif

init {
	byte i;
	atomic {
		do
		:: i < NT -> run waiter(i, i < NN, i == NT - 1); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < UNITS -> run releaser(); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < NN -> run noter(i); i++
		:: else -> break
		od;
		i = 0
	};
	atomic {
		timeout ->
		assert(len(asleep) == 0 || value == 0);
		do
		:: i < NN -> assert(!(asleep??[eval(i)] && pending[i])); i++
		:: else -> break
		od;
		over = 1
	}
}
