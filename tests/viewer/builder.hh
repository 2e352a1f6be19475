// Makes profile files as the recorder would, or nearly: what a test wants to read.
#ifndef RENDEZ_TESTS_BUILDER_HH
#define RENDEZ_TESTS_BUILDER_HH

#include "viewer.hh"

struct Builder {
	Fheader h{};
	std::vector<Fmodule> modules;
	std::vector<Flock> locks{Flock{}, Flock{}}; // 0 is unused, 1 stands for those that did not fit
	std::vector<Fthread> threads;
	std::vector<Farea> areas;
	std::vector<Fpair> pairs;
	std::vector<Fstack> stacks;
	std::vector<Fpc> frames;

	Builder()
	{
		memcpy(h.magic, FMAGIC, sizeof h.magic);
		h.version = FVERSION;
		h.headersize = sizeof h;
		h.pid = 1234;
		h.ppid = 1;
		h.starttime = 77;
		h.realtime = 1000;
		h.ended = Fexit;
		h.start = {1000, 5000};
		h.last[0] = {1001000, 505000}; // two ticks are a nanosecond
		h.clockkind = 1;
		strcpy(h.exe, "/nowhere/prog");
		memcpy(h.args, "prog\0-x", 8);
	}

	int
	module(const char *path, uint64_t start, uint64_t size, uint64_t bias)
	{
		Fmodule m{};

		m.start = start;
		m.end = start + size;
		m.bias = bias;
		snprintf(m.path, sizeof m.path, "%s", path);
		modules.push_back(m);
		return (int)modules.size() - 1;
	}

	uint32_t
	lock(Kind kind, uint64_t address, Fpc init = 0, Fpc first = 0)
	{
		Flock l{};

		l.kind = kind + 1;
		l.address = address;
		l.init = init;
		l.first = first;
		locks.push_back(l);
		return (uint32_t)locks.size() - 1;
	}

	uint32_t
	stack(std::vector<Fpc> pcs, bool truncated = false)
	{
		Fstack s{};

		s.hash = 1;
		s.first = (uint32_t)frames.size();
		s.n = (uint32_t)pcs.size() | (truncated ? (uint32_t)Struncated : 0);
		frames.insert(frames.end(), pcs.begin(), pcs.end());
		stacks.push_back(s);
		return (uint32_t)stacks.size();
	}

	Fpair &
	pair(uint32_t lock, uint64_t waits, uint64_t ticks, uint32_t waiter, Fpc holder = 0, uint32_t waker = 0)
	{
		Fpair p{};

		p.lock = lock;
		p.waits = p.last = waits;
		p.ticks = ticks;
		p.max = ticks;
		p.waiter = waiter;
		p.holder = holder;
		p.waker = waker;
		p.end = Eacquired;
		p.histogram[10] = (uint32_t)waits;
		pairs.push_back(p);
		return pairs.back();
	}

	int
	thread(int tid, const char *name, uint64_t born, uint64_t died)
	{
		Fthread t{};

		t.tid = tid;
		snprintf(t.name, sizeof t.name, "%s", name);
		t.born = born;
		t.died = died;
		threads.push_back(t);
		return (int)threads.size() - 1;
	}

	Fmisuse &
	misuse(Misuse what, Kind kind, uint64_t address, uint32_t stack, Yonder yonder = Ynone, uint32_t other = 0)
	{
		Fmisuse &m = h.misuse[h.misuses++];

		m.what = what;
		m.kind = kind + 1;
		m.address = address;
		m.tid = 7;
		m.stack = stack;
		m.yonder = yonder;
		m.othertid = yonder != Ynone ? 8 : 0;
		m.other = other;
		return m;
	}

	template <class T>
	void
	section(std::string &out, Fsect s, const std::vector<T> &v, size_t room)
	{
		out.resize((out.size() + FPAGE - 1) / FPAGE * FPAGE);
		h.section[s].off = out.size();
		h.section[s].size = sizeof(T);
		h.section[s].count = v.size() + room;
		h.section[s].used = v.size();
		out.append((const char *)v.data(), v.size() * sizeof(T));
		out.append(room * sizeof(T), 0);
	}

	// room: unused entries at the end of each section, as in a file that is still written.
	std::string
	bytes(size_t room = 0)
	{
		std::string out(sizeof h, 0);

		section(out, Smodules, modules, room);
		section(out, Slocks, locks, room);
		section(out, Sthreads, threads, room);
		section(out, Sareas, areas, room);
		section(out, Spairs, pairs, room);
		section(out, Sstacks, stacks, room);
		section(out, Sframes, frames, room);
		h.filesize = out.size();
		memcpy(&out[0], &h, sizeof h);
		return out;
	}
};

// A profile from bytes; nil and *err if it is refused.
inline Profile *
parse(const std::string &bytes, std::string *err = nullptr)
{
	char why[ERRLEN] = "", *buf = (char *)malloc(bytes.size() + 1);
	Profile *p;

	memcpy(buf, bytes.data(), bytes.size());
	p = profileparse("test", buf, bytes.size(), why);
	if(err != nullptr)
		*err = why;
	return p;
}

// The report of one profile, without the names of any file unless they are asked for.
struct Made {
	Report *r;

	Made(const std::string &bytes, int files = 0) : r(reportnew(files))
	{
		Profile *p = parse(bytes);

		if(p != nullptr) {
			reportadd(r, p);
			profilefree(p);
		}
		reportdone(r);
	}
	~Made()
	{
		reportfree(r);
	}
	const Process &
	process(int i = 0)
	{
		return r->process[i];
	}
};

// A directory that goes with the test.
struct Tempdir {
	std::string path;

	Tempdir()
	{
		char name[] = "/tmp/rendez-test.XXXXXX";

		path = mkdtemp(name);
	}
	~Tempdir()
	{
		if(system(("rm -rf " + path).c_str()) != 0)
			perror(path.c_str());
	}
	std::string
	file(const char *name, const std::string &bytes = "")
	{
		std::string p = path + "/" + name;
		FILE *f = fopen(p.c_str(), "w");

		fwrite(bytes.data(), 1, bytes.size(), f);
		fclose(f);
		return p;
	}
};

#endif
