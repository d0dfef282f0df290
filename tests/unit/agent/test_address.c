/* SPDX-License-Identifier: MIT */
/* Service addresses on devices of a network namespace of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <sys/socket.h>

#include "agent/address.h"
#include "agent/address_table.h"
#include "cmigrate/host/facts.h"
#include "cmigrate/network/links.h"
#include "own_net.h"

int verb_address(struct request *req);
int verb_place(struct request *req);

/* This host, and a neighbour on the other side of eth0. */
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

#define ADDRESS(...) own_net_ask(verb_address, NULL, NULL, "address", __VA_ARGS__, NULL)

/* What the controller reads: "DEVICE PREFIX", with " deprecated"; "" if it isn't there. */
static char *where(const char *ip)
{
	CLEANUP_BUF struct buf out = {0};
	struct facts facts;
	int prefix = 0;

	assert_int_equal(own_net_ask(verb_place, &out, NULL, "place", "op=look", NULL), 0);
	facts_parse(&facts, buf_str(&out));
	CLEANUP_JSON json_t *links = facts_json(&facts, "addr");
	facts_clear(&facts);
	const json_t *link = link_find_address(links, ip, &prefix), *info;
	size_t i;
	assert_non_null(links);
	if (!link)
		return str_dup("");
	json_array_foreach (json_object_get(link, "addr_info"), i, info)
		if (strcmp(link_text(info, "local"), ip) == 0)
			return str_fmt("%s %d%s", link_text(link, "ifname"), prefix,
				       json_is_true(json_object_get(info, "deprecated"))
					       ? " deprecated"
					       : "");
	return str_dup("");
}

static void expect_at(const char *ip, const char *place)
{
	CLEANUP_FREE char *found = where(ip);

	assert_string_equal(found, place);
}

static void come_and_go(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(ADDRESS("op=up", "address=192.0.2.7/24@eth0",
					 "address=2001:db8::7/64@eth0"),
				 0);
	expect_at("192.0.2.7", "eth0 24");
	/* The host's own connections don't come from it. */
	expect_at("2001:db8::7", "eth0 64 deprecated");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			ADDRESS("op=down", "address=192.0.2.7/24@", "address=2001:db8::7/128@"), 0);
		expect_at("192.0.2.7", "");
		expect_at("2001:db8::7", "");
	}
}

/* Connections can't wait until the kernel has looked for duplicates. */
static void no_wait(void **state)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	CLEANUP_FD int fd = socket(AF_INET6, SOCK_STREAM, 0);

	(void)state;
	own_net_write("/proc/sys/net/ipv6/conf/eth0/accept_dad", "1");
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::8", &six.sin6_addr), 1);
	assert_int_equal(ADDRESS("op=up", "address=2001:db8::8/64@eth0"), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&six, sizeof(six)), 0);
	assert_int_equal(ADDRESS("op=down", "address=2001:db8::8/64@eth0"), 0);
	own_net_write("/proc/sys/net/ipv6/conf/eth0/accept_dad", "0");
}

/* By default the kernel removes the other addresses of its network too, which belong to other
 * containers. */
static void others_stay(void **state)
{
	(void)state;
	own_net_write("/proc/sys/net/ipv4/conf/eth0/promote_secondaries", "0");
	assert_int_equal(ADDRESS("op=up", "address=198.51.100.1/24@eth0",
				 "address=198.51.100.2/24@eth0", "address=198.51.100.3/24@eth0"),
			 0);
	assert_int_equal(ADDRESS("op=down", "address=198.51.100.1/24@eth0"), 0);
	expect_at("198.51.100.1", "");
	expect_at("198.51.100.2", "eth0 24");
	/* While the container is frozen there is no time for it: it was done before. */
	own_net_write("/proc/sys/net/ipv4/conf/eth0/promote_secondaries", "0");
	address_spare_others("eth0");
	address_spare_others("nosuch");
	assert_int_equal(ADDRESS("op=leave", "address=198.51.100.2/24@eth0"), 0);
	expect_at("198.51.100.3", "eth0 24");
	assert_int_equal(ADDRESS("op=down", "address=198.51.100.3/24@eth0"), 0);
}

static void add_with_peer(const char *ip, const char *peer)
{
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	const struct ifaddrmsg info = {.ifa_family = AF_INET,
				       .ifa_prefixlen = 32,
				       .ifa_index = (unsigned)netlink_device(fd, "eth1")};
	struct in_addr local = {inet_addr(ip)}, other = {inet_addr(peer)};
	struct netlink_message m;

	netlink_begin(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	netlink_put(&m, IFA_LOCAL, &local, sizeof(local));
	netlink_put(&m, IFA_ADDRESS, &other, sizeof(other));
	assert_int_equal(netlink_do(fd, &m), 0);
}

/* An administrator has put it on another device, with another prefix, with a peer. */
static void found_elsewhere(void **state)
{
	static const char *const ops[] = {"op=down", "op=leave"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		add_with_peer("10.98.1.1", "10.98.1.2");
		expect_at("10.98.1.1", "eth1 32");
		assert_int_equal(
			ADDRESS("op=up", "address=192.0.2.7/25@eth0", "address=192.0.2.7/24@eth1"),
			0);
		assert_int_equal(ADDRESS(ops[i], "address=10.98.1.1/24@eth0",
					 "address=192.0.2.7/32@nosuch", "address=192.0.2.9/24@eth0",
					 "address=2001:db8::9/64@eth0"),
				 0);
		expect_at("10.98.1.1", "");
		expect_at("192.0.2.7", "");
	}
}

static void no_device(void **state)
{
	CLEANUP_BUF struct buf err = {0};

	(void)state;
	assert_int_equal(own_net_ask(verb_address, NULL, &err, "address", "op=up",
				     "address=192.0.2.7/24@nosuch", NULL),
			 1);
	assert_string_equal(err.s, "there is no device 'nosuch' for 192.0.2.7\n");
	assert_int_equal(ADDRESS("op=up", "address=192.0.2.7/24@"), 1);
	assert_int_equal(ADDRESS("op=sideways", "address=192.0.2.7/24@eth0"), 1);
	expect_at("192.0.2.7", "");
	/* Nobody can be told; nothing fails. */
	assert_int_equal(ADDRESS("op=announce", "address=192.0.2.7/24@nosuch"), 0);
}

/* Of a container in a network of its own: everything in it went with it. */
static void namespaces(void **state)
{
	CLEANUP_FREE char *there = str_fmt("netns=/proc/self/fd/%d", neighbour);

	(void)state;
	assert_int_equal(ADDRESS("op=up", there, "address=192.0.2.7/24@peer0"), 0);
	expect_at("192.0.2.7", "");
	assert_int_equal(ADDRESS("op=down", there, "address=192.0.2.7/24@"), 0);
	assert_int_equal(ADDRESS("op=up", "netns=/proc/no/such", "address=192.0.2.7/24@eth0"), 1);
	assert_int_equal(ADDRESS("op=down", "netns=/proc/no/such", "address=192.0.2.7/24@eth0"), 0);
	assert_int_equal(ADDRESS("op=leave", "netns=/proc/no/such", "address=192.0.2.7/24@"), 0);
	/* A file that isn't one. */
	assert_int_equal(ADDRESS("op=down", "netns=/proc/version", "address=192.0.2.7/24@"), 1);
}

/* Two ends of a connection to the address, both on this host. */
static void connect_to(const char *ip, int *ret_client, int *ret_server)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {inet_addr(ip)}};
	socklen_t len = sizeof(at);
	CLEANUP_FD int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	*ret_client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(*ret_client, (struct sockaddr *)&at, sizeof(at)), 0);
	*ret_server = accept(listener, NULL, NULL);
	assert_true(*ret_server >= 0);
}

static void old_connections_end(void **state)
{
	CLEANUP_FD int client = -1, server = -1;
	char byte;

	(void)state;
	assert_int_equal(ADDRESS("op=up", "address=192.0.2.7/24@eth0"), 0);
	connect_to("192.0.2.7", &client, &server);
	assert_int_equal(ADDRESS("op=up", "address=192.0.2.7/24@eth0"), 0);
	assert_int_equal(recv(server, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(ADDRESS("op=enter", "address=192.0.2.7/24@eth0"), 0);
	assert_int_equal(recv(server, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_not_equal(errno, EAGAIN);
	expect_at("192.0.2.7", "eth0 24");
	assert_int_equal(ADDRESS("op=down", "address=192.0.2.7/24@eth0"), 0);
}

/* Opens a socket at the neighbour. */
static int hear(int family, int type, int protocol)
{
	CLEANUP_FD int here = own_net_here();

	own_net_go(neighbour);
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);
	own_net_go(here);
	assert_true(fd >= 0);
	return fd;
}

static bool await(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

/* One ARP packet: from and for the address, of the operation. */
static void expect_arp(int fd, int operation, const char *ip)
{
	const struct in_addr wanted = {inet_addr(ip)};
	struct sockaddr_ll from = {0};
	struct ether_arp packet;
	socklen_t len = sizeof(from);

	assert_true(await(fd, 10000));
	assert_int_equal(recvfrom(fd, &packet, sizeof(packet), 0, (struct sockaddr *)&from, &len),
			 sizeof(packet));
	assert_int_equal(from.sll_pkttype, PACKET_BROADCAST);
	assert_int_equal(ntohs(packet.arp_op), operation);
	assert_memory_equal(packet.arp_spa, &wanted, sizeof(wanted));
	assert_memory_equal(packet.arp_tpa, &wanted, sizeof(wanted));
	assert_memory_equal(packet.arp_sha, from.sll_addr, sizeof(packet.arp_sha));
}

static void announce_by_arp(void **state)
{
	CLEANUP_FD int fd = hear(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ARP));

	(void)state;
	/* It has moved on meanwhile. */
	assert_int_equal(ADDRESS("op=announce", "address=192.0.2.7/24@eth0"), 0);
	assert_int_equal(ADDRESS("op=up", "address=192.0.2.8/24@eth0"), 0);
	assert_int_equal(ADDRESS("op=announce", "address=192.0.2.8/24@eth0"), 0);
	expect_arp(fd, ARPOP_REQUEST, "192.0.2.8");
	expect_arp(fd, ARPOP_REPLY, "192.0.2.8");
	assert_false(await(fd, 0));
	assert_int_equal(ADDRESS("op=down", "address=192.0.2.8/24@eth0"), 0);
}

static struct nd_neighbor_advert next_advertisement(int fd)
{
	struct nd_neighbor_advert advert;

	do {
		assert_true(await(fd, 10000));
		assert_true(recv(fd, &advert, sizeof(advert), 0) > 0);
	} while (advert.nd_na_type != ND_NEIGHBOR_ADVERT);
	return advert;
}

static void announce_by_advertisement(void **state)
{
	CLEANUP_FD int fd = hear(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	struct nd_neighbor_advert advert;
	struct in6_addr ip;

	(void)state;
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::8", &ip), 1);
	assert_int_equal(ADDRESS("op=up", "address=2001:db8::8/64@eth0"), 0);
	assert_int_equal(ADDRESS("op=announce", "address=2001:db8::7/64@eth0",
				 "address=2001:db8::8/64@eth0"),
			 0);
	advert = next_advertisement(fd);
	assert_memory_equal(&advert.nd_na_target, &ip, sizeof(ip));
	assert_int_equal(advert.nd_na_flags_reserved, ND_NA_FLAG_OVERRIDE);
	/* A router that doesn't say so is forgotten by its neighbours. */
	own_net_write("/proc/sys/net/ipv6/conf/eth0/forwarding", "1");
	assert_int_equal(ADDRESS("op=announce", "address=2001:db8::8/64@eth0"), 0);
	advert = next_advertisement(fd);
	assert_int_equal(advert.nd_na_flags_reserved, ND_NA_FLAG_OVERRIDE | ND_NA_FLAG_ROUTER);
	own_net_write("/proc/sys/net/ipv6/conf/eth0/forwarding", "0");
	assert_int_equal(ADDRESS("op=down", "address=2001:db8::8/64@eth0"), 0);
}

/* The first route that the controller reads. */
static json_t *route_to(const char *ip)
{
	CLEANUP_BUF struct buf out = {0};
	CLEANUP_FREE char *word = str_fmt("address=%s/32@", ip);
	struct facts facts;

	assert_int_equal(own_net_ask(verb_place, &out, NULL, "place", "op=look", word, NULL), 0);
	facts_parse(&facts, buf_str(&out));
	json_t *routes = facts_json(&facts, "route");
	facts_clear(&facts);
	return routes;
}

static void expect_route(const char *ip, const char *device, const char *type)
{
	CLEANUP_JSON json_t *routes = route_to(ip);
	const json_t *route = json_array_get(routes, 0);

	assert_int_equal(json_array_size(routes), 1);
	assert_string_equal(link_text(route, "dst"), ip);
	assert_string_equal(link_text(route, "dev"), device);
	assert_string_equal(link_text(route, "type"), type);
	assert_string_equal(link_text(route, "gateway"), "");
}

static void add_route(const char *network, const char *gateway)
{
	const struct rtmsg info = {.rtm_family = AF_INET,
				   .rtm_dst_len = 24,
				   .rtm_table = RT_TABLE_MAIN,
				   .rtm_protocol = RTPROT_STATIC,
				   .rtm_type = gateway ? RTN_UNICAST : RTN_UNREACHABLE};
	struct in_addr to = {inet_addr(network)}, by = {gateway ? inet_addr(gateway) : 0};
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	struct netlink_message m;

	netlink_begin(&m, RTM_NEWROUTE, NLM_F_CREATE, &info, sizeof(info));
	netlink_put(&m, RTA_DST, &to, sizeof(to));
	if (gateway)
		netlink_put(&m, RTA_GATEWAY, &by, sizeof(by));
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
	add_route("198.51.100.0", "192.0.2.1");
	add_route("203.0.113.0", NULL);
	CLEANUP_JSON json_t *far = route_to("198.51.100.9"), *none = route_to("10.1.1.1"),
			    *refused = route_to("203.0.113.9");
	assert_string_equal(link_text(json_array_get(far, 0), "gateway"), "192.0.2.1");
	assert_null(none);
	assert_null(refused);
	assert_int_equal(ADDRESS("op=down", "address=192.0.2.7/24@", "address=2001:db8::7/64@"), 0);
}

/* Every name that the kernel allows is valid JSON. */
static void odd_names(void **state)
{
	CLEANUP_BUF struct buf out = {0};
	struct facts facts;
	size_t ups = 0, i, j;
	const json_t *link, *flag;

	(void)state;
	own_net_pair("a\"\\\x01\xff", "peer2", neighbour);
	assert_int_equal(own_net_ask(verb_place, &out, NULL, "place", "op=look", NULL), 0);
	facts_parse(&facts, buf_str(&out));
	CLEANUP_JSON json_t *links = facts_json(&facts, "addr");
	facts_clear(&facts);
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
		cmocka_unit_test(come_and_go),
		cmocka_unit_test(no_wait),
		cmocka_unit_test(others_stay),
		cmocka_unit_test(found_elsewhere),
		cmocka_unit_test(no_device),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(old_connections_end),
		cmocka_unit_test(announce_by_arp),
		cmocka_unit_test(announce_by_advertisement),
		cmocka_unit_test(routes),
		cmocka_unit_test(odd_names),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
