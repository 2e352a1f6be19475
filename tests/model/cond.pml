/*
 * The condition of shim/cond.c (wait, timed wait, cancel, signal, broadcast) with the mutexes of
 * shim/mutex.c, over compat/waitq.c: every wait names its own mutex, and a signaller moves the waiter it
 * chooses to that mutex's queue (wait morphing) instead of waking it.
 *
 * Steps as in mutex.pml; of the mutex word only Locked, Queued and Awake are here.  BC, B0 and B1 are the
 * buckets of the condition and the two mutexes, in the order of addresses: by default all different and
 * the condition first; 2, 0, 1 makes the signaller let go and begin anew; 0, 0, 0 is one bucket for all.
 *
 * Waiter I has a kind KI, a set of: Timed; Cancel; Rec (its wait does not release the mutex); Other (it uses
 * the second mutex).  Each waits for a unit of what its mutex guards.  The signallers add one for each,
 * and signal with the mutex held or not; with -DBROADCAST one signaller adds all, then broadcasts.
 * The last waiter to return destroys the condition, once no signal can yet begin.
 *
 * With -DHERD whoever unlocks may wake one more than whom it names (herd in shim/mutexwake.c); here it may be one that was not moved.  -DHERDCLEAR:
 * it takes it for the last.
 *
 * What a signal owes (glibc's bug 25847 breaks it: a signal taken by one that began to wait after it, or kept
 * for a group of waiters that has gone): it releases one of those who waited when it began, unless all of them have
 * gone meanwhile; a broadcast leaves none of them.  Nobody of ours can take it from them, for who comes later stands behind
 * them (-DSTEAL: before them), and whether anybody waits is exact (-DCLEARFLAG: not so when one has given up).
 */
#define L 1
#define Q 2
#define W 4
#define Timed 1
#define Cancel 2
#define Rec 4
#define Other 8
#define Chosen 1
#define Signalled 2
#define Ok 0
#define Timedout 1
#define Cancelled 2
#define None 255
#define Cond 2			/* a key: 0 and 1 are the mutexes */

#ifndef BC
#define BC 0
#endif
#ifndef B0
#define B0 1
#endif
#ifndef B1
#define B1 2
#endif
#ifndef K0
#define K0 0
#endif
#ifndef K1
#define K1 0
#endif
#ifdef K2
#define NT 3
#else
#define NT 2
#endif
#ifndef NS
#define NS 1			/* signallers */
#endif
#ifdef BROADCAST
#define ALL 1
#else
#define ALL 0
#endif

byte w[2];			/* the mutexes' words */
bit c;				/* the condition's: somebody waits */
bit bl[3];			/* the buckets' locks */
chan qm[2] = [NT + NS] of { byte };
chan qc = [NT] of { byte };
bit rdy[NT + NS];
byte how[NT + NS];
byte key[NT];
byte mx[NT];
bit rec[NT];
byte unit[2];			/* what the mutexes guard */

byte inside[2];			/* ghosts */
bit signalled[NT];
bit parked[NT];
bit alive = 1;
byte before[NS];		/* a signal began when these waited, a set, and they do still */
bit won[NS];			/* it has released one of them */
byte yet = NS;			/* signals that have not begun */
byte users = NT;
bit over;

#define has(m, b) ((w[m] & (b)) != 0)
#define bucket(k) ((k) == Cond -> BC : ((k) == 0 -> B0 : B1))
#define touch() assert(alive)
#define stuck(x) (parked[x] && unit[mx[x]] > 0)
#ifdef NOKEYREREAD
#define samekey 1
#else
#define samekey (key[me] == k)
#endif
#ifdef MORPHRECURSIVE
#define morphs 1
#else
#define morphs (!rec[h])
#endif
#ifdef MORPHFREE
#define moves morphs
#else
#define moves (morphs && has(m, L))
#endif

inline qfix(m) {
	if
	:: len(qm[m]) == 0 -> w[m] = w[m] & ~Q
	:: else
	fi
}

/* awoke is set by the caller: Chosen, with W ours. */
inline lock(m) {
	got = 0;
	do
	:: got -> break
	:: else ->
		atomic {
			if
			:: !has(m, L) ->
				w[m] = (w[m] | L) & ~(awoke -> W : 0);
				inside[m]++;
				assert(inside[m] == 1);
				got = 1
			:: else
			fi
		};
		if
		:: got
		:: else ->
			atomic {
				bl[bucket(m)] == 0;
				if
				:: !has(m, L)
				:: else ->
					w[m] = (w[m] | Q) & ~(awoke -> W : 0);
					qm[m]!me;
					i = (awoke -> len(qm[m]) - 1 : 0);	/* one that was woken keeps its place */
					do
					:: i > 0 -> qm[m]?t; qm[m]!t; i--
					:: else -> break
					od;
					t = 0; awoke = 0;
					got = 1
				fi
			};
			if
			:: got ->
				atomic { rdy[me] -> rdy[me] = 0; awoke = (how[me] == Chosen); how[me] = 0; got = 0 }
			:: else
			fi
		fi
	od;
	awoke = 0; got = 0
}

inline unlock(m) {
	atomic { assert(has(m, L)); inside[m]--; old = w[m]; w[m] = w[m] & ~L };
	if
	:: (old & Q) && !(old & W) ->
		atomic {
			bl[bucket(m)] == 0;
			if
			:: len(qm[m]) > 0 && !has(m, L) && !has(m, W) ->
				qm[m]?h; w[m] = w[m] | W; how[h] = Chosen;
#ifdef HERD
				if
				:: len(qm[m]) > 0 -> qm[m]?h2
				:: skip
				fi;
#endif
				qfix(m)
#ifdef HERDCLEAR
				;
				if
				:: h2 != None -> w[m] = w[m] & ~Q
				:: else
				fi
#endif
			:: else
			fi
		};
		if
		:: h != None -> atomic { assert(!rdy[h]); rdy[h] = 1; h = None }
		:: else
		fi;
#ifdef HERD
		if
		:: h2 != None -> atomic { assert(!rdy[h2]); rdy[h2] = 1; h2 = None }
		:: else
		fi
#endif
	:: else
	fi;
	old = 0
}

#define bit1(x) (1 << (x))
#define linked(x) (qc??[x] -> bit1(x) : 0)
#if NT > 2
#define waiting (linked(0) | linked(1) | linked(2))
#else
#define waiting (linked(0) | linked(1))
#endif

/* x is off the queue. */
inline cfix(x) {
	touch();
	before[0] = before[0] & ~bit1(x);
#if NS > 1
	before[1] = before[1] & ~bit1(x);
#endif
#ifdef CLEARFLAG
	c = 0
#else
	if
	:: len(qc) == 0 -> c = 0
	:: else
	fi
#endif
}

/* The signaller takes h, the first, off the queue. */
inline ctake() {
	won[me - NT] = won[me - NT] || (before[me - NT] & bit1(h)) != 0;
	qc?h;
	cfix(h)
}

/* A waiter links itself. */
inline cput() {
	qc!me;
#ifdef STEAL
	i = len(qc) - 1;
	do
	:: i > 0 -> qc?t; qc!t; i--
	:: else -> break
	od;
	t = 0
#endif
}

/* How it ended, in result. */
inline condwait() {
	atomic { bl[BC] == 0; touch(); cput(); key[me] = Cond; c = 1; signalled[me] = 0; parked[me] = 1 };
	if
	:: rec[me]
	:: else -> unlock(mx[me])
	fi;
	result = Ok; leaving = 0;
	do
	:: parked[me] && !leaving ->
		if
		:: atomic { rdy[me] -> rdy[me] = 0; parked[me] = 0 }
		:: kind & (Timed|Cancel) -> leaving = 1
		:: over -> goto out
		fi
	:: parked[me] && leaving ->
		k = key[me];
		atomic {
			bl[bucket(k)] == 0;
			if
			:: samekey && k == Cond && qc??[eval(me)] ->
				qc??eval(me);
				cfix(me);
				parked[me] = 0;
				result = ((kind & Timed) -> Timedout : Cancelled)
#ifdef NOKEYREREAD
			:: k == Cond && qm[mx[me]]??[eval(me)] ->
				qm[mx[me]]??eval(me);
				parked[me] = 0;
				result = ((kind & Timed) -> Timedout : Cancelled)
#endif
			:: samekey && k != Cond && qm[k]??[eval(me)] -> leaving = 2
			:: samekey && !(k == Cond && qc??[eval(me)]) && !(k != Cond && qm[k]??[eval(me)]) ->
				leaving = 2	/* chosen */
#ifdef NOCONSUME
				; parked[me] = 0
#endif
			:: else
			fi;
			k = 0
		};
		if
		:: leaving == 2 && parked[me] -> atomic { rdy[me] -> rdy[me] = 0; parked[me] = 0 }
		:: else
		fi
	:: else -> break
	od;
	leaving = 0;
	awoke = (how[me] == Chosen);
	how[me] = 0;
	assert(!(signalled[me] && result != Ok));
	if
	:: rec[me]
	:: else -> lock(mx[me])
	fi
}

proctype waiter(byte me; byte kind) {
	byte m, old, k, h = None, h2 = None, i, t, result, leaving;
	bit got, awoke;
	atomic { mx[me] = ((kind & Other) -> 1 : 0); rec[me] = ((kind & Rec) -> 1 : 0); m = mx[me] };
	lock(mx[me]);
	do
	:: unit[m] > 0 -> unit[m]--; break
	:: else ->
		condwait();
		if
		:: result == Cancelled -> break
		:: result == Timedout && unit[m] == 0 -> break
		:: else
		fi
	od;
	result = 0;
	atomic {
		users--;
		if
		:: users == 0 && yet == 0 -> alive = 0
		:: else
		fi
	};
	unlock(mx[me]);
out:	skip
}

/*
 * Both buckets are locked in the order of addresses.  A waiter on the condition's queue proves the
 * condition alive, and its mutex.
 */
inline signal(all) {
	atomic { touch(); yet--; k = c; before[me - NT] = waiting };
	if
	:: !k
	:: else ->
		atomic { bl[BC] == 0 -> bl[BC] = 1 };
		do
		:: empty(qc) -> break
		:: nempty(qc) ->
			atomic { qc?<h>; m = mx[h] };
			if
			:: bucket(m) == BC
			:: bucket(m) > BC -> atomic { bl[bucket(m)] == 0 -> bl[bucket(m)] = 1 }
			:: bucket(m) < BC ->
				bl[BC] = 0;
				atomic { bl[bucket(m)] == 0 -> bl[bucket(m)] = 1 };
				atomic { bl[BC] == 0 -> bl[BC] = 1 }
			fi;
			if
			:: qc?[eval(h)] && mx[h] == m ->	/* still */
#ifdef MORPHEXCHANGE
				if
				:: moves ->
					w[m] = L|Q;
					atomic { ctake(); qm[m]!h; key[h] = m; signalled[h] = 1; t = 1 }
				:: else -> atomic { ctake(); how[h] = Signalled; signalled[h] = 1; pend!h; t = 1 }
				fi
#else
				atomic {
					if
					:: moves -> w[m] = w[m] | Q; ctake(); qm[m]!h; key[h] = m
					:: else -> ctake(); how[h] = Signalled; pend!h
					fi;
					signalled[h] = 1; t = 1
				}
#endif
			:: else
			fi;
			if
			:: bucket(m) != BC -> bl[bucket(m)] = 0
			:: else
			fi;
			if
			:: t && !(all) -> break
			:: else -> t = 0
			fi
		od;
#ifdef TOUCHAFTER
		atomic { touch(); c = (len(qc) > 0) };
#endif
		bl[BC] = 0
	fi;
	do
	:: atomic { pend?h -> assert(!rdy[h]); rdy[h] = 1 }
	:: empty(pend) -> break
	od;
	atomic {
		assert(before[me - NT] == 0 || (won[me - NT] && !(all)));
		before[me - NT] = 0; won[me - NT] = 0;
		h = None; k = 0; m = 0; t = 0
	}
}

proctype signaller(byte me) {
	byte m, m1, old, k, h = None, h2 = None, i, t;
	bit got, awoke, held;
	chan pend = [NT] of { byte };
#ifdef RECURSIVE
	len(qc) == NT;		/* that mutex is not let go: no other way to know */
	atomic { unit[0]++; unit[1]++ };
	signal(1)
#else
#ifdef BROADCAST
	lock(0);
	unit[0] = unit[0] + NT;
	unlock(0);
	lock(1);
	unit[1] = unit[1] + NT;
	m1 = 1;
#else
	lock(0);
	unit[0]++;
#endif
	if
	:: held = 1
	:: unlock(m1)
	fi;
	signal(ALL);
	if
	:: held -> unlock(m1)
	:: else
	fi
#endif
}

init {
	atomic {
		run waiter(0, K0); run waiter(1, K1);
#ifdef K2
		run waiter(2, K2);
#endif
		run signaller(NT);
#if NS > 1
		run signaller(NT + 1)
#endif
	};
	atomic {
		timeout ->
		assert(!stuck(0) && !stuck(1) && !stuck(NT - 1));	/* nobody sleeps beside what it waits for */
		over = 1
	}
}
