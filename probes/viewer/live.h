/* The directory in memory where a run's profiles are while they are written.  See live.c. */
#ifndef RENDEZ_LIVE_H
#define RENDEZ_LIVE_H

/*
 * A fresh directory for profiles that are to go to home, or home itself if that is in memory or there is no better
 * place (then *lock is -1).  *lock: keep it open for as long as it is in use.
 */
char *livemake(const char *home, int *lock);
/* No profile is there. */
int liveempty(const char *live);
/* Give an empty one back. */
void liveremove(const char *live, int lock);
/* Each one of this user's; home is nil if it is not known, and then the directory is older than any in the making. */
void liveeach(void (*each)(void *arg, const char *live, const char *home), void *arg);
/*
 * Whether a run that goes on, another than that of live, has its profiles for home in memory; *left: whether one that is over has left
 * some there, of processes that go on.
 */
int livegoeson(const char *home, const char *live, int *left);
/* home is another run's from now on: the directories of earlier ones, which are over, go when empty has emptied them. */
void livesupersede(const char *home, const char *live, void (*empty)(const char *live));
/* Each one that its command left behind; what is empty then goes. */
void liverescue(void (*each)(const char *live, const char *home));

#endif
