/* SPDX-License-Identifier: MIT */
/* Packets that the source sends on, between two network namespaces of the test's own: the other
 * host is both the client and the next hop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <errno.h>
#include <linux/capability.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <sys/syscall.h>

#include "agent/network/nf_table.h"
#include "own_packets.h"

#define TAG "0a1b2c3d"

int verb_forward(struct request *req);

static int client4, client6, service4, service6, seen4, seen6;

/* A socket that gets all packets of a protocol which arrive at the other host. */
static int packets(uint16_t protocol)
{
	own_net_go(other_host);
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(protocol));
	own_net_go(this_host);
	if (fd < 0)
		own_net_die("packet socket");
	return fd;
}

static int enter(void **state)
{
	(void)state;
	own_packets_enter();
	client4 = bound(other_host, SOCK_DGRAM, "10.0.0.2", 0);
	client6 = bound(other_host, SOCK_DGRAM, "fd00::2", 0);
	service4 = bound(this_host, SOCK_DGRAM, "10.0.0.7", PORT);
	service6 = bound(this_host, SOCK_DGRAM, "fd00::7", PORT);
	seen4 = packets(ETH_P_IP);
	seen6 = packets(ETH_P_IPV6);
	return 0;
}

#define FORWARD(...) own_net_ask(verb_forward, NULL, NULL, "forward", "tag=" TAG, __VA_ARGS__, NULL)
#define ADDRESSES "address=10.0.0.7/24@eth0", "address=fd00::7/64@eth0"
#define HOPS "hop=10.0.0.2", "hop=fd00::2"

/* The protocol of a packet to the address that has come back; 0: it is another packet. */
static int protocol_back(const unsigned char *packet, ssize_t n, bool v6)
{
	struct in6_addr ip6;
	struct in_addr ip4;

	(void)inet_pton(AF_INET, "10.0.0.7", &ip4);
	(void)inet_pton(AF_INET6, "fd00::7", &ip6);
	if (v6)
		return n >= 40 && memcmp(packet + 24, &ip6, 16) == 0 ? packet[6] : 0;
	return n >= 20 && memcmp(packet + 16, &ip4, 4) == 0 ? packet[9] : 0;
}

/* Waits for a packet of that protocol which has come back; in between none of another one of the
 * two may come back. */
static void expect_back(bool v6, int protocol)
{
	unsigned char packet[2048];
	struct pollfd pfd = {.fd = v6 ? seen6 : seen4, .events = POLLIN};

	for (int back = 0; back != protocol;) {
		struct sockaddr_ll from;
		socklen_t len = sizeof(from);
		if (poll(&pfd, 1, SOON_MS) < 1)
			fail_msg("nothing came back");
		ssize_t n = recvfrom(pfd.fd, packet, sizeof(packet), 0, (void *)&from, &len);
		back = from.sll_pkttype == PACKET_OUTGOING ? 0 : protocol_back(packet, n, v6);
		if (back && back != protocol && (back == IPPROTO_TCP || back == IPPROTO_UDP))
			fail_msg("protocol %d came back", back);
	}
}

/* Asks for a connection; nobody answers. */
static void connect_to(int host, const char *from, const char *ip)
{
	struct sockaddr_storage a;
	socklen_t len = sockaddr_of(ip, 80, &a);
	int fd = bound(host, SOCK_STREAM, from, 0);

	if (connect(fd, (void *)&a, len) == 0 || errno != EINPROGRESS)
		own_net_die("connect");
	(void)close(fd);
}

static void expect_tables(int there)
{
	assert_int_equal(nf_table_exists(NF_NETDEV, "cmigrate_" TAG), there);
	assert_int_equal(nf_table_exists(NF_INET, "cmigrate_" TAG), there);
}

/* At first only requests for connections. */
static void requests(void **state)
{
	(void)state;
	assert_int_equal(FORWARD("op=set", ADDRESSES, HOPS), 0);
	send_text(client4, "10.0.0.7", "kept");
	send_text(client6, "fd00::7", "kept");
	assert_string_equal(received(service4, SOON_MS), "kept");
	assert_string_equal(received(service6, SOON_MS), "kept");
	connect_to(other_host, "10.0.0.2", "10.0.0.7");
	connect_to(other_host, "fd00::2", "fd00::7");
	expect_back(false, IPPROTO_TCP);
	expect_back(true, IPPROTO_TCP);
}

/* Nothing is started for that, and the kernel here says nothing more by TCP. */
static void all(void **state)
{
	(void)state;
	CLEANUP_FREE char *path = str_dup(getenv("PATH"));
	assert_int_equal(FORWARD("op=set", ADDRESSES, HOPS), 0);
	assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
	assert_int_equal(FORWARD("op=all", ADDRESSES), 0);
	assert_int_equal(FORWARD("op=all", ADDRESSES), 0);
	assert_int_equal(setenv("PATH", path, 1), 0);
	send_text(client4, "10.0.0.7", "sent on");
	send_text(client6, "fd00::7", "sent on");
	expect_back(false, IPPROTO_UDP);
	expect_back(true, IPPROTO_UDP);
	assert_string_equal(received(service4, 0), "");
	assert_string_equal(received(service6, 0), "");
}

/* A packet from the address that comes before a datagram of another address. */
static bool speaks(const char *from, const char *to, bool v6)
{
	int mark = bound(this_host, SOCK_DGRAM, v6 ? "fd00::1" : "10.0.0.1", 0);
	unsigned char packet[2048], ip[16];
	struct pollfd pfd = {.fd = v6 ? seen6 : seen4, .events = POLLIN};
	bool spoke = false;
	int protocol = 0;

	(void)inet_pton(v6 ? AF_INET6 : AF_INET, from, ip);
	connect_to(this_host, from, to);
	send_text(mark, to, "mark");
	(void)close(mark);
	while (protocol != IPPROTO_UDP) {
		if (poll(&pfd, 1, SOON_MS) < 1)
			fail_msg("no packet came");
		ssize_t n = recv(pfd.fd, packet, sizeof(packet), 0);
		assert_true(n >= 20);
		protocol = packet[v6 ? 6 : 9];
		if (protocol == IPPROTO_TCP && memcmp(packet + (v6 ? 8 : 12), ip, v6 ? 16 : 4) == 0)
			spoke = true;
	}
	return spoke;
}

static void silent(void **state)
{
	(void)state;
	assert_int_equal(FORWARD("op=set", ADDRESSES, HOPS), 0);
	assert_true(speaks("10.0.0.7", "10.0.0.2", false));
	assert_true(speaks("fd00::7", "fd00::2", true));
	assert_int_equal(FORWARD("op=all", ADDRESSES), 0);
	assert_false(speaks("10.0.0.7", "10.0.0.2", false));
	assert_false(speaks("fd00::7", "fd00::2", true));
}

static void cleared(void **state)
{
	(void)state;
	assert_int_equal(FORWARD("op=set", ADDRESSES, HOPS), 0);
	assert_int_equal(FORWARD("op=set", ADDRESSES, HOPS), 0);
	expect_tables(1);
	assert_int_equal(FORWARD("op=clear"), 0);
	expect_tables(0);
	assert_int_equal(FORWARD("op=clear"), 0);
	assert_int_equal(FORWARD("op=clear", "netns=/run/netns/no-such"), 0);
	assert_int_equal(FORWARD("op=set", "netns=/run/netns/no-such", ADDRESSES, HOPS), 1);
	send_text(client4, "10.0.0.7", "kept");
	assert_string_equal(received(service4, SOON_MS), "kept");
}

static void wrong(void **state)
{
	(void)state;
	assert_int_equal(FORWARD("op=set", ADDRESSES, "hop=10.0.0.2"), 1);
	assert_int_equal(FORWARD("op=set", HOPS), 1);
	assert_int_equal(FORWARD("op=none", ADDRESSES), 1);
	/* Not set. */
	assert_int_equal(FORWARD("op=all", ADDRESSES), 1);
	expect_tables(0);
}

/* A table that can't be deleted doesn't count as gone. */
static void not_allowed(void **state)
{
	CLEANUP_BUF struct buf err = {0};
	int status;

	(void)state;
	assert_int_equal(FORWARD("op=set", ADDRESSES, HOPS), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
		struct __user_cap_data_struct none[2] = {{0}};
		if (syscall(SYS_capset, &header, none) < 0)
			_exit(3);
		status = own_net_ask(verb_forward, NULL, &err, "forward", "op=clear", "tag=" TAG,
				     NULL);
		_exit(status == 1 && strcmp(buf_str(&err),
					    "can't delete the table 'netdev cmigrate_" TAG
					    "' of nftables: Operation not permitted\n") == 0
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(FORWARD("op=clear"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests), cmocka_unit_test(all),   cmocka_unit_test(silent),
		cmocka_unit_test(cleared),  cmocka_unit_test(wrong), cmocka_unit_test(not_allowed),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
