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
#include <sys/resource.h>
#include <sys/socket.h>

#include "agent/network/address.h"
#include "agent/network/address_table.h"
#include "agent/network/device.h"
#include "agent/serve/fields.h"
#include "agent/serve/verbs.h"
#include "own_net.h"

int verb_address(struct request *req);

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

/* "DEVICE PREFIX", with " deprecated"; "" if it isn't there. */
static char *where(const char *ip)
{
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	CLEANUP_ADDRESS_TABLE struct address_table table = {0};
	struct device device;

	assert_int_equal(address_table_read(fd, AF_UNSPEC, &table), 0);
	const struct held *row = address_table_find(&table, ip, NULL);
	if (!row)
		return str_dup("");
	assert_int_equal(device_read(fd, NULL, row->device, &device), 0);
	return str_fmt("%s %d%s", device.name, row->prefix, row->deprecated ? " deprecated" : "");
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

/* An address doesn't count as gone if the kernel can't be asked. */
static void the_kernel_is_silent(void **state)
{
	struct rlimit few, old;

	(void)state;
	assert_int_equal(ADDRESS("op=up", "address=192.0.2.7/24@eth0"), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	int down = ADDRESS("op=down", "address=192.0.2.7/24@eth0");
	int leave = ADDRESS("op=leave", "address=192.0.2.7/24@eth0");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(down, 1);
	assert_int_equal(leave, 1);
	assert_int_equal(ADDRESS("op=down", "address=192.0.2.7/24@eth0"), 0);
}

/* Words from the controller: none of them reaches the kernel, or a path in /proc. */
static void refused_words(void **state)
{
	static const char *const bad[] = {
		"192.0.2.1/24@eth0;reboot", "192.0.2.1/24@../x",   "192.0.2.1/24@..",
		"192.0.2.01/24@eth0",	    "192.0.2.1@eth0",	   "192.0.2.1/33@eth0",
		"2001:DB8::1/64@eth0",	    "192.0.2.1/24@eth0,x", "",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct request req = {.wake = -1};
		argv_addl(&req.words, "address", "op=up", NULL);
		argv_addf(&req.words, "address=%s", bad[i]);
		if (fields_check(&req, verb_find("address")) == 0)
			fail_msg("'%s' is let in", bad[i]);
		argv_clear(&req.words);
		buf_clear(&req.err);
	}
	struct request req = {.wake = -1};
	argv_addl(&req.words, "address", "op=down", "netns=/proc/self/ns/net",
		  "address=192.0.2.1/24@", "address=fd00::1/64@eth0.5", NULL);
	assert_int_equal(fields_check(&req, verb_find("address")), 0);
	argv_add(&req.words, "container=web");
	assert_int_equal(fields_check(&req, verb_find("address")), 1);
	argv_clear(&req.words);
	buf_clear(&req.err);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(come_and_go),
		cmocka_unit_test(no_wait),
		cmocka_unit_test(others_stay),
		cmocka_unit_test(found_elsewhere),
		cmocka_unit_test(no_device),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(the_kernel_is_silent),
		cmocka_unit_test(refused_words),
		cmocka_unit_test(old_connections_end),
		cmocka_unit_test(announce_by_arp),
		cmocka_unit_test(announce_by_advertisement),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
