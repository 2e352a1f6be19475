/*
 * Channels as libthread has them, over rendezvous, and with them the sieve of primes.
 *
 * A channel is its own tag.  A rendezvous pairs any two callers, so the locks let one sender and one receiver
 * come to it at a time; these two meet, and the value changes hands.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <rendez/plan9.h>

enum { Largest = 200, Nprime = 46, Sum = 4227 };

typedef struct Channel {
	QLock send, recv;
} Channel;

static void
sendp(Channel *c, void *v)
{
	qlock(&c->send);
	while(rendezvous(c, v) == (void *)~0)
		;
	qunlock(&c->send);
}

static void *
recvp(Channel *c)
{
	void *v;

	qlock(&c->recv);
	while((v = rendezvous(c, nil)) == (void *)~0)
		;
	qunlock(&c->recv);
	return v;
}

static void
proccreate(void *(*f)(void *), void *arg)
{
	pthread_t t;

	if(pthread_create(&t, nil, f, arg) != 0)
		panic("channels: no thread");
	pthread_detach(t);
}

static Channel *
chancreate(void)
{
	Channel *c;

	c = calloc(1, sizeof *c);
	if(c == nil)
		panic("channels: no memory");
	return c;
}

/* By the receiver of the last value.  Its sender may still be on its way out: when it has let go of the lock it is through. */
static void
chanfree(Channel *c)
{
	qlock(&c->send);
	free(c);
}

static Channel primes;

/* 2, 3, 4 ... and 0 at the end. */
static void *
count(void *arg)
{
	uintptr i;

	for(i = 2; i <= Largest; i++)
		sendp(arg, (void *)i);
	sendp(arg, nil);
	return nil;
}

/* The first number that comes is a prime.  What it does not divide goes on, to a sieve like this. */
static void *
sieve(void *arg)
{
	Channel *in = arg, *out;
	uintptr p, n;

	p = (uintptr)recvp(in);
	sendp(&primes, (void *)p);
	if(p != 0) {
		out = chancreate();
		proccreate(sieve, out);
		while((n = (uintptr)recvp(in)) != 0)
			if(n % p != 0)
				sendp(out, (void *)n);
		sendp(out, nil);
	}
	chanfree(in);
	return nil;
}

int
main(void)
{
	Channel *c = chancreate();
	uintptr p, n = 0, sum = 0;

	proccreate(count, c);
	proccreate(sieve, c);
	while((p = (uintptr)recvp(&primes)) != 0) {
		n++;
		sum += p;
	}
	if(n != Nprime || sum != Sum) {
		printf("not ok channels: %ld primes, their sum %ld\n", (long)n, (long)sum);
		return 1;
	}
	printf("ok channels\n");
	return 0;
}
