/* SPDX-License-Identifier: MIT */
/* Two hosts in network namespaces of the test's own, and packets between them. */
#ifndef CMIGRATE_TEST_OWN_PACKETS_H
#define CMIGRATE_TEST_OWN_PACKETS_H

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "own_net.h"

#define PORT 7000
/* A packet that is to come: nothing else bounds this wait. */
#define SOON_MS 20000

/* The host under test is where the test starts: eth0 with 10.0.0.1, .7 and fd00::1, ::7. The other
 * one has peer0 with 10.0.0.2 and fd00::2. */
static int this_host, other_host;

static inline void run_ip(const char *words)
{
	CLEANUP_FREE char *line = str_fmt("ip %s", words);
	int status = system(line);

	if (status != 0)
		own_net_die(line);
}

static inline void own_packets_enter(void)
{
	own_net_enter();
	this_host = own_net_here();
	own_net_enter_new();
	other_host = own_net_here();
	own_net_go(this_host);
	own_net_pair("eth0", "peer0", other_host);
	for (int last = 1; last <= 7; last += 6) {
		CLEANUP_FREE char *v4 = str_fmt("addr add 10.0.0.%d/24 dev eth0", last);
		CLEANUP_FREE char *v6 = str_fmt("addr add fd00::%d/64 dev eth0 nodad", last);
		run_ip(v4);
		run_ip(v6);
	}
	own_net_go(other_host);
	run_ip("addr add 10.0.0.2/24 dev peer0");
	run_ip("addr add fd00::2/64 dev peer0 nodad");
	own_net_go(this_host);
}

static inline socklen_t sockaddr_of(const char *ip, int port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (void *)ret;
	struct sockaddr_in6 *v6 = (void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	if (inet_pton(AF_INET6, ip, &v6->sin6_addr) != 1)
		abort();
	return sizeof(*v6);
}

/* A socket of one of the two hosts, bound to an address of it. */
static inline int bound(int host, int type, const char *ip, int port)
{
	struct sockaddr_storage a;
	socklen_t len = sockaddr_of(ip, port, &a);

	own_net_go(host);
	int fd = socket(a.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	own_net_go(this_host);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0)
		own_net_die(ip);
	return fd;
}

static inline void send_text(int from, const char *ip, const char *text)
{
	struct sockaddr_storage a;
	socklen_t len = sockaddr_of(ip, PORT, &a);

	if (sendto(from, text, strlen(text), 0, (struct sockaddr *)&a, len) < 0)
		own_net_die(ip);
}

/* Waits for a datagram; "" if none is there yet and ms is 0. */
static inline const char *received(int fd, int ms)
{
	static char text[100];
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	if (poll(&pfd, 1, ms) < 1)
		return "";
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

#endif
