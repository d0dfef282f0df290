/* SPDX-License-Identifier: MIT */
/* A network namespace of the test's own, with its loopback, and the sockets of a test in it. */
#ifndef CMIGRATE_TEST_OWN_TCP_H
#define CMIGRATE_TEST_OWN_TCP_H

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "own_run.h"

/* After own_run_enter(), for one process with one thread. */
static inline void own_loopback_enter(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = -1;

	if (unshare(CLONE_NEWNET) < 0 || (fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0 ||
	    ioctl(fd, SIOCSIFFLAGS, &lo) < 0) {
		perror("lo");
		abort();
	}
	(void)close(fd);
}

static inline socklen_t own_address(const char *ip, unsigned port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (strchr(ip, ':')) {
		*v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
					    .sin6_port = htons((uint16_t)port)};
		(void)inet_pton(AF_INET6, ip, &v6->sin6_addr);
		return sizeof(*v6);
	}
	*v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	(void)inet_pton(AF_INET, ip, &v4->sin_addr);
	return sizeof(*v4);
}

/* A socket that is bound. type: SOCK_STREAM or SOCK_DGRAM; protocol: 0 for TCP and UDP. */
static inline int own_bind(const char *ip, unsigned port, int type, int protocol)
{
	struct sockaddr_storage to;
	socklen_t len = own_address(ip, port, &to);
	int fd = socket(to.ss_family, type | SOCK_CLOEXEC, protocol), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&to, len) < 0) {
		perror(ip);
		abort();
	}
	return fd;
}

static inline int own_listen(const char *ip, unsigned port)
{
	int fd = own_bind(ip, port, SOCK_STREAM, 0);

	if (listen(fd, 8) < 0)
		abort();
	return fd;
}

static inline int own_connect(const char *ip, unsigned port)
{
	struct sockaddr_storage to;
	socklen_t len = own_address(ip, port, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, len) < 0) {
		perror(ip);
		abort();
	}
	return fd;
}

#endif
