/*
 * The mutex of shim/mutex.c (lock, lockslow, unlock, promote, give up, longjmp) over the queues of
 * compat/waitq.c: barging, one active successor, promotion with a ban, timeouts, a waiter that
 * vanishes, a waiter that is stopped for ever, and memory that is freed by the next owner.
 *
 * One `atomic' is one access of the word.  A loop that ends in a successful compare-and-swap is one
 * access; work on the queue commutes with what others do to the word while the bucket is locked, so it
 * goes with its neighbour.  A section that needs the word twice holds the bucket lock in between.
 * ready() is a step of its own; block() is the wait for it (sleep.pml is about what is inside).
 *
 * Thread I has a kind KI, a set of: Timed; Vanish (longjmp out of a handler, wherever it waits); Stop (a
 * handler that never returns, wherever it waits); Spin; Loop; Rt, Low (a real-time policy, of one rank and of a lower); Yields (one of
 * those: chosen and too late it may look once more before it queues).  The program's own protocol about memory:
 * an owner says goodbye while it holds the lock; if it was the last it frees the object once its unlock
 * returned.  -DREUSE: the address then serves a second mutex; -DREUSECOND: a condition, with a waiter.
 *
 * -DLEFT: who unlocks may see no more than that something is left in the word, and looks.  Must fail: -DLEFTCALM does not.
 *
 * A rank is compared in passing: whether a thread that has one takes a name out of the word, and whether it heeds a ban, is left
 * open, but for -DBOUND, where no two are of one rank but 0.
 *
 * Time passes of itself for Timed.  For the watch it passes only when somebody has been stopped (else it
 * would hide lost wakeups), or at any time with -DEARLY.  -DTOLD: those of a real-time policy look only if they
 * queued under a ban (who is stopped then says so, which away.pml is about).
 */
#define L 1	/* Locked */
#define Q 2	/* Queued */
#define W 4	/* Awake: a chosen successor or a spinner is on its way */
#define N 8	/* NoBarge: the favoured waiter has lost once more */
#define F 16	/* Favoured: one was promoted and has not got the lock yet */
#define U 32	/* Urgent: one of a real-time policy is linked or on its way */
#define Timed 1
#define Vanish 2
#define Stop 4
#define Spin 8
#define Loop 16
#define Rt 32
#define Low 64
#define Yields 128
#define Chosen 1
#define Promoted 2
#define None 255
#ifndef K0
#define K0 0
#endif
#ifndef K1
#define K1 0
#endif
#ifndef K2
#define K2 0
#endif
#ifndef R
#define R 1		/* how often each locks it */
#endif
#ifdef K3
#define NT 4
#else
#define NT 3
#endif

byte w;			/* the word, */
byte who;		/* and whom W names */
bit bl;			/* the bucket lock */
chan q = [NT] of { byte };
bit rdy[NT];
byte rt[NT];		/* the rank */
byte how[NT];		/* why the waker took it off: written before Ready */
byte users = NT;	/* the program's own: who has yet to say goodbye */

bit alive = 1;		/* ghosts: the memory is this mutex's; */
bit ascond;		/* ... is a condition's, and so are the waiters with this key; */
byte life;		/* ... and how often it was a mutex's before */
byte inside;		/* how many hold the lock */
bit stopped;
bit banning[NT];	/* queued with the ban */
byte over;		/* acquisitions over the head of thread 0 while it bans, or waits and is of a real-time policy */

#define RANK(k) (((k) & Rt) -> 2 : (((k) & Low) -> 1 : 0))
/* From where thread 0 counts: its first queueing, or with -DONARRIVAL its being woken and too late. */
#ifdef ONARRIVAL
#define COUNTS (rt[me] && front && !banning[me])
#else
#define COUNTS (rt[me] -> front == 0 : starving)
#endif
#define touch() assert(alive)
#define has(b) ((w & (b)) != 0)
#define mine (q??[eval(me)])
#define named (awoke && has(W) && who == me)
#ifdef NOTRYBAN
#define may (!has(L))
#else
#define may (!has(L) && (expired || (has(U) -> (named || lowmay) : (!has(N) || awoke || starving))))
#endif
#ifdef LOWBARGES
#define lowmay (rt[me] != 0)
#else
#define lowmay (rt[me] && (!has(N) || (has(W) && rt[me] >= rt[who])))
#endif
#ifdef NOARRIVAL
#define late 0
#else
#define late (rt[me] && front && awoke)
#endif
#define mayyield ((kind & Yields) && !yielded && late && named && has(L))
#ifdef YIELDSCALM
#define yieldban N
#else
#define yieldban (N|U)
#endif
#ifdef NOURGENT
#define URGENT 0
#else
#define URGENT U
#endif
#ifdef KEEPURGENT
#define unurgent 0
#else
#define unurgent U
#endif
#ifdef SPINURGENT
#define spinban N
#else
#define spinban (N|U)
#endif
#ifdef BOUND
#define heedless (rt[me] && !has(L) && !has(U) && (!has(W) || rt[me] > rt[who]))
#else
#define heedless (rt[me] && !has(L))
#endif
#ifdef SPINBANNED
#define mayspin ((kind & Spin) && !spun && !awoke && has(L) && !has(W))
#else
#define mayspin ((kind & Spin) && !spun && !awoke && has(L) && !has(W) && !has(spinban))
#endif
#if defined(PROMOTEBANNED)
#define maypromote has(Q)
#elif defined(MANYFAVOURED)
#define maypromote (has(Q) && !has(N))
#else
#define maypromote (has(Q) && !has(F) && !has(U))
#endif
#ifdef KEEPW
#define givesup 0
#else
#define givesup named
#endif
#if defined(NOBANEXPIRY)
#define itstime 0
#elif defined(WATCHBANNED)
#define itstime (stopped && banned)
#elif defined(EARLY)
#define itstime 1
#else
#define itstime stopped
#endif
#ifdef TOLD
#define looks (!rt[me] || banned)
#else
#define looks 1
#endif
#ifdef EXPIREDCALM
#define notlinked U
#else
#define notlinked (has(Q) -> 0 : U)
#endif
#ifdef NOKIND
#define queued (len(q) > 0)
#else
#define queued (len(q) > 0 && !ascond)
#endif

inline qfix() {
	if
	:: len(q) == 0 -> w = w & ~(Q|U)
	:: else
	fi
}

inline turn(n) {
	i = n;
	do
	:: i > 0 -> q?t; q!t; i--
	:: else -> break
	od;
	t = 0
}

/* Behind those of a higher rank, before those of a lower; behind its equals, or in front of them. */
inline enqueue() {
	i = len(q);
	do
	:: i > 0 -> q?t; q!t; c = c + (rt[t] > rt[me] || (!front && rt[t] == rt[me])); i--
	:: else -> break
	od;
	turn(c);
	q!me;
	turn(len(q) - 1 - c);
	c = 0
}

/* With the bucket locked: if the lock is free and nobody on the way, make the head the successor. */
inline choose() {
	touch();
	if
	:: !has(L) && !has(W) && len(q) > 0 ->
		q?h;
		how[h] = Chosen;
		w = (rt[h] -> w | W | URGENT : (w & ~U) | W);
		who = h;
		if
		:: len(q) == 0 -> w = w & ~Q
		:: else
		fi
	:: else
	fi
}

inline ready(x) {
	if
	:: x != None -> atomic { assert(!rdy[x]); rdy[x] = 1; x = None }
	:: else
	fi
}

/* A waiter with this key proves the object alive: without one it is not touched. */
inline wakenext() {
	atomic {
		bl == 0;
#ifdef NOPROOF
		choose()
#else
		if
		:: queued -> choose()
		:: else
		fi
#endif
	};
	ready(h)
}

/* Own name out of the word, and with it what came with it, if nobody is linked. */
inline unname() {
	w = w & ~(named -> W : 0) & ~((awoke && !has(Q)) -> unurgent : 0);
	who = (has(W) -> who : None)
}

/* W was given to us and we do not use it. */
inline passon() {
#ifndef NOPASSON
	atomic { touch(); old = w; unname() };
	if
	:: !(old & L) && (old & Q) -> wakenext()
	:: else
	fi;
#endif
	old = 0
}

proctype T(byte me; byte kind) {
	bit awoke, starving, expired, front, banned, spun, yielded, last, got;
	byte old, h = None, p = None, i, t, n, c, strip, round;

lock:
	atomic { assert(!rdy[me]); awoke = 0; starving = 0; expired = 0; front = 0; spun = 0; yielded = 0; banned = 0; got = 0; last = 0 };
try:
	atomic {
		touch();
		if
		:: may || heedless ->
			unname();
			w = (w | L) & ~((starving || expired) -> N|F : 0) & ~(expired -> W|notlinked : 0);
			who = (has(W) -> who : None);
			goto held
#ifdef BOUND
		:: else ->
#else
		:: !may ->
#endif
			if
			:: mayspin -> w = w | W; who = me; awoke = 1; spun = 1; goto try
			:: mayyield ->
				w = w | yieldban; starving = 1; yielded = 1;
				if
				:: COUNTS -> banning[me] = 1; if :: me == 0 -> over = 0 :: else fi
				:: else
				fi;
				goto try
			:: true
			fi
		fi
	};
	if
	:: (kind & Vanish) ->
		if
		:: awoke -> passon()
		:: else
		fi;
		goto left
	:: (kind & Stop) -> goto stop
	:: true
	fi;
	atomic {
		bl == 0;
		touch();
		starving = starving || late;
		if
		:: may -> goto try
		:: else ->
			banned = !has(L);
			if
#ifdef BOUND
			:: has(L) && has(W) && rt[me] > rt[who] -> strip = W
			:: else
#else
			:: rt[me] && has(L) -> strip = W
			:: true
#endif
			fi;
#ifdef NOSTRIP
			strip = 0;
#endif
			if
			:: givesup -> unname()
			:: else
			fi;
			w = (w | Q | (starving -> N : 0) | (rt[me] -> URGENT : 0)) & ~strip;
			who = (has(W) -> who : None);
			strip = 0;
			if
			:: COUNTS -> banning[me] = 1; if :: me == 0 -> over = 0 :: else fi
			:: else
			fi;
			enqueue();
			awoke = 0; expired = 0; spun = 0; yielded = 0;
#ifndef NOBANWAKE
			bl = banned
#endif
		fi
	};
#ifndef NOBANWAKE
	if
	:: banned ->
		atomic { choose(); bl = 0 };
		ready(h)
	:: else
	fi;
#endif
park:
	if
	:: atomic { rdy[me] ->
		rdy[me] = 0;
		front = 1;
		awoke = ((how[me] & Chosen) != 0);
		starving = starving || (how[me] & Promoted);
		how[me] = 0;
		goto try }
	:: (kind & (Timed|Vanish)) -> goto giveup
	:: (kind & Stop) -> goto stop
	:: itstime && looks && (has(W) || !has(L)) -> skip	/* else it would see that there is nothing to do */
	fi;

	/*
	 * The watch.  Free: take it, whatever the bans.  Held: the successor that W
	 * stands for may never run, so let the holder choose another.
	 */
	atomic {
		bl == 0;
		if
		:: mine && !has(L) ->
			touch();
			q??eval(me);
			qfix();
			expired = 1; front = 1;
			goto try
		:: mine && has(L) ->
			touch();
			w = (w & ~W) | (rt[me] -> URGENT : 0);
			who = None
		:: else	/* chosen meanwhile */
		fi
	};
	goto park;

giveup:
	atomic {
		bl == 0;
		if
		:: mine ->
			touch();
			q??eval(me);
			qfix()
		:: else -> got = 1
		fi
	};
	if
	:: got ->
#ifndef NOCONSUME
		atomic { rdy[me] -> rdy[me] = 0 };
#endif
		awoke = ((how[me] & Chosen) != 0);
		starving = starving || (how[me] & Promoted);
		if
		:: (how[me] & Chosen) && (kind & Vanish) -> passon()
		:: (how[me] & Chosen) && !(kind & Vanish) ->
			atomic {
				touch();
				if
				:: may ->
					unname();
					w = (w | L) & ~(starving -> N|F : 0);
					how[me] = 0;
					goto held
				:: else
				fi
			};
			passon()
		:: else
		fi;
		how[me] = 0
	:: else
	fi;
left:
#ifndef NOBANCLEAR
	if
	:: starving -> atomic { touch(); w = w & ~(N|F) }
	:: else
	fi;
#endif
	atomic {
		banning[me] = 0;
		if
		:: n < R - 1 || (kind & Loop)
		:: else -> users--
		fi;
		n++;
		goto done
	};

held:
	atomic {
		inside++;
		assert(inside == 1);
#ifdef TOLD
		/* Or a spinner of a lower rank puts its name there, and nobody looks. */
		assert(has(U) || !(rt[0] && q??[0]) && !(rt[1] && q??[1]));
#endif
		banning[me] = 0;
		if
		:: banning[0] ->
			over++;
#ifdef BOUND
			assert(over <= BOUND)
#endif
		:: else
		fi;
		if
		:: (kind & Loop) || n < R - 1
		:: else -> users--; last = (users == 0)
		fi
	};

	/* unlock; now and then, as the count will have it, the eldest is let go to compete */
	atomic {
		touch();
		if
		:: !maypromote
#ifdef PROMOTE
		:: maypromote && bl == 0 ->
			assert(len(q) > 0);
			if
			:: q?p; w = w | F; how[p] = Promoted; qfix()
			:: true
			fi
#else
		:: else
#endif
		fi
	};
#ifdef QCLEAREARLY
	atomic {
		if
		:: has(Q) && bl == 0 && len(q) == 1 -> w = w & ~Q
		:: else
		fi
	};
#endif
	atomic { touch(); assert(has(L)); inside--; old = w; w = w & ~L };
#ifdef TOUCHAFTER
	atomic { touch(); old = w };
#endif
	ready(p);
	if
#ifndef LEFTCALM
	:: (old & Q) && !(old & W) -> wakenext()
#endif
#ifdef LEFT
	:: (old & ~L) -> wakenext()
#endif
	:: else
	fi;
	old = 0;
	if
	:: last ->
		alive = 0;
#ifdef REUSE
		if
		:: life == 0 -> atomic { w = 0; users = NT; life = 1; alive = 1 }
		:: else
		fi;
#endif
#ifdef REUSECOND
		atomic { ascond = 1; q!me };
		goto end;
#endif
	:: else
	fi;
	n++;
done:
	if
	:: (kind & Loop) -> n = 0; goto lock
	:: !(kind & Loop) && n < R -> goto lock
	:: else
	fi;
#ifdef REUSE
	if
	:: round == 0 ->
		n = 0; round = 1;
endlife:	life == 1;	/* never, if the last to leave had given up */
		goto lock
	:: else
	fi;
#endif
	goto bye;
stop:	stopped = 1;
end:	false;
bye:	skip
}

init {
	atomic {
		rt[0] = RANK(K0); rt[1] = RANK(K1); rt[2] = RANK(K2);
		run T(0, K0); run T(1, K1); run T(2, K2);
#ifdef K3
		rt[3] = RANK(K3);
		run T(3, K3);
#endif
	};
	timeout ->
	assert(stopped || !alive || w == 0);	/* nothing is left in the word */
	assert(stopped || ascond || len(q) == 0)
}
