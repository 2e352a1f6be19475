/*
 * The barrier of shim/barrier.c over the queues of compat/waitq.c: R rounds of N threads, of which one may
 * jump out of its wait and come again, and memory that is freed by the first to return from the last round.
 *
 * All that is shared is guarded by the bucket, so a section is one atomic; ready() is a step of its own;
 * block() is the wait for it (sleep.pml is about what is inside).  Thread 0 may jump out with -DVANISH.
 */
#ifndef N
#define N 3
#endif
#ifndef R
#define R 2
#endif

byte arrived;
chan q = [N] of { byte };
bit rdy[N];

bit alive = 1;		/* ghosts */
byte came[R];		/* how many are past their arrival in that round */
byte serial[R];

#define touch() assert(alive)
#ifdef VANISH
#define mayvanish (me == 0 && !vanished)
#else
#define mayvanish 0
#endif

inline takeall() {
	do
	:: q?t -> pend!t
	:: empty(q) -> break
	od;
	t = 0
}

proctype T(byte me) {
	bit vanished, got;
	byte round, t;
	chan pend = [N] of { byte };

arrive:
	atomic {
		touch();
		assert(!rdy[me]);
		arrived++;
		came[round]++;
		if
		:: arrived < N -> q!me; goto park
		:: else -> serial[round]++
		fi;
#ifndef RESETLATE
		arrived = 0;
#endif
#ifndef TAKELATE
		takeall()
#endif
	};
#ifdef TAKELATE
	atomic { takeall() };
#endif
	do
	:: atomic { pend?t -> assert(!rdy[t]); rdy[t] = 1; t = 0 }
	:: empty(pend) -> break
	od;
#ifdef RESETLATE
	atomic { touch(); arrived = 0 };
#endif
	goto through;
park:
	if
	:: atomic { rdy[me] -> rdy[me] = 0; goto through }
	:: mayvanish -> vanished = 1
	fi;
	atomic {
		if
		:: q??[eval(me)] ->
			touch();
			q??eval(me);
			came[round]--;
#ifndef NOCOUNTBACK
			arrived--;
#endif
			got = 0
		:: else -> got = 1	/* its round is over */
		fi
	};
	if
	:: !got -> goto arrive
	:: else
#ifndef NOCONSUME
		-> atomic { rdy[me] -> rdy[me] = 0 }
#endif
	fi;
through:
	atomic {
		assert(came[round] == N);
#ifdef TOUCHAFTER
		touch();
#endif
		round++;
		if
		:: round == R -> alive = 0
		:: else -> goto arrive
		fi
	}
}

init {
	byte i;
	atomic {
		for (i : 0 .. N - 1) {
			run T(i)
		}
	};
	timeout ->
	assert(arrived == 0 && len(q) == 0);
	assert(serial[0] == 1 && serial[R - 1] == 1)
}
