/* SPDX-License-Identifier: MIT */
/* The port of a page server, between two network namespaces of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "agent/network/nf_table.h"
#include "own_packets.h"
#include "own_run.h"

#define RUN_ROOT "/run/cmigrate"

int verb_guard(struct request *req);

static int enter(void **state)
{
	(void)state;
	own_packets_enter();
	own_run_enter();
	return mkdir(RUN_ROOT, 0700);
}

static int clear(void **state)
{
	static char *const tags[] = {"tag=0a1b2c3d", "tag=ffffffff"};

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			own_net_ask(verb_guard, NULL, NULL, "guard", "op=clear", tags[i], NULL), 0);
	return 0;
}

/* The port that a move gets which asks for this one; 0: none. */
static unsigned admit(char *tag, char *port)
{
	CLEANUP_BUF struct buf out = {0};

	if (own_net_ask(verb_guard, &out, NULL, "guard", "op=admit", tag, "server=10.0.0.1", port,
			"client=10.0.0.2", NULL) != 0)
		return 0;
	return (unsigned)strtoul(buf_str(&out), NULL, 10);
}

static int listener(int port)
{
	int fd = bound(this_host, SOCK_STREAM, "10.0.0.1", port);

	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static void ports(void **state)
{
	(void)state;
	int one = listener(27005);
	assert_int_equal(admit("tag=0a1b2c3d", "port=27005"), 27006);
	/* It does not listen yet, but it has that port. */
	assert_int_equal(admit("tag=ffffffff", "port=27005"), 27007);
	assert_int_equal(admit("tag=ffffffff", "port=27006"), 27007);
	/* A second time. */
	assert_int_equal(admit("tag=0a1b2c3d", "port=27005"), 27006);
	assert_int_equal(
		own_net_ask(verb_guard, NULL, NULL, "guard", "op=clear", "tag=0a1b2c3d", NULL), 0);
	assert_int_equal(admit("tag=ffffffff", "port=27006"), 27006);
	(void)close(one);
	assert_int_equal(admit("tag=ffffffff", "port=27005"), 27005);
}

/* Whether the other host, as this address of it, reaches the port; ms: how long that may take. */
static bool reaches(const char *from, int port, int ms)
{
	int service = listener(port), fd = bound(other_host, SOCK_STREAM, from, 0);
	int mark = bound(this_host, SOCK_DGRAM, "10.0.0.1", PORT);
	int client = bound(other_host, SOCK_DGRAM, from, 0);
	struct pollfd pfd = {.fd = fd, .events = POLLOUT};
	struct sockaddr_storage a;
	socklen_t len = sockaddr_of("10.0.0.1", port, &a);

	assert_int_equal(connect(fd, (void *)&a, len), -1);
	assert_int_equal(errno, EINPROGRESS);
	/* It comes after the request for a connection. */
	send_text(client, "10.0.0.1", "mark");
	assert_string_equal(received(mark, SOON_MS), "mark");
	bool reached = poll(&pfd, 1, ms) == 1;
	(void)close(service);
	(void)close(fd);
	(void)close(mark);
	(void)close(client);
	return reached;
}

static void kept_out(void **state)
{
	(void)state;
	own_net_go(other_host);
	run_ip("addr add 10.0.0.3/24 dev peer0");
	own_net_go(this_host);
	assert_int_equal(admit("tag=0a1b2c3d", "port=27005"), 27005);
	assert_true(reaches("10.0.0.2", 27005, SOON_MS));
	assert_false(reaches("10.0.0.3", 27005, 0));
	assert_true(reaches("10.0.0.3", 27006, SOON_MS));
	clear(state);
	assert_true(reaches("10.0.0.3", 27005, SOON_MS));
}

/* Two moves never look at the same time. */
static void one_at_a_time(void **state)
{
	struct request req = {.root = "/runc", .wake = -1, .cancelled = true};
	int fd = open(RUN_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	argv_addl(&req.words, "guard", "op=admit", "tag=0a1b2c3d", "server=10.0.0.1", "port=27005",
		  "client=10.0.0.2", NULL);
	/* It would wait, if its request were not at its end. */
	assert_int_equal(verb_guard(&req), 1);
	assert_string_equal(buf_str(&req.out), "");
	(void)close(fd);
	argv_clear(&req.words);
	buf_clear(&req.err);
	assert_int_equal(admit("tag=0a1b2c3d", "port=27005"), 27005);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(ports, clear),
		cmocka_unit_test_teardown(kept_out, clear),
		cmocka_unit_test_teardown(one_at_a_time, clear),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
