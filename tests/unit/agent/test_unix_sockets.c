/* SPDX-License-Identifier: MIT */
/* What the walk tells of the unix, packet and netlink sockets of a container, and of strange ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <netinet/udp.h>
#include <sys/un.h>

#include "cmigrate/base/deadline.h"
#include "own_sockets.h"

#define ME "(test_unix_socke)"

static int unix_bound(const char *name, int type)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	memcpy(to.sun_path, name, len);
	if (*name == '@')
		*to.sun_path = '\0';
	else
		(void)unlink(name);
	len += offsetof(struct sockaddr_un, sun_path);
	MUST(bind(fd, (struct sockaddr *)&to, (socklen_t)len) == 0);
	MUST(type == SOCK_DGRAM || listen(fd, 4) == 0);
	return fd;
}

static int unix_connected(const char *name, int type)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	memcpy(to.sun_path, name, len);
	if (*name == '@')
		*to.sun_path = '\0';
	len += offsetof(struct sockaddr_un, sun_path);
	MUST(connect(fd, (struct sockaddr *)&to, (socklen_t)len) == 0);
	return fd;
}

static int pair[2];
/* Sockets of the host, which a child of the test has too. */
static int others[4];

static void close_others(void)
{
	for (size_t i = 0; i < 4; i++)
		if (others[i])
			(void)close(others[i]);
}

static void connect_outside(void)
{
	become(unix_connected(DIR "/log", SOCK_DGRAM), 100);
	become(unix_connected(DIR "/moved", SOCK_DGRAM), 101);
	become(unix_connected("@a b,c", SOCK_DGRAM), 102);
	become(pair[1], 103);
	become(unix_connected(DIR "/packets", SOCK_SEQPACKET), 104);
	close_others();
	MUST(close(pair[0]) == 0);
}

static void unix_sockets_of_the_host(void **state)
{
	(void)state;
	others[0] = unix_bound(DIR "/log", SOCK_DGRAM);
	others[1] = unix_bound(DIR "/was", SOCK_DGRAM);
	others[2] = unix_bound("@a b,c", SOCK_DGRAM);
	others[3] = unix_bound(DIR "/packets", SOCK_SEQPACKET);
	MUST(rename(DIR "/was", DIR "/moved") == 0);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == 0);
	int pid = start(connect_outside), server = accept(others[3], NULL, NULL);
	leave(&pair[1]);
	CLEANUP_FREE char *told = facts();
	expect(told, "external=datagram reachable " DIR "/log, process %d " ME ", descriptor 100",
	       pid);
	expect(told, "external=datagram elsewhere " DIR "/was, process %d " ME ", descriptor 101",
	       pid);
	expect(told,
	       "external=datagram reachable @a\\x20b\\x2cc, process %d " ME ", descriptor 102",
	       pid);
	expect(told, "external=datagram unnamed -, process %d " ME ", descriptor 103", pid);
	expect(told,
	       "external=seqpacket reachable " DIR "/packets, process %d " ME ", descriptor 104",
	       pid);
	assert_int_equal(count(told, "external"), 5);
	leave(&server);
	leave(&pair[0]);
	close_others();
}

/* Its own network namespace: the kernel tells there of none of the host's sockets. */
static void connect_from_another(void)
{
	own_loopback_enter();
	become(unix_connected(DIR "/log", SOCK_DGRAM), 100);
	close_others();
}

static void a_unix_socket_of_another_namespace(void **state)
{
	(void)state;
	memset(others, 0, sizeof(others));
	others[0] = unix_bound(DIR "/log", SOCK_DGRAM);
	int pid = start(connect_from_another);
	CLEANUP_FREE char *told = facts();
	expect(told, "external=datagram foreign -, process %d " ME ", descriptor 100", pid);
	close_others();
}

static void keep_pair(void)
{
	become(pair[1], 100);
	MUST(close(pair[0]) == 0);
}

/* A client of the host that ends. */
static void a_unix_socket_that_is_closed(void **state)
{
	(void)state;
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	(void)start(keep_pair);
	leave(&pair[1]);
	pid_t pid = fork();
	if (pid == 0) {
		clock_sleep_ms(100);
		_exit(0);
	}
	leave(&pair[0]);
	CLEANUP_FREE char *told = facts();
	MUST(waitpid(pid, NULL, 0) == pid);
	assert_int_equal(count(told, "external"), 0);
}

static void have_names(void)
{
	become(unix_bound("@stream", SOCK_STREAM), 100);
	become(unix_connected("@stream", SOCK_STREAM), 101);
	become(accept(100, NULL, NULL), 102);
	become(unix_bound("@datagram", SOCK_DGRAM), 103);
	become(unix_bound(DIR "/path", SOCK_STREAM), 104);
}

static void abstract_names(void **state)
{
	(void)state;
	int pid = start(have_names);
	CLEANUP_FREE char *told = facts();
	expect(told, "abstract=stream @stream, process %d " ME ", descriptor 100", pid);
	expect(told, "abstract=datagram @datagram, process %d " ME ", descriptor 103", pid);
	assert_int_equal(count(told, "abstract"), 2);
}

static void leave_in_flight(void)
{
	become(unix_bound(DIR "/own", SOCK_STREAM), 100);
	become(unix_connected(DIR "/own", SOCK_STREAM), 101);
	MUST(write(101, "x", 1) == 1);
	become(unix_bound(DIR "/closed", SOCK_SEQPACKET), 102);
	MUST(close(unix_connected(DIR "/closed", SOCK_SEQPACKET)) == 0);
	become(unix_bound(DIR "/calm", SOCK_STREAM), 103);
	become(unix_connected(DIR "/calm", SOCK_STREAM), 104);
	become(unix_bound(DIR "/served", SOCK_STREAM), 105);
}

static void unix_connections_that_are_not_accepted(void **state)
{
	(void)state;
	int pid = start(leave_in_flight);
	int client = unix_connected(DIR "/served", SOCK_STREAM);
	CLEANUP_FREE char *told = facts();
	expect(told,
	       "in-flight=with data for one that has not accepted it, process %d " ME
	       ", descriptor 101",
	       pid);
	expect(told, "in-flight=closed before it was accepted, process %d " ME ", descriptor 102",
	       pid);
	expect(told, "unaccepted-unix=" DIR "/served, process %d " ME ", descriptor 105", pid);
	assert_int_equal(count(told, "in-flight"), 2);
	assert_int_equal(count(told, "unaccepted-unix"), 1);
	leave(&client);
}

static void bind_packet(void)
{
	struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_ifindex = 1};

	become(socket(AF_PACKET, SOCK_RAW, 0), 100);
	MUST(bind(100, (struct sockaddr *)&all, sizeof(all)) == 0);
	become(socket(AF_PACKET, SOCK_DGRAM, 0), 101);
}

static void packet_sockets(void **state)
{
	(void)state;
	int pid = start(bind_packet);
	CLEANUP_FREE char *told = facts();
	expect(told, "packet-device=1 lo, process %d " ME ", descriptor 100", pid);
	assert_int_equal(count(told, "packet-device"), 1);
}

static void ask_netlink(void)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg body;
	} ask = {{.nlmsg_len = sizeof(ask),
		  .nlmsg_type = RTM_GETLINK,
		  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		 {AF_UNSPEC}};

	become(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), 100);
	MUST(send(100, &ask, sizeof(ask), 0) == sizeof(ask));
}

static void netlink_messages_that_are_not_read(void **state)
{
	(void)state;
	int pid = start(ask_netlink);
	CLEANUP_FREE char *told = facts();
	CLEANUP_FREE char *end = str_fmt(" bytes, process %d " ME ", descriptor 100\n", pid);
	assert_int_equal(count(told, "netlink"), 1);
	assert_non_null(strstr(told, end));
}

static void cork(void)
{
	become(socket(AF_INET, SOCK_DGRAM, 0), 100);
	set(100, IPPROTO_UDP, UDP_CORK, 1);
}

static void a_corked_socket(void **state)
{
	(void)state;
	int pid = start(cork);
	CLEANUP_FREE char *told = facts();
	expect(told, "corked=UDP_CORK, process %d " ME ", descriptor 100", pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unix_sockets_of_the_host),
		TEST(a_unix_socket_of_another_namespace),
		TEST(a_unix_socket_that_is_closed),
		TEST(abstract_names),
		TEST(unix_connections_that_are_not_accepted),
		TEST(packet_sockets),
		TEST(netlink_messages_that_are_not_read),
		TEST(a_corked_socket),
	};

	own_run_enter();
	own_loopback_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
