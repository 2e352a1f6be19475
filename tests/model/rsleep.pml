/*
 * rsleep and rwakeup of compat/rsleep.c on a QLock: S sleepers wait each for a token under it, of which the first may be taken
 * out of its wait for good (-DVANISH); a waker brings them one at a time (-DALL: all at once); B others take
 * the lock once.
 *
 * What is done with the queue locked is one atomic, but for what the fast path of an unlock could come between
 * (qlock.pml is about those).  ready() is a step of its own.
 *
 * It must hold that one thread at a time has the lock, that whoever was moved from the Rendez has it before all that only queue, all those of
 * one rwakeupall in the order of coming, and that nobody waits when all tokens have been brought.
 */
#ifndef S
#define S 2
#endif
#ifndef B
#define B 1
#endif
#define N (S + B + 1)
#define None 255

bit held, queued;		/* the word */
chan q = [N] of { byte };	/* the QLock's queue */
chan r = [N] of { byte };	/* the Rendez's */
bit rdy[N];
byte tokens;

byte owner = None;		/* ghosts */
bit moved[N];
byte came[N], seq;		/* when it came to the Rendez */

#ifdef VANISH
#define mayvanish (me == 0)
#else
#define mayvanish 0
#endif

inline enter() { atomic { assert(owner == None); owner = me } }

/* The first in the queue, in p; nobody who was moved stands behind one who was not. */
inline pass() {
	if
	:: q?p ->
		moved[p] = 0;
#ifdef ALL
		i = 0;
		do
		:: i < N -> assert(!moved[i] || (p < S && came[p] < came[i])); i++
		:: else -> break
		od;
		i = 0;
#else
		i = 0;
		do
		:: i < N -> assert(!moved[i] || p < S); i++
		:: else -> break
		od;
		i = 0;
#endif
		if
		:: empty(q) -> queued = 0
		:: else
		fi
	:: empty(q) -> held = 0
	fi
}

inline wake() {
	if
	:: p != None -> atomic { assert(!rdy[p]); rdy[p] = 1; p = None }
	:: else
	fi
}

inline qlock() {
	atomic {
		if
		:: !held -> assert(empty(q)); held = 1
		:: else -> queued = 1; q!me; linked = 1
		fi
	};
	if
	:: linked -> atomic { rdy[me] -> rdy[me] = 0 }
	:: else
	fi;
	linked = 0;
	enter()
}

inline qunlock() {
	atomic {
		owner = None;
		if
		:: !queued -> held = 0
		:: else -> pass()
		fi
	};
	wake()
}

inline moveone() {
	moved[x] = 1;
#ifdef NOMOVE
	rdy[x] = 1;
#else
#ifdef TOBACK
	q!x;
#else
	/* To the front: all others go round. */
	i = len(q);
	q!x;
	do
	:: i > 0 -> q?y; q!y; i--
	:: else -> break
	od;
	y = 0;
#endif
#ifndef NOQUEUED
	queued = 1;
#endif
#endif
	x = 0
}

proctype sleeper(byte me) {
	byte p = None, i;
	bit linked;
	qlock();
	do
	:: tokens > 0 -> tokens--; break
	:: else ->
#ifdef LINKLATE
		atomic { owner = None; pass() };
		wake();
		atomic { came[me] = seq; seq++; r!me };
#else
		atomic { came[me] = seq; seq++; r!me; owner = None; pass() };
		wake();
#endif
		if
		:: atomic { rdy[me] -> rdy[me] = 0 }
		:: mayvanish ->
			atomic {
				if
				:: r??[eval(me)] -> r??eval(me); goto out
				:: q??[eval(me)] -> q??eval(me); moved[me] = 0;
					if
					:: empty(q) -> queued = 0
					:: else
					fi;
					goto out
				:: else
				fi
			};
			atomic { rdy[me] -> rdy[me] = 0 };
#ifdef NOPASSON
			goto out;
#endif
			enter();
			break
		fi;
		enter()
	od;
	qunlock();
out:
	skip
}

proctype waker(byte me) {
	byte p = None, i, x, y, n;
	bit linked;
	do
	:: n == S -> break
	:: else ->
		qlock();
#ifdef ALL
		tokens = S;
		n = S;
		atomic {
			do
			:: nempty(r) ->
#ifdef REVERSE
				r?x;
#else
				/* The last of them. */
				i = len(r);
				do
				:: i > 1 -> r?x; r!x; i--
				:: else -> break
				od;
				r?x;
#endif
				moveone()
			:: empty(r) -> break
			od
		};
#else
		tokens++;
		n++;
		atomic {
			if
			:: r?x -> moveone()
			:: empty(r)
			fi
		};
#endif
		qunlock()
	od
}

proctype other(byte me) {
	byte p = None, i;
	bit linked;
	qlock();
	qunlock()
}

init {
	byte k;
	atomic {
		for (k : 0 .. S - 1) {
			run sleeper(k)
		}
		for (k : S .. S + B - 1) {
			run other(k)
		}
		run waker(N - 1)
	};
	timeout ->
	assert(!held && !queued && empty(q) && empty(r))
}
