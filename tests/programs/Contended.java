/** Threads that meet on a monitor, a lock with a condition, a blocking queue and a semaphore; prints what they counted. */
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

public class Contended {
	static final int THREADS = 4;
	static long monitorSum, lockSum, queueSum, turns;
	static final Object monitor = new Object();
	static final ReentrantLock lock = new ReentrantLock();
	static final Condition changed = lock.newCondition();
	static final ArrayBlockingQueue<Integer> queue = new ArrayBlockingQueue<>(8);
	static final Semaphore semaphore = new Semaphore(2);

	static void work(int me, int n) throws InterruptedException {
		for(int i = 0; i < n / THREADS; i++) {
			synchronized(monitor) {
				monitorSum += i;
			}
			if(i % 50 == 0) {
				synchronized(monitor) {
					turns++;
					monitor.notifyAll();
				}
				lock.lock();
				try {
					lockSum += me;
					changed.signalAll();
					if(lockSum % 7 == 3)
						changed.awaitNanos(1000);
				} finally {
					lock.unlock();
				}
				semaphore.acquire();
				queue.put(i);
				semaphore.release();
			}
		}
	}

	public static void main(String[] args) throws Exception {
		int n = Integer.parseInt(args[0]);
		long rounds = (n / THREADS + 49) / 50 * THREADS;
		Thread[] thread = new Thread[THREADS];
		Thread taker = new Thread(() -> {
			try {
				for(long i = 0; i < rounds; i++)
					queueSum += queue.take();
			} catch(InterruptedException e) {
				throw new IllegalStateException(e);
			}
		});
		taker.start();
		for(int t = 0; t < THREADS; t++) {
			int me = t + 1;
			thread[t] = new Thread(() -> {
				try {
					work(me, n);
				} catch(InterruptedException e) {
					throw new IllegalStateException(e);
				}
			});
			thread[t].start();
		}
		synchronized(monitor) {
			while(turns < rounds)
				monitor.wait();
		}
		for(Thread t : thread)
			t.join();
		taker.join();
		System.out.println("monitor " + monitorSum + " lock " + lockSum + " queue " + queueSum);
	}
}
