/*
 * swiproc, and the bracket of a host call, of compat/hostcall.c: an owner that goes through two brackets with other work after each,
 * NP posters that would interrupt it once each, and the signals that are on their way, which may take their time.
 *
 * Self.pending is one word, and each step on it one operation.  It must hold that no signal is delivered outside of a bracket and its
 * osleave; that each post that found the owner in a bracket raises there, and another never; that the owner does not wait for a signal
 * that nobody sends.
 */
#ifndef NP
#define NP 2
#endif

bit Phost, Psignal, Pswi;
byte flying;			/* signals sent and not delivered */
bit outside;			/* ghost: the owner is in neither bracket nor osleave */
byte owed;			/* ghost: posts for this bracket that have not raised */

/* The signal is delivered to the owner between any two of its steps. */
active proctype kernel() {
end:	do
	:: atomic {
		flying > 0 ->
		assert(!outside);
		flying--;
		Psignal = 0
	   }
	od
}

active proctype owner() {
	byte round;
	bit raise;
	outside = 1;
	do
	:: round < 2 ->
		outside = 0;
		atomic { assert(!Psignal && !Pswi); Phost = 1 };
		skip;			/* the host call */
#ifdef WAITFIRST
		!Psignal;
#endif
#ifdef SPLIT
		raise = Pswi;
#endif
		Phost = 0;
#ifndef WAITFIRST
#ifndef NOWAIT
		!Psignal;
#endif
#endif
		atomic {
#ifndef SPLIT
			raise = Pswi;
#endif
			Pswi = 0;
			assert(raise == (owed > 0));
			owed = 0;
			outside = 1
		};
		round++
	:: else -> break
	od
}

proctype poster() {
	bit send;
#ifdef LOOKFIRST
	bit in = Phost;
#endif
	atomic {
		if
#ifdef LOOKFIRST
		:: in ->
#else
		:: Phost ->
#endif
			Pswi = 1;
			owed = (Phost -> owed + 1 : owed);
#ifdef ALWAYSSEND
			send = 1;
#else
			send = !Psignal;
#endif
			Psignal = 1
		:: else
		fi
	};
	if
	:: send -> flying++
	:: else
	fi
}

init {
	byte i;
	atomic {
		do
		:: i < NP -> run poster(); i++
		:: else -> break
		od
	}
}
