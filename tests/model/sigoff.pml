/*
 * sigsoff, sigsback and sigback of compat/sigoff.h and sigputoff of compat/sigoff.c: one thread that enters and leaves
 * sections, nested or not, and signals of two numbers that come at any step.
 *
 * The thread is a stack of frames: at the bottom the program, above it wrappers, each on top of what it interrupted.  Only the
 * topmost takes steps; a frame's return gives back the mask in its context.  A number is masked while its wrapper and handler
 * run, unless -DNODEFER.  Each is sent SENDS times, the next when the last was handled (of two that are pending the kernel makes one).
 *
 * It must hold that no handler runs within a section, that each signal is handled once and put off once in a section at the most,
 * that a handler's mask is what it interrupted and its own number, and that the mask in the end is the program's.
 *
 * Must fail: -DNOMASKFIRST sends again before it masks; -DKEEPFIRST keeps the mask that the first one put off found, not the
 * last; -DLOOKFIRST looks at what is owed before it leaves; -DNOCONTEXT leaves the context's mask alone.
 */
#ifndef SENDS
#define SENDS 2
#endif
#ifndef SECTIONS
#define SECTIONS 3
#endif
#define Base 4			/* masked by the program */
#define All 7
#define Frames (1 + 2 * SENDS)	/* the program, and all that may come at once */

byte depth, saved;		/* of Sigoff: depth, mask */
bit owed;
byte mask = Base, pending;	/* the kernel's */
byte top;			/* the topmost frame; 0 is the program */
byte num[Frames], context[Frames], at[Frames];	/* a frame's number, as a bit; what its return gives back; its next step */
byte handled[3], sent[3], off;	/* ghosts; off: those put off in this section */

mtype = { Look, Mask, Send, Save, Context, Owe, Handle, Return };
mtype = { Outside, Enter, Inside, Leave, Leaves, Left, Give, Gives };

inline wrapperstep() {
	if
	:: at[top] == Look ->
		if
		:: depth == 0 -> at[top] = Handle
#ifdef NOMASKFIRST
		:: else -> at[top] = Send
#else
		:: else -> at[top] = Mask
#endif
		fi
#ifdef NOMASKFIRST
	:: at[top] == Send -> pending = pending | num[top]; at[top] = Mask
	:: at[top] == Mask -> mask = All; at[top] = Save
#else
	:: at[top] == Mask -> mask = All; at[top] = Send
	:: at[top] == Send -> pending = pending | num[top]; at[top] = Save
#endif
	:: at[top] == Save ->
#ifdef KEEPFIRST
		saved = (owed -> saved : context[top]);
#else
		saved = context[top];
#endif
		at[top] = Context
	:: at[top] == Context ->
#ifndef NOCONTEXT
		context[top] = All;
#endif
		at[top] = Owe
	:: at[top] == Owe ->
		assert(!(off & num[top]));
		off = off | num[top];
		owed = 1;
		at[top] = Return
	:: at[top] == Handle ->
		assert(depth == 0);
#ifdef NODEFER
		assert(mask == context[top]);
#else
		assert(mask == (context[top] | num[top]));
#endif
		handled[num[top]]++;
		assert(handled[num[top]] <= sent[num[top]]);
		at[top] = Return
	:: at[top] == Return ->
		mask = context[top];
		num[top] = 0; context[top] = 0; at[top] = 0;
		top--
	fi
}

inline programstep() {
	if
	:: at[0] == Outside -> n++; at[0] = Enter
	:: at[0] == Enter -> depth++; at[0] = Inside	/* the load before it is of no matter: handlers leave it */
	:: at[0] == Inside && depth < 2 -> at[0] = Enter
	:: at[0] == Inside -> at[0] = Leave
#ifdef LOOKFIRST
	:: at[0] == Leave -> look = owed; at[0] = Leaves
#else
	:: at[0] == Leave -> at[0] = Leaves
#endif
	:: at[0] == Leaves -> depth--; off = (depth == 0 -> 0 : off); at[0] = Left
	:: at[0] == Left ->
#ifndef LOOKFIRST
		look = owed;
#endif
		at[0] = (depth != 0 -> Inside : (look -> Give : Outside));
		look = 0
	:: at[0] == Give -> give = saved; owed = 0; at[0] = Gives
	:: at[0] == Gives -> mask = give; give = 0; at[0] = Outside
	fi
}

inline comes(b) {
	pending = pending & ~b;
	top++;
	assert(top < Frames);
	num[top] = b;
	context[top] = mask;
#ifndef NODEFER
	mask = mask | b;
#endif
	at[top] = Look
}

#define idle (top == 0 && at[0] == Outside)
#define sendable(b) (sent[b] < SENDS && handled[b] == sent[b])

active proctype thread() {
	byte n, give;
	bit look;
	at[0] = Outside;
	do
	:: atomic { top > 0 -> wrapperstep() }
	:: atomic { top == 0 && !(idle && n == SECTIONS) -> programstep() }
	:: atomic { (pending & ~mask) & 1 -> comes(1) }
	:: atomic { (pending & ~mask) & 2 -> comes(2) }
	:: atomic { sendable(1) -> sent[1]++; pending = pending | 1 }
	:: atomic { sendable(2) -> sent[2]++; pending = pending | 2 }
	:: atomic { idle && n == SECTIONS && !sendable(1) && !sendable(2) && (pending & ~mask) == 0 -> break }
	od;
	assert(mask == Base && pending == 0 && depth == 0 && !owed);
	assert(handled[1] == SENDS && handled[2] == SENDS)
}
