/*
 * The readers-writer lock of shim/rwlock.c, rwqueue.c, rwslow.c and rwwake.c over the queues of
 * compat/waitq.c: the chosen and their name, the turn that a writer is owed, the watch, timeouts, a waiter
 * that vanishes, one that is stopped for ever, and memory that is freed by the next writer.
 *
 * Steps as in mutex.pml.  No section here needs the word twice between which others may see a difference,
 * so each is one atomic and the bucket has no lock of its own.
 *
 * Thread I has a kind KI, a set of: Write; Timed; Vanish (longjmp out of a handler, wherever it waits); Stop
 * (a handler that never returns, wherever it waits); Again (locks once more while it reads); Meet (while it
 * reads it waits for another reader to come: it may, unless a writer waits and the lock prefers those);
 * Twice; Loop.  -DWRITERS: the kind that prefers writers; -DHANDS: the one that prefers them only when a lock that nobody
 * holds is given on (PTHREAD_RWLOCK_PREFER_WRITER_NP); else readers.
 *
 * What -DHANDS must keep is about who is chosen only, for readers come in by themselves whoever waits: while nobody holds the lock
 * and a writer is linked, the eldest writer is chosen and nobody else; while readers hold it, those that wait may join them.  Must fail:
 * -DNOHANDS chooses as by default; -DYOUNGEST another writer; -DHANDSHELD nobody, while readers hold the lock and a writer waits.
 *
 * The program's own protocol about memory: each says goodbye while it holds the lock; if the last is a
 * writer it frees the object once its unlock returned.
 *
 * Time passes of itself for Timed.  For the watch it passes only when somebody has been stopped (else it
 * would hide lost wakeups), or at any time with -DEARLY.
 */
#define L 1	/* Wlocked */
#define Q 2	/* Queued */
#define U 4	/* Turn */
#define Write 1
#define Timed 2
#define Vanish 4
#define Stop 8
#define Again 16
#define Meet 32
#define Loop 64
#define Twice 128
#define None 255
#ifndef K0
#define K0 Write
#endif
#ifndef K1
#define K1 0
#endif
#ifndef K2
#define K2 0
#endif
#ifdef K3
#define NT 4
#else
#define NT 3
#endif
#ifdef WRITERS
#define PW 1
#else
#define PW 0
#endif

byte w;			/* the word: its flags, */
byte name;		/* Awake, */
byte readers;
chan q = [NT] of { byte };
bit rdy[NT];
bit writes[NT];
byte users = NT;	/* the program's own: who has yet to say goodbye */

bit alive = 1;		/* ghosts */
byte win, rin;		/* how many hold it */
byte wants;		/* writers that have begun and not ended */
byte reads;		/* readers that have yet to end */
bit stopped;
bit waits0;		/* thread 0 has queued, and has not got it */
byte over;		/* readers that overtook it */

#define touch() assert(alive)
#define has(b) ((w & (b)) != 0)
#define held (has(L) || readers > 0)
#define mine (q??[eval(me)])
#define wr (kind & Write)
#define favoured (chosen || expired)
#ifdef NOQBAN
#define bans U
#else
#define bans (Q|U)
#endif
#define may (!has(L) && (wr -> (readers == 0 && (favoured || !has(U))) : (favoured || !PW || !has(bans))))
#if defined(NOWATCH)
#define itstime 0
#elif defined(EARLY)
#define itstime 1
#else
#define itstime stopped
#endif
#ifdef NOWRITERWAKE
#define mustlook (chosen && !has(L))
#elif defined(NOLOOKLEAVE)
#define mustlook (wr && !chosen)
#else
#define mustlook 1
#endif
#define owed chosen

inline qfix() {
	if
	:: len(q) == 0 -> w = w & ~Q
	:: else
	fi
}

inline enqueue() {
	q!me;
	i = (front -> len(q) - 1 : 0);
	do
	:: i > 0 -> q?t; q!t; i--
	:: else -> break
	od;
	t = 0
}

inline unname() {
	if
	:: name == me + 1 -> name = 0; look = 1
	:: else
	fi
}

inline take() {
	look = has(U) && favoured;
	unname();
	w = w & ~(favoured -> U : 0);
	if
	:: wr -> w = w | L
	:: else -> readers++
	fi;
	if
	:: expired && name != 0 -> name = 0; look = 1
	:: else
	fi;
#ifdef NOLOOKTAKE
	look = 0
#else
	look = look && !wr && has(Q)	/* a writer's unlock will */
#endif
}

#ifdef HANDS
/* Of the kind that gives a lock on to writers first: while nobody holds it the eldest of them. */
inline choosewriter() {
#ifdef NOHANDS
	i = 0;
#else
	i = (readers == 0 -> len(q) : 0);
#endif
	do
	:: i > 0 ->
		q?t;
		if
		:: writes[t] && name == 0 -> name = t + 1
#ifdef YOUNGEST
		:: writes[t] && name != 0 -> q!name - 1; name = t + 1
#endif
		:: else -> q!t
		fi;
		i--
	:: else -> break
	od;
	if
	:: name != 0 -> pend!name - 1
	:: else
	fi;
#ifdef HANDSHELD
	skip1 = (due != 0);
#else
	skip1 = (name != 0);
#endif
	t = 0
}

/* Ghost: the eldest writer that is linked. */
inline finddue() {
	due = 0;
	i = len(q);
	do
	:: i > 0 ->
		q?t; q!t;
		due = (writes[t] && due == 0 -> t + 1 : due);
		i--
	:: else -> break
	od;
	t = 0
}
#else
#define choosewriter() skip
#define finddue() skip
#endif

/*
 * With the bucket locked, and somebody linked.  If the lock is free for whom the rule chooses, and nobody
 * on the way, take those off: all readers (of a lock that prefers writers: all before the first writer), or
 * the eldest writer.
 */
inline choose() {
	touch();
	if
	:: name == 0 && !has(L) ->
		finddue();
		choosewriter();
		i = len(q);
		do
		:: i > 0 ->
			q?t;
			if
			:: !writes[t] && !skip1 ->
				pend!t;
				if
				:: name == 0 -> name = t + 1
				:: else
				fi
			:: else -> q!t; skip1 = skip1 || PW
			fi;
			i--
		:: else -> break
		od;
		skip1 = 0; t = 0;
		if
		:: name == 0 && readers == 0 ->
			q?t; pend!t;
			name = t + 1;
#ifndef NOTURN
			w = w | (PW -> U : 0);
#endif
			t = 0
		:: else
		fi;
#ifdef QCLEAREARLY
		w = w & ~Q;
#else
		qfix();
#endif
		assert(due == 0 || readers > 0 || (name == due && len(pend) == 1));
		due = 0
	:: else
	fi
}

/* A waiter with this key proves the object alive: without one it is not touched. */
inline wakenext() {
	atomic {
		look = 0;
#ifdef NOPROOF
		choose()
#else
		if
		:: len(q) > 0 -> choose()
		:: else
		fi
#endif
	};
	do
	:: atomic { pend?t -> assert(!rdy[t]); rdy[t] = 1; t = 0 }
	:: empty(pend) -> break
	od
}

inline wakeif() {
	if
	:: look -> wakenext()
	:: else
	fi
}

proctype T(byte me; byte kind) {
	bit chosen, expired, front, look, skip1, deep, more = ((kind & Twice) != 0), last;
	byte i, t, due;
	chan pend = [NT] of { byte };

	atomic {
		if
		:: wr -> wants++
		:: else
		fi
	};
lock:
	atomic { assert(!rdy[me]); chosen = 0; expired = 0; front = 0; last = 0 };
try:
	atomic {
		touch();
		if
		:: may -> take(); goto held1
		:: else
		fi
	};
	if
	:: (kind & Vanish) -> goto disown
	:: (kind & Stop) -> goto stop
	:: true
	fi;
	atomic {
		touch();
		if
		:: may -> goto try
		:: else ->
			look = 0;
#ifndef KEEPNAME
			unname();
#endif
			w = w | Q | (chosen -> U : 0);
			enqueue();
			chosen = 0; expired = 0; front = 1;
			waits0 = waits0 || me == 0;
#ifdef NOLOOKENQUEUE
			look = 0
#else
			look = look && !has(L)
#endif
		fi
	};
	wakeif();
park:
	if
	:: atomic { rdy[me] -> rdy[me] = 0; chosen = 1; goto try }
	:: (kind & (Timed|Vanish)) -> goto giveup
	:: (kind & Stop) -> goto stop
	:: itstime && mine && (name != 0 || !held) -> skip	/* else it would see that there is nothing to do */
	fi;

	/* The watch.  Free: take it, whatever the bans.  Held: the name may be of one that never runs. */
	atomic {
		if
		:: mine && !held ->
			touch();
			q??eval(me);
			qfix();
			expired = 1;
			goto try
		:: mine && held ->
			touch();
#ifndef NOLOOKWATCH
			look = (name != 0 && !has(L));
#endif
			name = 0
		:: else	/* chosen meanwhile */
		fi
	};
	wakeif();
	goto park;

giveup:
	atomic {
		if
		:: mine ->
			touch();
			q??eval(me);
			qfix();
#ifndef KEEPTURN
			w = w & ~U
#endif
		:: else -> chosen = 1
		fi
	};
	if
	:: chosen -> atomic { rdy[me] -> rdy[me] = 0 }
	:: else
	fi;
disown:
	atomic {
		touch();
		if
		:: may && !(kind & Vanish) -> take(); goto held1
		:: else ->
			look = 0;
			unname();
			w = w & ~(owed -> U : 0);
			look = ((kind & Vanish) -> 1 : mustlook)
		fi
	};
	wakeif();
	atomic {
		users--;
		if
		:: me == 0 -> waits0 = 0
		:: else
		fi;
		goto done
	};

held1:
	atomic {
		if
		:: wr -> win++; waits0 = waits0 && me != 0
		:: else ->
			rin++;
			over = (waits0 -> over + 1 : 0);
#ifdef BOUND
			assert(over <= BOUND)
#else
			over = 0
#endif
		fi;
		assert(win + (rin > 0) <= 1)
	};
	wakeif();
	if
	:: (kind & Again) && !deep -> deep = 1; goto lock
	:: (kind & Meet) -> (rin > 1 || reads < 2 || (PW && wants > 0)) -> skip
	:: else
	fi;
	atomic {
		if
		:: (kind & Loop) || more
		:: else -> users--; last = (users == 0 && wr)
		fi
	};
unlock:
	atomic {
		touch();
		if
		:: wr -> win--; assert(has(L)); w = w & ~L; look = 1
		:: else -> rin--; assert(readers > 0); readers--; look = (readers == 0)
		fi;
		look = (look && has(Q) && name == 0);
#ifdef LEFT
		if
		:: w != 0 || readers != 0 -> look = 1
		:: true
		fi
#endif
	};
#ifdef TOUCHAFTER
	touch();
#endif
	wakeif();
	if
	:: deep -> deep = 0; goto unlock
	:: last -> alive = 0
	:: (kind & Loop) -> goto lock
	:: more -> more = 0; goto lock
	:: else
	fi;
done:
	atomic {
		if
		:: wr -> wants--
		:: else -> reads--
		fi
	};
	goto bye;
stop:	stopped = 1;
end:	false;
bye:	skip
}

init {
	atomic {
		writes[0] = K0 & Write; writes[1] = K1 & Write; writes[2] = K2 & Write;
		reads = (writes[0] -> 0 : 1) + (writes[1] -> 0 : 1) + (writes[2] -> 0 : 1);
#ifdef K3
		writes[3] = K3 & Write;
		reads = reads + (writes[3] -> 0 : 1);
		run T(3, K3);
#endif
		run T(0, K0); run T(1, K1); run T(2, K2)
	};
	timeout ->
	assert(stopped || !alive || (w == 0 && name == 0 && readers == 0));	/* nothing is left in the word */
	assert(stopped || len(q) == 0)
}
