// Worker threads that add under a lock made of Atomics.wait and notify, and pass messages; prints what they counted.
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");
const crypto = require("node:crypto");

const WORKERS = 4;

function lock(cell) {
	while(Atomics.compareExchange(cell, 0, 0, 1) !== 0)
		Atomics.wait(cell, 0, 1);
}

function unlock(cell) {
	Atomics.store(cell, 0, 0);
	Atomics.notify(cell, 0, 1);
}

function work() {
	const cell = new Int32Array(workerData.shared);
	for(let i = 0; i < workerData.n; i++) {
		lock(cell);
		cell[1] += 1;
		unlock(cell);
		if(i % 1000 === 0)
			parentPort.postMessage(i);
	}
	// The thread pool: its own mutex and condition.
	let left = 8;
	for(let i = 0; i < 8; i++)
		crypto.pbkdf2("secret", "salt" + i, 2000, 32, "sha256", (error, key) => {
			if(error)
				throw error;
			parentPort.postMessage(key[0]);
			if(--left === 0)
				parentPort.close();
		});
}

if(isMainThread) {
	const n = Math.floor(Number(process.argv[2]) / WORKERS);
	const shared = new SharedArrayBuffer(8);
	let ended = 0, sum = 0;
	for(let i = 0; i < WORKERS; i++) {
		const w = new Worker(__filename, { workerData: { shared, n } });
		w.on("message", (m) => { sum += m; });
		w.on("error", (error) => { throw error; });
		w.on("exit", () => {
			if(++ended === WORKERS)
				console.log("added " + new Int32Array(shared)[1] + " messages " + sum);
		});
	}
} else
	work();
