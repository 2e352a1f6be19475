/*
 * The queue of notes of compat/note.c: NP posters, each with one note, and the owner, who takes what is pending as selftake
 * does, and hands each note to a handler.  NQ notes have room, NS slots hold texts; the real numbers are 5 and 16.
 *
 * One word has Pnote and the queue; each slot has a bit of its own.  A text is written in two steps (torn between them), and read
 * in two.  The first poster's note is one of the system's (-DFLUSH): it drops what is queued.
 *
 * It must hold that each note that was queued, and not dropped, is handled once, whole and in the order of queueing; that an
 * interruption has a note of its own; and that no slot is lost.
 */
#ifndef NP
#define NP 3
#endif
#ifndef NQ
#define NQ 2
#endif
#define NS 4
#define Torn 100
#ifdef FLUSH
#define flushes (me == 0)
#else
#define flushes 0
#endif

/* The word. */
byte n, q[NQ];
bit Pnote;
bit used[NS];
byte text[NS];

byte handled[NP], dropped[NP], queued[NP], discarded;	/* ghosts */
byte order[NP], norder, nhandled;
bit due;			/* ghost: a note has come for which there was no interruption */
bit over;

inline push(s) {
	q[n] = s;
	n++
}

inline shift() {
	d_step {
		i = 0;
		do
		:: i + 1 < NQ -> q[i] = q[i + 1]; i++
		:: else -> break
		od;
		n--;
		q[n] = 0;
		i = 0
	}
}

proctype poster(byte me) {
	byte s, i, m, old[NQ];
	/* Room is looked for before a slot is; the compare-and-swap has the last word. */
	if
	:: n == NQ && !(flushes) -> goto nofit
	:: else
	fi;
#ifdef NOSLOTS
	s = 0;
#else
	atomic {
		s = 0;
		do
		:: s < NS && used[s] -> s++
		:: else -> break
		od;
		assert(s < NS);
		used[s] = 1
	};
#endif
	text[s] = Torn;
	text[s] = me;
	atomic {
		if
		:: flushes ->
			m = n;
			do
			:: i < m -> old[i] = q[i]; dropped[text[q[i]]] = 1; q[i] = 0; i++
			:: else -> break
			od;
			i = 0;
			n = 0
		:: else
		fi;
		if
		:: n == NQ -> used[s] = 0; goto nofit
		:: else -> push(s); queued[me] = 1; due = 1; order[norder] = me; norder++
		fi;
#ifdef NOTELATE
	};
	atomic {
#endif
		Pnote = 1
	};
	do
	:: i < m -> used[old[i]] = 0; i++
	:: else -> goto out
	od;
nofit:
	atomic { discarded++; due = 1; Pnote = 1 };
out:
	skip
}

active proctype owner() {
	byte s, i, t;
	do
	:: over && !Pnote -> break
	:: Pnote ->
		/* An interruption: the reason is taken, then the notes. */
#ifdef TAKELATE
		skip;
#else
		atomic { assert(due); due = 0; Pnote = 0 };
#endif
		do
		:: n == 0 -> break
		:: n > 0 ->
#ifdef COPYFIRST
			s = q[0];
			t = text[s];
#endif
			atomic {
				if
				:: n == 0 -> break
				:: else
				fi;
#ifdef COPYFIRST
				s = (q[0] == s -> s : q[0]);
#else
				s = q[0];
#endif
				shift();
#ifndef KEEPNOTE
				if
				:: n == 0 -> Pnote = 0
				:: else
				fi;
#endif
				due = (n == 0 -> 0 : due)
			};
#ifdef FREEFIRST
			used[s] = 0;
#endif
#ifndef COPYFIRST
			t = text[s];
#endif
			atomic {
				assert(t != Torn && t < NP && queued[t] && !handled[t] && !dropped[t]);
				handled[t] = 1;
				/* What was queued before it has been handled or dropped. */
				i = 0;
				do
				:: order[i] != t -> assert(handled[order[i]] || dropped[order[i]]); i++
				:: else -> break
				od;
				i = 0
			};
#ifndef FREEFIRST
			used[s] = 0;
#endif
			t = 0
		od
#ifdef TAKELATE
		;
		Pnote = 0
#endif
	od
}

init {
	byte i;
	atomic {
		do
		:: i < NP -> run poster(i); i++
		:: else -> break
		od;
		i = 0
	};
	timeout ->
	assert(n == 0);
	do
	:: i < NP -> assert(queued[i] == handled[i] + dropped[i]); i++
	:: else -> break
	od;
	i = 0;
	do
	:: i < NS -> assert(!used[i]); i++
	:: else -> break
	od;
	over = 1
}
