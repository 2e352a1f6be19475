"""Servers, each on a socket in the scratch folder, with a client that loads it."""
import glob, os, pwd, re, shutil, signal, socket, subprocess

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


def postgresql(b):
	"""pgbench; the balances add up."""
	bins = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
	if not bins:
		raise Missing("no postgresql")
	# It refuses to run as root.
	home, sql = b.path("pg"), {"cwd": "/"}
	os.mkdir(home)
	if os.geteuid() == 0:
		user = pwd.getpwnam("nobody")
		os.chown(home, user.pw_uid, user.pw_gid)
		sql.update(user=user.pw_uid, group=user.pw_gid, extra_groups=[])
	pg = lambda name: os.path.join(bins[-1], name)
	data, here = os.path.join(home, "data"), ["-h", home, "-U", "rz"]
	b.run([pg("initdb"), "-D", data, "-U", "rz", "-A", "trust", "-E", "UTF8", "-N"], native=True, **sql)
	server = b.serve([pg("postgres"), "-D", data, "-k", home, "-c", "listen_addresses=", "-c", "fsync=off"],
		lambda: b.answers([pg("pg_isready")] + here + ["-d", "postgres"], **sql), **sql)
	psql = [pg("psql")] + here + ["-d", "postgres", "-A", "-t", "-c"]
	clients, each = 8, b.pick(300, 10000)
	b.run([pg("pgbench"), "-i", "-q", "-s", "2"] + here + ["postgres"], native=True, **sql)
	with Clock() as t:
		out = b.run([pg("pgbench"), "-c", str(clients), "-j", "4", "-t", str(each)] + here + ["postgres"], **sql)
	sums = b.run(psql + ["select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history),"
		" (select count(*) from pgbench_history)"], native=True, **sql).strip()
	server.send_signal(signal.SIGINT) # the "fast" shutdown, which ends its children
	if server.wait(60) != 0:
		raise Failed("postgres: status %d: %s" % (server.returncode, b.complaint()))
	b.report()
	done = re.search(r"actually processed: (\S+)", out)
	return "%s; %s" % (done and done.group(1), sums), clients * each / t.seconds, "transactions/s"


PROGRAMS = [redis, memcached, mariadb, postgresql]
