/*
 * compat/tagset.c, one bucket's list, and how compat/member.c gives a place away: NC callers, R meetings each, of tag TI and then
 * of tag 4-TI.  Caller I has place I+1; or with -DTAKE there are 0, and 2 and 3, which would take place 3, whose owner was
 * killed before.  -DNOTE: caller 0 may give up a wait at any moment; -DKILL: the last but one is killed at any moment, after any
 * step.  How who waits is woken is left to rendezvous.pml: here it sees the mark.
 *
 * It must hold that
 *
 *	who meets a waiter meets one that waits at his tag, now, and each has the other's value;
 *	no two wait at one tag, and whoever waits is linked: nobody that comes later can pass it by;
 *	who has cleared its place, or has taken one, is not linked, whoever had it before;
 *	nobody meets one that was dead when he looked.
 *
 * Must fail: -DNOCOUNT has no counts in the links, -DNORECHECK does not look again at the link that led to a member, -DPASSMARKED
 * goes past marked members and leaves them, -DSPLIT marks first and changes the value then, -DNOCLEAR leaves itself linked,
 * -DNOLIFE takes the dead for waiters, -DNOPOST claims a place by its life alone.
 */
#ifndef NC
#define NC 3
#endif
#ifndef R
#define R 1
#endif
#ifndef T0
#define T0 1
#endif
#ifndef T1
#define T1 1
#endif
#ifndef T2
#define T2 1
#endif
#ifndef T3
#define T3 1
#endif
#define NP 4			/* places 1 to 3, and 0, which has no link but the list's head */
#define Died 128

/* A link: its count, the place it leads to, and Mark. */
#define Mark 1
#define marked(l) ((l) & Mark)
#define to(l) (((l) >> 1) & 3)
#ifdef NOCOUNT
#define next(l) 0
#else
#define next(l) (((l) >> 3) + 1)
#endif
#define relink(old, t) (next(old) << 3 | ((t) & 6))
#define linkto(old, m) (next(old) << 3 | (m) << 1)
#define marking(l) (next(l) << 3 | ((l) & 6) | Mark)
#define alive(l) ((l) != 0 && ((l) & Died) == 0)

short link[NP];
byte key[NP], value[NP];
byte life[NP];			/* its thread, Died or 0 */
byte post[NP];			/* an id; 0 none */

bit waits[NP];			/* ghosts: inserted, and not marked; */
byte with[NP];			/* at which tag; */
byte metby[NP];			/* by whom it was met */
bit killed[NC];

/* Atomic, for the laws: h is whether m is linked. */
inline linked(m) {
	h = to(link[0]);
	do
	:: h == 0 || h == m -> break
	:: else -> h = to(link[h])
	od
}

inline alllinked() {
	h = to(link[0]);
	do
	:: h == 0 -> break
	:: else -> i++; assert(i < NP); h = to(link[h])	/* each once */
	od;
	i = 1;
	do
	:: i == NP -> i = 0; break
	:: else ->
		if
		:: waits[i] -> linked(i); assert(h == i)
		:: else
		fi;
		i++
	od;
	h = 0
}

/* Into how: Found, or None. */
#define Again 0
#define On 1
#define Found 2
#define None 3

inline find(T) {
	how = Again;
	do
	:: atomic { how == Again -> prev = 0; plink = link[0]; how = On; cur = to(plink) }
	:: how == On && cur == 0 -> how = None
	:: how == On && cur != 0 ->
		clink = link[cur];
		ckey = key[cur];
		if
#ifndef NORECHECK
		:: link[prev] != plink -> how = Again
		:: atomic { link[prev] == plink && marked(clink) ->
#else
		:: atomic { marked(clink) ->
#endif
#ifdef PASSMARKED
			prev = cur; plink = clink; cur = to(plink) }
#else
			ckey = 0 };
			atomic {
				if
				:: link[prev] == plink ->
					plink = relink(plink, clink); link[prev] = plink; cur = to(plink);
					alllinked()
				:: else -> how = Again
				fi
			}
#endif
#ifndef NORECHECK
		:: link[prev] == plink && !marked(clink) ->
#else
		:: !marked(clink) ->
#endif
			if
#ifndef NOLIFE
			:: !alive(life[cur]) ->
				atomic {
					if
					:: link[cur] == clink -> link[cur] = marking(clink); waits[cur] = 0
					:: else
					fi;
					how = Again
				}
			:: atomic { alive(life[cur]) ->
#else
			:: atomic { true ->
#endif
				if
				:: ckey > T -> how = None
				:: ckey == T -> how = Found; assert(alive(life[cur]))
				:: ckey < T -> prev = cur; plink = clink; cur = to(plink)
				fi }
			fi
		fi
	:: atomic { how == Found || how == None -> ckey = 0; break }
	od
}

/* As the kernel does it. */
inline die() {
	atomic {
		if
		:: m != 0 && life[m] == me + 1 -> life[m] = Died
		:: else
		fi
	}
}

proctype caller(byte me; byte m; byte tag) {
	byte round, how, prev, cur, ckey, v, seen, id, i, h;
	short plink, clink;

	{
#ifdef TAKE
	do
	:: m != 0 -> break
	:: else ->
		seen = life[3];
		if
		:: alive(seen) -> goto done
		:: else
		fi;
		/* Reap. */
		id = post[3];
		clink = link[3];
		if
		:: alive(life[3]) -> goto done
		:: else
		fi;
		if
		:: marked(clink)
		:: atomic { !marked(clink) && link[3] == clink -> link[3] = marking(clink); waits[3] = 0 }
		:: !marked(clink) && link[3] != clink -> goto done
		fi;
		v = key[3];
		find(v);
		if
		:: id == 0
		:: id != 0 ->
			if
			:: alive(life[3]) -> goto done
			:: else
			fi;
			atomic {
				if
				:: post[3] == id -> post[3] = 0
				:: else -> goto done
				fi
			}
		fi;
		atomic {
			if
#ifdef NOPOST
			:: life[3] == seen ->
#else
			:: life[3] == seen && post[3] == 0 ->
#endif
				life[3] = me + 1; m = 3;
				linked(3); assert(h == 0)
			:: else -> goto done
			fi
		};
		post[3] = me + 1
	od;
#endif
	do
	:: round == R -> break
	:: else ->
		find(tag);
		if
		:: how == Found ->
			/* Meet. */
			v = value[cur];
#ifdef SPLIT
			atomic {
				if
				:: link[cur] == clink ->
					assert(waits[cur] && with[cur] == tag);
					link[cur] = marking(clink); waits[cur] = 0; metby[cur] = me + 1
				:: else -> v = 0
				fi
			};
			if
			:: v != 0 -> value[cur] = me + 1; round++
			:: else
			fi
#else
			atomic {
				if
				:: link[cur] == clink && value[cur] == v ->
					assert(waits[cur] && with[cur] == tag);
					link[cur] = marking(clink); waits[cur] = 0; metby[cur] = me + 1;
					value[cur] = me + 1; round++
				:: link[cur] == clink && value[cur] != v -> assert(false)	/* of one wait there is one value */
				:: else
				fi
			}
#endif
		:: else ->
			/* Insert; clink is its link. */
			atomic { clink = relink(link[m], plink); key[m] = tag };
			value[m] = me + 1;
			link[m] = clink;
			atomic {
				if
				:: link[prev] == plink ->
					i = 1;
					do
					:: i == NP -> i = 0; break
					:: else -> assert(!waits[i] || with[i] != tag); i++
					od;
					waits[m] = 1; with[m] = tag; metby[m] = 0;
					link[prev] = linkto(plink, m);
					alllinked();
					how = Found
				:: else -> how = None
				fi
			};
			if
			:: how == None -> link[m] = marking(clink)
			:: else ->
endwait:			if
				:: marked(link[m]) ->
					v = value[m];
					assert(v == metby[m] && v != me + 1)
#ifdef NOTE
				:: atomic { me == 0 && !marked(link[m]) -> link[m] = marking(link[m]); waits[m] = 0 }
#endif
				fi;
#ifndef NOCLEAR
				find(tag);
				atomic { linked(m); assert(h == 0) };
#endif
				round++
			fi
		fi;
		atomic {
			cur = 0; prev = 0; plink = 0; clink = 0; v = 0; how = 0; h = 0;
			if
			:: round == 1 && R > 1 -> tag = 4 - tag
			:: else
			fi
		}
	od;
done:	atomic { cur = 0; prev = 0; plink = 0; clink = 0; v = 0; how = 0; seen = 0; id = 0; ckey = 0; h = 0; i = 0; round = R }
	} unless { killed[me] -> die() }
}

#ifdef KILL
active proctype killer() {
	killed[NC - 2] = 1
}
#endif

init {
	byte i, j;

	atomic {
		link[1] = Mark; link[2] = Mark; link[3] = Mark;
		life[1] = 1; life[2] = 2; post[1] = 1; post[2] = 2;
		run caller(0, 1, T0);
#ifdef TAKE
		life[3] = Died;
		if
		:: post[3] = 9
		:: post[3] = 0
		fi;
		run caller(2, 0, T2);
		run caller(3, 0, T3)
#else
		life[3] = 3; post[3] = 9;
		run caller(1, 2, T1);
#if NC > 2
		run caller(2, 3, T2)
#endif
#endif
	};
	timeout ->
	i = 1;
	do
	:: i == NP -> break
	:: else ->
		j = i + 1;
		do
		:: j >= NP -> break
		:: else -> assert(!waits[i] || !waits[j] || !alive(life[i]) || !alive(life[j]) || with[i] != with[j]); j++
		od;
		i++
	od
}
