/*
 * shim/robust.c and what the kernel does for the dead: NT threads lock the mutex and unlock it, R times each; the first is killed
 * at any moment, after any step (-DKILL), or gives up its waits (-DTIMED).  Who is told that the holder has died makes the
 * mutex consistent, or with -DLOST may leave it as it is.
 *
 * It must hold that one living thread has it at a time; that who has it next after one that died with it is told, and nobody
 * else; that after one that left it inconsistent everybody is told that it is lost; and that nobody sleeps when all others
 * are done.
 *
 * One death the protocol does not bear, libc's and the kernel's as ours: of one that owes a wake (it has freed the mutex and not
 * yet woken anybody, or was woken and has not yet taken it), when another thread has taken the mutex in between.  The kernel
 * wakes nobody, for the mutex is held, and who holds it does not know of those who sleep, until somebody else has to
 * wait.  The model leaves that one out; -DOWESDIES has it, and must fail.  So who sleeps for a shared one looks now and then: -DWATCH,
 * with which that holds too.
 *
 * Must fail: -DNOPENDING names no pending entry when it locks, -DNOPENDINGUNLOCK when it unlocks; -DPENDINGSHORT takes it back
 * before it wakes; -DDELISTFIRST takes the mutex off the list before it is pending; -DNOWAITERS takes it without the bit after it has
 * slept; -DNOMARK sleeps without setting it; -DNOPASSON wakes nobody when it finds the mutex lost, as libc does.
 */
#ifndef NT
#define NT 3
#endif
#ifndef R
#define R 1
#endif
#define Tid 7
#define W 16
#define Died 32
#define Unclean 100
#define Dead 101

byte word;			/* a tid, W, Died */
byte owner;			/* Unclean, Dead, or neither */
bit listed[NT], pending[NT];
bit asleep[NT];			/* in the kernel */
bit killed;

byte has;			/* ghosts: who has it; */
bit must;			/* one died with it, and nobody has been told; */
bit lost;			/* and one left it so */

#define tid (me + 1)
#define owes (freed || (slept && !asleep[me]))	/* a wake to those who sleep */
#define others ((word & Tid) != 0 && (word & Tid) != tid && !(word & W))	/* somebody's, who knows of no sleeper */
#ifdef OWESDIES
#define maydie true
#else
#define maydie !(owes && others)
#endif

inline wake() {
	atomic {
		if
		:: asleep[0] -> asleep[0] = 0
		:: asleep[1] -> asleep[1] = 0
#if NT > 2
		:: asleep[2] -> asleep[2] = 0
#endif
#if NT > 3
		:: asleep[3] -> asleep[3] = 0
#endif
		:: else
		fi
	}
}

/* Its last touch; was is what was in the word. */
inline let() {
	atomic { was = word; assert((word & Tid) == tid); word = 0; has = 0; freed = ((was & W) != 0) };
#ifdef PENDINGSHORT
	pending[me] = 0;
#endif
	if
	:: was & W -> wake(); freed = 0
	:: else
	fi
}

/* The kernel, for one that is killed. */
inline die() {
	atomic {
		me == 0 && killed && maydie -> asleep[me] = 0;
		if
		:: has == tid -> has = 0; must = 1
		:: else
		fi;
		was = 0;
		if
		:: (listed[me] || pending[me]) && (word & Tid) == tid -> was = word; word = (word & W) | Died
		:: pending[me] && (word & Tid) == 0 -> was = W
		:: else
		fi
	};
	if
	:: was & W -> wake()
	:: else
	fi
}

proctype thread(byte me) {
	byte round, was, seen;
	bit slept, hastaken, freed;

	{
	do
	:: round == R -> break
	:: else ->
#ifndef NOPENDING
		pending[me] = 1;
#endif
		do
		:: atomic {
				(word & Tid) == 0 ->
				was = word;
#ifdef NOWAITERS
				word = tid | (word & W);
#else
				word = tid | (word & W) | (slept -> W : 0);
#endif
				assert(has == 0 && (must == 1) == ((was & Died) != 0));
				has = tid; must = 0; hastaken = 1; slept = 0
			};
			break
		:: atomic { (word & Tid) != 0 -> seen = word };
#ifndef NOMARK
			if
			:: seen & W
			:: else ->
				atomic {
					if
					:: word == seen -> word = word | W
					:: else -> seen = 0
					fi
				}
			fi;
#endif
			if
			:: seen == 0
			:: else ->
				slept = 1;
#ifdef NOMARK
				atomic {
					if
					:: word == seen -> asleep[me] = 1
					:: else
					fi
				};
#else
				atomic {
					if
					:: word == (seen | W) -> asleep[me] = 1
					:: else
					fi
				};
#endif
				if
				:: !asleep[me]
#ifdef WATCH
				:: atomic { asleep[me] -> asleep[me] = 0 }
#endif
#ifdef TIMED
				:: atomic { me == 0 && asleep[me] -> asleep[me] = 0 }; break
#endif
				fi
			fi;
			seen = 0
		od;
		if
		:: !hastaken	/* timed out */
		:: hastaken && !(was & Died) && owner == Dead ->
			assert(lost);
#ifdef NOPASSON
			atomic { assert((word & Tid) == tid); word = 0; has = 0 }
#else
			let()
#endif
		:: else ->
			atomic { assert(!lost || (was & Died)) };
			listed[me] = 1;
			owner = ((was & Died) -> Unclean : tid);
			pending[me] = 0;
			/* It has it. */
			if
			:: owner == Unclean -> owner = tid
#ifdef LOST
			:: owner == Unclean
#endif
			:: else
			fi;
			/* Unlock. */
			seen = owner;
#if !defined(DELISTFIRST) && !defined(NOPENDINGUNLOCK)
			pending[me] = 1;
#endif
			listed[me] = 0;
#ifdef DELISTFIRST
			pending[me] = 1;
#endif
			atomic { owner = (seen == Unclean -> Dead : 0); lost = (seen == Unclean) };
			let()
		fi;
		pending[me] = 0;
		atomic { round++; was = 0; seen = 0; slept = 0; hastaken = 0 }
	od
	} unless { die() }
}

#ifdef KILL
active proctype killer() {
	killed = 1
}
#endif

init {
	byte i;

	atomic {
		do
		:: i < NT -> run thread(i); i++
		:: else -> break
		od
	}
}
