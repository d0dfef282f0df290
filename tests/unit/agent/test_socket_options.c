/* SPDX-License-Identifier: MIT */
/* What only the sockets of a container themselves tell: options, multicast groups, urgent data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <linux/tcp.h>

#include "agent/request/text_file.h"
#include "own_sockets.h"

#define ME "(test_socket_opt)"
#define RAW_PROTOCOL 112

/* Not the one that sockets have anyway. */
static const char *congestion;

static void set_options(void)
{
	become(socket(AF_INET, SOCK_STREAM, 0), 100);
	set(100, IPPROTO_TCP, TCP_USER_TIMEOUT, 7000);
	set(100, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 7000);
	set(100, IPPROTO_TCP, TCP_SYNCNT, 3);
	set(100, IPPROTO_TCP, TCP_LINGER2, 7);
	MUST(setsockopt(100, IPPROTO_TCP, TCP_CONGESTION, congestion,
			(socklen_t)strlen(congestion)) == 0);
	become(own_listen("::", 7070), 101);
	set(101, IPPROTO_TCP, TCP_FASTOPEN, 5);
	set(101, IPPROTO_TCP, TCP_WINDOW_CLAMP, 70000);
	set(101, IPPROTO_TCP, TCP_DEFER_ACCEPT, 3); /* nobody misses it */
	become(socket(AF_INET, SOCK_DGRAM, 0), 102);
	set(102, IPPROTO_IP, IP_MULTICAST_TTL, 7);
	set(102, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	become(socket(AF_INET6, SOCK_RAW, RAW_PROTOCOL), 103);
	set(103, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 7);
}

static void options_that_are_forgotten(void **state)
{
	(void)state;
	CLEANUP_FREE char *usual =
		text_file_read("/proc/sys/net/ipv4/tcp_congestion_control", 64, NULL);
	congestion = strcmp(usual, "reno\n") == 0 ? "cubic" : "reno";
	int pid = start(set_options);
	CLEANUP_FREE char *told = facts();
	expect(told,
	       "socket-option=TCP_USER_TIMEOUT TCP_NOTSENT_LOWAT TCP_SYNCNT TCP_LINGER2 "
	       "TCP_CONGESTION, process %d " ME ", descriptor 100",
	       pid);
	expect(told,
	       "socket-option=TCP_FASTOPEN TCP_WINDOW_CLAMP, process %d " ME ", descriptor 101",
	       pid);
	expect(told,
	       "socket-option=IP_MULTICAST_TTL IP_MULTICAST_LOOP, process %d " ME
	       ", descriptor 102",
	       pid);
	expect(told, "socket-option=IPV6_MULTICAST_HOPS, process %d " ME ", descriptor 103", pid);
}

static void set_key(int fd, const char *ip)
{
	struct tcp_md5sig key = {.tcpm_keylen = 3, .tcpm_key = "key"};
	struct sockaddr_in at = {.sin_family = AF_INET};

	MUST(inet_pton(AF_INET, ip, &at.sin_addr) == 1);
	memcpy(&key.tcpm_addr, &at, sizeof(at));
	MUST(setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key)) == 0);
}

static void set_keys(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(7080)};

	become(own_listen("127.0.0.1", 7080), 100);
	become(own_listen("127.0.0.1", 7081), 102);
	set_key(100, "127.0.0.1");
	become(socket(AF_INET, SOCK_STREAM, 0), 101);
	set_key(101, "127.0.0.1");
	MUST(inet_pton(AF_INET, "127.0.0.1", &to.sin_addr) == 1);
	MUST(connect(101, (struct sockaddr *)&to, sizeof(to)) == 0);
}

static void keys_of_signatures(void **state)
{
	(void)state;
	int pid = start(set_keys);
	CLEANUP_FREE char *told = facts();
	expect(told, "tcp-keys=TCP_MD5SIG, 127.0.0.1:7080, process %d " ME ", descriptor 100", pid);
	assert_non_null(strstr(told, "tcp-keys=TCP_MD5SIG, 127.0.0.1:"));
	assert_non_null(strstr(told, " to 127.0.0.1:7080, process "));
	assert_int_equal(count(told, "tcp-keys"), 2);
}

static void send_urgent(void)
{
	int own = own_listen("127.0.0.1", 7090);

	become(own_connect("127.0.0.1", 7090), 100);
	become(accept(own, NULL, NULL), 101);
	MUST(close(own) == 0 && send(100, "!", 1, MSG_OOB) == 1);
}

static void urgent_data(void **state)
{
	(void)state;
	int pid = start(send_urgent);
	CLEANUP_FREE char *told = facts();
	expect(told, "urgent=a connection, process %d " ME ", descriptor 101", pid);
	assert_int_equal(count(told, "urgent"), 1);
}

static void join_groups(void)
{
	struct ip_mreqn v4 = {.imr_ifindex = 1};
	struct ipv6_mreq v6 = {.ipv6mr_interface = 1};

	MUST(inet_pton(AF_INET, "224.0.0.18", &v4.imr_multiaddr) == 1);
	MUST(inet_pton(AF_INET6, "ff02::7", &v6.ipv6mr_multiaddr) == 1);
	become(socket(AF_INET, SOCK_RAW, RAW_PROTOCOL), 100);
	MUST(setsockopt(100, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof(v4)) == 0);
	become(own_bind("::", 7100, SOCK_DGRAM, 0), 101);
	MUST(setsockopt(101, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &v6, sizeof(v6)) == 0);
	become(own_bind("0.0.0.0", 7101, SOCK_DGRAM, 0), 102);
}

static void multicast_groups(void **state)
{
	(void)state;
	int pid = start(join_groups);
	CLEANUP_FREE char *told = facts();
	expect(told, "multicast=224.0.0.18 on lo, process %d " ME ", descriptor 100", pid);
	expect(told, "multicast=ff02::7 on lo, process %d " ME ", descriptor 101", pid);
	assert_int_equal(count(told, "multicast"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(options_that_are_forgotten),
		TEST(keys_of_signatures),
		TEST(urgent_data),
		TEST(multicast_groups),
	};

	own_run_enter();
	own_loopback_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
