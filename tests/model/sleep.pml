/*
 * block() and ready() of compat/block.c, sleep, tsleep and wakeup of compat/sleep.c on top of them, and how a note
 * finds the sleeper (compat/self.h): one sleeper on a Rendez, NW wakers, a note.  The sleep may time out
 * (-DTIMEOUT); nobody wakes it but the note (-DNOTEONLY); it may be left once by a jump from a handler, after any step (-DVANISH).  The futex may end a wait for no reason, once
 * (oftener would hide lost wakeups).
 *
 * The Dekker pairs stand on store buffers: the sleeper's publication of r->p and of the event word it waits on, a waker's store of
 * its condition and the noter's of what is pending become visible to others some time later, and only a fence, or an atomic operation on
 * that word, waits for it.  (On x86 the compare-and-swap is the sleeper's fence; the orders of C11 do not
 * say so of other machines.)  The pairs: publish, fence, test f against set, fence, look up r->p; publish, fence, test
 * pending against set, fence, look up waits.
 *
 * It must hold that each Ready is consumed by one block() of the sleep it was meant for, that the sleeper
 * does not sleep on when all wakers are done or a note is pending, and that the note interrupts one sleep or stays pending.
 */
#define Ready 1
#define Note 2
#define Asleep 4
#define Timeout 8
#define Coming 1		/* of rp: the sleeper's, but not for wakers */
#define There 2
#ifndef NW
#define NW 2
#endif

byte ev;			/* the event word */
bit fut;			/* the sleeper is in the kernel */
byte rp;			/* r->p: nil, or the sleeper */
byte cond;			/* the sleeper waits for NW */
bit pending, waits;		/* Self.pending, Self.waits */
bit pubbuf, waitbuf, pendbuf, condbuf[NW];	/* store buffers: rp = There, waits = 1, pending = 1, cond++ */
bit spurious = 1;		/* the kernel may still do it */
byte noted;			/* ghost: sleeps that ended in Eintr */
#ifdef VANISH
bit vanish = 1;			/* the handler may still come, and jump */
#define came vanish = 0
#else
#define vanish 0
#define came skip
#endif

#ifdef NOTEONLY
#define enough (noted > 0)
#else
#define enough (cond >= NW)
#endif
#define has(b) ((ev & (b)) != 0)
#define onready (Ready|Asleep)
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

/* Here a handler may come and jump. */
inline handler() {
	if
	:: atomic { vanish -> came; goto left }
	:: true
	fi
}

/* How it ended, in why: Ready, Note (if it may be interrupted) or Timeout (if it has a deadline). */
inline block(deadline, interruptible) {
	why = 0;
	do
	:: why != 0 -> break
	:: else ->
		atomic {
			if
			:: has(Ready) -> why = Ready
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
			:: atomic { fut && vanish -> fut = 0; came; goto left }
			:: atomic { fut && deadline && late -> fut = 0; why = Timeout };
				ev = ev & ~Asleep
			fi;
			seen = 0
		:: why == Ready ->
#ifdef GIVENLATE
			ev = ev & ~onready;
			handler();
			given = 1
#else
			given = 1;
			handler();
			ev = ev & ~onready
#endif
		:: else
		fi
	od
}

/* Off the Rendez; or a waker has us, and its Ready is ours to consume. */
inline takeoff() {
	!pubbuf;	/* the sleeper sees its own stores */
	if
	:: linked && rp != Coming ->
		atomic {
			if
			:: rp == There -> rp = Coming
			:: else -> taken = 1
			fi
		};
		if
		:: taken ->
#ifndef NOCONSUME
			block(0, 0);
#endif
			assert(!has(Ready))
		:: else
		fi
	:: else
	fi;
	if
	:: !taken ->
		handler();
		linked = 0;
		handler();
		atomic { assert(rp == Coming); rp = 0 }
	:: else
	fi
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
	bit intr, linked, given, taken;
	do
	:: enough -> break
	:: else ->
		atomic { assert(rp == 0 && !pubbuf); linked = 0; given = 0; taken = 0; intr = 0; why = 0 };
		handler();
		rp = Coming;		/* compare-and-swap, from nil */
		handler();
#ifndef LINKLATE
		linked = 1;
		handler();
#endif
#ifdef NOFENCE
		pubbuf = 1;
#else
		rp = There;
#endif
		handler();
#ifdef LINKLATE
		linked = 1;
#endif
		if
		:: enough
		:: else ->
#ifdef TESTFIRST
			intr = pending;
#endif
#ifdef NOFENCEWAITS
			waitbuf = 1;
#else
			waits = 1;
#endif
			handler();
#ifndef TESTFIRST
			intr = pending;
#endif
			do
			:: intr -> break
			:: else ->
				block(1, 1);
				if
				:: why == Note -> intr = pending	/* it may mean nothing */
				:: else -> break
				fi
			od
		fi;
		if
		:: why != Ready -> takeoff()
		:: else -> assert(rp == 0)
		fi;
		atomic {
			assert(!has(Ready) && rp == 0);
			!waitbuf;
			waits = 0;
			if
			:: pending -> pending = 0; noted++
			:: else
			fi
		};
		goto next;
left:
		/* What the handler undoes before it jumps. */
		atomic {
			!pubbuf;
			fut = 0;
			taken = 0;
			if
			:: given
			:: !given && linked && rp != 0 -> rp = 0
			:: !given && linked && rp == 0 -> taken = 1
			:: !given && !linked ->
				if
				:: rp == Coming -> rp = 0
				:: else -> assert(rp == 0)
				fi
			fi
		};
		if
		:: taken -> has(Ready)
		:: else
		fi;
		atomic { !waitbuf; waits = 0; ev = 0 };
next:		skip
	od;
	atomic { linked = 0; given = 0; taken = 0; intr = 0; why = 0; seen = 0 }
}

proctype waker(byte me) {
	byte old;
	bit p;
	condbuf[me] = 1;
#ifndef NOFENCEWAKE
	!condbuf[me];
#endif
	if
#ifdef NOTAG
	:: rp != 0 ->
		atomic { !condbuf[me]; p = (rp != 0); rp = 0 };
#else
	:: rp == There ->
		atomic { !condbuf[me]; p = (rp == There); rp = (p -> 0 : rp) };
#endif
		if
		:: p -> atomic { old = ev; ev = ev | Ready }; kick()
		:: else
		fi
	:: else
	fi
}

active proctype noter() {
	byte old;
#ifdef NOFENCENOTE
	pendbuf = 1;
#else
	pending = 1;
#endif
	if
	:: waits ->
		atomic {
			old = ev;
#ifdef NOTEREADIES
			ev = ev | Note | Ready
#else
			ev = ev | Note
#endif
		};
		kick()
	:: else
	fi
}

active proctype storebuffers() {
	byte i;
end:	do
	:: atomic { pubbuf -> rp = There; pubbuf = 0 }
	:: atomic { waitbuf -> waits = 1; waitbuf = 0 }
	:: atomic { pendbuf -> pending = 1; pendbuf = 0 }
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
#ifdef NOTEONLY
		:: true -> break
#endif
		:: i < NW -> run waker(i); i++
		:: else -> break
		od
	};
	timeout ->
	assert(noted + pending == 1)
}
