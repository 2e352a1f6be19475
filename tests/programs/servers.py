"""Servers, each on a socket in the scratch folder, with a client that loads it."""
import glob, os, pwd, re, shutil, signal, socket, time

from bench import Clock, Failed, Missing


def redis(b):
	"""Four I/O threads; the counter that all clients add to says that no request was lost."""
	sock, n = b.path("redis.sock"), b.pick(20000, 1000000)
	cli = ["redis-cli", "-s", sock]
	server = b.serve(["redis-server", "--port", "0", "--unixsocket", sock, "--io-threads", "4", "--io-threads-do-reads", "yes",
		"--save", "", "--appendonly", "no"], lambda: b.answers(cli + ["ping"]))
	with Clock() as t:
		b.run(["redis-benchmark", "-s", sock, "-t", "set,get,incr,lpush", "-n", str(n), "-c", "50", "-P", "4", "-q"], native=True)
	did = [b.run(cli + argv, native=True).strip() for argv in (["get", "counter:__rand_int__"], ["llen", "mylist"], ["dbsize"])]
	b.stop(server)
	return " ".join(did), 4 * n / t.seconds, "requests/s"


def memcached(b):
	"""Four worker threads under memcaslap's mixture of get and set."""
	with socket.socket() as s:
		s.bind(("127.0.0.1", 0))
		port = str(s.getsockname()[1])
	n = b.pick(100000, 2000000)
	server = b.serve(["memcached", "-u", "root", "-l", "127.0.0.1", "-p", port, "-U", "0", "-t", "4", "-m", "256"],
		lambda: b.answers(["memcping", "--servers=127.0.0.1:" + port]))
	with Clock() as t:
		out = b.run(["memcaslap", "-s", "127.0.0.1:" + port, "-T", "2", "-c", "16", "-x", str(n)], native=True)
	b.stop(server)
	ops = re.search(r"Ops: (\d+)", out)
	return "%s of %d operations" % (ops and ops.group(1), n), n / t.seconds, "ops/s"


def mariadb(b):
	"""sysbench oltp_read_write; the tables hold as many rows as before and are sound."""
	for program in "mariadb-install-db", "sysbench":
		if shutil.which(program) is None:
			raise Missing("no " + program)
	sock, data = b.path("mariadb.sock"), b.path("data")
	user = ["--user=" + pwd.getpwuid(os.geteuid()).pw_name]
	b.run(["mariadb-install-db", "--no-defaults", "--datadir=" + data, "--auth-root-authentication-method=normal"] + user,
		native=True)
	client = ["mariadb", "--no-defaults", "-S", sock, "-u", "root", "-N", "-B"]
	server = b.serve(["mariadbd", "--no-defaults", "--datadir=" + data, "--socket=" + sock, "--skip-networking",
		"--skip-grant-tables", "--innodb-buffer-pool-size=128M", "--pid-file=" + b.path("pid")] + user,
		lambda: b.answers(client + ["-e", "select 1"]))
	b.run(client + ["-e", "create database sbtest"], native=True)
	tables, rows, events = 4, b.pick(2000, 20000), b.pick(1500, 20000)
	load = ["sysbench", "oltp_read_write", "--db-driver=mysql", "--mysql-socket=" + sock, "--mysql-user=root",
		"--tables=%d" % tables, "--table-size=%d" % rows, "--threads=8", "--events=%d" % events, "--time=0"]
	b.run(load + ["prepare"], native=True)
	with Clock() as t:
		out = b.run(load + ["run"], native=True)
	check = b.run(client + ["sbtest", "-e", ";".join("select count(*) from sbtest%d; check table sbtest%d" % (i, i)
		for i in range(1, tables + 1))], native=True).split()
	b.stop(server)
	done = re.search(r"transactions: +(\d+)", out)
	return "%s transactions; %s" % (done and done.group(1), " ".join(check)), events / t.seconds, "transactions/s"


class Postgres:
	"""A server with a database for pgbench in it."""
	def __init__(self, b):
		bins = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
		if not bins:
			raise Missing("no postgresql")
		# It refuses to run as root.
		self.b, self.bin, home = b, bins[-1], b.path("pg")
		self.user = {"cwd": "/"}
		os.mkdir(home)
		if os.geteuid() == 0:
			user = pwd.getpwnam("nobody")
			os.chown(home, user.pw_uid, user.pw_gid)
			self.user.update(user=user.pw_uid, group=user.pw_gid, extra_groups=[])
		data, self.here = os.path.join(home, "data"), ["-h", home, "-U", "rz"]
		b.run([self.pg("initdb"), "-D", data, "-U", "rz", "-A", "trust", "-E", "UTF8", "-N"], native=True, **self.user)
		self.server = b.serve([self.pg("postgres"), "-D", data, "-k", home, "-c", "listen_addresses=", "-c", "fsync=off"],
			self.ready, **self.user)
		b.run([self.pg("pgbench"), "-i", "-q", "-s", "2"] + self.here + ["postgres"], native=True, **self.user)

	def pg(self, name):
		return os.path.join(self.bin, name)

	def ready(self):
		return self.b.answers([self.pg("psql")] + self.here + ["-d", "postgres", "-c", "select 1"], **self.user)

	def bench(self, each):
		"""The command line of eight clients."""
		return [self.pg("pgbench"), "-c", "8", "-j", "4", "-t", str(each)] + self.here + ["postgres"]

	def ask(self, sql):
		return self.b.run([self.pg("psql")] + self.here + ["-d", "postgres", "-A", "-t", "-c", sql], native=True, **self.user).strip()

	def sums(self):
		"""Whether the balances add up, and how many transactions there were."""
		return self.ask("select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history),"
			" (select count(*) from pgbench_history)")

	def stop(self):
		self.server.send_signal(signal.SIGINT) # the "fast" shutdown, which ends its children
		if self.server.wait(60) != 0:
			raise Failed("postgres: status %d: %s" % (self.server.returncode, self.b.complaint()))
		self.b.report()


def postgresql(b):
	"""pgbench; the balances add up.  Its processes wait for each other in semaphores without names, in shared memory."""
	p, each = Postgres(b), b.pick(300, 10000)
	with Clock() as t:
		out = b.run(p.bench(each), **p.user)
	sums = p.sums()
	p.stop()
	done = re.search(r"actually processed: (\S+)", out)
	return "%s; %s" % (done and done.group(1), sums), 8 * each / t.seconds, "transactions/s"


def pgcrash(b):
	"""One of its processes is killed under load: the others end, the server starts them anew and the balances add up."""
	p, each, kills = Postgres(b), b.pick(200, 2000), b.pick(1, 8)
	said = []
	with Clock() as t:
		for _ in range(kills):
			load = b.start(p.bench(1000000), **p.user)
			# pgbench's first connection, which only looks around, is alone and soon gone.
			clients, victim = "from pg_stat_activity where application_name = 'pgbench' having count(*) > 2", ""
			while not p.ask("select 1 " + clients):
				pass
			time.sleep(.3)
			while not victim:
				victim = p.ask("select max(pid) " + clients)
			os.kill(int(victim), signal.SIGKILL)
			_, _ = load.communicate(timeout=60)
			limit = time.monotonic() + 60
			while not p.ready():
				if time.monotonic() > limit:
					raise Failed("postgres does not come back: " + b.complaint())
				time.sleep(.05)
			out = b.run(p.bench(each), **p.user)
			done = re.search(r"actually processed: (\S+)", out)
			said.append("%d, then %s, sums %s" % (load.returncode, done and done.group(1), p.sums().split("|")[0]))
	p.stop()
	return "; ".join(said), kills / t.seconds, "crashes/s"


PROGRAMS = [redis, memcached, mariadb, postgresql, pgcrash]
