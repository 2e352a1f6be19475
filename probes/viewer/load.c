/* Finding the profiles of a run, and the file of quiet processes. */
#include "load.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "live.h"

int
profilename(const char *name)
{
	size_t n = strlen(name), k = strlen(PROFILESUFFIX);

	return n > k && strcmp(name + n - k, PROFILESUFFIX) == 0;
}

int
profilepid(const char *name)
{
	int pid, end = 0;

	return sscanf(name, "%d.%*d" PROFILESUFFIX "%n", &pid, &end) == 1 && end != 0 && name[end] == 0 ? pid : 0;
}

/* Whether it is new to the report: a process may be found in memory and at home, or be named twice. */
static int
isnew(Report *r, int pid, uint64_t starttime, uint64_t realtime)
{
	uint64_t who = (uint64_t)pid << 40 ^ starttime;

	if(mapget(&r->seen, who, realtime) != NULL)
		return 0;
	mapput(&r->seen, who, realtime, r);
	return 1;
}

static int
loadfile(Report *r, const char *path, char *err)
{
	Profile *p = profileread(path, err);

	if(p == NULL)
		return -1;
	if(isnew(r, p->h.pid, p->h.starttime, p->h.realtime))
		reportadd(r, p);
	profilefree(p);
	return 1;
}

char *
quietline(const Process *p)
{
	json_t *o = json_pack("{s:i, s:i, s:s, s:s, s:s, s:i, s:b}", "pid", p->pid, "ppid", p->ppid, "program",
	    p->program, "args", p->args, "ended", p->ended, "status", p->status, "exec", p->exec);
	char *s, *line;

	json_object_set_new(o, "realtime", json_integer((json_int_t)p->realtime));
	json_object_set_new(o, "starttime", json_integer((json_int_t)p->starttime));
	json_object_set_new(o, "duration_ns", json_integer((json_int_t)p->durationns));
	s = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
	line = eprintf("%s\n", s);
	free(s);
	json_decref(o);
	return line;
}

/* Whether there is more than white space to come. */
static int
more(FILE *f)
{
	int c;

	while((c = getc(f)) != EOF && isspace(c))
		;
	return c != EOF && ungetc(c, f) != EOF;
}

/* The number of processes; *bad: a line that is none. */
static int
loadquiet(Report *r, FILE *f, int *bad)
{
	static const char *const ends[] = {"exit", "signal", "running", "unknown"};
	json_error_t e;
	json_t *o;
	int n = 0;

	while(more(f)) {
		const char *program, *args, *ended;
		json_int_t real, start, duration;
		Process p = {.quiet = 1};
		size_t i;

		o = json_loadf(f, JSON_DISABLE_EOF_CHECK, &e);
		if(o == NULL) {
			*bad = 1;
			break;
		}
		if(json_unpack(o, "{s:i, s:i, s:s, s:s, s:s, s:i, s:b, s:I, s:I, s:I}", "pid", &p.pid, "ppid", &p.ppid,
		       "program", &program, "args", &args, "ended", &ended, "status", &p.status, "exec", &p.exec,
		       "realtime", &real, "starttime", &start, "duration_ns", &duration) == 0) {
			p.program = aclean(&r->arena, program, strlen(program));
			p.args = aclean(&r->arena, args, strlen(args));
			p.ended = "unknown";
			for(i = 0; i < sizeof ends / sizeof ends[0]; i++)
				if(strcmp(ended, ends[i]) == 0)
					p.ended = ends[i];
			p.realtime = (uint64_t)real;
			p.starttime = (uint64_t)start;
			p.durationns = (uint64_t)duration;
			if(isnew(r, p.pid, p.starttime, p.realtime))
				reportquiet(r, &p);
			n++;
		} else {
			*bad = 1;
		}
		json_decref(o);
	}
	if(ferror(f))
		*bad = 1;
	return n;
}

static int
wanted(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Nil and errno: a pipe, say, that waits for its writer is not waited for. */
static FILE *
openplain(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	FILE *f;

	if(fd < 0)
		return NULL;
	if(fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (f = fdopen(fd, "r")) != NULL)
		return f;
	close(fd);
	errno = EINVAL;
	return NULL;
}

/* A program's own file may have that name. */
static int
isquietfile(const char *path)
{
	char begins[] = "{\"pid\":", buf[sizeof begins] = "";
	FILE *f = openplain(path);
	int is = f != NULL && fgets(buf, sizeof buf, f) != NULL && strcmp(buf, begins) == 0;

	if(f != NULL)
		fclose(f);
	return is;
}

int
isruns(const char *dir, const char *name)
{
	char *path = eprintf("%s/%s", dir, name);
	int is = isprofile(path) || profilepid(name) != 0 || (strcmp(name, QUIETFILE) == 0 && isquietfile(path));

	free(path);
	return is;
}

int
hasprofiles(const char *dir)
{
	struct dirent **name;
	int i, n = scandir(dir, &name, wanted, alphasort), yes = 0;

	for(i = 0; i < n; i++) {
		yes |= isruns(dir, name[i]->d_name);
		free(name[i]);
	}
	if(n >= 0)
		free(name);
	return yes;
}

/* One that could not be read: err has the last, and the report warns of those before. */
static void
unread(Report *r, char *err, int *failed, const char *why)
{
	if((*failed)++ > 0)
		reportwarn(r, err);
	r->unread++;
	snprintf(err, ERRLEN, "%s", why);
}

/* One damaged file does not hide the others: if anything could be read the report warns of it, else err has the last. */
static int
loaddir(Report *r, const char *dir, char *err)
{
	struct dirent **name;
	Fheader h;
	Head head;
	int i, n, got = 0, failed = 0;

	n = scandir(dir, &name, wanted, alphasort);
	if(n < 0) {
		r->unread++;
		snprintf(err, ERRLEN, "%s: %s", dir, strerror(errno));
		return -1;
	}
	for(i = 0; i < n; i++) {
		char *path = eprintf("%s/%s", dir, name[i]->d_name), why[ERRLEN];

		if(strcmp(name[i]->d_name, QUIETFILE) == 0) {
			FILE *f = openplain(path);
			int bad = 0;

			snprintf(why, sizeof why, "%s: %s", path, f != NULL ? "a damaged line" : strerror(errno));
			if(f != NULL) {
				got += loadquiet(r, f, &bad);
				fclose(f);
			}
			if(f == NULL || bad)
				unread(r, err, &failed, why);
		} else if((head = profilehead(path, &h)) == Hprofile ||
			  (profilename(name[i]->d_name) && head != Hblank)) {
			if(loadfile(r, path, why) > 0)
				got++;
			else
				unread(r, err, &failed, why);
		}
		free(path);
		free(name[i]);
	}
	free(name);
	if(failed > 0 && got > 0)
		reportwarn(r, err);
	if(got == 0 && failed == 0)
		snprintf(err, ERRLEN, "%s: no profiles in this directory", dir);
	return got > 0 ? got : -1;
}

typedef struct Living {
	Report *r;
	const char *home;
	int got;
} Living;

/* What a run that still goes on has in memory, or one whose command was killed. */
static void
loadlive(void *arg, const char *live, const char *home)
{
	Living *l = arg;
	struct dirent **name;
	char err[ERRLEN];
	int i, n;

	if(home == NULL || strcmp(home, l->home) != 0)
		return;
	n = scandir(live, &name, wanted, alphasort);
	for(i = 0; i < n; i++) {
		char *path = eprintf("%s/%s", live, name[i]->d_name);

		/* those that are being made are no profiles yet; one that is gone by now is at home */
		if(isprofile(path)) {
			if(loadfile(l->r, path, err) > 0)
				l->got++;
			else if(access(path, F_OK) == 0) {
				reportwarn(l->r, err);
				l->r->unread++;
			}
		}
		free(path);
		free(name[i]);
	}
	if(n >= 0)
		free(name);
}

/* As the run's command has noted it: the last name may not be there before the program's end. Nil: no such place. */
static char *
homename(const char *path)
{
	char *real = realpath(path, NULL), *copy, *parent, *name;

	if(real != NULL)
		return real;
	copy = estrdup(path);
	name = strrchr(copy, '/');
	if(name == NULL)
		parent = realpath(".", NULL);
	else {
		*name = 0;
		parent = realpath(copy[0] != 0 ? copy : "/", NULL);
	}
	name = name == NULL ? copy : name + 1;
	if(parent != NULL && name[0] != 0)
		real = eprintf("%s/%s", parent, name);
	free(parent);
	free(copy);
	return real;
}

int
load(Report *r, const char *path, char err[ERRLEN])
{
	Living l = {.r = r, .home = homename(path)};
	struct stat st;
	int n, unread;

	/* memory first: what is brought home meanwhile is found there then */
	if(l.home != NULL)
		liveeach(loadlive, &l);
	free((char *)l.home);
	unread = r->unread;
	if(stat(path, &st) == 0)
		n = S_ISDIR(st.st_mode) ? loaddir(r, path, err) : loadfile(r, path, err);
	else {
		snprintf(err, ERRLEN, "%s: %s", path[0] != 0 ? path : "an empty name", strerror(errno));
		n = -1;
	}
	if(l.got == 0)
		return n;
	/* That nothing has come home yet is no error. */
	if(n < 0 && r->unread > unread)
		reportwarn(r, err);
	return n > 0 ? l.got + n : l.got;
}
