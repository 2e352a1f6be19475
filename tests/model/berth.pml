/*
 * The berths of compat/block.c: sleepers in each other's beds, who are made ready alone or several at once, or get a note.
 *
 * Each of NP threads waits R times, each time in any bed and at any place of it, so two may have the same, and one be woken for
 * nothing.  W wakers take whoever is linked, in any order that chance makes.  With NOTES thread 0 also wants notes: one comes at any
 * time, and when it has waited R times another, for which it waits once more, linked nowhere, so that nothing else can wake it.
 *
 * It must hold that everybody comes to the end.
 *
 * Must fail: -DNOCOUNT wakes and does not count; -DCOUNTFIRST counts before it says Ready; -DREADLATE reads the bed's word when
 * Asleep has been said; -DONE wakes one at a place; -DBERTHFIRST reads where the noted sleeps before it gives the note.
 */
#ifndef NP
#define NP 2
#endif
#ifndef R
#define R 2
#endif
#ifndef W
#define W 1
#endif
#define Ready 1
#define Note 2
#define Asleep 4
#define Nowhere 255

byte ev[NP], bed[2], berth[NP]; /* a berth: the bed and, as the lowest bit, the place */
byte at[NP] = Nowhere;		/* where it sleeps */
bit linked[NP];
bit last; /* thread 0 is through but for the last note */

inline count(b) {
#ifndef NOCOUNT
	bed[b]++
#else
	skip
#endif
}

/* All who sleep at one of these berths, or one. */
inline wake(berths) {
	atomic {
		i = 0;
		do
		:: i < NP && at[i] != Nowhere && (berths & (1 << at[i])) ->
			at[i] = Nowhere;
#ifdef ONE
			break
#else
			i++
#endif
		:: i < NP && !(at[i] != Nowhere && (berths & (1 << at[i]))) -> i++
		:: i == NP -> break
		od;
		i = 0
	}
}

proctype sleeper(byte me) {
	byte r, turn, want;

	do
	:: r == R -> break
	:: else ->
		atomic {
			want = Ready;
#ifdef NOTES
			if
			:: me == 0 -> want = Ready | Note
			:: else
			fi;
#endif
			linked[me] = 1;
begin:
			/* Its owner's, awake. */
			if
			:: berth[me] = 0
			:: berth[me] = 1
			:: berth[me] = 2
			fi
		};
again:
#ifndef READLATE
		turn = bed[berth[me] >> 1];
#endif
		atomic {
			if
			:: ev[me] & Ready -> ev[me] = ev[me] & Note; turn = 0; r++; goto next
			:: !(ev[me] & Ready) && (ev[me] & want & Note) ->
				ev[me] = 0;
				turn = 0;
				if
				:: r == R -> goto out
				:: r < R && linked[me] -> linked[me] = 0; r++; goto next
				/* The Ready that is on its way must be waited for. */
				:: r < R && !linked[me] -> want = Ready; goto again
				fi
			:: else -> ev[me] = ev[me] | Asleep
			fi
		};
#ifdef READLATE
		turn = bed[berth[me] >> 1];
#endif
		atomic {
			if
			:: bed[berth[me] >> 1] == turn -> at[me] = berth[me]
			:: else
			fi
		};
		at[me] == Nowhere;
		goto again;
next:		skip
	od;
#ifdef NOTES
	if
	:: me == 0 -> atomic { want = Note; last = 1; goto begin }
	:: else
	fi;
#endif
out:	skip
}

proctype waker() {
	byte i, p, places; /* a bit for each berth */

end:	do
	:: atomic { linked[0] -> linked[0] = 0; p = 0 } goto one
	:: atomic { linked[1] -> linked[1] = 0; p = 1 } goto one
#if NP > 2
	:: atomic { linked[2] -> linked[2] = 0; p = 2 } goto one
#endif
	:: places & 3 ->
#ifndef COUNTFIRST
		count(0);
#endif
		wake(places & 3);
		places = places & 12
	:: places & 12 ->
#ifndef COUNTFIRST
		count(1);
#endif
		wake(places & 12);
		places = places & 3
	od;
one:
#ifdef COUNTFIRST
	count(berth[p] >> 1);
#endif
	atomic {
		if
		:: ev[p] & Asleep -> ev[p] = ev[p] | Ready
		:: else -> ev[p] = ev[p] | Ready; p = 0; goto end
		fi
	};
	/* It may be in its next wait by now. */
	atomic { places = places | (1 << berth[p]); p = 0; goto end }
}

proctype noter() {
	byte i, n, b;

	/* Another only if the first has been read: nothing else may make good what it should have done. */
end:	do
	:: n == 2 -> break
	:: n == 0 || (n == 1 && last && !(ev[0] & Note)) ->
#ifdef BERTHFIRST
		b = berth[0];
#endif
		atomic {
			if
			:: ev[0] & Asleep -> ev[0] = ev[0] | Note
			:: else -> ev[0] = ev[0] | Note; n++; goto next
			fi
		};
#ifndef BERTHFIRST
		b = berth[0];
#endif
		count(b >> 1);
		wake(1 << b);
		atomic { b = 0; n++ }
next:		skip
	od
}

init {
	atomic {
		run sleeper(0);
		run sleeper(1);
#if NP > 2
		run sleeper(2);
#endif
		run waker();
#if W > 1
		run waker();
#endif
#ifdef NOTES
		run noter()
#endif
	}
}
