/*
 * compat/postwait.c over compat/member.c: a thread that waits W times, each wait ended by a post, or by time or a note
 * (-DTIMEOUT); two posters, of which one is killed at any moment (-DKILL).  With -DREUSE the thread ends, and another
 * gets its place, which nobody has posted to.
 *
 * It must hold that a post is consumed or still there; that nobody sleeps on who has been posted to; and that a post reaches
 * the thread that it was meant for, or none.
 */
#define Note 1
#define Asleep 2
#ifndef W
#define W 2
#endif
#define NP 2

byte id = 1;		/* whose place it is: 0 nobody's */
bit flag;		/* in one word with id */
byte ev;
bit fut;
bit promise[NP];
bit dead[NP];
byte set, consumed;	/* ghosts */
bit waits;		/* ghost: in a wait without an end of its own */

active proctype waiter() {
	byte n;
	bit late;
	do
	:: n == W -> break
	:: else ->
		late = 0;
		do
		:: atomic { flag -> flag = 0; consumed++ }; break
		:: atomic { !flag && late -> skip };
#ifdef CLEARLATE
			flag = 0;
#endif
			break
		:: atomic { !flag && !late -> skip };
			atomic {
				if
				:: ev & Note
				:: else ->
					ev = ev | Asleep;
					fut = 1;
#ifndef TIMEOUT
					waits = 1
#endif
				fi
			};
endsleep:		if
			:: atomic { !fut -> waits = 0 }
#ifdef TIMEOUT
			:: atomic { fut -> fut = 0; late = 1 }
#endif
			fi;
			ev = ev & ~(Note|Asleep)
		od;
		n++
	od;
	late = 0;
#ifdef REUSE
	atomic { id = 0; set = set - flag; flag = 0 };
	atomic { id = 2; ev = 0 };
	timeout -> assert(!flag)
#endif
}

proctype poster(byte me) {
	byte old;
	bit mine;
	{
#ifndef NOPROMISE
	promise[me] = 1;
#endif
#ifdef NOTEFIRST
	atomic { old = ev; ev = ev | Note };
#endif
#ifdef NOID
	mine = (id == 1);
#endif
	atomic {
#ifndef NOID
		mine = (id == 1);
#endif
		if
		:: mine ->
			set = set + !flag; flag = 1;
#if !defined(NOTEFIRST) && !defined(NOTELATE)
			old = ev; ev = ev | Note
#endif
		:: else
		fi
	};
#ifdef NOTELATE
	atomic { old = ev; ev = ev | Note };
#endif
	if
	:: mine && (old & Asleep) -> fut = 0
	:: else
	fi;
	promise[me] = 0
	} unless { dead[me] }
}

active proctype killer() {
#ifdef KILL
	atomic {
		dead[1] = 1;
		if
		:: promise[1] -> fut = 0
		:: else
		fi
	}
#else
	skip
#endif
}

init {
	atomic { run poster(0); run poster(1) };
	timeout ->
	assert(!(flag && waits));
	assert(set == consumed + flag)
}
