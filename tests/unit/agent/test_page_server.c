/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "asked.h"
#include "own_session.h"
#include "own_tcp.h"

#define IP "127.0.0.1"
#define PORT 27001
#define PORT_FIELD "port=27001"

static void what_was_sent(void **state)
{
	unsigned long long sent;
	unsigned n;
	char byte;

	(void)state;
	CLEANUP_ASKED struct asked none = ask("/", NULL, "server", PORT_FIELD, NULL);
	assert_string_equal(none.out, "0 0\n");
	int listener = own_listen(IP, PORT), client = own_connect(IP, PORT);
	int server = accept(listener, NULL, NULL);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(server, "x", 1), 1);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(read(client, &byte, 1), 1);
	assert_int_equal(write(client, "x", 1), 1);
	assert_int_equal(read(server, &byte, 1), 1);
	CLEANUP_ASKED struct asked some = ask("/", NULL, "server", PORT_FIELD, NULL);
	assert_int_equal(sscanf(some.out, "%llu %u", &sent, &n), 2);
	assert_int_equal(sent, 1000);
	assert_int_equal(n, 2);
	/* The program has ended; what it sent may still be on its way. */
	(void)close(server);
	(void)close(listener);
	CLEANUP_ASKED struct asked ended = ask("/", NULL, "server", PORT_FIELD, NULL);
	assert_int_equal(sscanf(ended.out, "%llu %u", &sent, &n), 2);
	assert_int_equal(n, 1);
	(void)close(client);
}

/* The listener of a page server that has a client which never comes to its end. */
static int waiting;

static void serve_for_ever(void)
{
	char byte;
	int fd = accept(waiting, NULL, NULL);

	(void)close(waiting);
	while (read(fd, &byte, 1) > 0)
		;
}

static void send_for_ever(void)
{
	char byte;
	int fd = own_connect(IP, PORT + 1);

	while (read(fd, &byte, 1) > 0)
		;
}

static void a_dump_is_cut_off(void **state)
{
	int listener = own_listen(IP, PORT + 1), foreign;
	pid_t dump = own_process(send_for_ever);

	(void)state;
	foreign = accept(listener, NULL, NULL);
	/* Without a record, and with that of another kind, nothing is done. */
	own_record(SESSION_FETCH, dump);
	CLEANUP_ASKED struct asked none =
		ask("/", NULL, "cut", "op=dump", "container=web", "server=" IP, "port=27002", NULL);
	assert_int_equal(none.status, 0);
	assert_false(process_has_ended(dump));
	own_record(SESSION_DUMP, dump);
	CLEANUP_ASKED struct asked cut =
		ask("/", NULL, "cut", "op=dump", "container=web", "server=" IP, "port=27002", NULL);
	assert_int_equal(cut.status, 0);
	assert_true(process_has_ended(dump));
	own_end(dump);
	(void)close(foreign);
	(void)close(listener);
}

static void a_fetch_is_cut_off(void **state)
{
	int listener = own_listen(IP, PORT + 1);
	pid_t fetch = own_process(send_for_ever);
	int server = accept(listener, NULL, NULL);

	(void)state;
	own_record(SESSION_FETCH, fetch);
	/* Another server's connection is none of it. */
	int64_t began = clock_now_us();
	CLEANUP_ASKED struct asked other = ask("/", NULL, "cut", "op=fetch", "container=web",
					       "server=127.0.0.2", "port=27002", NULL);
	assert_int_equal(other.status, 0);
	assert_true(clock_now_us() - began > 1900000);
	assert_false(process_has_ended(fetch));
	CLEANUP_ASKED struct asked cut = ask("/", NULL, "cut", "op=fetch", "container=web",
					     "server=" IP, "port=27002", NULL);
	assert_int_equal(cut.status, 0);
	assert_true(process_has_ended(fetch));
	own_end(fetch);
	(void)close(server);
	(void)close(listener);
}

static int sender;

static void hold_for_ever(void)
{
	for (;;)
		(void)pause();
}

static void hold_the_other_end(void)
{
	(void)close(sender);
	hold_for_ever();
}

static unsigned pacing_rate(int fd)
{
	unsigned rate = 0;
	socklen_t len = sizeof(rate);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, &len), 0);
	return rate;
}

static void pace(const char *rate)
{
	CLEANUP_ASKED struct asked paced = ask_within(500, "/", "pace", "container=web",
						      "server=" IP, "port=27002", rate, NULL);
	if (*paced.err)
		fail_msg("%s", paced.err);
}

/* The kernel keeps the limit at the connection, of which the dump has one end. */
static void paced(void **state)
{
	int listener = own_listen(IP, PORT + 1);

	(void)state;
	sender = own_connect(IP, PORT + 1);
	int receiver = accept(listener, NULL, NULL);
	/* Another's connection is left alone. */
	pace("rate=1000000");
	assert_int_equal(pacing_rate(sender), UINT32_MAX);
	pid_t dump = own_process(hold_for_ever);
	own_record(SESSION_DUMP, dump);
	pace("rate=20000000");
	assert_int_equal(pacing_rate(sender), 20000000);
	pace("rate=50000000");
	assert_int_equal(pacing_rate(sender), 50000000);
	own_end(dump);
	/* In post-copy it is the server. */
	dump = own_process(hold_the_other_end);
	own_record(SESSION_DUMP, dump);
	pace("rate=30000000");
	assert_int_equal(pacing_rate(receiver), 30000000);
	assert_int_equal(pacing_rate(sender), 50000000);
	own_end(dump);
	(void)close(sender);
	(void)close(receiver);
	(void)close(listener);
}

static void nudged(void **state)
{
	(void)state;
	/* It waits for a client; it has one that is silent. */
	for (int i = 0; i < 2; i++) {
		waiting = own_listen(IP, PORT);
		pid_t dump = own_process(serve_for_ever);
		(void)close(waiting);
		own_record(SESSION_DUMP, dump);
		int client = i ? own_connect(IP, PORT) : -1;
		CLEANUP_ASKED struct asked a =
			ask("/", NULL, "nudge", "container=web", "server=" IP, PORT_FIELD, NULL);
		assert_int_equal(a.status, 0);
		assert_true(process_has_ended(dump));
		own_end(dump);
		if (client >= 0)
			(void)close(client);
	}
}

static void fields(void **state)
{
	static const char *const wrong[] = {"port=22", "port=26999", "port=31000",
					    "port=", "port=27001x"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		CLEANUP_ASKED struct asked a =
			ask("/", NULL, "nudge", "container=web", "server=" IP, wrong[i], NULL);
		assert_int_equal(a.status, -1);
	}
	CLEANUP_ASKED struct asked op =
		ask("/", NULL, "cut", "op=all", "container=web", "server=" IP, PORT_FIELD, NULL);
	assert_int_equal(op.status, 1);
	CLEANUP_ASKED struct asked last = ask("/", NULL, "server", "port=30999", NULL);
	assert_int_equal(last.status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sent),
		cmocka_unit_test(a_dump_is_cut_off),
		cmocka_unit_test(a_fetch_is_cut_off),
		cmocka_unit_test(paced),
		cmocka_unit_test(nudged),
		cmocka_unit_test(fields),
	};

	own_run_enter();
	own_loopback_enter();
	own_web_run();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
