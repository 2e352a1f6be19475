/*
 * Any bytes as a profile: read, built, grouped, written as text and as JSON,
 * kept and read again.  With libFuzzer it is its entry; with -DSTANDALONE it is
 * a program that does the same with each file it is given.  No file that the
 * input names is opened.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "probes/viewer/json.h"
#include "probes/viewer/mem.h"
#include "probes/viewer/session.h"
#include "probes/viewer/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static FILE *null;
	static char kept[64];
	char err[ERRLEN], *buf = emalloc(n);
	Text t = {.stacks = 1, .histogram = 1};
	Profile *p, *again;
	Report *r;

	if(null == NULL) {
		null = fopen("/dev/null", "w");
		snprintf(kept, sizeof kept, "/tmp/rendez-fuzz.%d", getpid());
	}
	memcpy(buf, data, n);
	p = profileparse("fuzz", buf, n, err);
	if(p == NULL)
		return 0;
	r = reportnew(0);
	reportadd(r, p);
	unlink(kept);
	if(n < 1 << 16 && compact(p, kept) == 0) {
		again = profileread(kept, err);
		if(again == NULL)
			abort();
		reportadd(r, again);
		profilefree(again);
	}
	unlink(kept);
	profilefree(p);
	reportdone(r);
	t.f = null;
	writetext(&t, r);
	if(writejson(null, r) != 0)
		abort();
	reportfree(r);
	return 0;
}

#ifdef STANDALONE
int
main(int argc, char **argv)
{
	int i;

	for(i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "r");
		uint8_t *buf = emalloc(1 << 24);
		size_t n;

		if(f == NULL) {
			perror(argv[i]);
			return 1;
		}
		n = fread(buf, 1, 1 << 24, f);
		fclose(f);
		LLVMFuzzerTestOneInput(buf, n);
		free(buf);
	}
	return 0;
}
#endif
