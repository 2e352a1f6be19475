/*
 * compat/region.c and memberget (compat/member.c): NP processes come to the user's region, are in it for a while, and leave it; who
 * finds nobody else in it unlinks the file.  -DKILL: the first is killed at any moment, after any step; the lock of the file goes
 * with it.  -DR=2: after each comes another.
 *
 * A file is a number: the name stands for one of them, or none; its lock and its memory (retired; who is in it) are its own.
 *
 * It must hold that the region of everybody who has a place and has looked is the one that the name stands for, so that all
 * meet; and that everybody gets a place, after few attempts, whoever is killed.
 *
 * Must fail: -DLOOKFIRST looks for others before it says that it leaves; -DNOLOOK takes a place without looking after it;
 * -DNOLINKS does not ask whether a file that it has locked has still its name; -DUNLINKLATE unlinks when it has unlocked;
 * -DNOTAKEBACK leaves a region retired that who retired it did not unlink.
 */
#ifndef NP
#define NP 2
#endif
#ifndef R
#define R 1
#endif
#define NF 6			/* files */
#define NONE 7

byte name = NONE;		/* the file of that name */
byte files;			/* made so far */
byte holder[NF] = NONE;		/* of its lock */
bit retired[NF];
byte in[NP] = NONE;		/* whose place is in which */
bit there[NP];			/* ghost: and it has looked */
bit killed;

inline laws() {
	i = 0;
	do
	:: i == NP -> i = 0; break
	:: else -> assert(!there[i] || in[i] == name); i++
	od
}

/* Locks f. */
inline flock() {
	atomic { holder[f] == NONE -> holder[f] = me }
}

inline funlock() {
	holder[f] = NONE
}

/* Into cur. */
inline get() {
	do
	:: cur != NONE && !retired[cur] -> break
	:: else ->
		assert(tries < 2 * NP + 1);
		atomic {
			tries++;
			if
			:: name == NONE -> assert(files < NF); name = files; files++
			:: else
			fi;
			f = name
		};
		flock();
		if
#ifndef NOLINKS
		:: name != f
		:: name == f ->
#else
		:: true ->
#endif
			if
			:: cur == f && !retired[f]
			:: else ->
#ifndef NOTAKEBACK
				retired[f] = 0;
#endif
				cur = f
			fi;
			funlock();
			break
		fi;
		funlock()
	od
}

inline die() {
	atomic {
		in[me] = NONE; there[me] = 0;
		i = 0;
		do
		:: i == NF -> break
		:: else ->
			if
			:: holder[i] == me -> holder[i] = NONE
			:: else
			fi;
			i++
		od
	}
}

proctype process(byte me) {
	byte cur = NONE, f, i, tries, round;

	{
	do
	:: round == R -> break
	:: else ->
		do
		:: there[me] -> break
		:: else ->
			get();
			in[me] = cur;
#ifdef NOLOOK
			atomic { there[me] = 1; laws() }
#else
			atomic {
				if
				:: !retired[cur] -> there[me] = 1; laws()
				:: else
				fi
			};
			if
			:: there[me]
			:: else -> in[me] = NONE
			fi
#endif
		od;
		atomic { there[me] = 0; in[me] = NONE };
		/* Its end. */
		if
		:: retired[cur]
		:: else ->
			f = name;
			if
			:: f == NONE
			:: else ->
				flock();
				if
				:: f == cur && !retired[cur] ->
#ifndef LOOKFIRST
					retired[cur] = 1;
#endif
					i = 0;
					do
					:: i == NP -> break
					:: i < NP && i != me && in[i] == cur -> break
					:: else -> i++
					od;
#ifdef LOOKFIRST
					retired[cur] = 1;
#endif
#ifdef UNLINKLATE
					funlock();
#endif
					if
					:: i < NP -> retired[cur] = 0
					:: else -> atomic { i = 0; name = NONE; laws() }
					fi
				:: else
				fi;
#ifdef UNLINKLATE
				if
				:: holder[f] == me -> funlock()
				:: else
				fi
#else
				funlock()
#endif
			fi
		fi;
		atomic { cur = NONE; f = 0; i = 0; tries = 0; round++ }
	od
	} unless { me == 0 && killed -> die() }
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
		:: i < NP -> run process(i); i++
		:: else -> break
		od
	}
}
