/*
 * Named points of the slow paths where a test stops a thread, to have something else happen at that very
 * instant.  Only librendez-stop.so has them, which is built for tests/preload/stop*.c and not installed: the
 * program that it is preloaded into may define rendezstop().  In the library that is shipped a point is nothing.
 *
 * A point stands where signals are on, but for those of wakers between choosing and readying.  None stands where a
 * bucket is locked.
 */
#ifndef RENDEZ_STOP_H
#define RENDEZ_STOP_H

#ifdef RENDEZ_STOPS
extern void rendezstop(const char *point) __attribute__((weak));

static inline void
stop(const char *point)
{
	if(rendezstop != 0)
		rendezstop(point);
}
#else
#define stop(point) ((void)0)
#endif

#endif
