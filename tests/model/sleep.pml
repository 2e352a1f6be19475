/*
 * block() and ready() of compat/proc.c, and sleep, tsleep and wakeup of compat/sleep.c on top of them: one
 * sleeper on a Rendez, NW wakers, a note.  The sleep may time out (-DTIMEOUT); the futex may end a wait
 * for no reason, once (oftener would hide lost wakeups).
 *
 * The two Dekker pairs stand on store buffers: the sleeper's publication of r->p and a waker's store of
 * its condition become visible to others some time later, and only a fence, or an atomic operation on
 * that word, waits for it.  (On x86 the compare-and-swap is the sleeper's fence; the orders of C11 do not
 * say so of other machines.)  The pairs: publish, fence, test f against set, fence, look up r->p.
 *
 * It must hold that each Ready is consumed by one block() of the sleep it was meant for, that the sleeper
 * does not sleep on when all wakers are done, and that the note interrupts one sleep or stays pending.
 */
#define Ready 1
#define Note 2
#define Asleep 4
#define Timeout 8
#ifndef NW
#define NW 2
#endif

byte ev;			/* the event word */
bit fut;			/* the sleeper is in the kernel */
bit rp;				/* r->p: the sleeper, or nil */
byte cond;			/* the sleeper waits for NW */
bit pubbuf, condbuf[NW];	/* store buffers: rp = 1, cond++ */
bit spurious = 1;		/* the kernel may still do it */
byte noted;			/* ghost: sleeps that ended in Eintr */

#define has(b) ((ev & (b)) != 0)
#ifdef CLEARALL
#define onready (Ready|Note|Asleep)
#else
#define onready (Ready|Asleep)
#endif
#ifdef NOCOMPARE
#define unchanged 1
#else
#define unchanged (ev == seen)
#endif
#ifdef TIMEOUT
#define late 1
#else
#define late 0
#endif

/* How it ended, in why: Ready, Note (if it may be interrupted) or Timeout (if it has a deadline). */
inline block(deadline, interruptible) {
	why = 0;
	do
	:: why != 0 -> break
	:: else ->
		atomic {
			if
			:: has(Ready) -> ev = ev & ~onready; why = Ready
			:: !has(Ready) && has(Note) && interruptible -> ev = ev & ~(Note|Asleep); why = Note
			:: else -> ev = ev | Asleep; seen = ev
			fi
		};
		if
		:: why == 0 ->
			atomic {	/* the kernel: compare and sleep */
				if
				:: unchanged -> fut = 1
				:: else
				fi
			};
			if
			:: !fut
			:: atomic { fut && spurious -> spurious = 0; fut = 0 }
			:: atomic { fut && deadline && late -> fut = 0; why = Timeout };
				ev = ev & ~Asleep
			fi;
			seen = 0
		:: else
		fi
	od
}

inline kick() {
	if
	:: old & Asleep -> fut = 0	/* an address, whatever sleeps there by now */
	:: else
	fi;
	old = 0
}

active proctype sleeper() {
	byte why, seen;
	bit intr, mine;
	do
	:: cond >= NW -> break
	:: else ->
		atomic { assert(!rp && !pubbuf); pubbuf = 1; intr = 0 };
#ifndef NOFENCE
		!pubbuf;
#endif
		if
		:: cond >= NW -> why = 0
		:: else -> block(1, 1)
		fi;
		intr = (why == Note);
		atomic { !pubbuf; mine = rp; rp = 0 };	/* compare-and-swap, up to nil */
		assert(!(mine && why == Ready));
		if
		:: !mine && why != Ready ->		/* a waker has us: its Ready is ours to consume */
#ifndef NOCONSUME
			block(0, 0);
#endif
			assert(!has(Ready))
		:: else
		fi;
		atomic {
			assert(!has(Ready));
			if
			:: has(Note) -> ev = ev & ~Note; intr = 1
			:: else
			fi;
			noted = noted + intr
		}
	od;
	intr = 0; why = 0; mine = 0
}

proctype waker(byte me) {
	byte old;
	bit p;
	condbuf[me] = 1;
#ifndef NOFENCEWAKE
	!condbuf[me];
#endif
	if
	:: rp ->
		atomic { !condbuf[me]; p = rp; rp = 0 };
		if
		:: p -> atomic { old = ev; ev = ev | Ready }; kick()
		:: else
		fi
	:: else
	fi
}

active proctype noter() {
	byte old;
	atomic {
		old = ev;
#ifdef NOTEREADIES
		ev = ev | Note | Ready
#else
		ev = ev | Note
#endif
	};
	kick()
}

active proctype storebuffers() {
	byte i;
end:	do
	:: atomic { pubbuf -> rp = 1; pubbuf = 0 }
	:: atomic { condbuf[0] -> condbuf[0] = 0; cond++ }
#if NW > 1
	:: atomic { condbuf[1] -> condbuf[1] = 0; cond++ }
#endif
#if NW > 2
	:: atomic { condbuf[2] -> condbuf[2] = 0; cond++ }
#endif
	od
}

init {
	byte i;
	atomic {
		do
		:: i < NW -> run waker(i); i++
		:: else -> break
		od
	};
	timeout ->
	assert(noted + (has(Note) -> 1 : 0) == 1)
}
