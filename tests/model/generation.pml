/*
 * procgeneration of compat/proc.c: threads ask for their process's number and store it in a word (once does), while another forks at
 * any moment.  The child finds generation wiped and all else as it was, and counts on from older; it forks too.
 *
 * The memory is that of the youngest process: who was forked goes on with it, and the threads of its parent are seen no more.
 *
 * It must hold that the threads of a process have one number, and that a child's is none that stands in its memory.
 *
 * Must fail: -DSTORELATE: only who has set the number stores older, when others may have read it; -DNOCOMPARE: it is set without
 * looking whether another has.
 */
#ifndef NT
#define NT 2
#endif
#define FORKS 2

byte generation, older;
byte words[FORKS + 1];	/* what has been stored of each process's number; zero: nothing yet */
byte process;		/* ghost: which is the youngest */

proctype thread(byte me) {
	byte now, i;
	bit set;

	{
		now = generation;
		if
		:: now == 0 ->
			now = older + 1;
#ifdef NOCOMPARE
			generation = now;
			set = 1
#else
			atomic {
				if
				:: generation == 0 -> generation = now; set = 1
				:: else -> now = generation
				fi
			}
#endif
		:: else
		fi;
#ifdef STORELATE
		if
		:: set -> older = now
		:: else
		fi;
#else
		if
		:: older != now -> older = now
		:: else
		fi;
#endif
		atomic {
			assert(words[me] == 0 || words[me] == now);
			words[me] = now;
			for (i : 1 .. me) {
				assert(words[i - 1] != now)
			}
		}
	} unless { process != me }
}

init {
	byte i;

	atomic {
		for (i : 1 .. NT) {
			run thread(0)
		}
	};
	do
	:: process < FORKS ->
		atomic {
			process++;
			generation = 0;
			for (i : 1 .. NT) {
				run thread(process)
			}
		}
	:: break
	od
}
