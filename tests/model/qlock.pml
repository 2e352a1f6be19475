/*
 * The QLock of compat/qlock.c: N threads take it R times each; thread 0 by eqlock, with one note to come (-DNOTED); thread 1
 * may be taken out of its wait for good (-DVANISH).
 *
 * The word is Held and Queued; the queue has a lock of its own, and what is done under it is in steps, since the fast paths do not
 * ask for it.  ready() is a step of its own; block() is the wait for it (sleep.pml is about what is inside).
 *
 * It must hold that one thread at a time has the lock, that it goes to who is linked first and nobody comes between, that the note ends
 * one wait or stays pending, that nobody waits when all is done, and that nothing touches the lock after the last
 * holder has released it, who frees it.
 */
#ifndef N
#define N 3
#endif
#ifndef R
#define R 1
#endif
#define None 255

bit held, queued;		/* the word */
bit inner;			/* the queue's lock */
chan q = [N] of { byte };
bit rdy[N];
bit pending;			/* the note */

bit alive = 1;			/* ghosts */
byte owner = None;
byte users = N;
byte broken;

#define touch() assert(alive)
#ifdef NOTED
#define noted (me == 0 && pending)
#else
#define noted 0
#endif
#ifdef VANISH
#define mayvanish (me == 1)
#else
#define mayvanish 0
#endif

inline lockqueue() { atomic { !inner -> touch(); inner = 1 } }
inline unlockqueue() { atomic { touch(); inner = 0 } }

/* With the queue locked: whether we were linked, in was. */
inline takeoff() {
	atomic {
		if
		:: q??[eval(me)] -> q??eval(me); was = 1;
			if
			:: empty(q) -> queued = 0
			:: else
			fi
		:: else -> was = 0
		fi
	}
}

proctype T(byte me) {
	byte round, p = None;
	bit was, last, gone;
again:
	atomic {
		touch();
		if
		:: !held -> assert(empty(q) && !queued); held = 1; goto got
		:: else
		fi
	};
	if
	:: noted -> atomic { pending = 0; broken++ }; goto next
	:: else
	fi;
	lockqueue();
	atomic {
		touch();
		if
#ifndef NORECHECK
		:: !held -> held = 1; was = 0
		:: held
#else
		:: true
#endif
			-> queued = 1; was = 1
		fi
	};
	if
	:: was -> q!me
	:: else
	fi;
	unlockqueue();
	if
	:: !was -> goto got
	:: else
	fi;
	if
	:: atomic { rdy[me] -> rdy[me] = 0; goto got }
	:: noted ->
		lockqueue(); takeoff(); unlockqueue();
		if
		:: was -> atomic { pending = 0; broken++ }; goto next
		:: else
		fi;
#ifdef NOTEWINS
		atomic { rdy[me] -> rdy[me] = 0; pending = 0; broken++ };
		goto next
#endif
#ifndef NOCONSUME
		atomic { rdy[me] -> rdy[me] = 0 };
#endif
		goto got
	:: mayvanish ->
		gone = 1;
		lockqueue(); takeoff(); unlockqueue();
		if
		:: was -> goto next
		:: else
		fi;
		atomic { rdy[me] -> rdy[me] = 0 };
#ifdef NOPASSON
		goto next;
#endif
		goto release
	fi;
got:
	atomic { assert(owner == None); assert(!rdy[me]); owner = me };
	atomic {
		owner = None;
		round++;
		if
		:: round == R -> users--; last = (users == 0)
		:: else
		fi
	};
release:
	atomic {
		touch();
		if
		:: held && !queued -> held = 0; goto released
		:: else -> assert(held)
		fi
	};
	lockqueue();
#ifdef FREEFIRST
	held = 0;
#endif
	atomic {
		touch();
		if
		:: q?p ->
			if
			:: empty(q) -> queued = 0
#ifdef QCLEAREARLY
			:: else -> queued = 0
#else
			:: else
#endif
			fi
#ifdef FREEINSIDE
		:: empty(q) -> held = 0
#else
		:: empty(q)
#endif
		fi
	};
#ifdef TOUCHAFTER
	if
	:: p != None -> atomic { assert(!rdy[p]); rdy[p] = 1; p = None }
	:: else
	fi;
#endif
	unlockqueue();
	if
	:: p != None -> atomic { assert(!rdy[p]); rdy[p] = 1; p = None }
#if !defined(FREEINSIDE) && !defined(TOUCHAFTER)
	:: else -> goto release
#else
	:: else
#endif
	fi;
released:
	if
	:: gone -> gone = 0; goto next
	:: last -> alive = 0; goto done
	:: else -> goto done
	fi;
next:	/* a round without the lock */
	atomic {
		round++;
		if
		:: round == R -> users--
		:: else
		fi
	};
done:
	was = 0;
	if
	:: round < R -> goto again
	:: else
	fi
}

#ifdef NOTED
active proctype noter() { pending = 1 }
#endif

init {
	byte i;
	atomic {
		for (i : 0 .. N - 1) {
			run T(i)
		}
	};
	timeout ->
	assert(!held && !queued && empty(q));
#ifdef NOTED
	assert(broken + pending == 1)
#endif
}
