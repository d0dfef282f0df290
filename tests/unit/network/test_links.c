/* SPDX-License-Identifier: MIT */
/* Devices, addresses and routes: what the agent says, as it is read here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <arpa/inet.h>
#include <cmocka.h>

#include "agent/own_net.h"
#include "cmigrate/host/facts.h"
#include "cmigrate/network/links.h"

int verb_address(struct request *req);
int verb_place(struct request *req);

#define ADDRESS(...) own_net_ask(verb_address, NULL, NULL, "address", __VA_ARGS__, NULL)

/* This host, and a neighbour on the other side of its devices. */
static int neighbour;

static int enter(void **state)
{
	(void)state;
	own_net_enter();
	int here = own_net_here();
	own_net_enter_new();
	neighbour = own_net_here();
	own_net_go(here);
	(void)close(here);
	own_net_pair("eth0", "peer0", neighbour);
	own_net_pair("eth1", "peer1", neighbour);
	return 0;
}

static json_t *look(const char *key, const char *word)
{
	CLEANUP_BUF struct buf out = {0};
	struct facts facts;

	assert_int_equal(own_net_ask(verb_place, &out, NULL, "place", "op=look", word, NULL), 0);
	facts_parse(&facts, buf_str(&out));
	json_t *value = facts_json(&facts, key);
	facts_clear(&facts);
	return value;
}

static void expect_address(const json_t *links, const char *ip, const char *device, int prefix,
			   bool deprecated)
{
	int found = 0;
	const json_t *link = link_find_address(links, ip, &found), *info;
	size_t i;

	assert_string_equal(link_text(link, "ifname"), device);
	assert_int_equal(found, prefix);
	json_array_foreach (json_object_get(link, "addr_info"), i, info)
		if (strcmp(link_text(info, "local"), ip) == 0)
			assert_int_equal(json_is_true(json_object_get(info, "deprecated")),
					 deprecated);
}

static void addresses(void **state)
{
	int prefix;

	(void)state;
	assert_int_equal(ADDRESS("op=up", "address=192.0.2.7/24@eth0",
				 "address=2001:db8::7/64@eth0", "address=192.0.2.8/32@eth1"),
			 0);
	CLEANUP_JSON json_t *links = look("addr", NULL);
	expect_address(links, "192.0.2.7", "eth0", 24, false);
	expect_address(links, "2001:db8::7", "eth0", 64, true);
	expect_address(links, "192.0.2.8", "eth1", 32, false);
	expect_address(links, "127.0.0.1", "lo", 8, false);
	assert_null(link_find_address(links, "192.0.2.9", &prefix));
	assert_int_equal(ADDRESS("op=down", "address=192.0.2.7/24@", "address=2001:db8::7/64@",
				 "address=192.0.2.8/32@"),
			 0);
}

static void expect_route(const char *ip, const char *device, const char *type)
{
	CLEANUP_FREE char *word = str_fmt("address=%s/32@", ip);
	CLEANUP_JSON json_t *routes = look("route", word);
	const json_t *route = json_array_get(routes, 0);

	assert_int_equal(json_array_size(routes), 1);
	assert_string_equal(link_text(route, "dst"), ip);
	assert_string_equal(link_text(route, "dev"), device);
	assert_string_equal(link_text(route, "type"), type);
	assert_string_equal(link_text(route, "gateway"), "");
}

/* gateway NULL: one that refuses. */
static void add_route(const char *network, int prefix, const char *gateway)
{
	const int family = strchr(network, ':') ? AF_INET6 : AF_INET;
	const size_t len = family == AF_INET6 ? 16 : 4;
	const struct rtmsg info = {.rtm_family = (unsigned char)family,
				   .rtm_dst_len = (unsigned char)prefix,
				   .rtm_table = RT_TABLE_MAIN,
				   .rtm_protocol = RTPROT_STATIC,
				   .rtm_type = gateway ? RTN_UNICAST : RTN_UNREACHABLE};
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	struct netlink_message m;
	unsigned char raw[16];

	netlink_begin(&m, RTM_NEWROUTE, NLM_F_CREATE, &info, sizeof(info));
	assert_int_equal(inet_pton(family, network, raw), 1);
	netlink_put(&m, RTA_DST, raw, len);
	if (gateway) {
		assert_int_equal(inet_pton(family, gateway, raw), 1);
		netlink_put(&m, RTA_GATEWAY, raw, len);
	}
	assert_int_equal(netlink_do(fd, &m), 0);
}

static void routes(void **state)
{
	(void)state;
	assert_int_equal(
		ADDRESS("op=up", "address=192.0.2.7/24@eth0", "address=2001:db8::7/64@eth1"), 0);
	expect_route("192.0.2.9", "eth0", "");
	expect_route("2001:db8::9", "eth1", "");
	expect_route("192.0.2.7", "lo", "local");
	add_route("198.51.100.0", 24, "192.0.2.1");
	add_route("203.0.113.0", 24, NULL);
	add_route("2001:db9::", 64, NULL);
	CLEANUP_JSON json_t *far = look("route", "address=198.51.100.9/32@");
	CLEANUP_JSON json_t *none = look("route", "address=10.1.1.1/32@");
	CLEANUP_JSON json_t *refused = look("route", "address=203.0.113.9/32@");
	CLEANUP_JSON json_t *refused6 = look("route", "address=2001:db9::9/128@");
	assert_string_equal(link_text(json_array_get(far, 0), "gateway"), "192.0.2.1");
	assert_null(none);
	assert_null(refused);
	assert_null(refused6);
	assert_int_equal(ADDRESS("op=down", "address=192.0.2.7/24@", "address=2001:db8::7/64@"), 0);
}

/* Every name that the kernel allows is valid JSON. */
static void odd_names(void **state)
{
	size_t ups = 0, i, j;
	const json_t *link, *flag;

	(void)state;
	own_net_pair("a\"\\\x01\xff", "peer2", neighbour);
	CLEANUP_JSON json_t *links = look("addr", NULL);
	assert_non_null(link_find_device(links, "a\"\\??"));
	assert_int_equal(strlen(link_text(link_find_device(links, "eth0"), "address")), 17);
	json_array_foreach (links, i, link)
		json_array_foreach (json_object_get(link, "flags"), j, flag)
			ups += strcmp(json_string_value(flag), "UP") == 0;
	assert_int_equal(ups, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(routes),
		cmocka_unit_test(odd_names),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
