/**
 * Many threads on monitors with wait, notify and notifyAll, while others fill the heap so that the collector runs, and
 * some are interrupted: in wait, in sleep, in park and in join.  All of it is so much work and no more, or who gets a processor
 * would decide how fast it is.  Prints what they counted.
 */
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

public class Monitors {
	/** Things that each litter thread makes for a thing that goes through each box: about as many as it had time for natively. */
	static final int EACH = 35;
	static final int PAIRS = 8, SLEEPERS = 12, LITTER = 2;
	static final AtomicLong sum = new AtomicLong(), interrupted = new AtomicLong(), littered = new AtomicLong();

	/** A box with room for one thing. */
	static class Box {
		Integer content;

		synchronized void put(int v) throws InterruptedException {
			while(content != null)
				wait();
			content = v;
			notifyAll();
		}

		synchronized int take() throws InterruptedException {
			while(content == null)
				wait(1000);
			int v = content;
			content = null;
			notifyAll();
			return v;
		}
	}

	/** One of all waiting threads at a time goes on. */
	static class Turns {
		int turn;

		synchronized void take(int me, int of) throws InterruptedException {
			while(turn % of != me)
				wait();
			turn++;
			notifyAll();
		}
	}

	interface Work {
		void run() throws InterruptedException;
	}

	static Thread start(List<Thread> all, Work w) {
		Thread t = new Thread(() -> {
			try {
				w.run();
			} catch(InterruptedException e) {
				interrupted.incrementAndGet();
			}
		});
		t.start();
		all.add(t);
		return t;
	}

	static void litter(int n) {
		List<byte[]> kept = new ArrayList<>();
		for(int i = 1; i <= n; i++) {
			kept.add(new byte[10000]);
			if(kept.size() > 400)
				kept.subList(0, 200).clear();
			if(i % 20000 == 0)
				System.gc();
		}
		littered.addAndGet(n);
	}

	/** Wait for ever in one of four ways, until interrupted. */
	static void sleep(int how) throws InterruptedException {
		Object monitor = new Object();
		switch(how % 4) {
		case 0:
			synchronized(monitor) {
				for(;;)
					monitor.wait();
			}
		case 1:
			for(;;)
				Thread.sleep(100000);
		case 2:
			while(!Thread.interrupted())
				LockSupport.park();
			throw new InterruptedException();
		default:
			Thread.currentThread().join();
		}
	}

	public static void main(String[] args) throws Exception {
		int n = Integer.parseInt(args[0]);
		List<Thread> work = new ArrayList<>(), litter = new ArrayList<>(), asleep = new ArrayList<>();
		Turns turns = new Turns();
		for(int i = 0; i < LITTER; i++)
			start(litter, () -> litter(EACH * n));
		for(int i = 0; i < SLEEPERS; i++) {
			int how = i;
			start(asleep, () -> sleep(how));
		}
		for(int i = 0; i < PAIRS; i++) {
			int me = i;
			Box box = new Box();
			start(work, () -> {
				for(int j = 0; j < n; j++) {
					box.put(j);
					if(j % 64 == 0)
						turns.take(me, PAIRS);
				}
			});
			start(work, () -> {
				for(int j = 0; j < n; j++)
					sum.addAndGet(box.take());
			});
		}
		// Each round of sleepers is interrupted and replaced while the others work.
		for(int i = 0; i < n / 100; i++) {
			Thread old = asleep.remove(0);
			old.interrupt();
			old.join();
			int how = i;
			start(asleep, () -> sleep(how));
		}
		for(Thread t : work)
			t.join();
		for(Thread t : asleep) {
			t.interrupt();
			t.join();
		}
		for(Thread t : litter)
			t.join();
		System.out.println("sum " + sum + " turns " + turns.turn + " interrupted " + interrupted + " littered " + littered);
	}
}
