// SPDX-License-Identifier: MIT
// Answers with the number of requests so far; a timer goes on meanwhile.
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

class Counter {
	public static void main(String[] words) throws Exception {
		AtomicLong ticks = new AtomicLong(), count = new AtomicLong();
		Executors.newScheduledThreadPool(2).scheduleAtFixedRate(ticks::incrementAndGet, 20, 20, TimeUnit.MILLISECONDS);
		HttpServer server = HttpServer.create(new InetSocketAddress(8080), 50);
		server.setExecutor(Executors.newCachedThreadPool());
		server.createContext("/", exchange -> {
			long before = ticks.get();
			try {
				Thread.sleep(200);
			} catch (InterruptedException e) {
				Thread.currentThread().interrupt();
			}
			String text = ticks.get() > before ? count.incrementAndGet() + "\n" : "the timer stands\n";
			exchange.sendResponseHeaders(200, text.length());
			exchange.getResponseBody().write(text.getBytes());
			exchange.close();
		});
		server.start();
	}
}
