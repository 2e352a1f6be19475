/*
 * pthread_once of shim/once.c over the queues of compat/waitq.c: an initialiser that is cancelled or throws
 * FAILS times before it is through, threads that wait for it, and one that jumps out of its wait.
 *
 * One `atomic' is one access of the word, or a section of the bucket, whose lock is there because the word
 * is read and changed without it too.  ready() is a step of its own; block() is the wait for it.
 */
#ifndef NT
#define NT 3
#endif
#ifndef FAILS
#define FAILS 1
#endif
#define Running 1
#define Done 2

byte o;			/* the word */
bit bl;
chan q = [NT] of { byte };
bit rdy[NT];

byte fails = FAILS;	/* ghosts */
byte inside;
byte ran;

#ifdef VANISH
#define mayvanish (me == 0)
#else
#define mayvanish 0
#endif

inline settle(state) {
	atomic { bl == 0 -> bl = 1 };
#ifndef STORELATE
	o = state;
#endif
	do
	:: q?t -> pend!t;
#ifdef WAKEONE
		break
#endif
	:: empty(q) -> break
	od;
	bl = 0;
	do
	:: atomic { pend?t -> assert(!rdy[t]); rdy[t] = 1; t = 0 }
	:: empty(pend) -> break
	od
#ifdef STORELATE
	; o = state
#endif
}

proctype T(byte me) {
	bit linked;
	byte t;
	chan pend = [NT] of { byte };

look:
	atomic {
		assert(!rdy[me]);
		if
		:: o == Done -> goto done
		:: o == Running -> goto await
		:: o == 0 -> o = Running; inside++
		fi
	};
	assert(inside == 1 && ran == 0);
	if
	:: atomic { fails > 0 -> fails--; inside-- };
#ifndef NOUNDO
		settle(0);
#endif
		goto bye
	:: atomic { ran++; inside-- };
		settle(Done);
		goto done
	fi;
await:
	atomic {
		bl == 0;
#ifdef NORECHECK
		linked = 1;
#else
		linked = (o == Running);
#endif
		if
		:: linked -> q!me
		:: else -> goto look
		fi
	};
	if
	:: atomic { rdy[me] -> rdy[me] = 0;
#ifdef NORETRY
		goto done
#else
		goto look
#endif
		}
	:: mayvanish
	fi;
	atomic {
		bl == 0;
		if
		:: q??[eval(me)] -> q??eval(me); goto bye
		:: else
		fi
	};
#ifndef NOCONSUME
	atomic { rdy[me] -> rdy[me] = 0 };
#endif
	goto bye;
done:	assert(ran == 1);
bye:	skip
}

init {
	byte i;
	atomic {
		for (i : 0 .. NT - 1) {
			run T(i)
		}
	};
	timeout ->
	assert(len(q) == 0 && o == (ran > 0 -> Done : 0));
	for (i : 0 .. NT - 1) {
		assert(!rdy[i])	/* a Ready that nobody will take would end another wait */
	}
}
