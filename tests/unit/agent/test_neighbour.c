/* SPDX-License-Identifier: MIT */
/* Who answers for an address: a neighbour in a network namespace of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <arpa/inet.h>
#include <cmocka.h>
#include <sys/socket.h>

#include "agent/network/device.h"
#include "agent/network/neighbour.h"
#include "cmigrate/base/deadline.h"
#include "own_net.h"

int verb_address(struct request *req);
int verb_place(struct request *req);

/* A neighbour on the other side of eth0, another one on that of eth1. */
static int neighbour;
static char hardware[2][HARDWARE_TEXT_SIZE];

#define ADDRESS(...) own_net_ask(verb_address, NULL, NULL, "address", __VA_ARGS__, NULL)

static void find_hardware(const char *name, char *ret)
{
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	struct device device;

	assert_int_equal(device_read(fd, name, 0, &device), 0);
	hardware_text(device.hardware, device.hardware_len, ret);
}

static int enter(void **state)
{
	(void)state;
	own_net_enter();
	int here = own_net_here();
	own_net_enter_new();
	neighbour = own_net_here();
	own_net_go(here);
	own_net_pair("eth0", "peer0", neighbour);
	own_net_pair("eth1", "peer1", neighbour);
	own_net_go(neighbour);
	find_hardware("peer0", hardware[0]);
	find_hardware("peer1", hardware[1]);
	assert_int_equal(ADDRESS("op=up", "address=192.0.2.7/24@peer0",
				 "address=2001:db8::7/64@peer0", "address=198.51.100.7/24@peer1",
				 "address=203.0.113.1/24@peer1", "address=192.0.2.1/24@peer0"),
			 0);
	own_net_go(here);
	(void)close(here);
	return ADDRESS("op=up", "address=192.0.2.2/24@eth0", "address=2001:db8::2/64@eth0",
		       "address=198.51.100.2/24@eth1");
}

/* Fails the test unless exactly these lines are said. */
static void expect_taken(const char *lines, const char *first, const char *second)
{
	CLEANUP_BUF struct buf out = {0};

	assert_int_equal(
		own_net_ask(verb_place, &out, NULL, "place", "op=taken", first, second, NULL), 0);
	assert_string_equal(buf_str(&out), lines);
}

static void taken(void **state)
{
	CLEANUP_FREE char *four = str_fmt("taken=192.0.2.7 %s\n", hardware[0]);
	CLEANUP_FREE char *six = str_fmt("taken=2001:db8::7 %s\n", hardware[0]);
	CLEANUP_FREE char *both = str_fmt("%s%s", four, six);

	(void)state;
	expect_taken(four, "address=192.0.2.7/24@eth0", NULL);
	expect_taken(six, "address=2001:db8::7/64@eth0", NULL);
	expect_taken(both, "address=192.0.2.7/24@eth0", "address=2001:db8::7/64@eth0");
	/* A free one beside a taken one, and one that this host has itself. */
	expect_taken(four, "address=192.0.2.9/24@eth0", "address=192.0.2.7/24@eth0");
	expect_taken(six, "address=192.0.2.2/24@eth0", "address=2001:db8::7/64@eth0");
	expect_taken(six, "address=2001:db8::9/64@eth0", "address=2001:db8::7/64@eth0");
	/* Nobody can be asked there. */
	expect_taken("", "address=192.0.2.7/24@lo", "address=192.0.2.7/24@nosuch");
	/* The device counts: the neighbour answers there too, from that one. */
	CLEANUP_FREE char *other = str_fmt("taken=198.51.100.7 %s\n", hardware[1]);
	expect_taken(other, "address=198.51.100.7/24@eth1", NULL);
}

/* All are asked at once. Half a second is waited only for one that nobody answers for. */
static void time_of_question(void **state)
{
	int64_t start = clock_now_us();

	(void)state;
	assert_int_equal(own_net_ask(verb_place, NULL, NULL, "place", "op=taken",
				     "address=192.0.2.9/24@eth0", "address=2001:db8::9/64@eth0",
				     "address=192.0.2.10/24@eth0", "address=192.0.2.11/24@eth0",
				     "address=192.0.2.12/24@eth0", "address=192.0.2.13/24@eth0",
				     "address=192.0.2.14/24@eth0", "address=192.0.2.15/24@eth0",
				     NULL),
			 0);
	/* One after another they would take four seconds. */
	assert_in_range(clock_now_us() - start, 500000, 3500000);
	start = clock_now_us();
	for (int i = 0; i < 8; i++)
		expect_taken("", "address=192.0.2.2/24@eth0", NULL);
	assert_in_range(clock_now_us() - start, 0, 3500000);
}

static void add_route_by_gateway(void)
{
	const struct rtmsg info = {.rtm_family = AF_INET,
				   .rtm_dst_len = 24,
				   .rtm_table = RT_TABLE_MAIN,
				   .rtm_protocol = RTPROT_STATIC,
				   .rtm_type = RTN_UNICAST};
	const struct in_addr to = {inet_addr("203.0.113.0")}, by = {inet_addr("192.0.2.1")};
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	struct netlink_message m;

	netlink_begin(&m, RTM_NEWROUTE, NLM_F_CREATE, &info, sizeof(info));
	netlink_put(&m, RTA_DST, &to, sizeof(to));
	netlink_put(&m, RTA_GATEWAY, &by, sizeof(by));
	assert_int_equal(netlink_do(fd, &m), 0);
}

/* Nobody owns an address that nobody answers for, that is here, that is behind a gateway. */
static void owners(void **state)
{
	struct request req = {.wake = -1};
	CLEANUP_FREE char *all = str_fmt("owner=192.0.2.7 %s\nowner=2001:db8::7 %s\n"
					 "owner=198.51.100.7 %s\n",
					 hardware[0], hardware[0], hardware[1]);

	(void)state;
	add_route_by_gateway();
	argv_addl(&req.words, "facts", "ip=192.0.2.7", "ip=2001:db8::7", "ip=198.51.100.7",
		  "ip=192.0.2.9", "ip=192.0.2.2", "ip=203.0.113.1", "ip=2001:db8::99",
		  "ip=10.1.1.1", "ip=nonsense", NULL);
	neighbours_owners(&req);
	assert_string_equal(buf_str(&req.out), all);
	assert_int_equal(req.err.len, 0);
	buf_clear(&req.out);
	argv_clear(&req.words);
}

/* A request that is over ends the wait. */
static void cancelled(void **state)
{
	struct request req = {.wake = -1, .cancelled = true};
	int64_t start = clock_now_us();

	(void)state;
	argv_addl(&req.words, "facts", "ip=192.0.2.9", NULL);
	for (int i = 0; i < 50; i++)
		neighbours_owners(&req);
	/* They would take five seconds. */
	assert_in_range(clock_now_us() - start, 0, 3500000);
	buf_clear(&req.out);
	argv_clear(&req.words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken),
		cmocka_unit_test(time_of_question),
		cmocka_unit_test(owners),
		cmocka_unit_test(cancelled),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
