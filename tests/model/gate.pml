/*
 * The gate of shim/sharedcond.c: NT waiters, a signaller for each condition, and one that would destroy a mutex (-DDESTROY).  The
 * conditions are libc's, the mutexes ours, and all conditions here have one gate.
 *
 * Of libc's condition there is what the gate is about, who is in it when a signal comes: a waiter gets in with the gate locked,
 * unlocks it, sleeps, and locks it again however it is woken.  So each signal is a broadcast, and whom a jump takes out of the condition is
 * out of it; or with -DONE it wakes any one, what it says is true for one, and whoever finds it true no more waits again.  Of our mutex there is that it is locked, and that to lock it may wait (mutex.pml is about how).
 *
 * Waiter I waits at condition CI; the mutex is that of the condition, or with -DONEMUTEX the first of all.  Its kind KI is a set
 * of: Vanish (left by a jump from a handler, after any step, by longjmp, which runs the cleanups, or by
 * setcontext, which does not; with -DTWICE once more, maybe out of what undoes the first); Ends (libc unwinds out of a handler, after
 * any step: the cleanups run, and nothing has been undone before); Cancelled (in libc's sleep, where alone it may be); Timed.  -DHOLDS: signals are given with the mutex held;
 * -DSIGNALLERVANISH: such a jump leaves a signal, and it is given again; -DDESTROYERVANISH: and the destroyer;
 * -DSIGNALLERENDS: libc unwinds out of a signal, and it is not given.
 *
 * It must hold that
 *
 *	nobody sleeps on at a condition that was signalled after it had released the mutex, and nobody waits for ever;
 *	with -DONE nobody sleeps on while what it waits for is true;
 *	who is gone, however it went, neither holds the gate nor is listed, and was not in the list half;
 *	whoever gets the gate finds as many counted as are listed;
 *	only who holds the gate unlocks it, and a wait that is cancelled has its mutex;
 *	a destroyer is told of everybody that waits with its mutex from before it asks until after, and of nobody else,
 *	and looks at no frame that is gone.
 *
 * Must fail: -DRELEASEFIRST and -DCOUNTLATE count a waiter when its mutex is released, without the gate and with it; -DNOGATE signals without
 * passing the gate; -DRELOCKINSIDE locks the mutex again before it leaves the gate; -DHOWFAR leaves it by how far the
 * code came, -DNOUNDO not at all, -DNODELIST only unlocks it; -DOPENLIST takes a frame off with the gate open; -DNOSIGSOFF lets a
 * handler into the sections that change the list; -DUNDOONCE thinks it undone when that has begun; -DNOPASSON takes a signal along;
 * -DNOCLEANUP has no cleanup of a signal;
 * -DDESTROYOPEN looks with the gate open, -DDESTROYSLEEPERS at who is in libc's
 * condition, -DDESTROYCOUNT at the count alone.
 */
#define Vanish 1
#define Cancelled 2
#define Timed 4
#define Ends 8
#ifndef NT
#define NT 2
#endif
#ifndef K0
#define K0 0
#endif
#ifndef K1
#define K1 0
#endif
#ifndef K2
#define K2 0
#endif
#ifndef C0
#define C0 0
#endif
#ifndef C1
#define C1 0
#endif
#ifndef C2
#define C2 0
#endif
#if defined(SIGNALLERVANISH) || defined(SIGNALLERENDS)
#define signallervanish 1
#else
#define signallervanish 0
#endif
#ifdef TWICE
#define jumps 2
#else
#define jumps 1
#endif
#ifdef DESTROYERVANISH
#define destroyervanish 1
#else
#define destroyervanish 0
#endif

byte gate;		/* its word: 0, or who holds it */
byte count, list;	/* Gate.waiters and Gate.first: a set */
byte mutex[2];
bit so[2];		/* what the waiters of a condition wait for */
bit in[NT];		/* in libc's condition, and not signalled */

byte inside;		/* ghosts: who is in sharedwait; */
byte waits, quiet;	/* has released its mutex and is not woken; and has been since the destroyer asked */

#define bitof(i) (1 << (i))
#define members ((list & 1) + ((list >> 1) & 1) + ((list >> 2) & 1))
#ifdef ONEMUTEX
#define mutexof(c) 0
#else
#define mutexof(c) (c)
#endif
#define condof(i) ((i) == 0 -> C0 : ((i) == 1 -> C1 : C2))
#define with(c) (mutexof(c) == 0)
#define with0 (with(C0) + 2 * with(C1) + 4 * with(C2))	/* who waits with the first mutex */
#ifdef HOWFAR
#define holds have
#define came(x) have = x
#else
#define holds (gate == me + 1)
#define came(x) skip
#endif
#ifdef NOSIGSOFF
#define insection() handler()
#else
#define insection() skip
#endif

/* Here a handler may come and jump. */
inline handler() {
	if
	:: atomic { vanish -> vanish--; goto left }
	:: true
	fi
}

inline lockmutex(m) {
	atomic { mutex[m] == 0 -> mutex[m] = me + 1 }
}

inline unlockmutex(m) {
	atomic { assert(mutex[m] == me + 1); mutex[m] = 0 }
}

/* As libc does too, in its wait. */
inline lock() {
	atomic { gate == 0 -> gate = me + 1; assert(count == members) }
}

inline unlock() {
	atomic { assert(gate == me + 1); gate = 0 }
}

inline lockgate() {
	lock();
	handler();
	came(1)
}

inline enlist() {
	count++;
	insection();
	t = list;
	list = t | bitof(me);
	insection();
	atomic { at = 1; t = 0 }
}

inline delist() {
	if
	:: at ->
		t = list;
		list = t & ~bitof(me);
		insection();
		count--;
		insection();
		atomic { at = 0; t = 0 }
	:: else
	fi
}

inline leavegate() {
	if
	:: !holds && !at
	:: else ->
#ifdef OPENLIST
		delist();
#else
		if
		:: !holds -> lockgate()
		:: else
		fi;
		handler();
		delist();
#endif
		handler();
		came(0);
		if
		:: gate == me + 1 -> unlock()
#ifndef OPENLIST
		:: else -> assert(false)
#else
		:: else
#endif
		fi
	fi
}

inline undo() {
#if defined(UNDOONCE)
	if
	:: !undone -> undone = 1; leavegate()
	:: else
	fi
#elif defined(NODELIST)
	if
	:: holds -> unlock()
	:: else
	fi
#elif defined(NOUNDO)
	skip
#else
	leavegate()
#endif
}

/* It waits no more. */
inline woken(i) {
	in[i] = 0;
	waits = waits & ~bitof(i);
	quiet = quiet & ~bitof(i)
}

#define asleepat(i) (i < NT && in[i] && condof(i) == c)

/* Of condition c. */
inline wakeone() {
	atomic {
		if
		:: asleepat(0) -> woken(0)
#if NT > 1
		:: asleepat(1) -> woken(1)
#endif
#if NT > 2
		:: asleepat(2) -> woken(2)
#endif
		:: else
		fi
	}
}

proctype waiter(byte me; byte kind; byte c) {
	byte vanish = ((kind & Vanish) -> jumps : ((kind & Ends) -> 1 : 0));
	bit at, pushed, released, cleans;	/* Passage.at; the cleanups, ours and libc's; Passage.released */
	bit passes;				/* Proc.passon */
	byte t;
#ifdef HOWFAR
	bit have;
#endif
#ifdef UNDOONCE
	bit undone;
#endif

	lockmutex(mutexof(c));
again:
	if
	:: so[c] -> goto found
	:: else
	fi;
	inside = inside | bitof(me);
	handler();
	pushed = 1;
	handler();
#ifdef RELEASEFIRST
	atomic { unlockmutex(mutexof(c)); waits = waits | bitof(me) };
#endif
	lockgate();
	handler();
#ifndef COUNTLATE
	enlist();
	handler();
#endif
#ifndef RELEASEFIRST
	atomic { unlockmutex(mutexof(c)); waits = waits | bitof(me) };
	handler();
#endif
#ifdef COUNTLATE
	enlist();
	handler();
#endif
	released = 1;
	handler();
#ifndef NOPASSON
	passes = 1;
	handler();
#endif

	in[me] = 1;
	handler();
	unlock();
endsleep:
	if
	:: !in[me]
	:: atomic { (kind & Timed) && in[me] -> woken(me); passes = 0 }
	:: atomic { (kind & Cancelled) -> woken(me); cleans = 1; vanish = 0; goto cleanup }
	:: atomic { vanish -> vanish--; cleans = 1; goto left }
	fi;
	lock();
	handler();
#ifdef RELOCKINSIDE
	lockmutex(mutexof(c));
	released = 0;
#endif
	leavegate();
	handler();
	pushed = 0;
	handler();
	if
	:: released -> lockmutex(mutexof(c))
	:: else
	fi;
	handler();
	atomic { passes = 0; released = 0 };
#ifdef ONE
	if
	:: !so[c] && !(kind & Timed) -> atomic { inside = inside & ~bitof(me); goto again }
	:: else
	fi;
#endif
	assert(so[c] || (kind & Timed));
	goto found;

left:	woken(me);
	if
	:: (kind & Ends) && pushed -> goto cleanup
	:: (kind & Ends) && !pushed -> goto out
	:: else
	fi;
	undo();
#ifdef ONE
	if
	:: passes -> wakeone()
	:: else
	fi;
#endif
	if
	:: pushed
	:: goto out	/* setcontext */
	fi;
cleanup:
	pushed = 0;
	if
	:: cleans -> lock(); handler()
	:: else
	fi;
	leavegate();
	handler();
	if
	:: released -> lockmutex(mutexof(c)); handler()
	:: else
	fi;
	assert(!cleans || mutex[mutexof(c)] == me + 1);
	goto out;
found:
#ifdef ONE
	so[c] = 0;
#endif
out:
	if
	:: mutex[mutexof(c)] == me + 1 -> unlockmutex(mutexof(c))
	:: else
	fi;
	atomic {
		inside = inside & ~bitof(me);
		assert(gate != me + 1 && (list & bitof(me)) == 0);
		at = 0; pushed = 0; released = 0; cleans = 0; passes = 0; vanish = 0; t = 0
	}
}

proctype signaller(byte me; byte c) {
	bit vanish = signallervanish;
	bit at, pushed;
	byte t;
#ifdef HOWFAR
	bit have;
#endif
#ifdef UNDOONCE
	bit undone;
#endif

	lockmutex(mutexof(c));
	so[c] = 1;
#ifndef HOLDS
	unlockmutex(mutexof(c));
#endif
call:
#ifndef NOGATE
	if
	:: count != 0 ->
		handler();
#ifndef NOCLEANUP
		pushed = 1;
		handler();
#endif
		lockgate();
		handler();
		leavegate();
		handler();
		pushed = 0;
		handler()
	:: else
	fi;
#endif
#ifdef ONE
	wakeone();
#else
	atomic {
		t = 0;
		do
		:: t < NT ->
			if
			:: in[t] && condof(t) == c -> woken(t)
			:: else
			fi;
			t++
		:: else -> break
		od;
		t = 0
	};
#endif
#ifdef HOLDS
	unlockmutex(mutexof(c));
#endif
	goto out;
left:
#ifdef SIGNALLERENDS
	if
	:: pushed -> pushed = 0; leavegate()
	:: else
	fi;
	assert(gate != me + 1);
	if
	:: mutex[mutexof(c)] == me + 1 -> unlockmutex(mutexof(c))
	:: else
	fi;
	goto out;
#else
	undo();
	pushed = 0;
	assert(gate != me + 1);
	goto call;
#endif
out:	skip
}

/* Of the first mutex. */
proctype destroyer(byte me) {
	bit vanish = destroyervanish;
	bit at, found;
	byte t;
#ifdef HOWFAR
	bit have;
#endif
#ifdef UNDOONCE
	bit undone;
#endif

	atomic { mutex[0] == 0 -> quiet = waits & with0 };
	if
#if defined(DESTROYSLEEPERS)
	:: found = (in[0] && with(C0)) || (in[1] && with(C1))
#elif defined(DESTROYCOUNT)
	:: atomic { found = (count != 0); assert(!found || (inside & with0) != 0) }
#else
	:: count != 0 ->
		handler();
#ifndef DESTROYOPEN
		lockgate();
		handler();
#endif
		t = list;
		atomic {
			assert((t & ~list) == 0);
			found = ((t & with0) != 0);
			assert(!found || (inside & with0) != 0);
			t = 0
		};
		handler();
		leavegate();
		handler()
	:: else
#endif
	fi;
told:	atomic { assert(found || quiet == 0); goto out };
left:	undo();
	assert(gate != me + 1);
out:	quiet = 0
}

init {
	atomic {
		run waiter(0, K0, C0);
#if NT > 1
		run waiter(1, K1, C1);
#endif
#if NT > 2
		run waiter(2, K2, C2);
#endif
		run signaller(NT, 0);
#if C1 || C2
		run signaller(NT + 1, 1);
#endif
#ifdef DESTROY
		run destroyer(NT + 2)
#endif
	};
	timeout ->
#ifdef ONE
	assert(gate == 0 && count == members && (!so[0] || waits == 0))
#else
	assert(gate == 0 && count == 0 && list == 0 && inside == 0)
#endif
}
