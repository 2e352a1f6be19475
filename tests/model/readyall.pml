/*
 * readyall of compat/block.c: several sleepers are made ready, those asleep are moved to the address of the first of
 * them, and one call wakes as many there as were moved and one.
 *
 * Each of NP threads waits R times: it links itself, and sleeps on its own word until it is Ready.  Two wakers take whoever is linked,
 * in any order that chance makes, so batches overlap: one's first sleeper may sleep again, and be another's, before the first batch is
 * woken.  Whom the kernel wakes of several at one address is left open.  Nobody may be left asleep.
 *
 * Must fail: -DNOCOUNT wakes one only; -DMOVEDONLY as many as were moved, not the first.
 */
#define Ready 1
#define Asleep 4
#define None 255
#ifndef NP
#define NP 3
#endif
#ifndef R
#define R 2
#endif

byte ev[NP];
bit linked[NP];
byte at[NP] = None;	/* the address that a thread sleeps on */

proctype sleeper(byte me) {
	byte r;
	do
	:: r == R -> break
	:: else ->
		linked[me] = 1;
		do
		:: atomic { (ev[me] & Ready) -> ev[me] = 0; r++; break }
		:: atomic { !(ev[me] & Ready) -> ev[me] = ev[me] | Asleep };
			/* The kernel reads the word again. */
			atomic {
				if
				:: ev[me] == Asleep -> at[me] = me
				:: else
				fi
			};
			at[me] == None
		od
	od
}

inline wakeup() {
	atomic {
		do
		:: n > 0 && at[0] == to -> at[0] = None; n--
		:: n > 0 && at[1] == to -> at[1] = None; n--
#if NP > 2
		:: n > 0 && at[2] == to -> at[2] = None; n--
#endif
		:: n == 0 || (at[0] != to && at[1] != to && at[NP - 1] != to) -> break
		od;
		n = 0
	}
}

/* One that sleeps at i's address, which may be somebody that was moved there. */
inline requeue() {
	atomic {
		if
		:: at[i] == i -> at[i] = to
		:: at[0] == i && i != 0 -> at[0] = to
		:: at[1] == i && i != 1 -> at[1] = to
		:: at[NP - 1] == i && i != NP - 1 -> at[NP - 1] = to
		:: else
		fi
	}
}

proctype waker() {
	byte i, n, to = None, left;
	bit asleep;
end:	do
	:: atomic { linked[0] -> linked[0] = 0; left = left | 1 }
	:: atomic { linked[1] -> linked[1] = 0; left = left | 2 }
#if NP > 2
	:: atomic { linked[2] -> linked[2] = 0; left = left | 4 }
#endif
	:: left != 0 ->
		i = 0;
		do
		:: i == NP -> break
		:: else ->
			if
			:: !(left & (1 << i))
			:: else ->
				atomic { asleep = (ev[i] & Asleep) != 0; ev[i] = ev[i] | Ready };
				if
				:: asleep && to == None ->
#ifdef MOVEDONLY
					to = i; n = 0
#else
					to = i; n = 1
#endif
				:: asleep && to != None ->
					requeue();
#ifndef NOCOUNT
					n++
#endif
				:: else
				fi;
				asleep = 0
			fi;
			i++
		od;
		if
		:: to != None -> wakeup()
		:: else
		fi;
		atomic { to = None; left = 0; i = 0; n = 0 }
	od
}

init {
	atomic {
		run sleeper(0); run sleeper(1);
#if NP > 2
		run sleeper(2);
#endif
		run waker(); run waker()
	}
}
