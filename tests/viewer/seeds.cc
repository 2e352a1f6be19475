// Writes small profiles into the directory that it is given: where the fuzzer starts from.
#include "builder.hh"

static void
put(const std::string &dir, const char *name, const std::string &bytes)
{
	FILE *f = fopen((dir + "/" + name).c_str(), "w");

	if(f == nullptr || fwrite(bytes.data(), 1, bytes.size(), f) != bytes.size() || fclose(f) != 0) {
		perror(name);
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	Builder b;
	Farea a{};

	if(argc != 2) {
		fprintf(stderr, "usage: seeds DIR\n");
		return 2;
	}
	put(argv[1], "empty", b.bytes());
	int m = b.module("/nowhere/prog", 0x400000, 0x10000, 0x400000);
	for(int k = 0; k < NKIND; k++) {
		uint32_t l = b.lock((Kind)k, 0x1000 * (uint64_t)(k + 1), FPC(m, 0x10), FPC(m, 0x20));
		uint32_t s = b.stack({FPC(m, 0x100), FPC(m, 0x110), 0xfeed});

		b.locks[l].flags = Lcounts;
		b.locks[l].acquired = 100;
		b.pair(l, 2, 2000, s, FPC(m, 0x200), k % 2 ? s : 0).end = (uint8_t)(k % NEND);
		b.pairs.back().op = (uint8_t)(k % NOP);
	}
	put(argv[1], "kinds", b.bytes());
	for(int i = 1; i < NMISUSE; i++)
		b.misuse((Misuse)i, (Kind)(i % NKIND), 0x1000 * (uint64_t)i, 1, (Yonder)(i % NYONDER), i % 2 ? 2 : 0);
	put(argv[1], "misuses", b.bytes());
	a.thread = (uint32_t)b.thread(7, "worker", 2000, 0) + 1;
	a.current.lock = 3;
	a.current.waiter = 1;
	a.pair[0] = b.pairs[0];
	a.hold[0] = Fhold{2, 3, 4, 5};
	b.areas.push_back(a);
	put(argv[1], "threads", b.bytes(2));
	return 0;
}
