// SPDX-License-Identifier: MIT
// Answers with the number of requests so far, while another thread fills and drops memory.
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

public class Counter {
	static volatile byte[] kept;

	public static void main(String[] args) throws Exception {
		AtomicLong count = new AtomicLong();
		HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
		server.createContext("/", exchange -> {
			byte[] text = (count.incrementAndGet() + "\n").getBytes();
			exchange.sendResponseHeaders(200, text.length);
			exchange.getResponseBody().write(text);
			exchange.close();
		});
		server.setExecutor(Executors.newFixedThreadPool(4));
		server.start();
		for (;;) {
			kept = new byte[1 << 16];
			Thread.sleep(5);
		}
	}
}
