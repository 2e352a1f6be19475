/*
 * compat/rendezvous.c over compat/tagset.c and compat/member.c: NC callers of one tag, each of a group; caller 0 gets a note;
 * caller NC-1 is killed at any moment (-DKILL).  The list of a bucket is one slot here (tagset.pml has the list): a member
 * is linked in it or not, and who looks unlinks one that is marked.  What the kernel does for one that dies stands in the killer.
 *
 * It must hold that the two that meet have each other's value, once; that a note ends a wait or stays, never both a note and a
 * meeting; that nobody meets one that was dead when he looked, or one of another group; and that nobody who has been met, or has
 * a note, sleeps on.  A waiter that nobody comes for may.
 */
#define Note 1
#define Asleep 2
#ifndef NC
#define NC 3
#endif
#ifndef R
#define R 1
#endif
#define NONE 255
#ifdef GROUPS
#define group(c) (c == 1 -> 1 : 0)
#else
#define group(c) 0
#endif
#ifdef ONETABLE
#define place(c) 0
#else
#define place(c) group(c)
#endif

byte slot[2] = NONE;		/* who is linked */
bit mark[NC] = 1;
byte wait[NC];			/* counts the waits: the count in the link */
byte value[NC];			/* beside the link */
byte ev[NC];
bit fut[NC];			/* in the kernel */
bit wary[NC];			/* sleeps with a timer */
byte promise[NC] = NONE;	/* the pending entry of his list */
bit dead[NC];			/* the kernel has marked his life */
bit pend[NC];			/* a note */
byte met[NC] = NONE;		/* ghost: by whom it was marked, this wait */
byte over[NC];			/* ghost: calls that have returned */
byte notes;			/* ghost: calls that a note ended */

inline kick(w) {
	atomic { old = ev[w]; ev[w] = ev[w] | Note };
	if
	:: old & Asleep -> fut[w] = 0
	:: else
	fi
}

proctype caller(byte me) {
	byte w, seen, old, call;
	{ do
	:: call == R -> break
	:: else ->
again:		atomic {
			w = slot[place(me)];
			if
			:: w != NONE && mark[w] -> slot[place(me)] = NONE; w = NONE; goto again
#ifndef MEETDEAD
			:: w != NONE && !mark[w] && dead[w] -> mark[w] = 1; w = NONE; goto again
#endif
			:: else
			fi;
			if
			:: w != NONE -> assert(!dead[w] && group(w) == group(me)); seen = wait[w]
			:: else
			fi
		};
		if
		:: w != NONE ->
#ifndef NOPROMISE
			promise[me] = w;
#endif
#ifndef NOEARLYNOTE
			ev[w] = ev[w] | Note;
#endif
#ifdef WAKEFIRST
			kick(w);
#endif
			atomic {
				if
				:: !mark[w] && wait[w] == seen ->
					mark[w] = 1; met[w] = me;
					assert(value[w] == w);
					value[w] = me
				:: else -> promise[me] = NONE; w = NONE; seen = 0; old = 0; goto again
				fi
			};
#ifndef WAKEFIRST
			kick(w);
#endif
			promise[me] = NONE
		:: else ->
			if
			:: atomic { me == 0 && pend[me] -> pend[me] = 0; notes++; goto returned }
			:: else
			fi;
			atomic {
				if
				:: slot[place(me)] == NONE ->
					ev[me] = 0; wary[me] = 0;
					mark[me] = 0; wait[me]++; value[me] = me; met[me] = NONE;
					slot[place(me)] = me
				:: else -> goto again
				fi
			};
			do
			:: mark[me] -> break
			:: else ->
				if
				:: pend[me] ->
#ifdef BLINDGIVEUP
					mark[me] = 1;
					pend[me] = 0; notes++;
					assert(met[me] == NONE);
					break
#else
					atomic {
						if
						:: !mark[me] -> mark[me] = 1; pend[me] = 0; notes++; break
						:: else
						fi
					}
#endif
				:: else ->
#ifdef NOCOMPARE
					ev[me] = ev[me] | Asleep;
					fut[me] = 1;
#else
					atomic {	/* Asleep by compare-and-swap; the kernel compares */
						if
						:: ev[me] & Note
						:: else -> ev[me] = ev[me] | Asleep; fut[me] = 1
						fi
					};
#endif
endsleep:				if
					:: !fut[me]
#ifndef NOLOOK
					:: atomic { fut[me] && wary[me] -> fut[me] = 0 }
#endif
					fi;
					atomic {
						if
						:: ev[me] & Note -> wary[me] = 1
						:: else
						fi;
						ev[me] = ev[me] & ~(Note|Asleep)
					}
				fi
			od;
			if
			:: met[me] != NONE -> assert(value[me] == met[me])
			:: else
			fi;
			atomic {
				if
				:: slot[place(me)] == me -> slot[place(me)] = NONE
				:: else
				fi
			}
		fi;
returned:	atomic { w = 0; seen = 0; old = 0; call++; over[me]++ }
	od } unless { dead[me] }
}

active proctype noter() {
	byte old;
#ifdef NOTE
	pend[0] = 1;
	kick(0)
#else
	skip
#endif
}

active proctype killer() {
#ifdef KILL
	atomic {
		dead[NC - 1] = 1;
		if
		:: promise[NC - 1] != NONE -> fut[promise[NC - 1]] = 0
		:: else
		fi
	}
#else
	skip
#endif
}

init {
	byte i, left;
	atomic {
		do
		:: i < NC -> run caller(i); i++
		:: else -> break
		od
	};
	timeout ->
	i = 0;
	do
	:: i < NC ->
		if
		:: !dead[i] && over[i] < R ->
			/* It waits: rightly, if nobody has met it and no note is there. */
			assert(!mark[i] && !(i == 0 && pend[0]));
			if
			:: group(i) == 0 -> left++
			:: else
			fi
		:: else
		fi;
		i++
	:: else -> break
	od;
	assert(left <= 1);
#ifdef NOTE
	assert(notes + pend[0] == 1)
#endif
}
