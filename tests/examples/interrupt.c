/*
 * A driver as a Plan 9 kernel has it: the interrupt handler takes what the device has and wakes the reader; the reader
 * sleeps until there is something.
 *
 * The device is a timer, its interrupt a signal, which comes wherever the program is: also in the middle of a sleep
 * or a wakeup on the same Rendez.  The handler takes no lock; it is the only one that writes head, the reader the only one that
 * writes tail.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rendez/plan9.h>

enum { Nbuf = 16, Nchar = 500 };

typedef struct Uart {
	Rendez r; /* where the reader waits */
	char buf[Nbuf];
	atomic_uint head, tail;
	unsigned sent, overruns; /* the device's own */
} Uart;

static Uart uart;

/* What the line carries: the n-th character. */
static char
line(unsigned n)
{
	return "It was the best of sleeps, it was the worst of wakeups.\n"[n % 56];
}

static void
interrupt(int sig)
{
	(void)sig;
	if(uart.sent == Nchar)
		return;
	if(uart.head - uart.tail == Nbuf) {
		uart.overruns++; /* the device holds it back */
		return;
	}
	uart.buf[uart.head % Nbuf] = line(uart.sent++);
	uart.head++;
	wakeup(&uart.r);
}

static int
received(void *arg)
{
	Uart *u = arg;

	return u->head != u->tail;
}

/* Read what there is, at most n bytes, but wait for the first.  One reader at a time. */
static int
readuart(Uart *u, char *p, int n)
{
	int i;

	while(!received(u))
		sleep(&u->r, received, u);
	for(i = 0; i < n && received(u); i++) {
		p[i] = u->buf[u->tail % Nbuf];
		u->tail++;
	}
	return i;
}

int
main(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
	struct itimerspec period = {{0, 200000}, {0, 200000}};
	struct sigaction act = {.sa_handler = interrupt};
	unsigned got, reads;
	char buf[5];
	timer_t timer;
	int i, n;

	sigaction(SIGRTMIN, &act, NULL);
	if(timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &period, NULL) != 0) {
		perror("interrupt: timer");
		return 1;
	}
	for(got = reads = 0; got < Nchar; reads++) {
		n = readuart(&uart, buf, sizeof buf);
		for(i = 0; i < n; i++, got++)
			if(buf[i] != line(got)) {
				printf("not ok interrupt: character %u is %d\n", got, buf[i]);
				return 1;
			}
	}
	timer_delete(timer);
	printf("ok interrupt\n");
	return 0;
}
