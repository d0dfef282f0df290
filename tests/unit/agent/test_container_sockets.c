/* SPDX-License-Identifier: MIT */
/* What the walk tells of the TCP, UDP and raw sockets of a container. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <sys/time.h>

#include "cmigrate/base/deadline.h"
#include "own_sockets.h"

#define ME "(test_container_)"
#define V4 "10.77.0.7"
#define V6 "fd77::7"
#define RAW_PROTOCOL 112
/* As linux/in.h and netinet/in.h have them. */
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

/* Of linux/ipv6.h, which netinet/in.h doesn't bear. */
struct ipv6_request {
	struct in6_addr ip;
	uint32_t prefix;
	int device;
};

static int datagram_to(const char *ip, unsigned port, int fd)
{
	struct sockaddr_storage to;
	socklen_t len = own_address(ip, port, &to);

	return connect(fd, (struct sockaddr *)&to, len);
}

/* Both addresses on the loopback, beside its own. */
static void add_addresses(void)
{
	struct ifreq v4 = {.ifr_name = "lo:1"};
	struct ipv6_request v6 = {.prefix = 64, .device = 1};
	struct sockaddr_storage ip;
	int fd4 = socket(AF_INET, SOCK_DGRAM, 0), fd6 = socket(AF_INET6, SOCK_DGRAM, 0);

	(void)own_address(V4, 0, &ip);
	memcpy(&v4.ifr_addr, &ip, sizeof(v4.ifr_addr));
	MUST(inet_pton(AF_INET6, V6, &v6.ip) == 1);
	MUST(ioctl(fd4, SIOCSIFADDR, &v4) == 0 && ioctl(fd6, SIOCSIFADDR, &v6) == 0);
	MUST(close(fd4) == 0 && close(fd6) == 0);
}

static void nothing(void)
{
}

static void use_sockets(void)
{
	int own[2];

	become(own_listen("127.0.0.1", 7001), 100);
	become(own_bind("0.0.0.0", 7002, SOCK_DGRAM, 0), 101);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, own) == 0);
}

static void listeners(void **state)
{
	(void)state;
	int others = own_listen("127.0.0.1", 7003);
	(void)start(nothing);
	(void)start(use_sockets);
	leave(&others);
	CLEANUP_FREE char *told = facts();
	expect(told, "container-listen=127.0.0.1:7001");
	expect(told, "container-listen-udp=0.0.0.0:7002");
	assert_int_equal(count(told, "container-listen"), 2);
	assert_int_equal(count(told, "external"), 0);
}

static int listener;

static void bind_addresses(void)
{
	become(own_bind(V4, 7010, SOCK_STREAM, 0), 100);
	MUST(listen(100, 1) == 0);
	become(own_bind(V6, 7011, SOCK_DGRAM, 0), 101);
	become(own_bind(V4, 0, SOCK_RAW, RAW_PROTOCOL), 102);
	become(own_bind(V4, 7012, SOCK_STREAM, 0), 103);
	MUST(datagram_to(V4, 7013, 103) == 0);
	become(socket(AF_INET, SOCK_DGRAM, 0), 104);
	MUST(datagram_to(V4, 7014, 104) == 0);
	/* An IPv4 address of an IPv6 socket. */
	become(own_bind("::ffff:" V4, 7015, SOCK_DGRAM, 0), 105);
	leave(&listener);
	/* Only bound. */
	become(own_bind(V6, 7016, SOCK_STREAM, 0), 106);
}

static void addresses_of_the_host(void **state)
{
	(void)state;
	listener = own_listen(V4, 7013);
	int pid = start(bind_addresses), server = accept(listener, NULL, NULL);
	CLEANUP_FREE char *told = facts();
	expect(told, "bound=listener " V4 ", " V4 ":7010, process %d " ME ", descriptor 100", pid);
	expect(told, "bound=receiver " V6 ", [" V6 "]:7011, process %d " ME ", descriptor 101",
	       pid);
	CLEANUP_FREE char *raw = str_fmt(", process %d " ME ", descriptor 102\n", pid);
	assert_non_null(strstr(told, "bound=raw " V4 ", " V4));
	assert_non_null(strstr(told, raw));
	expect(told,
	       "bound=connection " V4 ", " V4 ":7012 to " V4 ":7013, process %d " ME
	       ", descriptor 103",
	       pid);
	assert_non_null(strstr(told, "bound=datagrams " V4 ", " V4 ":"));
	assert_non_null(strstr(told, "bound=receiver " V4 ", " V4 ":7015, "));
	/* Once for each kind and address. Older kernels don't tell of sockets that are only bound.
	 */
	assert_in_range(count(told, "bound"), 6, 7);
	leave(&server);
	leave(&listener);
}

static void bind_everywhere(void)
{
	become(own_listen("127.0.0.1", 7020), 100);
	become(own_listen("::1", 7020), 101);
	become(own_listen("0.0.0.0", 7021), 102);
	become(own_listen("::", 7022), 103);
	become(own_bind("239.1.2.3", 7023, SOCK_DGRAM, 0), 104);
	become(own_bind("255.255.255.255", 7024, SOCK_DGRAM, 0), 105);
	become(own_bind("127.0.0.99", 0, SOCK_RAW, RAW_PROTOCOL), 106);
	become(socket(AF_INET6, SOCK_DGRAM, 0), 107);
	set(107, IPPROTO_IPV6, IPV6_FREEBIND, 1);
	struct sockaddr_storage to;
	socklen_t len = own_address("fd00::99", 7025, &to);
	MUST(bind(107, (struct sockaddr *)&to, len) == 0);
	become(socket(AF_INET, SOCK_DGRAM, 0), 108);
	MUST(setsockopt(108, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) == 0);
	MUST(datagram_to("127.0.0.1", 7026, 108) == 0);
}

static void addresses_of_every_host(void **state)
{
	(void)state;
	int pid = start(bind_everywhere);
	CLEANUP_FREE char *told = facts();
	assert_int_equal(count(told, "bound"), 0);
	expect(told, "bound-device=lo, process %d " ME ", descriptor 108", pid);
}

static unsigned port;

static void talk(void)
{
	become(own_connect("127.0.0.1", 7030), 100);
	become(own_connect("::1", 7031), 101);
	/* Both ends. */
	int own = own_listen("127.0.0.1", 7032);
	become(own_connect("127.0.0.1", 7032), 102);
	become(accept(own, NULL, NULL), 103);
}

static void conversations_with_the_host(void **state)
{
	int v4 = own_listen("127.0.0.1", 7030), v6 = own_listen("::1", 7031);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	(void)state;
	int pid = start(talk);
	int server4 = accept(v4, (struct sockaddr *)&from, &len), server6 = accept(v6, NULL, NULL);
	port = ntohs(from.sin_port);
	CLEANUP_FREE char *told = facts();
	expect(told,
	       "left-behind=127.0.0.1:%u to 127.0.0.1:7030, process %d " ME ", descriptor 100",
	       port, pid);
	assert_non_null(strstr(told, " to [::1]:7031, process"));
	assert_int_equal(count(told, "left-behind"), 2);
	leave(&server4);
	leave(&server6);
	leave(&v4);
	leave(&v6);
}

static int client;

static void serve(void)
{
	leave(&client);
	become(listener, 100);
	become(accept(100, NULL, NULL), 101);
}

/* As a health check does. */
static void a_conversation_that_ends(void **state)
{
	(void)state;
	listener = own_listen("127.0.0.1", 7040);
	client = own_connect("127.0.0.1", 7040);
	(void)start(serve);
	leave(&listener);
	pid_t pid = fork();
	if (pid == 0) {
		clock_sleep_ms(100);
		_exit(0);
	}
	leave(&client);
	CLEANUP_FREE char *told = facts();
	MUST(waitpid(pid, NULL, 0) == pid);
	assert_int_equal(count(told, "left-behind"), 0);
}

static void close_server(int signal)
{
	(void)signal;
	(void)close(101);
}

/* Its client asks by the address of the host, and goes; the program closes its end too. */
static void serve_shortly(void)
{
	const struct itimerval soon = {.it_value = {.tv_usec = 150000}};

	serve();
	MUST(signal(SIGALRM, close_server) != SIG_ERR && setitimer(ITIMER_REAL, &soon, NULL) == 0);
}

static void a_connection_to_the_host_that_ends(void **state)
{
	(void)state;
	listener = own_listen("0.0.0.0", 7041);
	client = own_connect(V4, 7041);
	(void)start(serve_shortly);
	leave(&listener);
	leave(&client);
	CLEANUP_FREE char *told = facts();
	assert_int_equal(count(told, "bound"), 0);
}

static void keep_listener(void)
{
	become(listener, 100);
}

static void connections_that_are_not_accepted(void **state)
{
	(void)state;
	listener = own_listen("::", 7050);
	int v4 = own_connect("127.0.0.1", 7050), v6 = own_connect("::1", 7050);
	int pid = start(keep_listener);
	leave(&listener);
	CLEANUP_FREE char *young = facts();
	assert_int_equal(count(young, "unaccepted"), 0);
	clock_sleep_ms(1100);
	CLEANUP_FREE char *told = facts();
	expect(told, "unaccepted=2 at *:7050, process %d " ME ", descriptor 100", pid);
	leave(&v4);
	leave(&v6);
}

static void receive_datagrams(void)
{
	become(own_bind("127.0.0.1", 7060, SOCK_DGRAM, 0), 100);
	become(own_bind("::1", 7061, SOCK_DGRAM, 0), 101);
	become(own_bind("127.0.0.1", 7062, SOCK_DGRAM, 0), 102);
	become(own_bind("127.0.0.1", 0, SOCK_RAW, RAW_PROTOCOL), 103);
	for (int i = 0; i < 2; i++) {
		int to = socket(i ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
		MUST(datagram_to(i ? "::1" : "127.0.0.1", i ? 7061 : 7060, to) == 0);
		MUST(send(to, "x", 1, 0) == 1 && close(to) == 0);
	}
	MUST(datagram_to("127.0.0.1", 0, 103) == 0 && send(103, "x", 1, 0) == 1);
}

static void datagrams_that_are_not_read(void **state)
{
	(void)state;
	int pid = start(receive_datagrams);
	CLEANUP_FREE char *told = facts();
	expect(told, "unread=127.0.0.1:7060, process %d " ME ", descriptor 100", pid);
	expect(told, "unread=[::1]:7061, process %d " ME ", descriptor 101", pid);
	expect(told, "unread=a raw socket, process %d " ME ", descriptor 103", pid);
	assert_int_equal(count(told, "unread"), 3);
}

/* Of every kind, connected and not, with options that CRIU keeps. */
static void use_kept_options(void)
{
	become(own_listen("127.0.0.1", 7080), 100);
	become(own_connect("127.0.0.1", 7080), 101);
	become(accept(100, NULL, NULL), 102);
	MUST(write(101, "x", 1) == 1);
	for (int fd = 100; fd < 103; fd++) {
		set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
		set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
		set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 77);
		set(fd, SOL_SOCKET, SO_RCVBUF, 77000);
	}
	become(own_bind("::", 7081, SOCK_DGRAM, 0), 103);
	become(own_bind("0.0.0.0", 7082, SOCK_DGRAM, 0), 104);
	set(104, SOL_SOCKET, SO_BROADCAST, 1);
	set(104, IPPROTO_IP, IP_PKTINFO, 1);
	become(socket(AF_INET6, SOCK_STREAM, 0), 105);
	become(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), 106);
	become(socket(AF_PACKET, SOCK_RAW, 0), 107);
	become(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), 108);
}

static void sockets_that_move_whole(void **state)
{
	static const char *const keys[] = {"bound",	    "bound-device", "left-behind",
					   "unread",	    "urgent",	    "unaccepted",
					   "socket-option", "corked",	    "multicast",
					   "packet-device", "netlink",	    "abstract"};

	(void)state;
	(void)start(use_kept_options);
	CLEANUP_FREE char *told = facts();
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (count(told, keys[i]))
			fail_msg("%s in:\n%s", keys[i], told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(listeners),
		TEST(addresses_of_the_host),
		TEST(addresses_of_every_host),
		TEST(conversations_with_the_host),
		TEST(a_conversation_that_ends),
		TEST(a_connection_to_the_host_that_ends),
		TEST(connections_that_are_not_accepted),
		TEST(datagrams_that_are_not_read),
		TEST(sockets_that_move_whole),
	};

	own_run_enter();
	own_loopback_enter();
	add_addresses();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
