/*
 * sigsbeforecancel of compat/sigoff.c: a thread that enters and leaves sections, putting signals off or masking them, and one that cancels
 * it, by a signal that strikes at once unless it is masked.
 *
 * A section says that it is one, then looks whether signals are put off.  What it says stands in its store buffer, and is seen
 * by others at any later time, at the latest when the canceller has waited for longer than any store takes ("barrier").
 *
 * It must hold that the signal never strikes within a section, and that it is sent in the end.
 *
 * Must fail: -DNOBARRIER leaves the barrier out; -DNOWAIT does not wait for the section; -DNOAGAIN looks only before
 * it says that it is one; -DLATE tells the sections when the barrier has passed.
 */
#define SECTIONS 3
bit masks;		/* signals are masked, no more put off */
byte depth, seendepth;	/* the thread's own, and as others see it */
bit masked, insection, sent, struck;

active proctype thread() {
	byte n;

	do
	:: n < SECTIONS ->
		n++;
		if
		:: masks -> masked = 1; insection = 1; insection = 0; masked = 0
		:: !masks ->
			depth = 1;
#ifndef NOAGAIN
			if
			:: masks ->
				/* left again, with what is owed, and masked */
				depth = 0;
				seendepth = 0;
				masked = 1;
				insection = 1;
				insection = 0;
				masked = 0
			:: else ->
#endif
				insection = 1;
				insection = 0;
				depth = 0;
				seendepth = 0
#ifndef NOAGAIN
			fi
#endif
		fi
	:: n == SECTIONS -> break
	od
}

/* The store buffer drains when it likes. */
active proctype buffer() {
	do
	:: atomic { seendepth != depth -> seendepth = depth }
	:: sent -> break
	od
}

active proctype canceller() {
#ifndef LATE
	masks = 1;
#endif
#ifndef NOBARRIER
	seendepth = depth;
#endif
#ifdef LATE
	masks = 1;
#endif
#ifndef NOWAIT
	seendepth == 0;
#endif
	/* pending until it is not masked */
	atomic { sent = 1; !masked -> struck = 1; assert(!insection) }
}
