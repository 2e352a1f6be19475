/*
 * The bed of compat/block.c: NP sleepers, who are let go by W wakers, sleeper I by waker I % W, as objects that share a
 * bucket share its bed.  Each sleeps until its own Ready is there.  A sleep may end for no reason, once.
 *
 * It must hold that nobody sleeps on whose Ready is there, and that each one's Ready was there when it went on.
 *
 * Must fail: -DREADYFIRST looks for its Ready before it reads the bed's word; -DNOCOUNT takes the bit out and does not count;
 * -DCOUNTFIRST counts before it gives the Readys; -DNOBIT sleeps without the bit; -DKEEPTAKEN puts the bit in with an or, whatever
 * the word is by then, and sleeps on what it finds there.
 */
#ifndef NP
#define NP 3
#endif
#ifndef W
#define W 2
#endif

byte word;		/* twice the count, and the bit */
bit rdy[NP], asleep[NP];

inline giveready() {
	i = me;
	do
	:: i < NP -> rdy[i] = 1; i = i + W
	:: else -> break
	od
}

proctype sleeper(byte me) {
	byte v;
	bit once;

again:
#ifdef READYFIRST
	if
	:: rdy[me] -> goto out
	:: else
	fi;
	v = word;
#else
	v = word;
	if
	:: rdy[me] -> goto out
	:: else
	fi;
#endif
#if defined(NOBIT)
	skip;
#elif defined(KEEPTAKEN)
	atomic { word = word | 1; v = word };
#else
	if
	:: v & 1
	:: else ->
		atomic {
			if
			:: word == v -> word = v | 1
			:: else -> goto again
			fi
		};
		v = v | 1
	fi;
#endif
	atomic {
		if
		:: word == v -> asleep[me] = 1
		:: else -> goto again
		fi
	};
	if
	:: !asleep[me]
	:: atomic { !once -> once = 1; asleep[me] = 0 }
	fi;
	goto again;
out:
	assert(rdy[me])
}

proctype waker(byte me) {
	byte v, i;

#ifdef COUNTFIRST
	v = word;
	word = (v + 2) & 254;
	giveready();
#else
	giveready();
	atomic {
		v = word;
#ifdef NOCOUNT
		word = v & 254
#else
		word = (v + 2) & 254
#endif
	};
#endif
	if
	:: v & 1 ->
		atomic {
			i = 0;
			do
			:: i < NP -> asleep[i] = 0; i++
			:: else -> break
			od
		}
	:: else
	fi
}

init {
	byte i;
	atomic {
		for (i : 0 .. NP - 1) {
			run sleeper(i)
		}
		for (i : 0 .. W - 1) {
			run waker(i)
		}
	}
}
