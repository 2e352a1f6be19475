/*
 * The RWLock of compat/p9rwlock.c: threads of which those in WRITERS (a bit each) take it to write and the others to
 * read; thread 0 may be taken out of its wait for good (-DVANISH).
 *
 * The word is Writing, Queued and the number of readers.  What is done with the queue locked is in steps, since the fast paths do
 * not ask for it.  ready() is a step of its own.
 *
 * It must hold that a writer is alone, that nobody comes in before one who is linked, that whoever is linked has somebody to
 * wait for (so readers come in together), that nobody waits when all is done, and that nothing touches the lock after a
 * writer has released it who is the last to have it, and frees it.
 */
#ifndef N
#define N 4
#endif
#ifndef WRITERS
#define WRITERS 5
#endif

bit writing, queued;		/* the word */
byte readers;
bit inner;			/* the queue's lock */
chan q = [N] of { byte };
bit rdy[N];

bit alive = 1;			/* ghosts */
byte users = N;
byte reads, writes;		/* who is in */

#define touch() assert(alive)
#define writes_(t) ((WRITERS >> (t)) & 1)
#define free_ (!writing && readers == 0)
#ifdef VANISH
#define mayvanish (me == 0)
#else
#define mayvanish 0
#endif
#ifdef BARGE
#define may (writes_(me) -> (free_ && !queued) : !writing)
#else
#define may (writes_(me) -> (free_ && !queued) : (!writing && !queued))
#endif

inline lockqueue() { atomic { !inner -> touch(); inner = 1 } }
inline unlockqueue() {
	atomic {
		touch();
#ifndef NOCHECK
		if
		:: nempty(q) -> q?<h>; assert(writes_(h) -> !free_ : writing); h = 0
		:: empty(q)
		fi;
#endif
		inner = 0
	}
}
inline add(t) {
	if
	:: writes_(t) -> assert(free_); writing = 1
	:: else -> assert(!writing); readers++
	fi
}
inline unqueued() {
	if
	:: empty(q) -> queued = 0
	:: else
	fi
}

/* With the queue locked: all that may come in go from q to list, each in a step. */
inline letin() {
	do
	:: atomic {
		nempty(q) ->
		q?<h>;
		if
		:: (writes_(h) -> free_ : !writing) -> touch(); add(h); q?h; list!h; h = 0; unqueued()
		:: else -> h = 0; break
		fi
#ifdef ONE
		; break
#endif
	   }
	:: empty(q) -> break
	od
}
inline wakeall() {
	do
	:: atomic { list?h -> assert(!rdy[h]); rdy[h] = 1; h = 0 }
	:: empty(list) -> break
	od
}

proctype T(byte me) {
	chan list = [N] of { byte };
	byte h;
	bit was, last;

	atomic {
		touch();
		if
		:: may -> assert(empty(q)); add(me); goto got
		:: else
		fi
	};
	lockqueue();
	atomic {
		touch();
		if
		:: may -> assert(empty(q)); add(me); was = 0
		:: else -> queued = 1; was = 1
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
	:: atomic { rdy[me] -> rdy[me] = 0 }
	:: mayvanish ->
		lockqueue();
		atomic {
			if
			:: q??[eval(me)] -> q??eval(me); unqueued(); was = 1
			:: else -> was = 0
			fi
		};
#ifndef NOLETIN
		if
		:: was -> letin()
		:: else
		fi;
#endif
		unlockqueue();
		wakeall();
		if
		:: was -> atomic { users--; goto done }
		:: else
		fi;
		atomic { rdy[me] -> rdy[me] = 0 };
#ifdef NOPASSON
		goto done;
#endif
	fi;
got:
	atomic {
		assert(!rdy[me]);
		if
		:: writes_(me) -> assert(reads == 0 && writes == 0); writes++
		:: else -> assert(writes == 0); reads++
		fi
	};
	atomic {
		if
		:: writes_(me) -> writes--
		:: else -> reads--
		fi;
		users--;
		last = (users == 0 && writes_(me))
	};
release:
	atomic {
		touch();
		if
#ifdef LASTFAST
		:: !writes_(me) -> readers--; goto released
#else
		:: !writes_(me) && (!queued || readers > 1) -> readers--; goto released
#endif
		:: writes_(me) && !queued -> writing = 0; goto released
		:: else
		fi
	};
	lockqueue();
#ifndef FREEINSIDE
	if
	:: empty(q) -> unlockqueue(); goto release
	:: nempty(q)
	fi;
#endif
	atomic {
		touch();
		if
		:: writes_(me) -> writing = 0
		:: else -> readers--
		fi
	};
	letin();
#ifdef TOUCHAFTER
	wakeall();
#endif
	unlockqueue();
	wakeall();
released:
	if
	:: last -> alive = 0
	:: else
	fi;
done:
	was = 0; last = 0
}

init {
	byte i;
	atomic {
		for (i : 0 .. N - 1) {
			run T(i)
		}
	};
	timeout ->
	assert(free_ && !queued && empty(q))
}
