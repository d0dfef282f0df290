/* SPDX-License-Identifier: MIT */
/* Packets that are held back, between two network namespaces of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "agent/network/nf_table.h"
#include "agent/network/packet_queue.h"
#include "own_packets.h"
#include "stub.h"

#define TAG "0a1b2c3d"

int verb_hold(struct request *req);

/* Sockets: of the client at the other host; of the service, one for each address; and of an address
 * that isn't held, whose packets come on the same way. */
static int client4, client6, service4, service6, mark4, mark6;

static int enter(void **state)
{
	(void)state;
	own_packets_enter();
	client4 = bound(other_host, SOCK_DGRAM, "10.0.0.2", 0);
	client6 = bound(other_host, SOCK_DGRAM, "fd00::2", 0);
	service4 = bound(this_host, SOCK_DGRAM, "10.0.0.7", PORT);
	service6 = bound(this_host, SOCK_DGRAM, "fd00::7", PORT);
	mark4 = bound(this_host, SOCK_DGRAM, "10.0.0.1", PORT);
	mark6 = bound(this_host, SOCK_DGRAM, "fd00::1", PORT);
	return 0;
}

#define HOLD(ret_out, ...)                                                                         \
	own_net_ask(verb_hold, ret_out, NULL, "hold", "tag=" TAG, __VA_ARGS__, NULL)
#define ADDRESSES "address=10.0.0.7/24@eth0", "address=fd00::7/64@eth0"

/* Sends a datagram to each address of the service, and waits until whatever lets them pass has let
 * them pass. */
static void send_both(const char *text)
{
	send_text(client4, "10.0.0.7", text);
	send_text(client4, "10.0.0.1", "mark");
	send_text(client6, "fd00::7", text);
	send_text(client6, "fd00::1", "mark");
	assert_string_equal(received(mark4, SOON_MS), "mark");
	assert_string_equal(received(mark6, SOON_MS), "mark");
}

static void expect(const char *text, int ms)
{
	assert_string_equal(received(service4, ms), text);
	assert_string_equal(received(service6, ms), text);
}

/* Nothing of it is left. */
static void expect_none(void)
{
	assert_false(packet_queue_exists("cm" TAG));
	assert_int_equal(nf_table_exists(NF_NETDEV, "cmigrate_" TAG), 0);
	assert_int_equal(nf_table_exists(NF_INET, "cmigrate_" TAG), 0);
}

/* "kind=plug" or "kind=bucket", as the kernel here has it. */
static char *set(void)
{
	CLEANUP_BUF struct buf out = {0};

	assert_int_equal(HOLD(&out, "op=set", ADDRESSES), 0);
	if (strcmp(buf_str(&out), "plug\n") != 0)
		assert_string_equal(buf_str(&out), "bucket\n");
	return str_fmt("kind=%s", str_trim(out.s));
}

static void queued(void **state)
{
	(void)state;
	CLEANUP_FREE char *kind = set();
	send_both("one");
	send_both("two");
	expect("", 0);
	assert_int_equal(HOLD(NULL, "op=release", kind), 0);
	expect("one", SOON_MS);
	expect("two", SOON_MS);
	/* What comes later passes too. */
	send_both("three");
	expect("three", SOON_MS);
	assert_int_equal(HOLD(NULL, "op=clear"), 0);
	expect_none();
	send_both("four");
	expect("four", SOON_MS);
}

/* A packet for the address of one device that comes in on another one is held as well. */
static void on_the_other_device(void **state)
{
	CLEANUP_BUF struct buf out = {0};

	(void)state;
	assert_int_equal(HOLD(&out, "op=set", "address=10.0.0.7/24@lo", "address=fd00::7/64@eth0"),
			 0);
	CLEANUP_FREE char *kind = str_fmt("kind=%s", str_trim(out.s));
	send_both("one");
	expect("", 0);
	assert_int_equal(HOLD(NULL, "op=release", kind), 0);
	expect("one", SOON_MS);
	assert_int_equal(HOLD(NULL, "op=clear"), 0);
	expect_none();
}

/* Packets that were released leave before the queue is taken away. */
static void cleared_at_once(void **state)
{
	(void)state;
	CLEANUP_FREE char *kind = set();
	for (int i = 0; i < 50; i++)
		send_both("x");
	assert_int_equal(HOLD(NULL, "op=release", kind), 0);
	assert_int_equal(HOLD(NULL, "op=clear"), 0);
	for (int i = 0; i < 50; i++)
		expect("x", SOON_MS);
	expect_none();
}

/* Everything can be done twice. */
static void repeated(void **state)
{
	(void)state;
	assert_int_equal(HOLD(NULL, "op=clear"), 0);
	CLEANUP_FREE char *first = set();
	send_both("lost");
	CLEANUP_FREE char *second = set();
	assert_string_equal(first, second);
	send_both("kept");
	assert_int_equal(HOLD(NULL, "op=release", second), 0);
	assert_int_equal(HOLD(NULL, "op=release", second), 0);
	expect("kept", SOON_MS);
	assert_int_equal(HOLD(NULL, "op=clear"), 0);
	assert_int_equal(HOLD(NULL, "op=clear"), 0);
	expect_none();
	expect("", 0);
}

/* A kernel that can't redirect, as nft sees it: packets are dropped, and pass again after no_drop.
 */
static void dropped(void **state)
{
	CLEANUP_BUF struct buf out = {0};

	(void)state;
	char *dir = stub_dir_make();
	CLEANUP_FREE char *path = str_dup(getenv("PATH"));
	CLEANUP_FREE char *nft = str_fmt("#!/bin/sh\n"
					 "PATH=%s rules=$(cat)\n"
					 "case $rules in *'add rule netdev'*) exit 1 ;; esac\n"
					 "printf '%%s\\n' \"$rules\" | nft -f -\n",
					 path);
	stub_program(dir, "nft", nft);
	stub_path_add(dir);
	assert_int_equal(HOLD(&out, "op=set", ADDRESSES), 0);
	assert_int_equal(setenv("PATH", path, 1), 0);
	stub_dir_remove(dir);
	assert_string_equal(buf_str(&out), "dropped\n");
	assert_false(packet_queue_exists("cm" TAG));
	assert_int_equal(nf_table_exists(NF_NETDEV, "cmigrate_" TAG), 0);
	send_both("lost");
	assert_int_equal(HOLD(NULL, "op=no_drop"), 0);
	send_both("kept");
	expect("kept", SOON_MS);
	expect_none();
}

static void wrong(void **state)
{
	CLEANUP_BUF struct buf err = {0};

	(void)state;
	assert_int_equal(HOLD(NULL, "op=set"), 1);
	assert_int_equal(HOLD(NULL, "op=queue", ADDRESSES), 1);
	assert_int_equal(own_net_ask(verb_hold, NULL, &err, "hold", "tag=" TAG, "op=release",
				     "kind=plug", NULL),
			 1);
	assert_string_equal(buf_str(&err),
			    "the queue 'cm" TAG "' doesn't let go: No such device\n");
}

/* Without programs that aren't nft: the window of a frozen container has no time for one. */
static void nothing_is_started(void **state)
{
	(void)state;
	CLEANUP_FREE char *path = str_dup(getenv("PATH"));
	CLEANUP_FREE char *kind = set();
	assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
	assert_int_equal(HOLD(NULL, "op=release", kind), 0);
	assert_int_equal(HOLD(NULL, "op=no_drop"), 0);
	assert_int_equal(HOLD(NULL, "op=clear"), 0);
	assert_int_equal(setenv("PATH", path, 1), 0);
	expect_none();
}

static void gone_namespace(void **state)
{
	(void)state;
	assert_int_equal(HOLD(NULL, "op=clear", "netns=/run/netns/no-such"), 0);
	assert_int_equal(HOLD(NULL, "op=set", "netns=/run/netns/no-such", ADDRESSES), 1);
	assert_int_equal(HOLD(NULL, "op=release", "netns=/run/netns/no-such", "kind=plug"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queued),
		cmocka_unit_test(on_the_other_device),
		cmocka_unit_test(cleared_at_once),
		cmocka_unit_test(repeated),
		cmocka_unit_test(dropped),
		cmocka_unit_test(wrong),
		cmocka_unit_test(nothing_is_started),
		cmocka_unit_test(gone_namespace),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
